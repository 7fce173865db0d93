"""Floating-point formats, and from where on an allowance says nothing."""

from typing import Any, NamedTuple

import numpy as np

from refcheck.cell import Array


class Format(NamedTuple):
    """A floating-point format, and how well its tanh and sigmoid are computed.

    An activation may be off by ``ulps`` units in the last place and by ``absolute``
    unit roundoffs: one of the presets, the widest where nothing is known.
    """

    u: float  # unit roundoff
    tiny: float  # smallest normal number: results below it may be flushed to zero
    ulps: float = 4.0
    absolute: float = 8.0


# Narrowest first.  4 ulps cover PyTorch, NumPy, glibc and oneDNN, 8 ulps XLA on a
# processor, 8 u absolute the rational and exponential forms of Eigen and MLAS, σ by
# tanh and tanh by exp (measured).
PRESETS = {"libm": (4.0, 0.0), "xla": (8.0, 0.0), "approx": (4.0, 8.0)}

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
NEARBY = 2.0  # allowances of a case that was moved by at most 2^-6, over those of it
KINK = 2.0**-4  # of a bend that does not straighten out with the step: none is smooth


def activation_error(form: Format, value: Any) -> Any:
    """Return how far an activation may be from ``value``, its exact result."""
    u, tiny, ulps, absolute = form
    return np.minimum(abs(value), 1.0) * (2 * ulps * u) + (absolute * u + 2 * tiny)


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
