"""Cells with other hidden units: reordered, side by side, or one more of them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Params, Reply
from refcheck.law import Claim, equal
from refcheck.measured import MeasuredCell

from .parts import calls, each_part

Move = Callable[[Array], Array]
ALL = slice(None)


def agrees_on(
    cell: MeasuredCell, part: Case, whole: Case, units: Any, **places: Any
) -> Iterator[Claim]:
    """Yield that ``part`` gives what stands at some units of what ``whole`` gives."""
    where = places.pop("where", "")
    for call in calls(cell):
        found, right = _picked(call(part), ALL), _picked(call(whole), units, **places)
        yield from each_part(equal, found, right, where=where)


def _picked(found: Any, units: Any, *, wide: Any = None, inputs: Any = ALL) -> Any:
    """Return some units of a reply, or of gradients, those of parameters aside."""
    state = tuple(s[..., units] for s in found.state)
    if isinstance(found, Gradients):
        return Gradients({}, found.inputs[..., inputs], state)
    return Reply(found.outputs[..., units if wide is None else wide], state)


def with_units(case: Case, state: Move, outputs: Move) -> Case:
    """Return the case with other units in its state, and in gradients of results."""
    return case.but(
        state=None if case.state is None else tuple(state(s) for s in case.state),
        grad_outputs=outputs(case.grad_outputs),
        grad_state=tuple(state(g) for g in case.grad_state),
    )


def twice(a: Array) -> Array:
    """Return the last axis twice."""
    return np.concatenate([a, a], axis=-1)


def and_zero(a: Array) -> Array:
    """Return the last axis with a 0 after it."""
    return np.concatenate([a, np.zeros_like(a[..., :1])], axis=-1)


def blocks(order: Array, count: int) -> Array:
    """Return ``order`` within each of ``count`` blocks of units."""
    return np.concatenate([k * len(order) + order for k in range(count)])


def renamed(params: Sequence[Params], order: Array, directions: int) -> list[Params]:
    """Return parameters, or their gradients, with the units of each layer reordered."""

    def one(k: int, p: Params) -> Params:
        rows = blocks(order, len(p.weight_hh) // len(order))
        below = ALL if k < directions else blocks(order, directions)
        own = Params._make(None if a is None else a[rows] for a in p)
        return own._replace(
            weight_ih=own.weight_ih[:, below], weight_hh=own.weight_hh[:, order]
        )

    return [one(k, p) for k, p in enumerate(params)]


def side_by_side(a: Params, b: Params) -> Params:
    """Return the parameters of two cells of one size, which no weight connects."""

    def joined(x: Array | None, y: Array | None) -> Array | None:
        if x is None or y is None:
            return None
        pairs = zip(_gates(a, x), _gates(a, y), strict=True)
        return np.concatenate([_diagonal(p, q) for p, q in pairs])

    return Params._make(joined(x, y) for x, y in zip(a, b, strict=True))


def with_one_more(p: Params) -> Params:
    """Return parameters with one more unit, like the last, that nobody listens to."""

    def more(x: Array | None) -> Array | None:
        if x is None:
            return None
        rows = np.concatenate([r for gate in _gates(p, x) for r in (gate, gate[-1:])])
        return and_zero(rows) if x.ndim > 1 else rows

    return Params._make(more(x) for x in p)


def _gates(p: Params, x: Array) -> list[Array]:
    """Return the rows of each gate."""
    return np.split(x, len(p.weight_hh) // p.weight_hh.shape[1])


def _diagonal(p: Array, q: Array) -> Array:
    """Return two arrays in one that is 0 elsewhere; vectors end to end."""
    if p.ndim == 1:
        return np.concatenate([p, q])
    right, left = np.zeros((len(p), q.shape[1])), np.zeros((len(q), p.shape[1]))
    return np.block([[p, right], [left, q]])
