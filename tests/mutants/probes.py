"""Cells whose arithmetic is cheaper than their dtype."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Kind, Params, Reply, State
from refcheck.reference.activation import sigmoid
from refcheck.reference.cell import ReferenceCell
from tests.mutants.gates import LSTMStep, OtherEquations


class HardSigmoid(LSTMStep):
    """σ is a straight line, cut off at 0 and 1."""

    def gates(self, i: Array, f: Array, g: Array, o: Array, h: Array) -> Any:
        i, f, o = (np.clip(a / 6 + 0.5, 0, 1) for a in (i, f, o))
        return i, f, np.tanh(g), o


class ShortTanh(LSTMStep):
    """tanh is Padé's [7/6] fraction, cut off at ±1: off by 1e-4 near 5."""

    def gates(self, i: Array, f: Array, g: Array, o: Array, h: Array) -> Any:
        s = g * g
        above = g * (135135 + s * (17325 + s * (378 + s)))
        below = 135135 + s * (62370 + s * (3150 + 28 * s))
        return sigmoid(i), sigmoid(f), np.clip(above / below, -1, 1), sigmoid(o)


class TanhOff(LSTMStep):
    """Every tanh is 16 units in the last place too large."""

    def gates(self, i: Array, f: Array, g: Array, o: Array, h: Array) -> Any:
        y = np.tanh(g)
        y = (y * (1 + 32 * np.finfo(y.dtype).eps / 2)).astype(y.dtype)
        return sigmoid(i), sigmoid(f), y, sigmoid(o)


class HalfProducts(OtherEquations):
    """The recurrent product reads weights in half precision."""

    def replaced(self) -> dict[str, Any]:
        right = super().replaced()
        from refcheck.reference.equations import EQUATIONS

        step = EQUATIONS[self.kind].step

        def cheap(params: Params, a_x: Array, state: State) -> Any:
            short = params.weight_hh.astype(np.float16).astype(params.weight_hh.dtype)
            return step(params._replace(weight_hh=short), a_x, state)

        return right | {"step": cheap}


class LateDrift(ReferenceCell):
    """From the ninth step on outputs are off by a hundred-thousandth."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        drift = np.where(np.arange(case.time) < 8, 1, 1 + 1e-5)[:, None, None]
        return Reply(np.asarray(outputs * drift, outputs.dtype), state)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "hard-sigmoid": HardSigmoid,
    "tanh-by-a-short-fraction": ShortTanh,
    "tanh-off-by-sixteen-units": TanhOff,
    "products-in-half-precision": lambda: HalfProducts(Kind.GRU),
    "wrong-from-the-ninth-step-on-by-little": lambda: LateDrift(Kind.GRU),
}
