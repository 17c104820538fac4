"""One model a lead."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Samples, Task
from .linear_inverse import LinearInverse
from .planned import AbstractPlanner


class _DirectModel(AbstractPlanner):
    layout: Layout
    models: tuple[AbstractDownscaler, ...]
    length: int = eqx.field(static=True)

    def plan(
        self, predictors: Predictors, *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "time length channel *place"]:
        if key is None:
            return _best(self.models, predictors)
        keys = jax.random.split(key, len(self.models))
        fields = [m.sample(predictors, key=k, count=1)[0] for m, k in zip(self.models, keys, strict=True)]
        return jnp.stack(fields, axis=1)


class _CertainDirectModel(AbstractDeterministic, AbstractPlanner):
    layout: Layout
    models: tuple[AbstractDownscaler, ...]
    length: int = eqx.field(static=True)

    def plan(
        self, predictors: Predictors, *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "time length channel *place"]:
        del key
        return _best(self.models, predictors)


def _best(models: tuple[AbstractDownscaler, ...], predictors: Predictors) -> Float[Array, "time length channel *place"]:
    return jnp.stack([m.predict(predictors) for m in models], axis=1)


class DirectForecast(AbstractMethod):
    """Any method fitted for each lead alone: no step is fed by the one before.

    x̂(t + kτ) = f_k(past),  k = 1 … `leads`; beyond the last lead it starts anew from its own last fields.

    When to use: errors at given leads matter, and runs need not be sharp nor consistent from step to step. When not:
    long free runs; draws, whose members are independent from lead to lead. Cost: `leads` times that of the method.

    **Arguments:**
    - `method`: what is fitted.
    - `leads`: how many.

    **Good values:** as many leads as shall be forecast.

    **Fails when:** the longest lead is beyond what can be predicted: its fields are nearly the mean, and what starts
    anew from them is worth as much.

    Reference: Nathaniel et al. (2024), doi:10.48550/arXiv.2402.00712, where direct is set against autoregressive.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "plans"})
    cite: ClassVar[str] = "Nathaniel et al. (2024), doi:10.48550/arXiv.2402.00712"

    method: AbstractMethod = LinearInverse()
    leads: int = eqx.field(static=True, default=4)

    def __check_init__(self) -> None:
        if self.leads < 1:
            raise InputError(f"A direct forecast needs one lead or more; given {self.leads}.")
        if "plans" in self.method.claims:
            raise InputError(f"{type(self.method).__name__} says several leads itself; fit it without direct leads.")

    @classmethod
    def example(cls) -> "DirectForecast":
        return cls(LinearInverse.example(), 2)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """One fit a lead, each with a key of its own; the longest first, as it is the one that is refused.

        **Raises:** `InputError` when no unbroken run of times is as long as the last lead, or what the method raises.
        """
        models = []
        for lead in range(self.leads, 0, -1):
            at = Task(later(task.train, lead), later(task.valid, lead), task.unlabelled, task.layout)
            stage = monitor.within(f"lead{lead}")
            models.append(self.method.fit(at, key=jax.random.fold_in(key, lead), monitor=stage))
        certain = all(isinstance(m, AbstractDeterministic) for m in models)
        kind = _CertainDirectModel if certain else _DirectModel
        return kind(layout=task.layout, models=tuple(reversed(models)), length=self.leads)


def later(samples: Samples, lead: int) -> Samples:
    """Samples of a task of lead one with targets `lead` steps ahead, inside unbroken runs of times.

    **Raises:** `InputError` when there are none, or when the targets of one sample are not the newest fields of the
    next.
    """
    if lead == 1:
        return samples
    segment = np.asarray(samples.predictors.segment)
    starts = np.arange(max(0, len(segment) - lead + 1))
    starts = starts[segment[starts] == segment[starts + lead - 1]]
    if starts.size == 0:
        raise InputError(f"No unbroken run of times holds a forecast of {lead} steps; ask for fewer leads.")
    given = samples.predictors
    newest = np.asarray(given.fields[0][starts[0] + 1, -samples.truth.shape[1] :])
    target = np.asarray(samples.truth[starts[0]])
    known = np.isfinite(target) & np.isfinite(newest)
    if not np.allclose(target[known], newest[known], rtol=1e-4):
        raise InputError(
            "A direct forecast needs a task whose lead is the spacing of its times: the target of one sample must be "
            "the newest field of the next. Make the task with lead 1."
        )
    chosen = Predictors(
        tuple(f[starts] for f in given.fields), given.phases[starts], given.static, given.segment[starts]
    )
    return Samples(chosen, samples.truth[starts + lead - 1])
