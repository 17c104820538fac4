"""Scores by formula beside what the code of ChaosBench computes: the table in docs/verification.md.

Sea-level pressure over the North Atlantic in 2007, three days ahead. The ensemble is lagged persistence: the anomalies
of the five days up to the start. It is no good forecast; it is sharp, and its mean is not.

SYNOPTAX_DATA=... python benchmarks/chaosbench_variants.py
"""

import numpy as np

from synoptax.problems import NcepSlpForecast
from synoptax.verify import (
    ACC,
    CRPSS,
    MSSSIM,
    VRMSE,
    ChaosBenchACC,
    ChaosBenchSpectralDivergence,
    ChaosBenchSpectralResidual,
    ChaosBenchSpread,
    ChaosBenchSpreadSkill,
    Hann,
    SpectralDivergence,
    SpectralResidual,
    Spread,
    SpreadSkill,
    Window,
    evaluate,
)
from synoptax.verify.statistics import PairCRPS

LEAD, MEMBERS = 3, 5
BAND = (0.25, 1.0)


def main() -> None:
    series = NcepSlpForecast().series()
    when, phases, fields = series.times.values(), series.times.phases(), series.values[:, None]
    train, test = when < np.datetime64("2007-01-01"), np.flatnonzero(when >= np.datetime64("2007-01-01"))
    usual = Window(days=15).fit(fields[train], phases[train]).at(phases)
    std = np.std((fields - usual)[train], axis=0)
    truth, reference = fields[test], usual[test]
    members = np.stack([reference + (fields - usual)[test - LEAD - lag] for lag in range(MEMBERS)])
    pairs = [
        (SpectralDivergence(window=Hann(), band=BAND), ChaosBenchSpectralDivergence(lowest=BAND[0])),
        (SpectralResidual(window=Hann(), band=BAND), ChaosBenchSpectralResidual(lowest=BAND[0])),
        (ACC(), ChaosBenchACC()),
    ]
    ensemble = [
        (CRPSS(std=std), CRPSS(std=std, score=PairCRPS())),
        (Spread(), ChaosBenchSpread()),
        (SpreadSkill(), ChaosBenchSpreadSkill()),
    ]
    alone = [MSSSIM(exponents=(0.0448, 0.2856, 0.3001), window=5), VRMSE()]
    blurred = members.mean(axis=0, keepdims=True)
    for name, forecast, chosen in (("five members", members, pairs + ensemble), ("their mean alone", blurred, pairs)):
        metrics = [m for pair in chosen for m in pair] + alone
        found = evaluate(metrics, forecast, truth, weights=series.grid.weights(), reference=reference)
        print(f"{name}, {len(test)} days")
        for one, other in chosen:
            print(f"    {type(one).__name__:20} {found.value(one)[0]:10.5f}  ChaosBench {found.value(other)[0]:10.5f}")
        for metric in alone:
            print(f"    {type(metric).__name__:20} {found.value(metric)[0]:10.5f}")


if __name__ == "__main__":
    main()
