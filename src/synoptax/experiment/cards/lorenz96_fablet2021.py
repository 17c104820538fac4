"""The same question on forty variables, half of which are seen."""

from typing import ClassVar

from ...assimilate import (
    AbstractReconstruction,
    AlongTimeAndSpace,
    AmortizedPosterior,
    FourDVarNet,
    InterpolatedObservations,
    WeakFourDVar,
    WindowEnKS,
    WindowFourDVar,
    WindowIEnKS,
)
from ...dynamics import RK4, Lorenz96, Stepped
from ...observe import Diagonal
from ...problems import AbstractReconstructionProblem, Lorenz96Fablet2021
from ..reconstruction_card import NOTES, AbstractReconstructionCard, Size

_ERROR = Diagonal.of(40, 1e-3)  # of the model, for weak 4DVar
_CIRCLE = AlongTimeAndSpace((40,), (True,), offsets=(-8, -4, -2, 2, 4, 8), reach=2)


class Lorenz96Fablet2021Card(AbstractReconstructionCard):
    """Does a learned solver beat a converged one on a chaotic field? And what is left of it elsewhere?"""

    title: ClassVar[str] = "Lorenz-96, windows of 200 steps, half seen: learned and classical reconstructions"
    notes: ClassVar[tuple[str, ...]] = (
        *NOTES,
        "Published: the known model as prior with a learned solver, printed in the notebooks of the source, on 256 "
        "windows. FourDVarNet here learns its prior, too, on windows of 40 steps, and convolves along time and circle.",
        "Failed: a window's MSE above 8.",
    )
    seeds: ClassVar[int] = 3
    failed: ClassVar[float] = 8.0

    def problem(self) -> AbstractReconstructionProblem:
        """As published."""
        return Lorenz96Fablet2021()

    def changed(self) -> dict[str, AbstractReconstructionProblem]:
        """Errors, density, interval, and a truth with another force."""
        return {
            "error variance 0.5": Lorenz96Fablet2021(variance=0.5, assumed=2.0),
            "error variance 8": Lorenz96Fablet2021(variance=8.0, assumed=2.0),
            "density 0.25": Lorenz96Fablet2021(density=0.25),
            "every 8 steps": Lorenz96Fablet2021(every=8),
            "truth with force 10": Lorenz96Fablet2021(Stepped(Lorenz96(force=10.0), RK4(), 0.05)),
        }

    def size(self, *, quick: bool) -> Size:
        """Each window holds 8000 numbers."""
        return Size(16, 0, 200, 16) if quick else Size(32, 16, 400, 16)

    def classical(self) -> dict[str, AbstractReconstruction]:
        """From straight lines to a search with the model."""
        smoother = WindowEnKS(80, 1.05)
        return {
            "interpolated observations": InterpolatedObservations(),
            "EnKS, 80 members": smoother,
            "IEnKS, 80 members": WindowIEnKS(80, lag=3, block=4, inflation=1.05),
            "strong 4DVar, quasi-static": WindowFourDVar((12, 24, 48, 100)),
            "weak 4DVar": WeakFourDVar(_ERROR, relaxations=(1e3, 1e2, 1e1), iterations=8),
            "weak 4DVar from EnKS": WeakFourDVar(_ERROR, relaxations=(1e1,), iterations=8, first=smoother),
        }

    def recipes(self, *, quick: bool) -> tuple[AmortizedPosterior, FourDVarNet, AbstractReconstructionProblem]:
        """Short windows are enough for weights that all times and sites share."""
        steps = 50 if quick else 150
        amortized = AmortizedPosterior(members=2, hidden=16, blocks=2, where=_CIRCLE, steps=steps, batch=4)
        net = FourDVarNet(iterations=4, hidden=8, where=_CIRCLE, steps=steps, batch=4, rate=1e-2)
        return amortized, net, Lorenz96Fablet2021(length=40)

    def refined(self, net: AbstractReconstruction) -> tuple[str, AbstractReconstruction]:
        """Twelve steps, the first eight of them with a model less trusted."""
        method = WeakFourDVar(_ERROR, relaxations=(1e2, 1e1), iterations=4, first=net)
        return "FourDVarNet, then 12 Gauss-Newton steps", method
