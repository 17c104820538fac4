"""Scores of registered interpolation on 2 m temperature over Britain: the table in docs/verification.md.

SYNOPTAX_DATA=... python benchmarks/interpolation_scores.py
"""

import os
from pathlib import Path

import numpy as np
import xarray as xr

from synoptax import verify
from synoptax.fields import Bicubic, Bilinear, Grid, Nearest, coarsen

FACTOR = 4


def main() -> None:
    file = Path(os.environ["SYNOPTAX_DATA"]) / "era5_uk_t2m" / "era5_uk_t2m_201903.nc"
    field = xr.open_dataset(file)["t2m"].sortby("latitude")
    grid = Grid.latlon(field.latitude.values, field.longitude.values).trimmed(FACTOR)
    truth = field.values[:, : grid.shape[0], : grid.shape[1]]
    coarse = coarsen(truth, grid, FACTOR)
    metrics = [verify.RMSE(), verify.LogSpectralDistance(), verify.LogSpectralDistance(window=verify.Hann())]
    print("              ", *(m.name for m in metrics))
    for method in (Nearest(), Bilinear(), Bicubic()):
        fine = np.asarray(method.between(grid.coarsened(FACTOR), grid)(coarse))
        scores = verify.evaluate(metrics, fine[None, :, None], truth[:, None], weights=grid.weights()).values()
        print(f"{type(method).__name__:15}", *(f"{float(v[0]):8.3f}" for v in scores.values()))


if __name__ == "__main__":
    main()
