"""Sums of few bits, which are exact in any order.

Where every term is a multiple of 2^g and Σ|terms| ≤ 2^g / u, every partial sum is
representable: ``grid`` is that g, and None where it is unknown or something was rounded
before.  The grid of a product is the sum of its factors' grids.
"""

import numpy as np

from refcheck.cell import Array
from refcheck.rounding.formats import Format

Grid = int | None


def grid_of(wide: Array) -> Grid:
    """Return the largest g such that all numbers are multiples of 2^g.

    Zeros are multiples of anything: the grid of the others is taken, or 2^0.  None if
    there are no numbers, or some that are not finite.
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


def finer(a: Grid, b: Grid) -> Grid:
    """Return the grid on which numbers of both lie."""
    return None if a is None or b is None else min(a, b)


def is_exact(grid: int, mass: Array, form: Format) -> bool:
    """Whether every partial sum of terms on this grid is representable."""
    step = 2.0**grid
    if form.tiny > step * form.u:
        return False
    return bool(mass.max(initial=0.0) <= step / form.u)
