"""Cells whose gradients change, or end, on their way back through time."""

from collections.abc import Callable

from refcheck.cell import Cell, Kind, State
from tests.mutants.shared_parameters import Stepped


class StateGradientLeaks(Stepped):
    """A thousandth of the state's gradient is lost at each step."""

    def handed_on(self, d_state: State, t: int) -> State:
        return tuple((d * 0.999).astype(d.dtype) for d in d_state)


class CutAfterAHundredSteps(Stepped):
    """The state is detached at every hundredth step, to save memory."""

    def handed_on(self, d_state: State, t: int) -> State:
        return tuple(d * 0 for d in d_state) if t and t % 100 == 0 else d_state


class OnlyTheCellChain(Stepped):
    """Between steps the gradient of c is handed on, that of h is not."""

    def handed_on(self, d_state: State, t: int) -> State:
        d_h, *rest = d_state
        return (d_h * 0 if t else d_h, *rest)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "state-gradient-leaks": lambda: StateGradientLeaks(Kind.RNN_RELU),
    "gradient-cut-after-a-hundred-steps": lambda: CutAfterAHundredSteps(Kind.RNN_RELU),
    "cell-gradient-cut-after-a-hundred-steps": lambda: CutAfterAHundredSteps(Kind.LSTM),
    "only-the-cell-chain": lambda: OnlyTheCellChain(Kind.LSTM),
}
