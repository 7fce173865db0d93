"""Cells whose gradients end after a hundred steps or more, each in one place."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Reply, State
from refcheck.reference.cell import ReferenceCell
from tests.mutants.gradient_flow import CutAfterAHundredSteps
from tests.mutants.shared_parameters import Stepped


class CutAfterTwoHundredSteps(Stepped):
    """The state is detached at every two hundredth step."""

    def handed_on(self, d_state: State, t: int) -> State:
        return tuple(d * 0 for d in d_state) if t and t % 200 == 0 else d_state


class CappedAtFifty(ReferenceCell):
    """The cell state is kept within ±50 from one call to the next."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        h, c = reply.state
        return reply._replace(state=(h, np.clip(c, -50, 50)))


class EarlyInputsGetNoGradient(ReferenceCell):
    """Inputs more than 150 steps before the end are detached."""

    def backward(self, case: Case) -> Gradients:
        found, late = super().backward(case), max(0, case.time - 150)
        inputs = found.inputs.copy()
        inputs[:late] = 0
        return found._replace(inputs=inputs)


class EarlyStepsLeftOut(Stepped):
    """Only the last hundred steps count for the recurrent weights."""

    def counted(self, name: str, gradient: Array, t: int, time: int) -> Array:
        left_out = "weight_hh" in name and t < time - 100
        return gradient * 0 if left_out else gradient


MUTANTS: dict[str, Callable[[], Cell]] = {
    "update-gate-gradient-cut-after-a-hundred-steps": lambda: CutAfterAHundredSteps(
        Kind.GRU
    ),
    "tanh-gradient-cut-after-two-hundred-steps": lambda: CutAfterTwoHundredSteps(
        Kind.RNN_TANH
    ),
    "cell-state-capped-at-fifty": lambda: CappedAtFifty(Kind.LSTM),
    "early-inputs-get-no-gradient": lambda: EarlyInputsGetNoGradient(
        Kind.GRU_RESET_BEFORE
    ),
    "early-steps-left-out-of-the-weights": lambda: EarlyStepsLeftOut(Kind.LSTM),
}
