"""Right cells that are written in other ways: what no law may ever fail.

Each is the textbook with something replaced by what means the same: the order of a sum,
the form of an equation, an activation by another, the precision inside.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

from refcheck.cell import Array, Kind
from refcheck.reference.activation import sigmoid
from tests.low_precision import Change, Cheaper
from tests.second_writing import (
    GRUS,
    bias_first,
    joined,
    mixed,
    other_side,
    rewritten,
)
from tests.summation import ORDERS, each_array


class Remembered(np.ndarray):
    """The result of an activation, which knows what it is the activation of."""

    of: Any = None


def remembered(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def activation(a: Array) -> Array:
        y = np.asarray(function(a)).view(Remembered)
        y.of = np.asarray(a)
        return y

    return activation


def unprojected(x: Array, _weight: Array, _bias: Array | None) -> Array:
    """Hand x itself on to the steps, in the place of its projection."""
    return x


JOINED: Change = {"equations": rewritten(joined), "affine": unprojected}
FACTORS: Change = {
    "tanh_slope": lambda y: (1 - y) * (1 + y),
    "sigmoid_slope": lambda y: y - y * y,
}
TANH_BY_EXP: Change = {"tanh": lambda a: 1 - 2 / (np.exp(2 * a) + 1)}

EVERY: dict[str, Change] = {
    "as the textbook": {},
    **{name: {"arguments": order} for name, order in ORDERS.items()},
    "joined [x h]": JOINED,
    "bias first": {"equations": rewritten(bias_first), "affine": unprojected},
}
BOUNDED: dict[str, Change] = {
    "1 - y² in factors": FACTORS,
    "slopes from before": {
        "tanh": remembered(np.tanh),
        "sigmoid": remembered(sigmoid),
        "tanh_slope": lambda y: 1 / np.cosh(y.of) ** 2,
        "sigmoid_slope": lambda y: expit(y.of) * expit(-y.of),
    },
    "tanh by exp": TANH_BY_EXP,
    "tanh by σ": {"tanh": lambda a: 2 * expit(2 * a) - 1},
    "joined, backwards, in factors, tanh by exp": JOINED
    | {"arguments": ORDERS["backwards"]}
    | FACTORS
    | TANH_BY_EXP,
}
GATED: dict[str, Change] = {
    "σ by tanh": {"sigmoid": lambda a: 0.5 * (1 + np.tanh(0.5 * a))},
    "σ by exp": {"sigmoid": lambda a: 1 / (1 + np.exp(-a))},
}
OF_GRUS: dict[str, Change] = {
    "n + z (h - n)": {"equations": mixed(lambda n, z, h: n + z * (h - n))},
    "h + (1 - z) (n - h)": {"equations": mixed(lambda n, z, h: h + (1 - z) * (n - h))},
    "other side of the update gate": {"equations": other_side()},
}
DOUBLE_INSIDE: Change = {
    "arguments": lambda case: each_array(case, lambda a: a.astype(np.float64))
}


def variants(kind: Kind, dtype: str) -> dict[str, Change]:
    """Return the changes that leave a cell right, by name."""
    found = dict(EVERY)
    if kind is not Kind.RNN_RELU:
        found |= BOUNDED
    if kind.gates > 1:
        found |= GATED
    if kind in GRUS:
        found |= OF_GRUS
    if dtype == "float32":
        found["double inside"] = DOUBLE_INSIDE
    return found


def right(kind: Kind, dtype: str, name: str) -> Cheaper:
    """Return the right cell of this name, in one dtype."""
    return Cheaper(kind, dtype, variants(kind, dtype)[name])
