"""Numbers that know how far rounding may have moved them.

A ``Measured`` array holds values and, for each entry, a bound on the distance between
what any right implementation computes in a format with unit roundoff u and the exact
result.  The textbook of ``reference/`` is run on such arrays, so that the allowance of
every output, state and gradient follows from the same source as its value (running
error analysis: Wilkinson 1963; Higham 2002, section 3.3).

A sum or product of n terms is off by at most γ_n Σ|terms|, γ_n = n u / (1 - n u), in
any order, blocked or fused (Higham 2002, section 4.2).  Sums are therefore kept open:
``mass`` is Σ|terms|, and ``terms`` how many roundings a term may meet, until a
nonlinear operation closes them.

    sort        n numbers added            roundings that a term may meet
    NUMBERS     none is a product          n - 1
    PRODUCTS    some are                   n + 1, but 1 for one product alone
    DOTS        some are products of       n
                matrices

An entry of a sum of PRODUCTS may be written otherwise, which the one more u pays for:
(1 - z) n + z h as n + z (h - n), and 1 - h² as (1 - h)(1 + h).

Where every term is a multiple of 2^g and Σ|terms| ≤ 2^g / u, every partial sum is
representable, so that the sum is exact in any order: ``grid`` is that g, and None where
it is unknown or something was rounded before.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from refcheck.cell import Array
from refcheck.rounding.formats import (
    DOUBLE,
    EXPLAINED,
    Doubt,
    Format,
    gamma,
    over_rows,
    terms_of,
)

NUMBERS, PRODUCTS, DOTS = 0, 1, 2  # what is added up in an open sum

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
        self.mass: Any = None
        self.terms, self.sort, self.format = 1.0, NUMBERS, format
        self.grid: int | None = None
        self.doubts = SURE  # of what it was made from, and of its own once closed
        self._closed: Any = None  # the bound, once it was asked for

    @property
    def bound(self) -> Any:
        """The bound on the error of each entry, the open sum included."""
        if self.mass is None:
            return self.error
        if self._closed is None:
            self._closed = self._close()
        return self._closed

    def _close(self) -> Any:
        """Return the bound of the open sum: nothing if it is exact in any order."""
        form, mass = self.format, self.mass
        largest = float(mass.max(initial=0.0))
        if self.grid is not None and _is_exact(self.grid, largest, form):
            return 0.0
        n = self.roundings
        rounding = gamma(form, n)
        bound = rounding * mass + (self.error + n * form.tiny)
        if largest * (1 + rounding) <= form.huge:
            return bound
        self.doubts |= {Doubt.OVERFLOW}
        return np.where(mass * (1 + rounding) <= form.huge, bound, np.inf)

    @property
    def roundings(self) -> float:
        """How many roundings a term of the open sum may meet, however it is made."""
        if self.sort == PRODUCTS and self.terms > 1:
            return self.terms + 1
        return self.terms - (self.sort == NUMBERS)

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
        """The transpose; with what has an error, rows are summed: ∂L/∂W = ∂L/∂aᵀ x."""
        made = self.rearranged(np.transpose)
        form = self.format
        if form.rows != form.inside and not _free(self.bound):
            made.format = over_rows(form)
        return made

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self.value)

    def rearranged(self, move: Callable[[Any], Any]) -> "Measured":
        """Apply ``move``, which only moves entries about, to values and errors."""
        error = self.error
        if error.__class__ is not float:
            error = move(self.spread(error))
        mass = None if self.mass is None else move(self.spread(self.mass))
        moved = self.of(move(self.wide), error, mass, self.terms, self.sort, self.grid)
        if self.value is not self.wide:
            moved.value = move(self.value)
        return moved

    def __getitem__(self, index: Any) -> "Measured":
        """Return some entries."""
        return self.rearranged(lambda a: a[index])

    def reshape(self, *shape: Any) -> "Measured":
        """Return the same entries in another shape."""
        return self.rearranged(lambda a: a.reshape(*shape))

    def sum(self, axis: Any = None) -> "Measured":
        """Sum over an axis, in any order."""
        value = self.wide.sum(axis=axis)
        form, count = self.format, self.wide.size // max(1, value.size)
        terms = terms_of(over_rows(form), count) * self.terms
        grid = self.grid if form.rows == form.u else None
        error = self.spread(self.error).sum(axis=axis)
        mass = self.sizes().sum(axis=axis)
        return self.of(np.asarray(value), error, mass, terms, self.sort, grid)

    def of(
        self,
        wide: Array,
        error: Any,
        mass: Any = None,
        terms: float = 1,
        sort: int = NUMBERS,
        grid: int | None = None,
    ) -> "Measured":
        """Return values in double precision as an array of the same format."""
        made = _made()
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

    def sizes(self) -> Any:
        """Return Σ|terms| of each entry: of the open sum, or the entry alone."""
        return abs(self.wide) + self.error if self.mass is None else self.mass

    def returned(self) -> "Measured":
        """Return it as what a result was, before it was rounded to be returned."""
        form = self.format
        return self.of(self.wide, form.u * abs(self.wide) + form.tiny)

    def spread(self, part: Any) -> Array:
        """Return a part (error or mass) in the shape of the values."""
        shape = self.wide.shape
        return part if np.shape(part) == shape else np.broadcast_to(part, shape)

    # sums stay open -----------------------------------------------------------

    def __add__(self, other: Any) -> "Measured":
        """Add: errors add, and the sum stays open."""
        b = self.lifted(other)
        return self._added(self.wide + b.wide, b)

    def __sub__(self, other: Any) -> "Measured":
        """Subtract: the masses add all the same."""
        b = self.lifted(other)
        return self._added(self.wide - b.wide, b)

    def _added(self, value: Array, b: "Measured") -> "Measured":
        """Return a sum or difference with both sides' terms, still open."""
        terms, sort = self.terms + b.terms, max(self.sort, b.sort)
        mass, error = self.sizes() + b.sizes(), self.error + b.error
        grid = self.grid
        if grid is not None:
            grid = None if b.grid is None else min(grid, b.grid)
        return self.of(value, error, mass, terms, sort, grid).doubting(b)

    def __rsub__(self, other: Any) -> "Measured":
        """Subtract from an exact array, or from a whole number."""
        if other.__class__ is not int:
            return self.lifted(other) - self
        grid = None if self.grid is None else min(self.grid, 0)
        mass, terms = abs(other) + self.sizes(), self.terms + 1
        return self.of(other - self.wide, self.error, mass, terms, self.sort, grid)

    def __neg__(self) -> "Measured":
        """Negate, which is exact."""
        return self._exactly(np.negative)

    def __abs__(self) -> "Measured":
        """Return the magnitudes, which are exact."""
        return self._exactly(np.absolute)

    def _exactly(self, function: Any) -> "Measured":
        made = self.of(
            function(self.wide),
            self.error,
            self.mass,
            self.terms,
            self.sort,
            self.grid,
        )
        if self.value is not self.wide:
            made.value = function(self.value)
        return made

    # products close their factors ----------------------------------------------

    def __mul__(self, other: Any) -> "Measured":
        """Multiply entry by entry; the product is one term of a later sum."""
        b = self.lifted(other)
        x, y, e_x, e_y = self.wide, b.wide, self.bound, b.bound
        value = x * y
        error = abs(y) * e_x
        if e_y.__class__ is not float:
            error = error + (abs(x) + e_x) * e_y
        grid = None if self.grid is None else _product_grid(self, b)
        mass = abs(value) + error
        return self.of(value, error, mass, 1, PRODUCTS, grid).doubting(b)

    def __pow__(self, exponent: int) -> "Measured":
        """Square; no other power is used."""
        if exponent != 2:
            return NotImplemented
        return self * self

    def __matmul__(self, other: Any) -> "Measured":
        """Multiply matrices: dot products in any order."""
        return _matmul(self, self.lifted(other))

    def __rmatmul__(self, other: Any) -> "Measured":
        """Multiply an exact matrix by this one."""
        return _matmul(self.lifted(other), self)

    __radd__ = __add__
    __rmul__ = __mul__

    # NumPy's functions ---------------------------------------------------------

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


