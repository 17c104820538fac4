"""A parameter of Lorenz' three variables is found as part of the state, by filter, smoother and variational method."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.assimilate import ETKF, AbstractAnalysis, FourDVar, GaussNewton, IEnKS, Multiplicative, cycle
from synoptax.core import InputError
from synoptax.dynamics import RK4, Augmented, Lorenz63, Lorenz96, Stepped
from synoptax.experiment.cards import Lorenz96ParametersCard
from synoptax.observe import Diagonal, Stacked
from synoptax.problems import Lorenz63Sakov2012, Lorenz96Parameters
from synoptax.records import Gaussian

GUESS, TRUTH, DOUBT = 26.0, 28.0, 2.0
STATIC = Stacked((Diagonal.of(3, 1.0), Diagonal.of(1, 0.3**2)))


def _rho(dynamics: Any) -> Any:
    return dynamics.system.rho


def _of_members(belief: Any) -> Any:
    return jnp.mean(belief.members.parameters["rho"])


def _of_flown(belief: Any) -> Any:
    return belief.past.parameters["rho"][-1]


METHODS: dict[str, tuple[AbstractAnalysis, Any]] = {
    "ETKF": (ETKF(12, Multiplicative(1.03)), _of_members),
    "IEnKS": (IEnKS(12, lag=2), _of_members),
    "4DVar": (FourDVar(2, STATIC, GaussNewton(4)), _of_flown),
}


@pytest.mark.parametrize("name", METHODS)
def test_rho_is_found(name):
    """From 26 to within 0.5 of 28, over the last third of 150 analyses, on average over two draws."""
    method, read = METHODS[name]
    problem = Lorenz63Sakov2012(count=150)
    model = Augmented(Stepped(Lorenz63(rho=GUESS), RK4(), 0.01), _rho, ("rho",), (DOUBT,))

    def one(key):
        twin = problem.simulate(key)
        prior = Gaussian(model.lift(twin.prior.mean), Stacked((twin.prior.covariance, Diagonal(jnp.full(1, DOUBT**2)))))
        rest = {"operator": problem.operator, "observations": twin.observations, "prior": prior}
        return cycle(method, model, **rest, key=jax.random.fold_in(key, 1), view=read).kept

    found = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(3), 2)))
    assert abs(found[:, 100:] - TRUTH).mean() < 0.5, found[:, ::15]


def test_a_localised_filter_says_that_parameters_have_no_place():
    from synoptax.assimilate import LETKF, Circle, GaspariCohn, Localisation

    problem = Lorenz96Parameters.quick()
    problem = dataclasses.replace(problem, setting=dataclasses.replace(problem.setting, count=2, burn=1, spin_up=4))
    twin, guess = problem.simulate(jax.random.key(0))
    method = LETKF(4, Multiplicative(1.0), Localisation(GaspariCohn(), 4.0, Circle(40)))
    rest = {"operator": problem.setting.operator, "observations": twin.observations, "key": jax.random.key(1)}
    with pytest.raises(InputError, match="does not fit a state of 41 numbers"):
        cycle(method, problem.augmented(guess), prior=problem.believed(twin, guess), **rest)


def test_problem_draws_an_honest_guess():
    """About the truth with the stated deviation; the model has it, the truth does not."""
    problem = Lorenz96Parameters.quick()
    problem = dataclasses.replace(problem, setting=dataclasses.replace(problem.setting, count=1, burn=0, spin_up=1))
    _, guesses = jax.jit(jax.vmap(problem.simulate))(jax.random.split(jax.random.key(0), 400))
    assert problem.force == Lorenz96().force
    np.testing.assert_allclose(np.mean(guesses), 8.0, atol=0.2)
    np.testing.assert_allclose(np.std(guesses), problem.doubt, rtol=0.15)
    assert float(problem.model(guesses[0]).system.force) == float(guesses[0])
    assert Lorenz96ParametersCard.name() == "lorenz96_parameters"
