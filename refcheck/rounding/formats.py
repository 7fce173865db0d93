"""Floating-point formats, and from where on an allowance says nothing."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from refcheck.cell import Array


class Doubt(StrEnum):
    """Why an allowance says nothing: the reasons that reports count."""

    WIDE = "allowance too wide"  # and none of the other reasons
    CAPPED = "activation anywhere in its range"  # no wider bound would be true
    OVERFLOW = "may overflow"  # the terms of a sum leave the format
    KINKS = "too many undecided kinks"  # of a ReLU, whose slope may then be either


class Format(NamedTuple):
    """A floating-point format, and how well its tanh and sigmoid are computed.

    An activation may be off by ``ulps`` units in the last place and by ``absolute``
    unit roundoffs: one of the presets, the widest where nothing is known.
    """

    u: float  # unit roundoff
    tiny: float  # smallest normal number: results below it may be flushed to zero;
    # the smallest of all in float16, whose subnormal numbers nobody flushes
    huge: float  # largest finite number
    inside: float  # unit roundoff of what dot products are accumulated in
    rows: float  # ... and of what sums over rows and steps are, such as ∂L/∂W
    ulps: float = 4.0
    absolute: float = 8.0
    operand: float = 0.0  # what a factor is rounded to before it enters a dot product


# Narrowest first.  4 ulps cover PyTorch, NumPy, glibc and oneDNN, 8 ulps XLA on a
# processor, 8 u absolute the rational and exponential forms of Eigen and MLAS, σ by
# tanh and tanh by exp (measured).
PRESETS = {"libm": (4.0, 0.0), "xla": (8.0, 0.0), "approx": (4.0, 8.0)}

# With 16 bits: 1 ulp is what an activation computed in float32 and rounded once is off
# by, 4 ulps cover XLA in 16 bits, 2 u absolute σ by tanh.
HALF_PRESETS = {"rounded": (1.0, 0.0), "libm": (4.0, 0.0), "approx": (4.0, 2.0)}

FORMATS = {
    "float64": Format(2.0**-53, 2.0**-1022, 1.797e308, 2.0**-53, 2.0**-53),
    "float32": Format(2.0**-24, 2.0**-126, 3.402e38, 2.0**-24, 2.0**-24),
    "float16": Format(2.0**-11, 2.0**-24, 6.55e4, 2.0**-24, 2.0**-11, absolute=2.0),
    "bfloat16": Format(2.0**-8, 2.0**-126, 3.389e38, 2.0**-24, 2.0**-8, absolute=2.0),
}
# What a user may declare of single precision, instead of a wider tolerance.
ARITHMETIC = {
    "tf32": {"operand": 2.0**-11},  # factors of matrix products keep 11 bits
    "float16-gradients": {"rows": 2.0**-11},  # ∂L/∂W is accumulated in 16 bits
    "bfloat16-gradients": {"rows": 2.0**-8},
}
DOUBLE = FORMATS["float64"]
EXPLAINED = 1 + 2.0**-20  # the oracle's own double precision, seen from float32
SHARE = 1e-2  # an allowance beyond this share of the result says nothing
COARSE_SHARE = 0.25  # ... in a format of 16 bits
UNITS = 16  # ... unless it is as few u, on the scale of the drawn cases
NEARBY = 2.0  # allowances of a case that was moved by at most 2^-6, over those of it
KINKS = 0.1  # of the slopes of a ReLU may be undecided
KINK = 2.0**-4  # of a bend that does not straighten out with the step: none is smooth


def is_half(form: Format) -> bool:
    """Whether this is a format of 16 bits."""
    return form.u > 2.0**-20


def declared(form: Format, arithmetic: Collection[str]) -> Format:
    """Return the format of single precision in which some arithmetic is cheaper.

    Args:
        form: any format; all but single precision stay as they are.
        arithmetic: of ARITHMETIC.
    """
    single = form.u == FORMATS["float32"].u
    for name in arithmetic if single else ():
        form = form._replace(**ARITHMETIC[name])
    return form


def presets(form: Format) -> dict[str, tuple[float, float]]:
    """Return the budgets of activations, ulps and absolute, narrowest first."""
    return HALF_PRESETS if is_half(form) else PRESETS


def over_rows(form: Format) -> Format:
    """Return the format for sums over rows and steps, such as ∂L/∂W.

    With 16 bits such a sum may be kept in the format itself from step to step, as
    PyTorch does on a processor: nothing more precise is asked of it.
    """
    return form._replace(inside=form.rows)


def terms_of(form: Format, count: int) -> float:
    """Return how many roundings to u a dot product of ``count`` terms may commit.

    Accumulated in something finer, it is stored once.
    """
    return count if form.inside == form.u else 1 + count * form.inside / form.u


def gamma(form: Format, terms: float) -> float:
    """Return γ_n = n u / (1 - n u), infinite from n u = 1 on."""
    nu = terms * form.u
    return nu / (1 - nu) if nu < 1 else np.inf


def activation_error(form: Format, value: Any) -> Any:
    """Return how far an activation may be from ``value``, its exact result."""
    relative, least = 2 * form.ulps * form.u, form.absolute * form.u + 2 * form.tiny
    return abs(value) * relative + least


def informative(form: Format, allowed: Array, size: Array) -> Array:
    """Return where an allowance says something of a result of this size."""
    few = UNITS * max(form.u, FORMATS["float32"].u)  # in float64 the scale is the same
    share = COARSE_SHARE if is_half(form) else SHARE
    return np.isfinite(allowed) & ((allowed <= share * size) | (allowed <= few))


def narrowest(form: Format, found: Array, right: Array) -> Format:
    """Return ``form`` with the narrowest preset that explains what was found.

    Nothing is wider than the last one, which is what is left if none does.
    """
    for ulps, absolute in presets(form).values():
        form = form._replace(ulps=ulps, absolute=absolute)
        if np.all(abs(found - right) <= activation_error(form, right)):
            break
    return form


def widest(forms: list[Format]) -> Format:
    """Return the one with the widest preset: a cell has one budget for all gates."""
    order = list(presets(forms[0]).values())
    return max(forms, key=lambda form: order.index((form.ulps, form.absolute)))
