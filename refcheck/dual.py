"""Dual numbers: a value and its derivative along one direction, carried forward.

    (a, ȧ) + (b, ḃ) = (a + b, ȧ + ḃ)
    (a, ȧ) (b, ḃ)   = (a b, ȧ b + a ḃ)
    φ(a, ȧ)         = (φ(a), φ′(a) ȧ)

The textbook's forward pass, run on such arrays, is differentiated without its backward
pass: this is forward mode.  Both parts are Measured, so that the derivative carries a
bound on its error, as every other result does.

Source: Wengert (1964), "A simple automatic derivative evaluation program".
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from refcheck.case import Case
from refcheck.cell import Array, Reply
from refcheck.directions import Direction, places, replaced
from refcheck.measured import MeasuredCell
from refcheck.reference import sequence
from refcheck.rounding import exact


class Dual:
    """A Measured array and its derivative; NumPy's functions on it come here."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Any, slope: Any) -> None:
        """Pair a Measured value with its derivative, of the same shape."""
        self.value, self.slope = value, slope

    @property
    def shape(self) -> Any:
        """The shape of the values."""
        return self.value.shape

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self.value.dtype

    @property
    def T(self) -> "Dual":  # noqa: N802 - NumPy's name
        """The transpose."""
        return Dual(self.value.T, self.slope.T)

    def __getitem__(self, index: Any) -> "Dual":
        """Return some entries."""
        return Dual(self.value[index], self.slope[index])

    def reshape(self, *shape: Any) -> "Dual":
        """Return the same entries in another shape."""
        return Dual(self.value.reshape(*shape), self.slope.reshape(*shape))

    def __add__(self, other: Any) -> "Dual":
        """Add."""
        b = dual(other)
        return Dual(self.value + b.value, self.slope + b.slope)

    def __neg__(self) -> "Dual":
        """Negate."""
        return Dual(-self.value, -self.slope)

    def __rsub__(self, other: Any) -> "Dual":
        """Subtract from a constant."""
        return dual(other) + (-self)

    def __mul__(self, other: Any) -> "Dual":
        """Multiply entry by entry."""
        b = dual(other)
        return Dual(self.value * b.value, self.slope * b.value + self.value * b.slope)

    def __matmul__(self, other: Any) -> "Dual":
        """Multiply matrices."""
        b = dual(other)
        return Dual(self.value @ b.value, self.slope @ b.value + self.value @ b.slope)

    __radd__ = __add__
    __rmul__ = __mul__

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        """Answer for the functions that the textbook's forward pass is made of."""
        known = _UFUNCS.get(ufunc) if method == "__call__" and not kwargs else None
        return NotImplemented if known is None else known(*(dual(x) for x in inputs))

    def __array_function__(
        self, function: Any, _: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """Answer for the functions that move entries about."""
        known = _FUNCTIONS.get(function)
        return NotImplemented if known is None else known(*args, **kwargs)


def dual(value: Any) -> Dual:
    """Return ``value`` as a dual number: a constant has the derivative 0."""
    if isinstance(value, Dual):
        return value
    constant = np.asarray(value, dtype=float)
    return Dual(exact(constant), exact(np.zeros(constant.shape)))


def derivative(cell: MeasuredCell, case: Case, along: Direction) -> Reply:
    """Return J v: how outputs and final state move as the case moves along v."""
    kind = cell.signature.kind
    if kind is None:
        message = "a law about forward mode must require Capability.LAYOUT"
        raise TypeError(message)
    lifted = replaced(
        case, {p: _lifted(p.of(case), along.get(p)) for p in places(case)}
    )
    with np.errstate(all="ignore"):
        reply, _ = sequence.forward(
            kind,
            cell.canonical(lifted),
            lifted.inputs,
            lifted.state,
            case.lengths,
            directions=case.spec.directions,
        )
    outputs: Any = reply.outputs
    states: Any = reply.state
    return Reply(outputs.slope, tuple(s.slope for s in states))


def _lifted(value: Array, slope: Array | None) -> Any:
    still = np.zeros(value.shape)
    return Dual(exact(value.astype(float)), exact(still if slope is None else slope))


def _tanh(a: Dual) -> Dual:
    y = np.tanh(a.value)
    return Dual(y, (1 - y * y) * a.slope)


def _sigmoid(a: Dual) -> Dual:
    y = expit(a.value)
    return Dual(y, y * (1 - y) * a.slope)


def _relu(a: Dual, _: Dual) -> Dual:
    return Dual(np.maximum(a.value, 0), np.heaviside(a.value, 0) * a.slope)


def _joined(join: Any) -> Callable[..., Dual]:
    def lifted(parts: Sequence[Any], axis: int = 0) -> Dual:
        both = [dual(p) for p in parts]
        return Dual(
            join([b.value for b in both], axis=axis),
            join([b.slope for b in both], axis=axis),
        )

    return lifted


def _where(mask: Array, a: Any, b: Any) -> Dual:
    a, b = dual(a), dual(b)
    return Dual(np.where(mask, a.value, b.value), np.where(mask, a.slope, b.slope))


_UFUNCS: dict[Any, Callable[..., Dual]] = {
    np.add: lambda a, b: a + b,
    np.multiply: lambda a, b: a * b,
    np.matmul: lambda a, b: a @ b,
    np.tanh: _tanh,
    expit: _sigmoid,
    np.maximum: _relu,
}
_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.concatenate: _joined(np.concatenate),
    np.stack: _joined(np.stack),
    np.where: _where,
}
