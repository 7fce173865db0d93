"""What can be written in several ways: the bound of each covers all of them.

Each function of ``reference/activation.py`` that is registered here allows what its
arguments may be off by, and the roundings of the worst of its forms.

    ReLU's gradient     where(a > 0, d, 0), or d times 0 or 1: nothing is rounded
    slope of tanh       1 - y², (1 - y)(1 + y), g - g y² for g (1 - y²), 1 / cosh(a)²
    slope of σ          y (1 - y), y - y², g y - g y², σ(a) σ(-a)
    (1 - z) n + z h     as it stands; n + z (h - n); h + (1 - z)(n - h);
                        n - z n + z h in any order; σ(-a) n + σ(a) h

Fused operations round less often.  Terms that a form rounds twice are counted twice
below, each with γ_k / k, which is no less than u.
"""

from typing import Any

import numpy as np

from refcheck.reference.activation import VERSIONS, relu_slope
from refcheck.rounding.formats import Format, activation_error, gamma
from refcheck.rounding.numbers import Measured
from refcheck.rounding.sums import inside

MOST = 5  # roundings that a term meets in any form, rounded up


def _unit(form: Format) -> float:
    """Return u, with what up to MOST roundings together add to their sum."""
    return gamma(form, MOST) / MOST


def _through_relu(d_y: Measured, a: Measured) -> Measured:
    slope, e = relu_slope(a), d_y.bound
    error = slope.wide * e + (abs(d_y.wide) + e) * slope.error
    return d_y.of(d_y.wide * slope.wide, error).doubting(slope)


def _tanh_slope(y: Measured) -> Measured:
    """1 - y²: multiplied out, y² is rounded twice; (1 - y)(1 + y) thrice.

    Computed from a it is a function of its own, as accurate as tanh, and what tanh is
    off by does not enter.
    """
    form, e, square = y.format, y.bound, y.wide * y.wide
    value, steep = 1 - square, 2 * abs(y.wide)
    moved = (steep + e) * e
    size = abs(value) + moved
    rounded = _unit(form) * (size + 2 * np.maximum(square + moved, size))
    own = np.minimum(e, activation_error(form, y.wide))
    from_a = 2 * form.ulps * form.u * size - steep * own
    return y.of(value, moved + np.maximum(rounded, from_a) + 3 * form.tiny)


def _sigmoid_slope(y: Measured) -> Measured:
    """Product of y and 1 - y, whose slope is 1 - 2 y.

    What σ itself is off by is allowed in full, since y and 1 - y may come from two
    evaluations of it.
    """
    form, e, value = y.format, y.bound, y.wide * (1 - y.wide)
    own = np.minimum(e, activation_error(form, y.wide))
    moved = abs(1 - 2 * y.wide) * (e - own) + own + e * e
    size = abs(value) + moved
    rounded = _unit(form) * (size + abs(y.wide) + e)  # y² and y (1 - y) make y
    return y.of(value, moved + rounded + 3 * form.tiny)


def _mixed(z: Measured, n: Any, h: Any) -> Measured:
    """(1 - z) n + z h, whose slope by z is h - n: there an error of z cancels.

    Where 1 - z is a sigmoid of its own, of -a, what the two are off by themselves does
    not; what a is off by still does.
    """
    n, h = z.lifted(n), z.lifted(h)
    e_z, e_n, e_h = z.bound, n.bound, h.bound
    let, kept, apart = 1 - z.wide, z.wide, h.wide - n.wide
    value = let * n.wide + kept * h.wide
    moved = abs(let) * e_n + abs(kept) * e_h + (abs(apart) + e_h + e_n) * e_z
    let, kept = abs(let) + e_z, abs(kept) + e_z
    size_n, size_h = abs(n.wide) + e_n, abs(h.wide) + e_h
    apart = abs(apart) + e_h + e_n
    new, old = let * size_n, kept * size_h
    forms = [
        new + old + np.maximum(new, old),  # 1 - z, or its complement, rounded
        2 * kept * apart,
        3 * let * apart,
        kept * size_n + old + np.maximum(size_n + old, kept * apart),
    ]
    own = np.minimum(e_z, activation_error(z.format, z.wide))
    of_let = np.where(e_z == 0, 0.0, activation_error(z.format, 1 - z.wide))
    twice = own * (size_h - apart) + of_let * size_n + _unit(z.format) * (new + old)
    written = np.maximum(_unit(z.format) * np.maximum.reduce(forms), twice)
    rounded = written + _unit(z.format) * (abs(value) + moved)
    made = z.of(value, 0.0).doubting(n, h)
    made.error = inside(made, moved + rounded + 5 * z.format.tiny, size_n + size_h)
    return made


VERSIONS["through_relu"][Measured] = _through_relu
VERSIONS["tanh_slope"][Measured] = _tanh_slope
VERSIONS["sigmoid_slope"][Measured] = _sigmoid_slope
VERSIONS["mixed"][Measured] = _mixed
