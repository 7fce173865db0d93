"""Cells whose forward pass is right, and whose backward pass is not its derivative."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Params, Reply, State
from refcheck.reference import lstm, rnn
from refcheck.reference.cell import ReferenceCell
from tests.mutants.gates import OtherEquations


def each(gradients: Gradients, change: Callable[[Array], Any]) -> Gradients:
    """Return the gradients with each array changed, in its own dtype."""

    def kept(array: Array) -> Array:
        return np.asarray(change(array), array.dtype)

    return Gradients(
        {name: kept(g) for name, g in gradients.params.items()},
        kept(gradients.inputs),
        tuple(kept(g) for g in gradients.state),
    )


class OffByOneInAMillion(ReferenceCell):
    """All gradients are too large by one part in a million."""

    def backward(self, case: Case) -> Gradients:
        return each(super().backward(case), lambda g: g * (1 + 1e-6))


class OffByOneInAThousand(ReferenceCell):
    """All gradients are too small by one part in a thousand."""

    def backward(self, case: Case) -> Gradients:
        return each(super().backward(case), lambda g: g * (1 - 1e-3))


class LastRecurrentEntryOff(ReferenceCell):
    """One entry of the recurrent weights' gradient is wrong by a hundredth."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = dict(found.params)
        name = next(n for n in params if "weight_hh" in n)
        params[name] = params[name].copy()
        params[name][-1, -1] *= 1.01
        return found._replace(params=params)


class MeanOverTheBatch(ReferenceCell):
    """Gradients of parameters are divided by the number of rows."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = {n: (g / case.batch).astype(g.dtype) for n, g in found.params.items()}
        return found._replace(params=params)


class InitialStateGradientLost(ReferenceCell):
    """The gradient of the initial state is never returned."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        return found._replace(state=tuple(g * 0 for g in found.state))


class SinglePrecisionInside(ReferenceCell):
    """Outputs pass through single precision, whatever the dtype."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        return Reply(outputs.astype(np.float32).astype(outputs.dtype), state)


class RecurrentWeightTransposed(OtherEquations):
    """Gradients go back through W_hh, not through its transpose."""

    def replaced(self) -> dict[str, Any]:
        return {"step_back": self.step_back}

    def step_back(
        self, params: Params, tape: rnn.TanhTape, d_state: State
    ) -> tuple[tuple[Array, Array], State]:
        rows, _ = rnn.step_tanh_back(params, tape, d_state)
        return rows, (rows[0] @ params.weight_hh.T,)


class ReLUSlope(OtherEquations):
    """Where a < 0, the slope of ReLU is not 0."""

    slope = 1.0

    def replaced(self) -> dict[str, Any]:
        return {"step_back": self.step_back}

    def step_back(
        self, params: Params, tape: rnn.ReLUTape, d_state: State
    ) -> tuple[tuple[Array, Array], State]:
        slope = np.where(tape.a > 0, 1, self.slope).astype(tape.a.dtype)
        d_a = d_state[0] * slope
        return (d_a, tape.h), (d_a @ params.weight_hh,)


class ReLULeaks(ReLUSlope):
    """A leak of one part in a million is left over from an experiment."""

    slope = 1e-6


class TanhSlopeLeftOut(OtherEquations):
    """Gradients pass tanh as if it were a straight line."""

    def replaced(self) -> dict[str, Any]:
        return {"step_back": self.step_back}

    def step_back(
        self, params: Params, tape: rnn.TanhTape, d_state: State
    ) -> tuple[tuple[Array, Array], State]:
        d_a = d_state[0]
        return (d_a, tape.h), (d_a @ params.weight_hh,)


class CellGradientThroughTheInputGate(OtherEquations):
    """The gradient of c is handed on times i, not times f."""

    def replaced(self) -> dict[str, Any]:
        return {"step_back": self.step_back}

    def step_back(
        self, params: Params, tape: lstm.Tape, d_state: State
    ) -> tuple[tuple[Array, Array], State]:
        rows, (d_h, _) = lstm.step_back(params, tape, d_state)
        d_c_next = d_state[1] + d_state[0] * tape.o * (1 - tape.tanh_c**2)
        return rows, (d_h, d_c_next * tape.i)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "gradients-off-by-one-in-a-million": lambda: OffByOneInAMillion(Kind.GRU),
    "gradients-off-by-one-in-a-thousand": lambda: OffByOneInAThousand(Kind.LSTM),
    "last-recurrent-gradient-off": lambda: LastRecurrentEntryOff(Kind.LSTM),
    "parameter-gradient-averaged-over-rows": lambda: MeanOverTheBatch(Kind.RNN_RELU),
    "initial-state-gradient-lost": lambda: InitialStateGradientLost(Kind.RNN_TANH),
    "outputs-rounded-to-single": lambda: SinglePrecisionInside(Kind.RNN_TANH),
    "recurrent-weight-not-transposed": lambda: RecurrentWeightTransposed(Kind.RNN_TANH),
    "relu-passes-gradient-where-negative": lambda: ReLUSlope(Kind.RNN_RELU),
    "relu-leaks": lambda: ReLULeaks(Kind.RNN_RELU),
    "cell-gradient-through-the-input-gate": lambda: CellGradientThroughTheInputGate(
        Kind.LSTM
    ),
    "tanh-slope-left-out": lambda: TanhSlopeLeftOut(Kind.RNN_TANH),
}
