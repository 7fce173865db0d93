"""NumPy's functions on measured arrays: activations, and those that move entries."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from refcheck.cell import Array
from refcheck.rounding.formats import (
    DOUBLE,
    KINKS,
    Doubt,
    Format,
    activation_error,
    gamma,
)
from refcheck.rounding.numbers import FUNCTIONS, UFUNCS, Measured
from refcheck.rounding.sums import PRODUCTS, roundings, sizes


def _activation(
    function: Any, slope: Callable[[Array], Array], bend: float, most: float
) -> Callable[[Measured], Measured]:
    """Lift tanh or the sigmoid: an error e moves it by |f'| e + max |f''| e² / 2.

    Args:
        function: tanh or the sigmoid.
        slope: its derivative, from its value.
        bend: max |f''| / 2, rounded up.
        most: the width of its range; no error moves it further.
    """

    def lifted(a: Measured) -> Measured:
        e = a.bound
        value = function(a.wide)
        moved = (slope(value) + bend * e) * e
        made = a.of(value, 0.0)
        if not _all_below(moved, most):
            made.doubts |= {Doubt.CAPPED}
            moved = np.where(np.isfinite(e), np.minimum(moved, most), np.inf)
        made.error = moved + activation_error(a.format, abs(value) + moved)
        return made

    return lifted


def _relu(a: Measured, _: Measured) -> Measured:
    e = a.bound
    error = np.where(a.wide > -e, e, 0.0)
    return a.of(np.maximum(a.wide, 0), error)


def _slope(a: Measured, _: Measured) -> Measured:
    """Step at 0: where the sign is undecided, both one-sided slopes are allowed."""
    undecided = abs(a.wide) <= a.bound
    made = a.of(np.heaviside(a.wide, 0.0), undecided.astype(float))
    if np.mean(undecided) > KINKS:
        made.doubts |= {Doubt.KINKS}
    return made


def _all_below(moved: Any, most: float) -> bool:
    """Whether all are; NaN is not."""
    if np.vdot(moved, moved) < most * most:  # quicker than the largest
        return True
    return bool(np.all(moved < most))


_UFUNCS: dict[Any, Any] = {
    np.add: lambda a, b: a + b,
    np.subtract: lambda a, b: a - b,
    np.multiply: lambda a, b: a * b,
    np.matmul: lambda a, b: a @ b,
    np.negative: lambda a: -a,
    np.absolute: abs,
    np.tanh: _activation(np.tanh, lambda y: 1 - y * y, 0.385, 2.0),
    expit: _activation(expit, lambda y: y * (1 - y), 0.0482, 1.0),
    np.maximum: _relu,
    np.heaviside: _slope,
}


def _joined(join: Any) -> Callable[..., Measured]:
    """Lift np.concatenate or np.stack: sums that are still open stay open."""

    def lifted(parts: Sequence[Any], axis: int = 0) -> Measured:
        first = next(p for p in parts if isinstance(p, Measured))
        every = [first.lifted(p) for p in parts]
        value = join([p.wide for p in every], axis)
        error = join([p.spread(p.error) for p in every], axis)
        if all(p.mass is None for p in every):
            return first.of(value, error).doubting(*every)
        mass = join([p.spread(sizes(p)) for p in every], axis)
        sorts = {p.sort for p in every}
        if len(sorts) > 1:
            terms, sort = max(map(roundings, every)), PRODUCTS
        else:
            terms, sort = max([p.terms for p in every]), first.sort
        return first.of(value, error, mass, terms, sort).doubting(*every)

    return lifted


def _cut(a: Measured, low: float, high: float) -> Measured:
    """Cut to an interval: an error is never made larger by it."""
    return a.of(np.clip(a.wide, low, high), a.bound)


def _where(mask: Array, a: Any, b: Any) -> Measured:
    first: Measured = a if isinstance(a, Measured) else b
    a, b = first.lifted(a), first.lifted(b)
    value, error = np.where(mask, a.wide, b.wide), np.where(mask, a.bound, b.bound)
    return first.of(value, error).doubting(a, b)


def _split(a: Measured, sections: Any, axis: int = 0) -> list[Measured]:
    starts = np.split(np.arange(a.shape[axis]), sections)
    along = (slice(None),) * (axis % a.ndim)
    return [a[(*along, slice(s[0], s[-1] + 1))] for s in starts]


def _moved(function: Any) -> Callable[..., Measured]:
    def lifted(a: Measured, *args: Any, **kwargs: Any) -> Measured:
        return a.rearranged(lambda part: function(part, *args, **kwargs))

    return lifted


_FUNCTIONS: dict[Any, Any] = {
    np.concatenate: _joined(np.concatenate),
    np.stack: _joined(np.stack),
    np.where: _where,
    np.clip: _cut,
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


UFUNCS.update(_UFUNCS)
FUNCTIONS.update(_FUNCTIONS)


def scaled_by_norm(value: Any, terms: int, format: Format = DOUBLE) -> Measured:  # noqa: A002
    """Measure what was scaled by, or is, the norm of ``terms`` entries.

    A norm is a sum of ``terms`` positive terms under a root, off by at most
    γ_(terms+2) of itself; the quotient and the product add one rounding each, and so
    may the power and the root of a p-norm (Higham 2002, section 4.2).
    """
    array = np.asarray(value)
    size = abs(array.astype(float))
    return Measured(
        array, gamma(format, terms + 12) * size + format.tiny, format=format
    )
