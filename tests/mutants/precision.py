"""Cells with fewer digits than they say, and with NaN in the wrong places."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Reply
from refcheck.reference.cell import ReferenceCell


def _rounded(found: Any, digits: str) -> Any:
    """Return the same arrays after a detour through another dtype."""

    def through(a: Array) -> Array:
        return a.astype(digits).astype(a.dtype)

    state = tuple(through(s) for s in found.state)
    if isinstance(found, Reply):
        return Reply(through(found.outputs), state)
    params = {name: through(g) for name, g in found.params.items()}
    return Gradients(params, through(found.inputs), state)


class DoubleByNameOnly(ReferenceCell):
    """Double precision is a cast at the end."""

    def forward(self, case: Case) -> Reply:
        reply: Reply = _rounded(super().forward(case), "float32")
        return reply


class GradientsInSingle(ReferenceCell):
    """The forward pass is double, the backward pass is not."""

    def backward(self, case: Case) -> Gradients:
        found: Gradients = _rounded(super().backward(case), "float32")
        return found


class HalfInside(ReferenceCell):
    """A fast path works in half precision."""

    def forward(self, case: Case) -> Reply:
        reply: Reply = _rounded(super().forward(case), "float16")
        return reply


class HalfGradients(ReferenceCell):
    """Gradients travel in half precision."""

    def backward(self, case: Case) -> Gradients:
        found: Gradients = _rounded(super().backward(case), "float16")
        return found


class TanhByTwoExponentials(ReferenceCell):
    """tanh is (eᵃ − e⁻ᵃ) / (eᵃ + e⁻ᵃ), which is ∞ / ∞ for large a."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        lost = (abs(case.inputs) > 709).any(axis=2, keepdims=True)
        return reply._replace(outputs=np.where(lost, np.nan, reply.outputs))


class SlopeByAnExponential(ReferenceCell):
    """The slope of σ is e⁻ᵃ / (1 + e⁻ᵃ)², which is ∞ / ∞ for large negative a."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        if (abs(case.inputs) < 709).all():
            return found
        params = {name: g * np.nan for name, g in found.params.items()}
        return found._replace(params=params)


class HidesNaN(ReferenceCell):
    """where(a > 0, a, 0) turns NaN into 0."""

    def forward(self, case: Case) -> Reply:
        return super().forward(case.but(inputs=np.nan_to_num(case.inputs)))


class HidesNaNInTheState(ReferenceCell):
    """NaN shows in the outputs, and is gone in the state that comes back."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return Reply(reply.outputs, tuple(np.nan_to_num(s) for s in reply.state))


MUTANTS: dict[str, Callable[[], Cell]] = {
    "float64-by-name-only": lambda: DoubleByNameOnly(Kind.LSTM),
    "gradients-in-single-precision": lambda: GradientsInSingle(Kind.GRU),
    "half-precision-inside": lambda: HalfInside(Kind.LSTM),
    "gradients-in-half-precision": lambda: HalfGradients(Kind.RNN_TANH),
    "tanh-by-two-exponentials": lambda: TanhByTwoExponentials(Kind.LSTM),
    "sigmoid-slope-by-an-exponential": lambda: SlopeByAnExponential(Kind.GRU),
    "activations-hide-nan": lambda: HidesNaN(Kind.RNN_RELU),
    "final-state-hides-nan": lambda: HidesNaNInTheState(Kind.LSTM),
}
