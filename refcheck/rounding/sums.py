"""Sums that are kept open until a nonlinear operation closes them.

A sum or product of n terms is off by at most γ_n Σ|terms|, γ_n = n u / (1 - n u), in
any order, blocked or fused (Higham 2002, section 4.2).  Of an open sum ``mass`` is
Σ|terms|, and ``terms`` how many roundings a term may meet, until it is closed:

    sort        n numbers added            roundings that a term may meet
    NUMBERS     none is a product          n - 1
    PRODUCTS    some are                   n + 1, but 1 for one product alone
    DOTS        some are products of       n
                matrices

An entry of a sum of PRODUCTS may be written otherwise, which the one more u pays for:
(1 - z) n + z h as n + z (h - n), and 1 - h² as (1 - h)(1 + h).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from refcheck.cell import Array
from refcheck.rounding.formats import Doubt, gamma, over_rows, terms_of
from refcheck.rounding.grid import finer, is_exact

if TYPE_CHECKING:
    from refcheck.rounding.numbers import Measured

NUMBERS, PRODUCTS, DOTS = 0, 1, 2  # what is added up in an open sum


def roundings(a: "Measured") -> float:
    """Return how many roundings a term of the open sum may meet, however it is made."""
    if a.sort == PRODUCTS and a.terms > 1:
        return a.terms + 1
    return a.terms - (a.sort == NUMBERS)


def sizes(a: "Measured") -> Any:
    """Return Σ|terms| of each entry: of the open sum, or the entry alone."""
    return abs(a.wide) + a.error if a.mass is None else a.mass


def closed(a: "Measured") -> Any:
    """Return the bound of the open sum: nothing if it is exact in any order.

    Terms that may leave the format in some order make it infinite, and doubtful.
    """
    form, mass = a.format, a.mass
    largest = float(mass.max(initial=0.0))
    if a.grid is not None and is_exact(a.grid, largest, form):
        return 0.0
    n = roundings(a)
    rounding = gamma(form, n)
    bound = rounding * mass + (a.error + n * form.tiny)
    if largest * (1 + rounding) <= form.huge:
        return bound
    a.doubts |= {Doubt.OVERFLOW}
    return np.where(mass * (1 + rounding) <= form.huge, bound, np.inf)


def added(value: Array, a: "Measured", b: "Measured") -> "Measured":
    """Return a sum or difference with both sides' terms, still open.

    The masses add all the same where the values are subtracted.
    """
    terms, sort = a.terms + b.terms, max(a.sort, b.sort)
    mass, error = sizes(a) + sizes(b), a.error + b.error
    return a.of(value, error, mass, terms, sort, finer(a.grid, b.grid)).doubting(b)


def less(whole: int, a: "Measured") -> "Measured":
    """Return a whole number less a."""
    mass, grid = abs(whole) + sizes(a), finer(a.grid, 0)
    return a.of(whole - a.wide, a.error, mass, a.terms + 1, a.sort, grid)


def summed(a: "Measured", axis: Any) -> "Measured":
    """Return the sum over an axis, in any order, still open."""
    value = a.wide.sum(axis=axis)
    form, count = a.format, a.wide.size // max(1, value.size)
    terms = terms_of(over_rows(form), count) * a.terms
    grid = a.grid if form.rows == form.u else None
    error = a.spread(a.error).sum(axis=axis)
    mass = sizes(a).sum(axis=axis)
    return a.of(np.asarray(value), error, mass, terms, a.sort, grid)
