"""Outcomes of long computations: an integer in an array, a sentence for a person."""

import enum


class Status(enum.IntEnum):
    """How a fit, a rollout or a minimisation ended. `Status(code).sentence` explains itself.

    Inside compiled code an outcome is an integer array, one per member, so that one bad member cannot kill the batch.
    """

    sentence: str

    def __new__(cls, code: int, sentence: str) -> "Status":
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    successful = 0, "Finished: all steps were done."
    stopped_early = 1, "Finished early: the validation score stopped improving, the best weights were kept."
    nonfinite_loss = (
        2,
        (
            "Stopped: the loss or its gradient was not finite many steps in a row. The last finite weights were kept; "
            "lower the learning rate, clip the gradient, or look for unscaled inputs."
        ),
    )
    nonfinite_state = (
        3,
        (
            "Stopped: the state left the finite numbers. Shorten the time step or check the initial state; "
            "the other members went on."
        ),
    )

    member_replaced = (
        4,
        (
            "Finished: some members left the finite numbers and were replaced by copies of others. Shorten the time "
            "step, inflate less, or start with less spread."
        ),
    )
    not_converged = (
        5,
        (
            "Finished without convergence: the iterations ended before the gradient was small. Give more iterations, a "
            "shorter window, or a better first guess."
        ),
    )

    no_spread = (
        6,
        (
            "Finished: the members were all alike, so that observations could not correct them. Inflate, add noise to "
            "the model, or start with more spread."
        ),
    )
    infinite_observations = (
        7,
        (
            "Finished: infinite observations were left out as if they were missing. Set bad values to NaN before the "
            "run, or look for a failed conversion."
        ),
    )
    unlikely_observations = (
        8,
        (
            "Finished: observations lie more than thirty standard deviations from the forecast. Compare the units of "
            "observations, errors and model, or whether the truth was lost."
        ),
    )

    runaway_state = (
        9,
        (
            "Stopped: the state went further from its mean than a hundred standard deviations. Train on more steps or "
            "fit another method; the other members went on."
        ),
    )

    @property
    def failed(self) -> bool:
        """True when the result should count as diverged."""
        return self in (Status.nonfinite_loss, Status.nonfinite_state, Status.runaway_state)
