"""The calling conventions, and the sizes, that a trial call is made with."""

import itertools
from dataclasses import replace
from typing import NamedTuple

from refcheck.adapters.callable_axes import Axes
from refcheck.adapters.callable_calls import Call
from refcheck.cell import Spec

ROWS = (3, 7, 9)  # 2 could be unpacked as h and c


class Size(NamedTuple):
    """What a trial call is made with."""

    spec: Spec
    rows: int


def sizes(fixed: Spec | None, dtype: str) -> list[Size]:
    """Return the sizes to try, the most telling ones first."""
    if fixed is None:
        unequal, equal = Spec(5, 4, dtype=dtype), Spec(4, 4, dtype=dtype)
        return [Size(spec, rows) for spec in (unequal, equal) for rows in (3, 1)]
    taken = (fixed.input_size, fixed.hidden_size)
    rows = next(n for n in ROWS if n not in taken)
    return [Size(fixed, rows), Size(fixed, 1)]


def calls(call: Call, *, called: str, states: int | None, holds: bool) -> list[Call]:
    """Return the conventions to try, in order: steps before sequences, rows first."""
    first = bool(holds or call.takes("state"))
    steps = [called == "step"] if called else [first, not first]
    if call.takes("lengths"):
        steps = [False]
    counts = [states] if states else [1, 2]
    counts = [2] if call.takes("state") == 2 else counts
    wrapped = [False, True] if call.takes("state") == 1 else [False]
    filled = [False, True] if call.takes("lengths") else [False]
    return [
        replace(call, step=s, axes=a, states=n, wrapped=w, filled=f)
        for s, f, n, a, w in itertools.product(steps, filled, counts, Axes, wrapped)
        if not (w and n == 2) and not (s and a is Axes.LAYERS)
    ]
