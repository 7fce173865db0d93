"""Numbers that know how far rounding may have moved them.

A ``Measured`` array holds values and, for each entry, a bound on the distance between
what any right implementation computes in a format with unit roundoff u and the exact
result.  The textbook of ``reference/`` is run on such arrays, so that the allowance of
every output, state and gradient follows from the same source as its value (running
error analysis: Wilkinson 1963; Higham 2002, section 3.3).

This is the array, and what only moves entries about; ``sums.py``, ``products.py`` and
``functions.py`` say how errors propagate.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.cell import Array
from refcheck.rounding.formats import DOUBLE, EXPLAINED, Doubt, Format, over_rows
from refcheck.rounding.grid import Grid, grid_of
from refcheck.rounding.products import is_free, matrix_product, multiplied
from refcheck.rounding.sums import NUMBERS, added, closed, less, summed

Doubts = frozenset[Doubt]
SURE: Doubts = frozenset()

UFUNCS: dict[Any, Callable[..., Any]] = {}  # NumPy's elementwise functions, lifted
FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # ... and those that move entries about


class Measured:
    """Values and the bound on their error; arithmetic propagates both.

    NumPy's functions on such arrays come here by ``__array_ufunc__`` and
    ``__array_function__``.  An exact array (the case's own) has the error 0.0.
    """

    __slots__ = (
        "_closed",
        "doubts",
        "error",
        "format",
        "grid",
        "mass",
        "sort",
        "terms",
        "value",
        "wide",
    )

    def __init__(
        self,
        value: Array,
        error: Any = None,
        *,
        format: Format = DOUBLE,  # noqa: A002 - the field's word
    ) -> None:
        """Wrap values and the bound that came with them, without the open sum's."""
        self.value = value
        self.wide = value if value.dtype == float else value.astype(float)
        self.error = 0.0 if error is None else error
        self.mass: Any = None  # of the open sum, if there is one: see sums.py
        self.terms, self.sort, self.format = 1.0, NUMBERS, format
        self.grid: Grid = None
        self.doubts = SURE  # of what it was made from, and of its own once closed
        self._closed: Any = None  # the bound, once it was asked for

    def of(
        self,
        wide: Array,
        error: Any,
        mass: Any = None,
        terms: float = 1,
        sort: int = NUMBERS,
        grid: Grid = None,
    ) -> "Measured":
        """Return values in double precision as an array of the same format."""
        made = Measured.__new__(Measured)  # faster than __init__
        made.value = made.wide = wide
        made.error, made.mass, made.terms, made.sort = error, mass, terms, sort
        made.format, made.grid, made._closed = self.format, grid, None  # noqa: SLF001
        made.doubts = self.doubts
        return made

    def doubting(self, *others: "Measured") -> "Measured":
        """Take over the doubts about others that this was made from as well."""
        for other in others:
            if other.doubts:
                self.doubts |= other.doubts
        return self

    def lifted(self, other: Any) -> "Measured":
        """Return the other operand as such an array too."""
        if isinstance(other, Measured):
            return other
        return self.of(np.asarray(other, dtype=float), 0.0)

    # what is known of the error

    @property
    def bound(self) -> Any:
        """The bound on the error of each entry, the open sum included."""
        if self.mass is None:
            return self.error
        if self._closed is None:
            self._closed = closed(self)
        return self._closed

    @property
    def allowance(self) -> Array:
        """The bound as an array of the values' shape; NaN, from overflow, is inf."""
        bound = np.broadcast_to(np.asarray(self.bound, float), self.shape) * EXPLAINED
        return np.where(np.isnan(bound), np.inf, bound)

    def spread(self, part: Any) -> Array:
        """Return a part (error or mass) in the shape of the values."""
        shape = self.wide.shape
        same = getattr(part, "shape", None) == shape
        return part if same else np.broadcast_to(part, shape)

    # entries that are moved about

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
        """The transpose; with what has an error, rows are summed: ∂L/∂W = ∂L/∂aᵀ x."""
        made = self.rearranged(np.transpose)
        form = self.format
        if form.rows != form.inside and not is_free(self.bound):
            made.format = over_rows(form)
        return made

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self.value)

    def rearranged(self, move: Callable[[Any], Any]) -> "Measured":
        """Apply ``move``, which only moves entries about, to values and errors."""
        error, mass = self.error, self.mass
        if error.__class__ is not float:
            error = move(self.spread(error))
        if mass is not None:
            mass = move(self.spread(mass))
        return self._with(move, error, mass)

    def _with(self, change: Callable[[Any], Any], error: Any, mass: Any) -> "Measured":
        """Return other values with these errors, of the same open sum."""
        made = self.of(change(self.wide), error, mass, self.terms, self.sort, self.grid)
        if self.value is not self.wide:
            made.value = change(self.value)
        return made

    def __getitem__(self, index: Any) -> "Measured":
        """Return some entries."""
        return self.rearranged(lambda a: a[index])

    def reshape(self, *shape: Any) -> "Measured":
        """Return the same entries in another shape."""
        return self.rearranged(lambda a: a.reshape(*shape))

    # arithmetic

    def sum(self, axis: Any = None) -> "Measured":
        """Sum over an axis, in any order."""
        return summed(self, axis)

    def __add__(self, other: Any) -> "Measured":
        """Add: errors add, and the sum stays open."""
        b = self.lifted(other)
        return added(self.wide + b.wide, self, b)

    def __sub__(self, other: Any) -> "Measured":
        """Subtract; the sum stays open."""
        b = self.lifted(other)
        return added(self.wide - b.wide, self, b)

    def __rsub__(self, other: Any) -> "Measured":
        """Subtract from an exact array, or from a whole number."""
        return (
            less(other, self) if other.__class__ is int else self.lifted(other) - self
        )

    def __neg__(self) -> "Measured":
        """Negate, which is exact."""
        return self._with(np.negative, self.error, self.mass)

    def __abs__(self) -> "Measured":
        """Return the magnitudes, which are exact."""
        return self._with(np.absolute, self.error, self.mass)

    def __mul__(self, other: Any) -> "Measured":
        """Multiply entry by entry; the product is one term of a later sum."""
        return multiplied(self, self.lifted(other))

    def __pow__(self, exponent: int) -> "Measured":
        """Square; no other power is used."""
        return self * self if exponent == 2 else NotImplemented

    def __matmul__(self, other: Any) -> "Measured":
        """Multiply matrices: dot products in any order."""
        return matrix_product(self, self.lifted(other))

    def __rmatmul__(self, other: Any) -> "Measured":
        """Multiply an exact matrix by this one."""
        return matrix_product(self.lifted(other), self)

    __radd__ = __add__
    __rmul__ = __mul__

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        """Answer for NumPy's and SciPy's elementwise functions."""
        known = UFUNCS.get(ufunc) if method == "__call__" and not kwargs else None
        if known is None:
            return NotImplemented
        return known(*[self.lifted(x) for x in inputs])

    def __array_function__(
        self, function: Any, _: Any, args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Answer for NumPy's functions that move entries about."""
        known = FUNCTIONS.get(function)
        return NotImplemented if known is None else known(*args, **kwargs)


def exact(value: Array, format: Format = DOUBLE) -> Measured:  # noqa: A002
    """Return an array whose entries are what they are: inputs of a case."""
    made = Measured(np.asarray(value), format=format)
    made.grid = grid_of(made.wide)
    return made
