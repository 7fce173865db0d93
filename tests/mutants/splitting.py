"""Cells for which a sequence that is cut is another sequence."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Cell, Gradients, Kind, Reply, State
from refcheck.reference.cell import ReferenceCell
from tests.mutants.shared_parameters import Stepped

TRUNCATED = 3


class InitialStateIgnored(ReferenceCell):
    """The state is accepted, and every sequence starts from zeros."""

    def forward(self, case: Case) -> Reply:
        return super().forward(case.but(state=None))


class FinalStateOneStepOld(ReferenceCell):
    """The state is stored before the last step, not after it."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        if case.time == 1:
            return reply
        return reply._replace(state=super().forward(case.until(case.time - 1)).state)


class FinalStatesExchanged(ReferenceCell):
    """The state is taken as (h, c) and given back as (c, h)."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        return Reply(outputs, state[::-1])


class InputsCentredOverTime(ReferenceCell):
    """The mean over the sequence is taken off the inputs before they are read."""

    def forward(self, case: Case) -> Reply:
        return super().forward(_centred(case))

    def backward(self, case: Case) -> Gradients:
        found = super().backward(_centred(case))
        d_x = found.inputs
        return found._replace(inputs=d_x - d_x.mean(axis=0, dtype=d_x.dtype))


def _centred(case: Case) -> Case:
    mean = case.inputs.mean(axis=0, dtype=case.inputs.dtype)
    return case.but(inputs=case.inputs - mean)


class CellGradientLost(ReferenceCell):
    """The gradient that comes in for c_T is not looked at."""

    def backward(self, case: Case) -> Gradients:
        d_h, d_c = case.grad_state
        return super().backward(case.but(grad_state=(d_h, d_c * 0)))


class FinalStateGradientIgnored(ReferenceCell):
    """Only gradients of the outputs are pulled back."""

    def backward(self, case: Case) -> Gradients:
        silent = tuple(d * 0 for d in case.grad_state)
        return super().backward(case.but(grad_state=silent))


class Truncated(Stepped):
    """The state is detached at every third step."""

    def handed_on(self, d_state: State, t: int) -> State:
        return tuple(d * 0 for d in d_state) if t and t % TRUNCATED == 0 else d_state


class OneStepKeepsTheState(ReferenceCell):
    """A call for one step returns its outputs, and the state that came in."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        if case.time > 1 or case.state is None:
            return reply
        return reply._replace(state=case.state)


class OneStepIgnoresTheState(ReferenceCell):
    """A call for one step has code of its own, which starts from zeros."""

    def forward(self, case: Case) -> Reply:
        return super().forward(case.but(state=None) if case.time == 1 else case)


class OneStepIsSqueezed(ReferenceCell):
    """One step of one row loses its axes, and its units are averaged by a broadcast."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        if case.time * case.batch > 1:
            return Reply(outputs, state)
        mean = outputs.mean(axis=2, keepdims=True, dtype=outputs.dtype)
        return Reply(np.broadcast_to(mean, outputs.shape), state)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "initial-state-ignored": lambda: InitialStateIgnored(Kind.RNN_TANH),
    "final-state-is-one-step-old": lambda: FinalStateOneStepOld(Kind.GRU),
    "final-h-and-c-exchanged": lambda: FinalStatesExchanged(Kind.LSTM),
    "inputs-centred-over-time": lambda: InputsCentredOverTime(Kind.LSTM),
    "cell-gradient-lost-at-the-seam": lambda: CellGradientLost(Kind.LSTM),
    "final-state-gradient-ignored": lambda: FinalStateGradientIgnored(Kind.GRU),
    "backpropagation-truncated-at-three-steps": lambda: Truncated(Kind.RNN_TANH),
    "one-step-calls-keep-the-state": lambda: OneStepKeepsTheState(Kind.GRU),
    "one-step-calls-ignore-the-state": lambda: OneStepIgnoresTheState(Kind.LSTM),
    "one-step-of-one-row-is-squeezed": lambda: OneStepIsSqueezed(Kind.RNN_TANH),
}
