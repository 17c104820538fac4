"""A pretraining takes an encoder and frames without labels, and returns the encoder trained."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from ...core import Monitor
from ..fit import fit
from ..objectives import AbstractObjective
from .collapse import Health, health_of
from .recipe import Recipe
from .windows import Frames, Windows

VALID_WINDOWS = 256  # at most so many for the validation curve


class Pretrained(eqx.Module):
    """What a pretraining returns.

    **Arguments:**
    - `encoder`: of the last step (the encoder in training, not its average), stacked when there are members.
    - `model`: the encoder with the rest that it was trained with (inverse and forward model, reconstruction), likewise.
    - `health`: on training frames, one of each number per member.
    - `log`: of the fit; empty without one.
    - `status`: a `Status` code, one per member; zero without a fit.
    """

    encoder: PyTree
    model: PyTree
    health: Health
    log: dict[str, np.ndarray]
    status: np.ndarray


class AbstractPretraining(eqx.Module):
    """A way to give an encoder something to know before it sees labels. Fields are settings.

    Class-level facts: `cite` (the reference) and `example()`.
    """

    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractPretraining":
        """A small instance that trains in seconds."""

    @abc.abstractmethod
    def pretrain(
        self,
        encoder: PyTree,
        frames: Frames,
        *,
        valid: Frames | None = None,
        key: PRNGKeyArray,
        members: int | None = None,
        monitor: Monitor = Monitor(),
    ) -> Pretrained:
        """The encoder, trained on `frames` alone.

        **Arguments:**
        - `encoder`: an `Encoder`; with `members`, stacked encoders.
        - `frames`: normalised fields without gaps; never windows across a change of `segment`.
        - `valid`: frames for the validation curve. It selects nothing: a representation may lower its loss by collapse.
        - `members`: encoders trained side by side by `vmap`.

        **Raises:** `InputError` when no run of frames is long enough for a window.
        """


class AbstractTrained(AbstractPretraining):
    """A pretraining by gradients: a model around the encoder, an objective, windows and an optimiser."""

    cite: eqx.AbstractClassVar[str]
    recipe: eqx.AbstractVar[Recipe]

    @abc.abstractmethod
    def model(self, encoder: PyTree, *, key: PRNGKeyArray) -> PyTree:
        """A module with the encoder in its field `encoder` and what else the loss needs."""

    @abc.abstractmethod
    def objective(self) -> AbstractObjective:
        """The loss on a batch of windows."""

    @abc.abstractmethod
    def index(self, segment: Int[Array, " time"]) -> Int[np.ndarray, "window length"]:
        """Frame numbers of the windows."""

    @abc.abstractmethod
    def optimiser(self) -> optax.GradientTransformation:
        """The optimiser of the model."""

    @abc.abstractmethod
    def decay(self) -> Callable[[Array], Array] | None:
        """Decay of the moving average of the model, or None."""

    def pretrain(
        self,
        encoder: PyTree,
        frames: Frames,
        *,
        valid: Frames | None = None,
        key: PRNGKeyArray,
        members: int | None = None,
        monitor: Monitor = Monitor(),
    ) -> Pretrained:
        """Trains through the one loop and looks at the health of what comes out."""
        build, run = jax.random.split(key)
        model = _build(self, encoder, build, members)
        fitted = fit(
            model,
            self.objective(),
            Windows(frames.fields, self.index(frames.segment), self.recipe.batch),
            self.optimiser(),
            self.recipe.steps,
            key=run,
            valid=self._valid(valid),
            every=min(self.recipe.every, self.recipe.steps),
            average=self.decay(),
            members=members,
            monitor=monitor,
        )
        trained = eqx.nn.inference_mode(fitted.last)
        health = health_of(trained.encoder, frames, members=members)
        sentence = health.sentence()
        if sentence:
            monitor(self.recipe.steps, self.recipe.steps, sentence)
        return Pretrained(trained.encoder, trained, health, fitted.log, fitted.status)

    def _valid(self, valid: Frames | None) -> Array | None:
        if valid is None:
            return None
        index = self.index(valid.segment)
        some = np.arange(0, len(index), -(-len(index) // VALID_WINDOWS))
        return Windows(valid.fields, index, len(index)).at(some)


@eqx.filter_jit
def _build(method: AbstractTrained, encoder: PyTree, key: PRNGKeyArray, members: int | None) -> PyTree:
    """The model of each member, compiled as a whole."""
    if members is None:
        return method.model(encoder, key=key)
    return eqx.filter_vmap(lambda e, k: method.model(e, key=k))(encoder, jax.random.split(key, members))
