"""The lines of a recurrent network, one function each; a fault replaces one of them.

The defaults are the textbook's.  Arrays may be traced (``refcheck.reverse``): a line
that changes what they hold changes its own derivative with it, and a fault of the
backward pass is a line that passes values on and changes what is pulled back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Params, Reply, Spec, State
from refcheck.reverse import Traced, untraced

Written = Mapping[str, Array]


def reading(time: int, *, reverse: bool) -> Sequence[int]:
    """Return the steps in the order in which a direction reads them."""
    return range(time)[:: -1 if reverse else 1]


def is_read(t: int, lengths: Array | None, *, reverse: bool) -> Array | None:
    """Return which rows have a step t (N, 1); None: all of them."""
    return None if lengths is None else (t < lengths)[:, None]


def where_read(read: Array | None, new: State, old: State) -> State:
    """Return the new state of the rows that are read, the old one of the others."""
    if read is None:
        return new
    return tuple(np.where(read, a, b) for a, b in zip(new, old, strict=True))


def shown(read: Array | None, h: Array) -> Array:
    """Return the output of a step: h (N, H), zeros in the padding."""
    return h if read is None else np.where(read, h, 0)


@dataclass(frozen=True)
class Lines:
    """One line each, in the order in which they run; see ``network`` for the calls.

    ``after``, ``left`` and ``again`` are seen by the caller alone: arguments that a
    call, or one for gradients, has left changed, and what the results of an earlier
    call read like when they are read again.
    """

    step: Callable[[Params, Array, State], State]
    given: Callable[[Case], Case] = lambda case: case
    start: Callable[[State], State] = lambda zeros: zeros
    params: Callable[[list[Params], Spec], list[Params]] = lambda params, _: params
    below: Callable[[Array, Case, int, int], Array] = lambda y, _case, _l, _k: y
    states: Callable[[State, int, Case], State] = lambda state, k, _: tuple(
        s[k] for s in state
    )
    reading: Callable[..., Sequence[int]] = reading
    is_read: Callable[..., Array | None] = is_read
    weights: Callable[[Params, int, int], Params] = lambda params, _k, _time: params
    handed: Callable[[State, State, int], State] = lambda state, _initial, _k: state
    held: Callable[[Array | None, State, State], State] = where_read
    shown: Callable[[Array | None, Array], Array] = shown
    last: Callable[[State, State], State] = lambda state, _before: state
    joined: Callable[[list[Array]], Array] = lambda sides: np.concatenate(sides, 2)
    dropped: Callable[[Array, Array], Array] = lambda y, mask: y * mask
    ended: Callable[[Case, Reply], Reply] = lambda _, reply: reply
    pulled: Callable[[Case, Gradients], Gradients] = lambda _, found: found
    detached: Callable[[State], State] = lambda state: tuple(
        Traced(untraced(s)) for s in state
    )
    accumulated: Callable[[Gradients, int], Gradients] = lambda found, times: each(
        found, lambda g: g * times
    )
    repulled: Callable[[Gradients, Gradients], Gradients] = lambda _, found: found
    copied: Callable[[Case, str], Case] = lambda case, _: case
    trained: Callable[["Lines"], "Lines"] = lambda lines: lines  # in training mode
    after: Callable[[Case, Reply], Written] = lambda _case, _reply: {}
    left: Callable[[Case, Gradients], Written] = lambda _case, _found: {}
    again: Callable[[Reply], Reply] = lambda reply: reply


def each(found: Gradients, change: Callable[[Array], Any]) -> Gradients:
    """Return the gradients with each array changed, in its own dtype."""

    def kept(array: Array) -> Array:
        return np.asarray(change(array), array.dtype)

    return Gradients(
        {name: kept(g) for name, g in found.params.items()},
        kept(found.inputs),
        tuple(map(kept, found.state)),
    )
