"""Sums that are kept open until a nonlinear operation closes them.

A sum or product of n terms is off by at most γ_n Σ|terms|, γ_n = n u / (1 - n u), in
any order, blocked or fused (Higham 2002, section 4.2).  Of an open sum ``mass`` is
Σ|terms|, and ``terms`` how many roundings a term may meet, until it is closed:

    sort        the open sum                        roundings that a term may meet
    NUMBERS     of n numbers, none a product        n - 1
    PRODUCT     one product alone, of n + 1 factors n
    PRODUCTS    of n terms, some of them products   n

A factor of a sum may be multiplied out, as d h - d n for d (h - n) where derivatives
are taken of each operation: Σ|terms| covers that too.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from refcheck.cell import Array
from refcheck.rounding.formats import Doubt, gamma, over_rows, terms_of
from refcheck.rounding.grid import finer, is_exact

if TYPE_CHECKING:
    from refcheck.rounding.numbers import Measured

NUMBERS, PRODUCT, PRODUCTS = 0, 1, 2  # what is added up in an open sum
FAR = 2.0**500  # still has a square


def roundings(a: "Measured") -> float:
    """Return how many roundings a term of the open sum may meet, however it is made."""
    return a.terms - (a.sort == NUMBERS)


def sizes(a: "Measured") -> Any:
    """Return Σ|terms| of each entry: of the open sum, or the entry alone."""
    return abs(a.wide) + a.error if a.mass is None else a.mass


def closed(a: "Measured") -> Any:
    """Return the bound of the open sum: nothing if it is exact in any order."""
    form, mass = a.format, a.mass
    if a.grid is not None and is_exact(a.grid, mass, form):
        return 0.0
    n = roundings(a)
    rounding = gamma(form, n)
    bound = rounding * mass + (a.error + n * form.tiny)
    return inside(a, bound, mass, 1 + rounding)


def inside(a: "Measured", bound: Any, mass: Any, growth: float = 2.0) -> Any:
    """Return the bound: infinite, and a doubt, where terms may leave the format.

    Args:
        a: what is off by ``bound``.
        bound: of each entry.
        mass: Σ|terms|, which no partial sum is beyond.
        growth: what rounding makes of the mass at most.
    """
    huge = a.format.huge
    if np.vdot(mass, mass) <= min(huge / 2, FAR) ** 2:  # quicker than the largest
        return bound
    stays = mass * growth <= huge
    if stays.all():
        return bound
    a.doubts |= {Doubt.OVERFLOW}
    return np.where(stays, bound, np.inf)


def added(value: Array, a: "Measured", b: "Measured") -> "Measured":
    """Return a sum or difference with both sides' terms, still open.

    The masses add all the same where the values are subtracted.
    """
    terms, sort = a.terms + b.terms, PRODUCTS if a.sort or b.sort else NUMBERS
    mass, error = sizes(a) + sizes(b), a.error + b.error
    return a.of(value, error, mass, terms, sort, finer(a.grid, b.grid)).doubting(b)


def less(whole: int, a: "Measured") -> "Measured":
    """Return a whole number less a."""
    mass, grid = abs(whole) + sizes(a), finer(a.grid, 0)
    sort = PRODUCTS if a.sort else NUMBERS
    return a.of(whole - a.wide, a.error, mass, a.terms + 1, sort, grid)


def summed(a: "Measured", axis: Any) -> "Measured":
    """Return the sum over an axis, in any order, still open."""
    value = a.wide.sum(axis=axis)
    form, count = a.format, a.wide.size // max(1, value.size)
    terms = terms_of(over_rows(form), count)
    alone = a.sort == PRODUCT  # rounded before it is added: the others are no terms
    terms = terms + a.terms - 1 if alone else terms * a.terms
    grid = a.grid if form.rows <= form.u else None
    error = a.spread(a.error).sum(axis=axis)
    mass = sizes(a).sum(axis=axis)
    sort = PRODUCTS if a.sort else NUMBERS
    return a.of(np.asarray(value), error, mass, terms, sort, grid)
