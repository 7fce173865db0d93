"""Cells that mix up rows of unequal length, or where they end."""

from collections.abc import Callable

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Reply
from refcheck.reference.cell import ReferenceCell
from tests.mutants.padding import lasts, past, unending


def longest_first(case: Case) -> Array:
    """Return the rows in the order of falling lengths."""
    return np.argsort(-lasts(case), kind="stable")


class RowsComeBackSorted(ReferenceCell):
    """Rows are sorted by length, and the outputs are not put back."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return reply._replace(outputs=reply.outputs[:, longest_first(case)])


class StateNotSortedWithItsRows(ReferenceCell):
    """Rows are sorted by length, their initial states are not."""

    def forward(self, case: Case) -> Reply:
        if case.state is None:
            return super().forward(case)
        back = np.argsort(longest_first(case))
        return super().forward(case.but(state=tuple(s[:, back] for s in case.state)))


class StateGradientComesBackSorted(ReferenceCell):
    """The gradients of the initial states stay sorted by length."""

    def backward(self, case: Case) -> Gradients:
        found, order = super().backward(case), longest_first(case)
        return found._replace(state=tuple(g[:, order] for g in found.state))


class CellStateOfThePaddedEnd(ReferenceCell):
    """h is frozen when a row ends, c is not."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        state = (reply.state[0], super().forward(unending(case)).state[1])
        return reply._replace(state=state)


class UpperLayersKnowNoLengths(ReferenceCell):
    """The final state of upper layers is the one after the padding, read as zeros."""

    def forward(self, case: Case) -> Reply:
        reply, first = super().forward(case), case.spec.directions
        emptied = case.but(inputs=np.where(past(case), 0, case.inputs), lengths=None)
        padded = super().forward(emptied).state
        pairs = zip(reply.state, padded, strict=True)
        state = tuple(np.concatenate([s[:first], p[first:]]) for s, p in pairs)
        return reply._replace(state=state)


class ReverseStartsAtThePaddedEnd(ReferenceCell):
    """The reverse direction reads padding as zeros, starting from its end."""

    def forward(self, case: Case) -> Reply:
        if case.spec.directions == 1:
            return super().forward(case)
        emptied = case.but(inputs=np.where(past(case), 0, case.inputs), lengths=None)
        padded, h = super().forward(emptied), case.spec.hidden_size
        reply = super().forward(case)
        outputs = np.concatenate([reply.outputs[..., :h], padded.outputs[..., h:]], 2)
        return reply._replace(outputs=np.where(past(case), 0, outputs))


class ReverseReadsOneStepLess(ReferenceCell):
    """The reverse direction starts one step before the end of a row."""

    def forward(self, case: Case) -> Reply:
        if case.spec.directions == 1:
            return super().forward(case)
        reply, h = super().forward(case), case.spec.hidden_size
        shorter = case.but(lengths=np.maximum(lasts(case) - 1, 1))
        other = super().forward(shorter).outputs[..., h:]
        outputs = np.concatenate([reply.outputs[..., :h], other], 2)
        return reply._replace(outputs=outputs)


class EmptyRowEndsAtThePaddedEnd(ReferenceCell):
    """The final state is looked up at length − 1, which for 0 is the last step."""

    def forward(self, case: Case) -> Reply:
        reply, empty = super().forward(case), lasts(case) == 0
        padded = super().forward(unending(case)).state
        pairs = zip(reply.state, padded, strict=True)
        state = tuple(np.where(empty[:, None], p, s) for s, p in pairs)
        return reply._replace(state=state)


class EmptyRowLosesItsState(ReferenceCell):
    """The final state of a row of length 0 is 0."""

    def forward(self, case: Case) -> Reply:
        reply, empty = super().forward(case), lasts(case) == 0
        state = tuple(np.where(empty[:, None], 0, s) for s in reply.state)
        return reply._replace(state=state)


class EmptyRowLosesItsGradient(ReferenceCell):
    """Rows of length 0 are left out of the backward pass, their states with them."""

    def backward(self, case: Case) -> Gradients:
        found, empty = super().backward(case), lasts(case) == 0
        state = tuple(np.where(empty[:, None], 0, g) for g in found.state)
        return found._replace(state=state)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "rows-come-back-sorted": lambda: RowsComeBackSorted(Kind.GRU),
    "state-not-sorted-with-its-rows": lambda: StateNotSortedWithItsRows(Kind.LSTM),
    "state-gradient-comes-back-sorted": lambda: StateGradientComesBackSorted(Kind.LSTM),
    "c-of-the-padded-end": lambda: CellStateOfThePaddedEnd(Kind.LSTM),
    "upper-layers-know-no-lengths": lambda: UpperLayersKnowNoLengths(Kind.GRU),
    "reverse-starts-at-the-padded-end": lambda: ReverseStartsAtThePaddedEnd(Kind.LSTM),
    "reverse-reads-one-step-less": lambda: ReverseReadsOneStepLess(Kind.RNN_TANH),
    "empty-row-ends-at-the-padded-end": lambda: EmptyRowEndsAtThePaddedEnd(Kind.GRU),
    "empty-row-loses-its-state": lambda: EmptyRowLosesItsState(Kind.LSTM),
    "empty-row-loses-its-gradient": lambda: EmptyRowLosesItsGradient(Kind.RNN_TANH),
}
