"""Members from models that were trained apart."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from ...dynamics import rollout
from ...records import Trajectory
from .base import AbstractEnsemble, Model, keys_of, latest


class SeveralSeeds(AbstractEnsemble):
    """One run a trained model, all from the same field.

    When to use: networks whose trainings differ by their seed (or their data, or their architecture): members differ
    by the errors of the models, which are most of what a network does not know. When not: methods that are the same
    whatever their seed, such as regressions. Cost: as many trainings; one run a member.

    **Arguments:**
    - `models`: of one kind, step, history and shape of fields.

    **Good values:** three to five trainings; more of them lower the error of the mean less and less.

    **Fails when:** all trainings make the same errors: the spread is then too small from the first step on.

    Reference: Lakshminarayanan, Pritzel & Blundell (2017), doi:10.48550/arXiv.1612.01474.
    """

    models: tuple[Model, ...]

    def __check_init__(self) -> None:
        if len({(type(m), m.dt, m.history, m.spread.shape) for m in self.models}) != 1:
            raise InputError(
                f"Members of one ensemble need models of one kind, step, history and shape of fields; given "
                f"{len(self.models)} that differ in these. Combine the fields of their own rollouts instead."
            )

    @property
    def size(self) -> int:  # type: ignore[override]  # a property implements an AbstractVar
        """One a model."""
        return len(self.models)

    @property
    def needs(self) -> int:
        """The history of the models."""
        return self.models[0].history

    def forecast(
        self,
        past: Float[Array, "time channel *place"],
        *,
        steps: int,
        start: float | Float[Array, ""] = 0.0,
        every: int = 1,
        key: PRNGKeyArray | None = None,
    ) -> Trajectory:
        """One model after the other: their weights need not have the same shapes."""
        own = latest(past, self.needs)
        keys = [None] * self.size if key is None else list(keys_of(key, self.size))
        runs = [
            rollout(m, m.begin(own), steps=steps, start=start, every=every, key=k)
            for m, k in zip(self.models, keys, strict=True)
        ]
        return jax.tree.map(lambda *members: jnp.stack(members), *runs)
