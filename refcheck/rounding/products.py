"""Products, which close sums that are their factors, and are open themselves.

x y with errors e_x and e_y is off by |y| e_x + |x| e_y + e_x e_y, and its own rounding,
which is counted once the product, of however many factors, is closed: see sums.py.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from refcheck.cell import Array
from refcheck.rounding.formats import terms_of
from refcheck.rounding.grid import Grid
from refcheck.rounding.sums import PRODUCT, PRODUCTS, inside

if TYPE_CHECKING:
    from refcheck.rounding.numbers import Measured


def multiplied(a: "Measured", b: "Measured") -> "Measured":
    """Multiply entry by entry."""
    x, y, (e_x, met), e_y = a.wide, b.wide, _as_factor(a), b.bound
    value = x * y
    error = abs(y) * e_x
    if not is_free(e_y):
        error = error + (abs(x) + e_x) * e_y
    mass = abs(value) + error
    return a.of(value, error, mass, met + 1, PRODUCT, _grid(a, b)).doubting(b)


def _as_factor(a: "Measured") -> tuple[Any, float]:
    """Return what a factor is off by, and the roundings that are still to be counted.

    A product goes on as it is, but what it may have lost to underflow is multiplied.
    """
    if a.sort == PRODUCT and a.grid is None:
        return inside(a, a.error + a.terms * a.format.tiny, a.mass), a.terms
    return a.bound, 0


def matrix_product(a: "Measured", b: "Measured") -> "Measured":
    """Multiply matrices: dot products in any order."""
    x, y, e_x, e_y = a.wide, b.wide, a.bound, b.bound
    size_x, size_y = abs(x), abs(y)
    mass = size_x @ size_y
    error: Any = 0.0
    if not is_free(e_y):
        error = size_x @ b.spread(e_y)
    if not is_free(e_x):
        error = error + a.spread(e_x) @ (size_y if is_free(e_y) else size_y + e_y)
    grid = _grid(a, b)
    count = x.shape[-1] if y.ndim < 2 or not is_free(e_y) else _filled(y)
    terms = terms_of(a.format, count)
    if a.format.inside > a.format.u or a.format.operand:
        error, grid = error + 2.01 * a.format.operand * mass, None
    return b.of(x @ y, error, mass + error, terms, PRODUCTS, grid).doubting(a)


def is_free(error: Any) -> bool:
    """Whether there is no error at all."""
    return error.__class__ is float and error == 0.0


def _filled(y: Array) -> int:
    """Return the most terms of a dot product with y (K, O): a zero adds exactly."""
    if np.count_nonzero(y) == y.size:
        return len(y)
    return int(np.count_nonzero(y, axis=0).max(initial=0))


def _grid(a: "Measured", b: "Measured") -> Grid:
    """Return the grid of products, None if it is unknown or a factor was rounded."""
    if a.grid is None or b.grid is None:
        return None
    return a.grid + b.grid if is_free(a.bound) and is_free(b.bound) else None