class Known(NamedTuple):
    """The bound on the error of a result, and what makes it say little."""

    error: Any
    doubts: Doubts = SURE


class Reported(Measured):
    """What a target returned: its bound is worked out only when it is asked for.

    Most results agree with what they are compared with to the last bit, or nearly.
    """

    __slots__ = ("_known", "_later")

    def __init__(self, value: Array, later: Callable[[], Known]) -> None:
        """Wrap values; ``later`` returns what is known of their error."""
        self._later = later
        self._known: Known | None = None
        super().__init__(value)

    @property
    def known(self) -> Known:
        """What is known of the error, asked for once."""
        if self._known is None:
            self._known = self._later()
        return self._known

    @property
    def error(self) -> Any:
        """The bound."""
        return self.known.error

    @error.setter
    def error(self, _: Any) -> None:
        pass

    @property
    def doubts(self) -> Doubts:
        """What makes the bound say little."""
        return self.known.doubts

    @doubts.setter
    def doubts(self, _: Doubts) -> None:
        pass

    def rearranged(self, move: Callable[[Any], Any]) -> "Reported":
        """Apply ``move``, which only moves entries about, now and later."""
        return Reported(
            move(self.value),
            lambda: Known(move(self.spread(self.error)), self.doubts),
        )


def exact(value: Array, format: Format = DOUBLE) -> Measured:  # noqa: A002
    """Return an array whose entries are what they are: inputs of a case."""
    made = Measured(np.asarray(value), format=format)
    made.grid = grid_of(made.wide)
    return made


