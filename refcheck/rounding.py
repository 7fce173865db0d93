"""Numbers that know how far rounding may have moved them: the only tolerances here.

A ``Measured`` array holds values and, for each entry, a bound on the distance between
what any right implementation computes in a format with unit roundoff u and the exact
result.  The textbook of ``reference/`` is run on such arrays, so that the allowance of
every output, state and gradient follows from the same source as its value (running
error analysis: Wilkinson 1963; Higham 2002, section 3.3).

A sum or product of n terms is off by at most γ_n Σ|terms|, γ_n = n u / (1 - n u), in
any order, blocked or fused (Higham 2002, section 4.2).  Sums are therefore kept open:
``mass`` is Σ|terms| and ``terms`` is n, until a nonlinear operation closes them.  One
more u per term than needed pays for the other ways to write an equation, such as
n + z(h - n) for (1 - z) n + z h, and 1 - h² from h or from the pre-activation.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from refcheck.cell import Array


class Format(NamedTuple):
    """A floating-point format, and how well its tanh and sigmoid are computed.

    An activation may be off by ``ulps`` units in the last place and by ``absolute``
    unit roundoffs; 4 ulps cover PyTorch, NumPy, glibc and oneDNN, 8 u absolute the
    rational and exponential forms of Eigen and MLAS (measured).
    """

    u: float  # unit roundoff
    tiny: float  # smallest normal number: results below it may be flushed to zero
    ulps: float = 4.0
    absolute: float = 8.0


FORMATS = {
    "float64": Format(2.0**-53, 2.0**-1022),
    "float32": Format(2.0**-24, 2.0**-126),
    "float16": Format(2.0**-11, 2.0**-14),
    "bfloat16": Format(2.0**-8, 2.0**-126),
}
DOUBLE = FORMATS["float64"]
EXPLAINED = 1 + 2.0**-20  # the oracle's own double precision, seen from float32
INFORMATIVE = 1e-2  # an allowance beyond this share of the result says nothing
UNIT = 2.0**-20  # ... unless it is as small as this on the scale of the drawn cases
NEARBY = (
    2.0  # allowances of a case that was moved by 2^-6 at the most, over those of it
)
KINK = 2.0**-4  # of a bend that does not straighten out with the step: none is smooth

Error = Array | Callable[[], Array]


class Measured:
    """Values and the bound on their error; arithmetic propagates both.

    NumPy's functions on such arrays come here by ``__array_ufunc__`` and
    ``__array_function__``.  An exact array (the case's own) has no error.
    """

    __slots__ = ("_closed", "_error", "format", "mass", "terms", "value")

    def __init__(
        self,
        value: Array,
        error: Error | None = None,
        *,
        mass: Array | None = None,
        terms: int = 0,
        format: Format = DOUBLE,  # noqa: A002 - the field's word
    ) -> None:
        """Wrap values; ``error`` may be a function that is called when needed."""
        self.value, self.mass, self.terms, self.format = value, mass, terms, format
        self._error = error
        self._closed: Any = None  # the bound, once it was asked for

    @property
    def error(self) -> Any:
        """The bound that has been propagated, without the sum that is still open."""
        if callable(self._error):
            self._error = self._error()
        return 0.0 if self._error is None else self._error

    @property
    def bound(self) -> Any:
        """The bound on the error of each entry, the open sum included."""
        if self.mass is None:
            return self.error
        if self._closed is None:
            n, u = self.terms + 1, self.format.u
            rounding = (n * u / (1 - n * u)) * self.mass + n * self.format.tiny
            self._closed = self.error + rounding
        return self._closed

    @property
    def allowance(self) -> Array:
        """The bound as an array of the values' shape; NaN, from overflow, is inf."""
        bound = np.broadcast_to(np.asarray(self.bound, float), self.shape) * EXPLAINED
        return np.where(np.isnan(bound), np.inf, bound)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self.value.dtype

    @property
    def T(self) -> "Measured":  # noqa: N802 - NumPy's name
        """The transpose."""
        return self.rearranged(np.transpose)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self.value)

    def rearranged(self, move: Callable[[Any], Any]) -> "Measured":
        """Apply ``move``, which only moves entries about, to values and errors."""
        error: Error | None = None
        if callable(self._error):
            error = lambda: move(self._spread(self.error))  # noqa: E731 - a delayed call
        elif self._error is not None:
            error = move(self._spread(self._error))
        mass = None if self.mass is None else move(self._spread(self.mass))
        return self._like(move(self.value), error, mass, self.terms)

    def __getitem__(self, index: Any) -> "Measured":
        """Return some entries."""
        return self.rearranged(lambda a: a[index])

    def reshape(self, *shape: Any) -> "Measured":
        """Return the same entries in another shape."""
        return self.rearranged(lambda a: a.reshape(*shape))

    def sum(self, axis: Any = None) -> "Measured":
        """Sum over an axis, in any order."""
        terms = self.value.size // max(1, np.size(np.sum(self.value, axis=axis)))
        value, mass = self.wide.sum(axis=axis), self._mass().sum(axis=axis)
        error = self._spread(self.error).sum(axis=axis)
        return self._like(value, error, mass, terms * max(1, self.terms))

    @property
    def wide(self) -> Array:
        """The values in double precision."""
        return self.value if self.value.dtype == float else self.value.astype(float)

    def _spread(self, part: Any) -> Array:
        return (
            part if np.shape(part) == self.shape else np.broadcast_to(part, self.shape)
        )

    def _mass(self) -> Any:
        return abs(self.wide) + self.error if self.mass is None else self.mass

    def _like(
        self, value: Array, error: Any, mass: Any = None, terms: int = 0
    ) -> "Measured":
        return Measured(value, error, mass=mass, terms=terms, format=self.format)

    def _lifted(self, other: Any) -> "Measured":
        if isinstance(other, Measured):
            return other
        return self._like(np.asarray(other, dtype=float), None)

    # sums stay open -----------------------------------------------------------

    def __add__(self, other: Any) -> "Measured":
        """Add: errors add, and the sum stays open."""
        b = self._lifted(other)
        terms = max(1, self.terms) + max(1, b.terms)
        value = self.wide + b.wide
        return self._like(value, self.error + b.error, self._mass() + b._mass(), terms)

    def __sub__(self, other: Any) -> "Measured":
        """Subtract: add the negative."""
        return self + (-self._lifted(other))

    def __rsub__(self, other: Any) -> "Measured":
        """Subtract from an exact array."""
        return self._lifted(other) + (-self)

    def __neg__(self) -> "Measured":
        """Negate, which is exact."""
        return self._like(-self.value, self._error, self.mass, self.terms)

    def __abs__(self) -> "Measured":
        """Return the magnitudes, which are exact."""
        return self._like(abs(self.value), self._error, self.mass, self.terms)

    # products close their factors ----------------------------------------------

    def __mul__(self, other: Any) -> "Measured":
        """Multiply entry by entry; the product is one term of a later sum."""
        b = self._lifted(other)
        x, y, e_x, e_y = self.wide, b.wide, self.bound, b.bound
        value = x * y
        error = abs(y) * e_x
        if b.mass is not None or b._error is not None:
            error = error + (abs(x) + e_x) * e_y
        return self._like(value, error, abs(value) + error, 1)

    def __pow__(self, exponent: int) -> "Measured":
        """Square; no other power is used."""
        if exponent != 2:
            return NotImplemented
        return self * self

    def __matmul__(self, other: Any) -> "Measured":
        """Multiply matrices: dot products in any order."""
        return _matmul(self, self._lifted(other))

    def __rmatmul__(self, other: Any) -> "Measured":
        """Multiply an exact matrix by this one."""
        return _matmul(self._lifted(other), self)

    __radd__ = __add__
    __rmul__ = __mul__

    # NumPy's functions ---------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        """Answer for NumPy's and SciPy's elementwise functions."""
        known = _UFUNCS.get(ufunc) if method == "__call__" and not kwargs else None
        if known is None:
            return NotImplemented
        return known(*(self._lifted(x) for x in inputs))

    def __array_function__(
        self, function: Any, _: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """Answer for NumPy's functions that move entries about."""
        known = _FUNCTIONS.get(function)
        return NotImplemented if known is None else known(*args, **kwargs)


def exact(value: Array, format: Format = DOUBLE) -> Measured:  # noqa: A002
    """Return an array whose entries are what they are: inputs of a case."""
    return Measured(np.asarray(value), None, format=format)


def _matmul(a: Measured, b: Measured) -> Measured:
    x, y, e_x, e_y = a.wide, b.wide, a.bound, b.bound
    size_x, size_y = abs(x), abs(y)
    plain = size_x @ size_y
    error: Any = 0.0
    if np.ndim(e_y):
        error = size_x @ e_y
    if np.ndim(e_x):
        error = error + e_x @ (size_y + e_y)
    return Measured(
        x @ y, error, mass=plain + error, terms=x.shape[-1], format=a.format
    )


def _activation(
    function: Any, slope: Callable[[Array], Array], most: float
) -> Callable[[Measured], Measured]:
    """Lift tanh or the sigmoid: its slope falls as |a| grows, its range is ``most``."""

    def lifted(a: Measured) -> Measured:
        e = a.bound
        value = function(a.wide)
        nearest = np.maximum(abs(a.wide) - e, 0.0)
        moved = np.minimum(slope(nearest) * e, most)
        u, tiny, ulps, absolute = a.format
        own = 2 * ulps * u * np.minimum(abs(value) + moved, 1.0) + absolute * u
        return a._like(value, moved + own + 2 * tiny)  # noqa: SLF001 - same module

    return lifted


def _logistic_slope(a: Array) -> Array:
    s = expit(a)
    return np.asarray(s * (1 - s))


def _relu(a: Measured, _: Measured) -> Measured:
    e = a.bound
    return a._like(np.maximum(a.wide, 0), np.where(a.wide > -e, e, 0.0))  # noqa: SLF001


def _slope(a: Measured, _: Measured) -> Measured:
    """Step at 0: where the sign is undecided, both one-sided slopes are allowed."""
    undecided = abs(a.wide) <= a.bound
    return a._like(np.heaviside(a.wide, 0.0), undecided.astype(float))  # noqa: SLF001


_UFUNCS: dict[Any, Callable[..., Any]] = {
    np.add: lambda a, b: a + b,
    np.subtract: lambda a, b: a - b,
    np.multiply: lambda a, b: a * b,
    np.matmul: lambda a, b: a @ b,
    np.negative: lambda a: -a,
    np.absolute: abs,
    np.tanh: _activation(np.tanh, lambda a: 1 - np.tanh(a) ** 2, 2.0),
    expit: _activation(expit, _logistic_slope, 1.0),
    np.maximum: _relu,
    np.heaviside: _slope,
}


def _joined(join: Any) -> Callable[..., Measured]:
    """Lift np.concatenate or np.stack: sums that are still open stay open."""

    def lifted(parts: Sequence[Any], axis: int = 0) -> Measured:
        first = next(p for p in parts if isinstance(p, Measured))
        all_parts = [first._lifted(p) for p in parts]  # noqa: SLF001
        value = join([p.wide for p in all_parts], axis=axis)
        error = join([p._spread(p.error) for p in all_parts], axis=axis)  # noqa: SLF001
        if all(p.mass is None for p in all_parts):
            return first._like(value, error)  # noqa: SLF001
        mass = join([p._spread(p._mass()) for p in all_parts], axis=axis)  # noqa: SLF001
        return first._like(value, error, mass, max(p.terms for p in all_parts))  # noqa: SLF001

    return lifted


def _where(mask: Array, a: Any, b: Any) -> Measured:
    first = a if isinstance(a, Measured) else b
    a, b = first._lifted(a), first._lifted(b)  # noqa: SLF001
    return first._like(  # noqa: SLF001
        np.where(mask, a.wide, b.wide), np.where(mask, a.bound, b.bound)
    )


def _split(a: Measured, sections: Any, axis: int = 0) -> list[Measured]:
    starts = np.split(np.arange(a.shape[axis]), sections)
    along = (slice(None),) * (axis % a.ndim)
    return [a[(*along, slice(s[0], s[-1] + 1))] for s in starts]


def _moved(function: Any) -> Callable[..., Measured]:
    def lifted(a: Measured, *args: Any, **kwargs: Any) -> Measured:
        return a.rearranged(lambda part: function(part, *args, **kwargs))

    return lifted


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.concatenate: _joined(np.concatenate),
    np.stack: _joined(np.stack),
    np.where: _where,
    np.split: _split,
    np.sum: lambda a, axis=None: a.sum(axis),
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
} | {
    f: _moved(f)
    for f in (
        np.flip,
        np.transpose,
        np.swapaxes,
        np.reshape,
        np.moveaxis,
        np.take_along_axis,
        np.expand_dims,
        np.squeeze,
        np.take,
        np.roll,
        np.broadcast_to,
        np.diagonal,
    )
}


def scaled_by_norm(value: Any, terms: int, format: Format = DOUBLE) -> Measured:  # noqa: A002
    """Measure what was scaled by, or is, the norm of ``terms`` entries.

    A norm is a sum of ``terms`` positive terms under a root, off by at most
    γ_(terms+2) of itself; the quotient and the product add one rounding each, and so
    may the power and the root of a p-norm (Higham 2002, section 4.2).
    """
    array = np.asarray(value)
    n = (terms + 12) * format.u
    size = abs(array.astype(float))
    return Measured(array, n / (1 - n) * size + format.tiny, format=format)
