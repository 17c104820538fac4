"""Parts of methods that several rows of a table have in common, fitted once a seed."""

import dataclasses
from pathlib import Path
from typing import ClassVar

import jax
from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..emulate import LinearInverse, Ready
from ..learn import AbstractDownscaler, AbstractMethod
from ..records import Task
from .cache import Cache


class Shared(AbstractMethod):
    """Marks a method, or a part of one, that several rows have in common; by itself it is that method.

    **Arguments:**
    - `method`: what is fitted once a seed, with the key of the seed itself.
    """

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = "none needed"

    method: AbstractMethod

    @classmethod
    def example(cls) -> "Shared":
        return cls(LinearInverse.example())

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """As if it were not shared."""
        return self.method.fit(task, key=key, monitor=monitor)


def prepared(method: AbstractMethod, task: Task, seed: int, cache: Cache, monitor: Monitor) -> AbstractMethod:
    """The method with every `Shared` part replaced by what it has learned with this seed, from the cache."""

    def ready(node: object) -> object:
        if not isinstance(node, Shared):
            return node
        inner = prepared(node.method, task, seed, cache, monitor)

        def work(folder: Path) -> AbstractDownscaler:
            stage = dataclasses.replace(monitor.within("shared"), folder=folder)
            return inner.fit(task, key=jax.random.key(seed), monitor=stage)

        return Ready(cache.obtain(["shared", task, node.method, seed], work))

    return jax.tree.map(ready, method, is_leaf=lambda node: isinstance(node, Shared))
