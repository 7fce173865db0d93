"""Floating-point formats, and from where on an allowance says nothing."""

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
    tiny: float  # smallest normal number: results below it may be flushed to zero
    huge: float  # largest finite number
    ulps: float = 4.0
    absolute: float = 8.0


# Narrowest first.  4 ulps cover PyTorch, NumPy, glibc and oneDNN, 8 ulps XLA on a
# processor, 8 u absolute the rational and exponential forms of Eigen and MLAS, σ by
# tanh and tanh by exp (measured).
PRESETS = {"libm": (4.0, 0.0), "xla": (8.0, 0.0), "approx": (4.0, 8.0)}

FORMATS = {
    "float64": Format(2.0**-53, 2.0**-1022, 1.797e308),
    "float32": Format(2.0**-24, 2.0**-126, 3.402e38),
    "float16": Format(2.0**-11, 2.0**-14, 6.55e4),
    "bfloat16": Format(2.0**-8, 2.0**-126, 3.389e38),
}
DOUBLE = FORMATS["float64"]
EXPLAINED = 1 + 2.0**-20  # the oracle's own double precision, seen from float32
SHARE = 1e-2  # an allowance beyond this share of the result says nothing
COARSE_SHARE = 0.25  # ... in a format of 16 bits
UNIT = 2.0**-20  # ... unless it is as small as this on the scale of the drawn cases
NEARBY = 2.0  # allowances of a case that was moved by at most 2^-6, over those of it
KINKS = 0.1  # of the slopes of a ReLU may be undecided
KINK = 2.0**-4  # of a bend that does not straighten out with the step: none is smooth


def gamma(form: Format, terms: int) -> float:
    """Return γ_n = n u / (1 - n u), infinite from n u = 1 on."""
    nu = terms * form.u
    return nu / (1 - nu) if nu < 1 else np.inf


def activation_error(form: Format, value: Any) -> Any:
    """Return how far an activation may be from ``value``, its exact result."""
    relative, least = 2 * form.ulps * form.u, form.absolute * form.u + 2 * form.tiny
    return abs(value) * relative + least


def informative(form: Format) -> float:
    """Return the share of a result beyond which an allowance says nothing."""
    return SHARE if form.u < 2.0**-20 else COARSE_SHARE


def narrowest(form: Format, found: Array, right: Array) -> Format:
    """Return ``form`` with the narrowest preset that explains what was found.

    Nothing is wider than the last one, which is what is left if none does.
    """
    for ulps, absolute in PRESETS.values():
        form = form._replace(ulps=ulps, absolute=absolute)
        if np.all(abs(found - right) <= activation_error(form, right)):
            break
    return form


def widest(forms: list[Format]) -> Format:
    """Return the one with the widest preset: a cell has one budget for all gates."""
    order = list(PRESETS.values())
    return max(forms, key=lambda form: order.index((form.ulps, form.absolute)))
