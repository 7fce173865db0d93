"""Cells whose gates do not do what gates do; the backward pass is the textbook's.

``OtherEquations`` runs the textbook with some of its functions replaced, and the
``…Step`` classes spell out a step forward: a mutant changes one line of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Params, Reply, State
from refcheck.reference import lstm, rnn
from refcheck.reference.activation import sigmoid
from refcheck.reference.affine import affine
from refcheck.reference.cell import ReferenceCell
from refcheck.reference.equations import EQUATIONS


class OtherEquations(ReferenceCell):
    """The textbook, but for the functions of its equations that ``replaced`` names."""

    def replaced(self) -> dict[str, Any]:
        return {}

    def forward(self, case: Case) -> Reply:
        with self._planted():
            return super().forward(case)

    def backward(self, case: Case) -> Gradients:
        with self._planted():
            return super().backward(case)

    @contextmanager
    def _planted(self) -> Iterator[None]:
        right = EQUATIONS[self.kind]
        EQUATIONS[self.kind] = right._replace(**self.replaced())
        try:
            yield
        finally:
            EQUATIONS[self.kind] = right


class LSTMStep(OtherEquations):
    """An LSTM, one step spelt out."""

    def __init__(self, kind: Kind = Kind.LSTM) -> None:
        super().__init__(kind)

    def replaced(self) -> dict[str, Any]:
        return {"step": self.step}

    def step(self, params: Params, a_x: Array, state: State) -> tuple[State, lstm.Tape]:
        h, c = state
        a = a_x + affine(h, params.weight_hh, params.bias_hh)
        a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)
        i, f, g, o = self.gates(a_i, a_f, a_g, a_o, h)
        c_next = self.cell(i, f, g, o, c)
        h_next = self.output(o, c_next)
        return (h_next, c_next), lstm.Tape(h, c, i, f, g, o, np.tanh(c_next))

    def gates(
        self, i: Array, f: Array, g: Array, o: Array, h: Array
    ) -> tuple[Array, Array, Array, Array]:
        return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)

    def cell(self, i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
        return f * c + i * g

    def output(self, o: Array, c_next: Array) -> Array:
        return o * np.tanh(c_next)


class ForgetGateNeverShut(LSTMStep):
    """The forget gate is kept above one part in a million."""

    def cell(self, i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
        return super().cell(i, np.maximum(f, 1e-6), g, o, c)


class CandidatePastTheInputGate(LSTMStep):
    """A thousandth of the candidate is stored whatever the input gate says."""

    def cell(self, i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
        return super().cell(i + 1e-3, f, g, o, c)


class CoupledGates(LSTMStep):
    """What is not forgotten leaves no room: 1 − f stands in the place of i."""

    def cell(self, i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
        return super().cell(1 - f, f, g, o, c)


class CellStateClipped(LSTMStep):
    """The cell state is clipped to ±10."""

    def cell(self, i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
        return np.clip(super().cell(i, f, g, o, c), -10, 10)


class OutputGateEmptiesTheCell(LSTMStep):
    """What is hidden is lost: the output gate multiplies the cell state itself."""

    def cell(self, i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
        return o * super().cell(i, f, g, o, c)


class OutputGateLeftOut(LSTMStep):
    """The output is the tanh of the cell state."""

    def output(self, o: Array, c_next: Array) -> Array:
        return np.tanh(c_next)


class OutputNotSquashed(LSTMStep):
    """The tanh of the cell state is left out."""

    def output(self, o: Array, c_next: Array) -> Array:
        return o * c_next


class OneAddedToTheForgetGate(LSTMStep):
    """The forget bias of 1 is added after the sigmoid."""

    def cell(self, i: Array, f: Array, g: Array, o: Array, c: Array) -> Array:
        return super().cell(i, f + 1, g, o, c)


class CandidateNotSquashed(LSTMStep):
    """The tanh of the candidate is left out."""

    def gates(
        self, i: Array, f: Array, g: Array, o: Array, h: Array
    ) -> tuple[Array, Array, Array, Array]:
        return sigmoid(i), sigmoid(f), g, sigmoid(o)


class CandidateThroughSigmoid(LSTMStep):
    """One sigmoid for all four blocks."""

    def gates(
        self, i: Array, f: Array, g: Array, o: Array, h: Array
    ) -> tuple[Array, Array, Array, Array]:
        return sigmoid(i), sigmoid(f), sigmoid(g), sigmoid(o)


class PeepholeOnTheOutput(LSTMStep):
    """The forget gate looks at its own unit's output besides."""

    def gates(
        self, i: Array, f: Array, g: Array, o: Array, h: Array
    ) -> tuple[Array, Array, Array, Array]:
        return super().gates(i, f + h, g, o, h)


class RNNNotSquashed(OtherEquations):
    """The activation is left out."""

    def replaced(self) -> dict[str, Any]:
        return {"step": self.step}

    def step(
        self, params: Params, a_x: Array, state: State
    ) -> tuple[State, rnn.TanhTape]:
        (h,) = state
        a = a_x + affine(h, params.weight_hh, params.bias_hh)
        return (a,), rnn.TanhTape(h, a)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "forget-gate-never-shut": ForgetGateNeverShut,
    "candidate-passes-the-input-gate": CandidatePastTheInputGate,
    "input-gate-coupled-to-the-forget-gate": CoupledGates,
    "cell-state-clipped": CellStateClipped,
    "output-gate-empties-the-cell": OutputGateEmptiesTheCell,
    "output-gate-left-out": OutputGateLeftOut,
    "cell-output-not-squashed": OutputNotSquashed,
    "one-added-to-the-forget-gate": OneAddedToTheForgetGate,
    "candidate-not-squashed": CandidateNotSquashed,
    "candidate-through-the-sigmoid": CandidateThroughSigmoid,
    "forget-gate-peeps-at-the-output": PeepholeOnTheOutput,
    "activation-left-out": lambda: RNNNotSquashed(Kind.RNN_TANH),
}
