"""The next state drawn, not predicted: diffusion and flow matching, step by step."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid
from ..learn.chunks import in_chunks
from ..learn.generate import AbstractProcess, AbstractSampler, Denoiser, FlowMatching, Heun
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import padding_of
from ..learn.training import Training
from ..records import Layout, Predictors, Task
from .canvases import AbstractCanvas, Pixels
from .canvases.base import Drawing
from .reader import Reader
from .schooling import thinned, windows


class _GenerativeModel(AbstractDownscaler):
    layout: Layout
    reader: Reader
    denoiser: Denoiser
    drawing: Drawing
    sampler: AbstractSampler
    averaged: int = eqx.field(static=True)
    log: dict[str, np.ndarray]

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The mean of `averaged` draws, always the same ones."""
        return jnp.mean(self.sample(predictors, key=jax.random.key(0), count=self.averaged), axis=0)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """Draws, one denoising from level to level each; memory does not grow with the number of times."""
        keys = jnp.swapaxes(jax.random.split(key, (count, len(predictors))), 0, 1)
        return jnp.swapaxes(in_chunks(lambda inputs: _draws(self, *inputs), predictors, keys), 0, 1)


@eqx.filter_jit
def _draws(
    model: _GenerativeModel, fields: tuple[Array, ...], phases: Array, keys: PRNGKeyArray
) -> Float[Array, "time member channel y x"]:
    past = model.reader.past(fields[0])

    def one(past: Array, phase: Array, key: PRNGKeyArray) -> Array:
        first, second = jax.random.split(key)
        white = jax.random.normal(first, past.shape[1:], past.dtype)
        condition = model.drawing.given(model.reader.stack(past, phase))
        return _moved(model, past, model.sampler.sample(model.denoiser, white, condition, key=second))

    def member(keys: PRNGKeyArray) -> Array:
        return model.reader.fields_out(jax.vmap(one)(past, phases, keys))

    return jax.vmap(member, in_axes=1, out_axes=1)(keys)


def _moved(model: _GenerativeModel, past: Array, drawn: Array) -> Float[Array, "y x channel"]:
    """The newest field and the change that was drawn."""
    change = model.reader.change.astype(past.dtype)[None, None] * model.drawing.back(drawn)
    return jnp.where(model.reader.there, past[-1] + change, 0.0)


class GenerativeForecast(AbstractMethod):
    """Draws how the newest field changes in one step from the distribution of what followed such fields.

    x(t + τ) = x(t) + s · z,  z ~ p(z | past),  sampled by removing noise from level to level: autoregressive
    conditional diffusion with `EDM()`, flow matching with `FlowMatching()`, Wavelet Flow Matching with a
    `WaveletCanvas` besides.

    When to use: unresolved or noisy systems, ensembles with a spread, runs that stay sharp. When not: deterministic
    systems observed without error, whose next state needs no draw: `UNetForecast` costs one evaluation a step. Cost: of
    the network, `sampler.evaluations` times a step. Memory: a stretch of times with all their members.

    **Arguments:**
    - `process`: how a field drowns in noise.
    - `canvas`: in which coordinates, and which network.
    - `sampler`: how noise is removed.
    - `dropout`: share of training samples without their past. Its own draws are not guided; it is for those who put
      `Guided(denoiser, ClassifierFree(w))` in the place of the fitted model's denoiser.
    - `averaged`: draws whose mean is the best field.
    - `training`: how long and how fast.

    **Good values:** flow matching and `Heun(4)`, seven evaluations; EDM and `Heun(8)`.

    **Fails when:** each step's small error of the distribution is noise that the system amplifies: for chaos without
    noise a deterministic network follows longer.

    Reference: Karras et al. (2022), doi:10.48550/arXiv.2206.00364; Lipman et al. (2023), doi:10.48550/arXiv.2210.02747;
    step by step as in Kohl, Chen and Thuerey (2023), doi:10.48550/arXiv.2309.01745, whose variant with a clean past
    this is ("ncn", with another process); theirs puts noise on the past as well, which is not offered.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "draws"})
    cite: ClassVar[str] = "Karras et al. (2022), doi:10.48550/arXiv.2206.00364"

    process: AbstractProcess = FlowMatching()
    canvas: AbstractCanvas = Pixels()
    sampler: AbstractSampler = Heun(4)
    dropout: float = eqx.field(static=True, default=0.0)
    averaged: int = eqx.field(static=True, default=4)
    training: Training = Training()

    def __check_init__(self) -> None:
        if self.averaged < 1:
            raise InputError(f"The best field is the mean of one draw or more; given averaged={self.averaged}.")

    @classmethod
    def example(cls) -> "GenerativeForecast":
        training = Training(steps=400, every=100, batch=32, rate=5e-3, average=None)
        return cls(canvas=Pixels(width=16, levels=1), sampler=Heun(3), training=training)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past.
        """
        place = task.layout.place
        reader = Reader.of(task, who="GenerativeForecast")
        if not isinstance(place, Grid):
            raise InputError("GenerativeForecast forecasts fields on a grid; the task has stations.")
        if not self.canvas.gaps and not bool(jnp.all(reader.there)):
            raise InputError(
                f"{type(self.canvas).__name__} needs a value in every cell; {int(jnp.sum(~reader.there))} have none at "
                "any time (land, or a mask). Fill them, cut the region, or take another canvas: Pixels."
            )
        first, second = jax.random.split(key)
        learn, tune = windows(task.train, reader, 1), thinned(windows(task.valid, reader, 1), 256)
        (given, wanted), held = _pairs(reader, learn), _pairs(reader, tune)
        drawing = self.canvas.drawing(jnp.nan_to_num(wanted), given, self.dropout, _areas(place))
        data, valid = (_seen(drawing, pair) for pair in ((given, wanted), held))
        network = self.canvas.network(reader.outputs, reader.inputs, padding_of(place), key=first)
        fitted = self.training.fit(
            Denoiser(network, self.process),
            drawing.objective,
            data,
            key=second,
            valid=valid,
            monitor=monitor,
        )
        return _GenerativeModel(task.layout, reader, fitted.model, drawing, self.sampler, self.averaged, fitted.log)


def _areas(place: Grid) -> Float[Array, "y x 1"] | None:
    """Areas of the cells with mean one; None where all are alike."""
    areas = place.weights()
    return None if np.allclose(areas, 1.0) else jnp.asarray(areas)[..., None]


@eqx.filter_jit
def _pairs(reader: Reader, batch: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """What is known, and the change that came, of variance one."""
    past, phases, targets = batch
    change = (targets[:, 0] - past[:, -1]) / reader.change.astype(past.dtype)[None, None, None]
    return jax.vmap(reader.stack)(past, phases[:, 0]), change


@eqx.filter_jit
def _seen(drawing: Drawing, pair: tuple[Array, Array]) -> tuple[Array, Array]:
    """Both on the canvas; a field with gaps is NaN wherever the canvas spreads them."""
    return jax.vmap(drawing.given)(pair[0]), jax.vmap(drawing.to)(pair[1])
