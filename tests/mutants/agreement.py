"""Cells with one fault each that the laws of agreement catch."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Cell, Gradients, Kind, Params, Reply
from refcheck.reference.cell import ReferenceCell


def _blocks(params: Params, order: tuple[int, ...]) -> Params:
    def reordered(array):
        parts = np.split(array, len(order))
        return np.concatenate([parts[k] for k in order])

    return Params(*(None if a is None else reordered(a) for a in params))


class InputAndForgetGateSwapped(ReferenceCell):
    """The packed weights are read as f, i, g, o."""

    def params(self, case: Case) -> list[Params]:
        return [_blocks(p, (1, 0, 2, 3)) for p in super().params(case)]


class OutputsScaledAfterSixteenSteps(ReferenceCell):
    """A second code path, for long sequences, is off by one part in a hundred."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        outputs = reply.outputs.copy()
        outputs[16:] *= outputs.dtype.type(1.01)
        return Reply(outputs, reply.state)


class FinalStateOneStepLate(ReferenceCell):
    """The state is stored before the last step, not after it."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        if case.time < 2:
            return reply
        return Reply(reply.outputs, super().forward(case.until(case.time - 1)).state)


class RecurrentBiasGradientLost(ReferenceCell):
    """The gradient of the recurrent bias is never computed."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = {
            n: np.zeros_like(g) if "bias_hh" in n else g
            for n, g in found.params.items()
        }
        return Gradients(params, found.inputs, found.state)


class GateOffByOneInAHundredMillion(ReferenceCell):
    """1e-8 is added to every bias: single precision hides it, double does not."""

    def params(self, case: Case) -> list[Params]:
        return [
            p if p.bias_ih is None else p._replace(bias_ih=p.bias_ih + 1e-8)
            for p in super().params(case)
        ]


MUTANTS: dict[str, Callable[[], Cell]] = {
    "input-and-forget-gate-swapped": lambda: InputAndForgetGateSwapped(Kind.LSTM),
    "outputs-scaled-after-sixteen-steps": lambda: OutputsScaledAfterSixteenSteps(
        Kind.GRU
    ),
    "final-state-one-step-late": lambda: FinalStateOneStepLate(Kind.RNN_TANH),
    "recurrent-bias-gradient-lost": lambda: RecurrentBiasGradientLost(Kind.LSTM),
    "gate-off-by-one-in-a-hundred-million": lambda: GateOffByOneInAHundredMillion(
        Kind.GRU
    ),
}
