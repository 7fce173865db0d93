"""Cells for which it matters how a batch is handed over."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Cell, Gradients, Kind, Reply
from refcheck.reference.cell import ReferenceCell
from tests.mutants.padding import lasts


class Versatile(ReferenceCell):
    """A right cell that takes masks, and the batch first."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        more = Capability.MASKS | Capability.BATCH_FIRST
        capabilities = self.signature.capabilities | more
        self.signature = replace(self.signature, capabilities=capabilities)


class Altered(Versatile):
    """A cell that makes another case of the one it is given."""

    def forward(self, case: Case) -> Reply:
        return super().forward(self.altered(case))

    def backward(self, case: Case) -> Gradients:
        return super().backward(self.altered(case))

    def altered(self, case: Case) -> Case:
        return case


class MaskOneStepEarly(Altered):
    """The mask is t < length − 1: the last step of each row is lost."""

    def altered(self, case: Case) -> Case:
        return case if case.lengths is None else case.but(lengths=case.lengths - 1)


class LengthsAverageOverTime(Versatile):
    """Where lengths are given, gradients are divided by them."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        share = 1.0 if case.lengths is None else 1 / np.mean(case.lengths)
        params = {n: (g * share).astype(g.dtype) for n, g in found.params.items()}
        return found._replace(params=params)


class LengthsDropState(Altered):
    """The path for lengths starts from zeros, whatever state is given."""

    def altered(self, case: Case) -> Case:
        if case.lengths is None or case.state is None:
            return case
        return case.but(state=tuple(np.zeros_like(s) for s in case.state))


class MaskInverted(Altered):
    """Where the mask is True, a step is left out: the padding is all that is read."""

    def altered(self, case: Case) -> Case:
        if not case.masked:
            return case
        lengths = np.maximum(case.time - lasts(case), 1)
        return case.but(inputs=case.inputs[::-1], lengths=lengths)


class MaskShiftedByOne(Altered):
    """The mask of step t is applied at step t + 1."""

    def altered(self, case: Case) -> Case:
        if not case.masked:
            return case
        return case.but(lengths=np.minimum(lasts(case) + 1, case.time))


class BatchFirstIgnored(Versatile):
    """The option is accepted, and rows are read as steps."""

    def forward(self, case: Case) -> Reply:
        if not case.spec.batch_first:
            return super().forward(case)
        reply = super().forward(case.but(inputs=_turned(case.inputs), lengths=None))
        return reply._replace(outputs=_turned(reply.outputs))


class BatchFirstReshaped(Altered):
    """Rows and steps are exchanged by a reshape, which moves no number."""

    def altered(self, case: Case) -> Case:
        if not case.spec.batch_first:
            return case
        return case.but(inputs=_turned(case.inputs).reshape(case.inputs.shape))


class BatchFirstGradientReshaped(Versatile):
    """The gradient of the inputs goes back by a reshape."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        if not case.spec.batch_first:
            return found
        back = found.inputs.reshape(case.batch, case.time, -1)
        return found._replace(inputs=_turned(back))


def _turned(a: Array) -> Array:
    return a.transpose(1, 0, 2)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "mask-one-step-early": lambda: MaskOneStepEarly(Kind.LSTM),
    "lengths-average-over-time": lambda: LengthsAverageOverTime(Kind.GRU),
    "lengths-drop-state": lambda: LengthsDropState(Kind.LSTM),
    "mask-inverted": lambda: MaskInverted(Kind.GRU),
    "mask-shifted-by-one": lambda: MaskShiftedByOne(Kind.LSTM),
    "batch-first-ignored": lambda: BatchFirstIgnored(Kind.RNN_TANH),
    "batch-first-reshaped": lambda: BatchFirstReshaped(Kind.LSTM),
    "batch-first-gradient-reshaped": lambda: BatchFirstGradientReshaped(Kind.GRU),
}