def _made() -> Measured:
    """Return an array whose fields are still to be set: faster than __init__."""
    return Measured.__new__(Measured)


def _matmul(a: Measured, b: Measured) -> Measured:
    x, y, e_x, e_y = a.wide, b.wide, a.bound, b.bound
    size_x, size_y = abs(x), abs(y)
    mass = size_x @ size_y
    error: Any = 0.0
    if e_y.__class__ is not float:
        error = size_x @ a.lifted(y).spread(e_y)
    if e_x.__class__ is not float:
        error = error + a.spread(e_x) @ (size_y + e_y)
    grid = None if a.grid is None else _product_grid(a, b)
    count = x.shape[-1] if y.ndim < 2 or not _free(e_y) else _filled(y)
    terms = terms_of(a.format, count)
    if a.format.inside > a.format.u or a.format.operand:
        error, grid = error + 2.01 * a.format.operand * mass, None
    return b.of(x @ y, error, mass + error, terms, DOTS, grid).doubting(a)


def _filled(y: Array) -> int:
    """Return the most terms of a dot product with y (K, O): a zero adds exactly."""
    return int(np.count_nonzero(y, axis=0).max(initial=0))


def grid_of(wide: Array) -> int | None:
    """Return the largest g such that all numbers are multiples of 2^g; None for zeros.

    Zeros are multiples of anything: the grid of the others is taken, or 2^0.
    """
    if not wide.size or not np.isfinite(wide).all():
        return None
    mantissa, exponent = np.frexp(wide)
    digits = np.abs(mantissa * 2.0**53).astype(np.int64)
    lowest = digits & -digits  # the lowest bit that is set
    used = digits != 0
    if not used.any():
        return 0
    lows = exponent[used] - 53 + np.log2(lowest[used]).astype(int)
    return int(lows.min())


def _product_grid(a: Measured, b: Measured) -> int | None:
    """Return the grid of products, None if it is unknown or a factor was rounded."""
    known = a.grid is not None and b.grid is not None
    if known and _free(a.bound) and _free(b.bound):
        return cast("int", a.grid) + cast("int", b.grid)
    return None


def _is_exact(grid: int, largest: float, form: Format) -> bool:
    """Whether every partial sum of terms on this grid is representable."""
    step = 2.0**grid
    return form.tiny <= step * form.u and largest <= step / form.u


def _free(error: Any) -> bool:
    """Whether there is no error at all."""
    return error.__class__ is float and error == 0.0
