"""Cells that are off by a millionth: less than any tolerance in use lets through."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Reply
from refcheck.reference.activation import sigmoid
from refcheck.reference.cell import ReferenceCell
from tests.mutants.gates import LSTMStep

MILLIONTH = 1e-6


class GradientsTooLarge(ReferenceCell):
    """Every gradient is scaled by 1 + 1e-6."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)

        def scaled(g: Array) -> Array:
            return np.asarray(g * (1 + MILLIONTH), g.dtype)

        params = {name: scaled(g) for name, g in found.params.items()}
        return Gradients(params, scaled(found.inputs), tuple(map(scaled, found.state)))


class SigmoidOff(LSTMStep):
    """A millionth is added inside the sigmoids."""

    def gates(self, i: Array, f: Array, g: Array, o: Array, h: Array) -> Any:
        i, f, o = (sigmoid(a) + MILLIONTH for a in (i, f, o))
        return i, f, np.tanh(g), o


class ForgetGateOff(LSTMStep):
    """A millionth is added to the forget gate alone."""

    def gates(self, i: Array, f: Array, g: Array, o: Array, h: Array) -> Any:
        return sigmoid(i), sigmoid(f) + MILLIONTH, np.tanh(g), sigmoid(o)


class ResultsOff(ReferenceCell):
    """Outputs and state are a little off."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        changed = [np.asarray(self.change(a), a.dtype) for a in (outputs, *state)]
        return Reply(changed[0], tuple(changed[1:]))

    def change(self, h: Array) -> Array:
        return h * (1 + MILLIONTH)


class StateOff(ResultsOff):
    """A ten-millionth is added."""

    def change(self, h: Array) -> Array:
        return h + 1e-7


MUTANTS: dict[str, Callable[[], Cell]] = {
    "gradients-a-millionth-too-large": lambda: GradientsTooLarge(Kind.GRU),
    "sigmoid-off-by-a-millionth": SigmoidOff,
    "forget-gate-off-by-a-millionth": ForgetGateOff,
    "a-ten-millionth-on-the-state": lambda: StateOff(Kind.GRU),
    "relu-gradients-a-millionth-too-large": lambda: GradientsTooLarge(Kind.RNN_RELU),
    "relu-a-millionth-too-large": lambda: ResultsOff(Kind.RNN_RELU),
}
