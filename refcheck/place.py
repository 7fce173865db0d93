"""The entry in which two sides differ most, and what its place is called."""

from typing import Any

import numpy as np

from refcheck.cell import Array
from refcheck.outcome import Finding
from refcheck.rounding import DOUBLE

AXES = {
    "outputs": ("t", "row", "unit"),
    "inputs": ("t", "row", "input"),
    "state": ("layer", "row", "unit"),
    "h": ("layer", "row", "unit"),
    "c": ("layer", "row", "unit"),
}


def widest(
    label: str, left: Array, right: Array, error: Array, budget: Array
) -> Finding:
    """Return the entry whose error is the largest share of what is allowed there."""
    with np.errstate(all="ignore"):
        ratios = np.where(error == 0, 0.0, error / np.maximum(budget, DOUBLE.tiny))
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    worst = np.unravel_index(int(np.argmax(ratios)), left.shape)
    return Finding(
        label,
        _place(label, worst),
        float(left[worst]),
        float(right[worst]),
        float(error[worst]),
        float(budget[worst]),
        index=tuple(map(int, worst)),
    )


def _place(label: str, index: tuple[Any, ...]) -> str:
    """Name the place: t=3, row 0, unit 1, or [2, 0] in a parameter."""
    word = next((w for w in label.replace(",", " ").split() if w in AXES), "")
    axes = AXES.get(word, ())
    if axes and len(axes) == len(index):
        first, *rest = zip(axes, index, strict=True)
        start = f"t={first[1]}" if first[0] == "t" else f"{first[0]} {first[1]}"
        return ", ".join([start, *(f"{axis} {k}" for axis, k in rest)])
    return "[" + ", ".join(str(int(k)) for k in index) + "]" if index else ""
