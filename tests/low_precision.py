"""Cells whose arithmetic is worse than their dtype: what laws must still see.

Each changes the functions that the textbook's equations are written in, while the
target is called.  ``FAULTS`` names, for each dtype, what is changed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Kind, Reply
from refcheck.reference import bptt, gru, gru_reset_before, lstm, rnn
from refcheck.reference.activation import sigmoid, tanh_slope
from refcheck.reference.affine import affine, affine_back
from refcheck.reference.cell import ReferenceCell
from refcheck.reference.equations import EQUATIONS
from tests import second_writing

MODULES = (lstm, gru, gru_reset_before, rnn, second_writing)
Change = dict[str, Any]  # name in the equations -> its replacement


class Cheaper(ReferenceCell):
    """The textbook in one dtype, with some functions replaced."""

    def __init__(self, kind: Kind, dtype: str, change: Change) -> None:
        super().__init__(kind)
        self.signature = replace(self.signature, dtypes=(dtype,))
        self.dtype, self.change = dtype, change

    def fresh(self) -> "Cheaper":
        return Cheaper(self.kind, self.dtype, self.change)

    def forward(self, case: Case) -> Reply:
        with planted(self.change):
            outputs, state = super().forward(self.read(case))
        results = self.change.get("results", lambda a: a)
        return Reply(
            self.own(results(outputs)), tuple(self.own(results(s)) for s in state)
        )

    def backward(self, case: Case) -> Gradients:
        with planted(self.change):
            found = super().backward(self.read(case))
        change = self.change.get("gradients", lambda _, g: g)
        return Gradients(
            {name: self.own(change(name, g)) for name, g in found.params.items()},
            self.own(change("inputs", found.inputs)),
            tuple(self.own(change("state", g)) for g in found.state),
        )

    def read(self, case: Case) -> Case:
        return self.change.get("arguments", lambda c: c)(case)

    def own(self, a: Array) -> Array:
        return np.asarray(a, self.dtype)


@contextmanager
def planted(change: Change) -> Iterator[None]:
    """Replace functions by the names under which the equations know them."""
    before = [(m, n, getattr(m, n)) for m in (*MODULES, bptt) for n in names(m)]
    textbook = dict(EQUATIONS)
    EQUATIONS.update(change.get("equations", {}))
    for module, name, _ in before:
        if name == "np" and "tanh" in change:
            module.np = SimpleNamespace(**vars(np) | {"tanh": change["tanh"]})
        elif name in change:
            setattr(module, name, change[name])
    try:
        yield
    finally:
        for module, name, right in before:
            setattr(module, name, right)
        EQUATIONS.update(textbook)


def names(module: Any) -> list[str]:
    """Return which functions that may be replaced a module uses."""
    known = ("np", "sigmoid", "tanh_slope", "sigmoid_slope", "affine", "affine_back")
    return [
        n for n in known if hasattr(module, n) and (n != "np" or module is not bptt)
    ]


def short(a: Array, bits: int) -> Array:
    """Round to so many bits after the leading 1, in the same dtype."""
    mantissa, exponent = np.frexp(a)
    scale = 2.0 ** (bits + 1)
    return np.ldexp(np.round(mantissa * scale) / scale, exponent).astype(a.dtype)


def through(dtype: Any) -> Callable[[Array], Array]:
    return lambda a: a.astype(dtype).astype(a.dtype)


def products(rounded: Callable[[Array], Array]) -> Change:
    """X Wᵀ + b with both factors rounded first."""
    return {"affine": lambda x, w, b: affine(rounded(x), rounded(w), b)}


def half_sums(x: Array, w: Array, b: Array | None) -> Array:
    """X Wᵀ + b in half precision."""
    a = x.astype(np.float16) @ w.T.astype(np.float16)
    return a.astype(x.dtype) + (0 if b is None else b)


def pade(a: Array) -> Array:
    """Padé's [3/2] fraction of tanh, cut off."""
    s = a * a
    return np.clip(a * (15 + s) / (15 + 6 * s), -1, 1).astype(a.dtype)


def off_by_ulps(ulps: float) -> Change:
    def tanh(a: Array) -> Array:
        y = np.tanh(a)
        return (y * (1 + ulps * np.finfo(y.dtype).eps)).astype(y.dtype)

    return {"tanh": tanh}


def plus(function: Any, e: float) -> Callable[[Array], Array]:
    return lambda a: (function(a) + e).astype(a.dtype)


def gate_plus(e: float) -> Change:
    """On σ, or on tanh where there is no σ."""
    return {"sigmoid": plus(sigmoid, e), "tanh": plus(np.tanh, e)}


def nearly_transposed(x: Array, w: Array, b: Array | None) -> Array:
    """X Wᵀ + b with each square block of W a hundred-thousandth on to its transpose."""
    size = w.shape[1]
    if w.shape[0] % size or x.shape[1] != size:
        return affine(x, w, b)
    blocks = [m + 1e-5 * (m.T - m) for m in np.split(w, w.shape[0] // size)]
    return affine(x, np.concatenate(blocks).astype(w.dtype), b)


def step_missed(d_a: Array, x: Array, bias: Array | None) -> Any:
    """A bias gradient without its last row."""
    weight, b = affine_back(d_a, x, bias)
    return weight, None if b is None else b - d_a[-1]


def coarse_slope(y: Array) -> Array:
    """1 - y² with eight bits."""
    return short(tanh_slope(short(y, 7)), 7)


def scaled(e: float) -> Callable[[str, Array], Array]:
    return lambda _, g: (g * (1 + e)).astype(g.dtype)


def in_single(case: Case) -> Case:
    """Return the case with arguments rounded to single precision."""
    rounded = through("float32")
    return case.but(
        params={n: rounded(a) for n, a in case.params.items()},
        inputs=rounded(case.inputs),
        state=case.state and tuple(rounded(s) for s in case.state),
    )


FAULTS: dict[str, dict[str, Change]] = {
    "float32": {
        "sums in half precision": {"affine": half_sums},
        "TF32 inputs": products(lambda a: short(a, 10)),
        "Padé's tanh": {"tanh": pade},
        "hard sigmoid": {
            "sigmoid": lambda a: np.clip(a / 6 + 0.5, 0, 1).astype(a.dtype)
        },
        "1e-6 on a gate": gate_plus(1e-6),
        "tanh off by 16 ulp": off_by_ulps(16),
        "1e-7 on h": {"results": lambda a: a + np.float32(1e-7)},
        "gradients (1 + 1e-6)": {"gradients": scaled(1e-6)},
        "nearly transposed": {"affine": nearly_transposed},
        "bias gradient misses a step": {"affine_back": step_missed},
        "1 - y² in eight bits": {"tanh_slope": coarse_slope},
    },
    "float64": {
        "sums in single precision": products(through("float32")),
        "inputs in single precision": {"arguments": in_single},
        "1e-8 on a gate": gate_plus(1e-8),
        "h (1 + 1e-7)": {"results": lambda a: a * (1 + 1e-7)},
        "tanh off by 64 ulp": off_by_ulps(64),
    },
}
