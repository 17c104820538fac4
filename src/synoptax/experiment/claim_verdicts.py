"""Which of ChaosBench's claims hold of some curves: each is a range for numbers with intervals."""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np

from ..verify import (
    AbstractMetric,
    Interval,
    LeadCurves,
    SpreadSkill,
    along_leads,
    difference,
    interval,
    ratio,
)
from .claims import Claim, Reading

_KEY = 20240  # of the bootstrap
ONE_STEP, FOUR_STEPS, DIRECT, SOLVER = "FNO, 1 step", "FNO, 4 steps", "FNO, direct", "solver"
LEARNED = ("LIM", "LIM, direct", ONE_STEP, FOUR_STEPS, DIRECT)
PERTURBED, LAGGED, SEEDS, PERFECT = "FNO, perturbed", "FNO, lagged", "FNOs of all seeds", "solver, perturbed"
SCORED = ("t850", "z500")
BAND = (0.2, 0.6)  # waves 8 to 20
_MARGIN = 0.95  # of climatology's error: below it, skill is left
_NEAR = 0.05  # of 1/√2: what counts as having reached it
_FRACTION = 0.5  # of another's divergence: what counts as not blurred

Curves = dict[str, list[LeadCurves]]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What is judged.

    **Arguments:**
    - `marks`: days ahead.
    - `singles`: method to one curve a seed, of single runs, by the metrics of `plain`.
    - `means`: the ensembles by the same metrics: mean and ChaosBench's CRPS.
    - `ensembles`: by the metrics of ensembles.
    - `members`: ensemble to its number of members.
    - `plain`: RMSE, CRPSS, spectral divergence and power in the band.
    """

    marks: tuple[int, ...]
    singles: Curves
    means: Curves
    ensembles: Curves
    members: dict[str, int]
    plain: tuple[AbstractMetric, AbstractMetric, AbstractMetric, AbstractMetric]

    @property
    def last(self) -> int:
        """Row of the last lead."""
        return len(self.marks) - 1

    @property
    def rivals(self) -> Curves:
        """Ensemble to the single runs that it is made of."""
        return {k: self.singles[SOLVER if k == PERFECT else ONE_STEP] for k in self.means}

    def since(self, day: int) -> list[int]:
        """Rows of the leads from that day on."""
        return [i for i, mark in enumerate(self.marks) if mark >= day]

    def ratio(self, one: list[LeadCurves], other: list[LeadCurves], metric: AbstractMetric) -> Interval:
        """Paired, at every lead."""
        return along_leads(ratio, one, other, metric=metric, key=jax.random.key(_KEY))

    def own(self, label: str, metric: AbstractMetric) -> Interval:
        """Of single runs, at every lead."""
        curves = self.singles[label]
        low, high = along_leads(interval, curves, key=jax.random.key(_KEY))[metric.name]
        return Interval(np.mean([c.value(metric) for c in curves], axis=0), low, high)

    def read(self, subject: str, what: str, found: Interval, rows: Sequence[int], **bounds: float) -> list[Reading]:
        """One reading a lead and variable."""
        return [
            Reading(subject, f"{what}, {name}, day {self.marks[i]}", *(float(x[i, c]) for x in found), **bounds)
            for i in rows
            for c, name in enumerate(SCORED)
        ]


def verdicts(evidence: Evidence) -> tuple[Claim, ...]:
    """All claims, judged."""
    parts = (_collapse, _direct, _ensembles, _blur)
    return tuple(claim for part in parts for claim in part(evidence))


def _collapse(e: Evidence) -> list[Claim]:
    rmse, usual = e.plain[0], e.singles["climatology"]
    found = {label: e.ratio(e.singles[label], usual, rmse) for label in LEARNED}
    what = "RMSE over climatology's"
    first = [r for k, x in found.items() for r in e.read(k, what, x, [0], most=1.0)]
    ends = [r for k, x in found.items() for r in e.read(k, what, x, [e.last], least=_MARGIN)]
    bound = e.read(PERFECT, what, e.ratio(e.means[PERFECT], usual, rmse), [e.last], least=_MARGIN)
    return [
        Claim("(i) a", "on day 1 a learned forecast is better than climatology", tuple(first)),
        Claim("(i) b", f"on day {e.marks[e.last]} it is no more than 5 % better", tuple(ends)),
        Claim("(i) c", "nor is the mean of the solver's own runs", tuple(bound)),
    ]


def _direct(e: Evidence) -> list[Claim]:
    rmse, made = e.plain[0], []
    for name, one, other in (("a", DIRECT, ONE_STEP), ("b", DIRECT, FOUR_STEPS), ("c", FOUR_STEPS, ONE_STEP)):
        found = e.ratio(e.singles[one], e.singles[other], rmse)
        readings = e.read(f"{one} over {other}", "RMSE", found, e.since(5), most=1.0)
        made.append(Claim(f"(ii) {name}", f"from day 5 on '{one}' has smaller errors than '{other}'", tuple(readings)))
    found = e.ratio(e.singles["LIM, direct"], e.singles["LIM"], rmse)
    readings = e.read("LIM, direct over LIM", "RMSE", found, e.since(5), most=1.0)
    return [*made, Claim("(ii) d", "from day 5 on a direct LIM has smaller errors than a stepped one", tuple(readings))]


def _ensembles(e: Evidence) -> list[Claim]:
    rmse, crpss = e.plain[:2]
    gain, half, longer, honest = ([] for _ in range(4))
    for kind, curves in e.means.items():
        count, rival, ours = e.members[kind], e.rivals[kind], e.ensembles[kind]
        share = e.ratio(curves, rival, rmse)
        gain += e.read(kind, "RMSE of the mean over that of one run", share, e.since(3), most=1.0)
        endless = Interval(*(x / np.sqrt(1 + 1 / count) for x in share))
        bounds = {"least": (1 - _NEAR) / np.sqrt(2), "most": (1 + _NEAR) / np.sqrt(2)}
        half += e.read(kind, "ratio over √(1 + 1/M)", endless, [e.last], **bounds)
        more = along_leads(difference, curves, rival, metric=crpss, key=jax.random.key(_KEY))
        longer += e.read(kind, "CRPSS gained", more, e.since(3), least=0.0)
        low, high = along_leads(interval, ours, key=jax.random.key(_KEY))[SpreadSkill().name]
        value = np.mean([c.value(SpreadSkill()) for c in ours], axis=0)
        honest += e.read(
            kind, "spread over error", Interval(value, low, high), range(len(e.marks)), least=0.9, most=1.1
        )
    end = e.marks[e.last]
    return [
        Claim("(iii) a", "from day 3 on the mean of members has a smaller error than one run", tuple(gain)),
        Claim("(iii) b", f"on day {end} the ratio of these errors has reached 1/√2 within 5 %", tuple(half)),
        Claim("(iii) c", "from day 3 on members have a higher CRPSS than one run", tuple(longer)),
        Claim("(iii) d", "spread over error is within a tenth of one at all leads", tuple(honest)),
    ]


def _blur(e: Evidence) -> list[Claim]:
    spectral, end = e.plain[2], e.marks[e.last]

    def growth(label: str) -> list[Reading]:
        ended, began = ([c.evaluations[i] for c in e.singles[label]] for i in (e.last, 0))
        found = difference(ended, began, spectral, key=jax.random.key(_KEY))
        said = f"SpecDiv minus that of day {e.marks[0]}"
        everywhere = Interval(*(np.broadcast_to(x, (len(e.marks), len(SCORED))) for x in found))
        return e.read(label, said, everywhere, [e.last], least=0.0)

    taught = (ONE_STEP, FOUR_STEPS, DIRECT)
    ratios = {k: e.ratio(e.singles[SOLVER], e.singles[k], spectral) for k in taught}
    sharp = [r for k, x in ratios.items() for r in e.read(f"{SOLVER} over {k}", "SpecDiv", x, [e.last], most=_FRACTION)]
    kept = [r for k in (*LEARNED, SOLVER) for r in e.read(k, "BandPower", e.own(k, e.plain[3]), [e.last], most=1.0)]
    grows = tuple(r for k in taught for r in growth(k))
    return [
        Claim("(iv) a", f"trained on squared error, spectral divergence grows from day {e.marks[0]} to {end}", grows),
        Claim("(iv) b", "that of a single run of the solver grows, too", tuple(growth(SOLVER))),
        Claim("(iv) c", f"on day {end} that of a single run of the solver is less than half", tuple(sharp)),
        Claim("(iv) d", f"on day {end} a forecast has less power than the truth in waves 8 to 20", tuple(kept)),
    ]


def reach(marks: Sequence[int], curves: list[LeadCurves], metric: AbstractMetric) -> tuple[int, ...]:
    """For each variable the last day up to which the whole interval of a skill is above zero; 0 for none."""
    low, _ = along_leads(interval, curves, key=jax.random.key(_KEY))[metric.name]
    good = np.cumprod(low > 0, axis=0).sum(axis=0)
    return tuple(0 if n == 0 else int(marks[n - 1]) for n in good)
