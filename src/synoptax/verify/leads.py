"""Scores against lead time: one evaluation a lead, and what `infer` says of each."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Int

from ..core import InputError
from .aggregate import Aggregate
from .base import AbstractMetric
from .evaluate import Evaluation, evaluate


class LeadCurves(eqx.Module):
    """What `lead_curves` has seen: one `Evaluation` a lead, on the same cases. `+` joins chunks of cases exactly.

    **Arguments:**
    - `evaluations`: in the order of the leads; each has the cases as its blocks.
    """

    evaluations: tuple[Evaluation, ...]

    def __len__(self) -> int:
        return len(self.evaluations)

    def __add__(self, other: "LeadCurves") -> "LeadCurves":
        if len(self) != len(other):
            raise InputError(f"Curves of {len(self)} and {len(other)} leads do not add; evaluate the same leads.")
        return LeadCurves(tuple(a + b for a, b in zip(self.evaluations, other.evaluations, strict=True)))

    def value(self, metric: AbstractMetric) -> Float[np.ndarray, "lead channel ..."]:
        """One metric, one number (or row) per lead and channel."""
        return np.stack([e.value(metric) for e in self.evaluations])

    def values(self) -> dict[str, Float[np.ndarray, "lead channel ..."]]:
        """All metrics by name."""
        return {metric.name: self.value(metric) for metric in self.evaluations[0].metrics}


def lead_curves(
    metrics: Sequence[AbstractMetric],
    forecast: Float[Array | np.ndarray, "member case lead channel *place"],
    truth: Float[Array | np.ndarray, "case lead channel *place"],
    *,
    weights: Float[np.ndarray, "*place"],
    reference: Float[Array | np.ndarray, "case lead channel *place"] | None = None,
    reference_std: Float[Array | np.ndarray, "case lead channel *place"] | None = None,
    blocks: Int[np.ndarray, " case"] | None = None,
) -> LeadCurves:
    """Scores forecasts from many starts at every lead. One `evaluate` over all; then cut by lead.

    Intervals and comparisons are those of `verify.interval`, `ratio`, `difference`, `skill` and `paired_test`, through
    `along_leads`.

    **Arguments:**
    - `metrics`, `weights`: as for `evaluate`.
    - `forecast`: members in physical units; a deterministic forecast has one.
    - `truth`: what came, in the same units, NaN where missing.
    - `reference`: climatology at the times of the truth, for anomaly metrics.
    - `reference_std`: its standard deviation at the times of the truth, for `CRPSS(std=None)`.
    - `blocks`: one number per case; cases with the same number are resampled together, as starts of one week should
      be. Without it every case is its own block.

    **Raises:** `InputError` for shapes that do not match, and what `evaluate` refuses.
    """
    if truth.ndim < 4 or forecast.ndim != truth.ndim + 1 or forecast.shape[1:] != truth.shape or truth.shape[1] == 0:
        raise InputError(
            f"A forecast of shape {tuple(forecast.shape)} does not fit a truth of shape {tuple(truth.shape)}; needed "
            "are (member, case, lead, channel, *place) and (case, lead, channel, *place), with at least one lead."
        )
    cases, leads = truth.shape[:2]
    given = np.arange(cases) if blocks is None else np.asarray(blocks)
    if given.shape != (cases,):
        raise InputError(f"Blocks of shape {given.shape} were given for {cases} cases; give one number per case.")
    for what, usual in (("climatology", reference), ("standard deviation of the climatology", reference_std)):
        if usual is not None and tuple(usual.shape) != tuple(truth.shape):
            raise InputError(
                f"A {what} of shape {tuple(usual.shape)} does not fit a truth of shape {tuple(truth.shape)}; "
                "evaluate it at the times of the truth first."
            )
    ids, where = np.unique(given, return_inverse=True)
    found = evaluate(
        metrics,
        forecast.reshape(forecast.shape[0], cases * leads, *truth.shape[2:]),
        truth.reshape(cases * leads, *truth.shape[2:]),
        weights=weights,
        reference=None if reference is None else reference.reshape(cases * leads, *truth.shape[2:]),
        reference_std=None if reference_std is None else reference_std.reshape(cases * leads, *truth.shape[2:]),
        blocks=(where[:, None] + len(ids) * np.arange(leads)[None, :]).ravel(),
    )
    return LeadCurves(tuple(_part(found, lead, ids) for lead in range(leads)))


def along_leads(infer: Callable[..., Any], *runs: LeadCurves | Sequence[LeadCurves], **given: Any) -> Any:
    """Applies a function of evaluations at every lead and stacks its answers: a lead axis in front of each array.

    `along_leads(verify.interval, curves, key=key)`, and
    `along_leads(verify.ratio, mine, theirs, metric=RMSE(), key=key)`: paired, an `Interval` of arrays (lead, channel).
    One key draws the same cases at all leads.

    **Arguments:**
    - `infer`: such as `verify.interval`, `ratio`, `difference`, `skill` or `paired_test`.
    - `runs`: curves of each method, or a list of them, one per seed.
    - `given`: further arguments, by name.

    **Raises:** `InputError` when the numbers of leads differ.
    """
    listed = [r for run in runs for r in ([run] if isinstance(run, LeadCurves) else run)]
    lengths = sorted({len(r) for r in listed})
    if len(lengths) != 1:
        raise InputError(f"Curves of {lengths} leads were given; compare methods on the same leads.")

    def at(run: LeadCurves | Sequence[LeadCurves], lead: int) -> Evaluation | list[Evaluation]:
        return run.evaluations[lead] if isinstance(run, LeadCurves) else [r.evaluations[lead] for r in run]

    found = [infer(*(at(run, lead) for run in runs), **given) for lead in range(lengths[0])]
    return jax.tree.map(lambda *parts: np.stack(parts), *found)


def _part(evaluation: Evaluation, lead: int, ids: np.ndarray) -> Evaluation:
    """The blocks of one lead, under the numbers that were given for them."""
    rows = slice(lead * len(ids), (lead + 1) * len(ids))
    parts = {k: Aggregate(ids, a.sums[:, rows], a.weights[:, rows]) for k, a in evaluation.aggregates.items()}
    return Evaluation(evaluation.metrics, parts)
