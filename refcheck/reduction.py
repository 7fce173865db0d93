"""Making a violating case small enough to check by hand, once it has been found.

Hypothesis shrinks what it draws; this goes on where integers end: fewer steps, rows,
layers, units and inputs, then arrays of zeros, then entries that are 0 or short.  Each
change is kept if the law is still violated, and tried again until nothing gets smaller.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case, ClipCase, Subject
from refcheck.cell import Array, Capability, Params, Spec
from refcheck.strategies import Cases

ENTRIES = 160  # arrays of a case that is larger in all are only emptied whole
ARRAYS = ("inputs", "state", "grad_outputs", "grad_state", "grads")


def reduced(
    case: Subject, cell: Any, cases: Any, violates: Callable[[Any], bool]
) -> None:
    """Change ``case`` while ``violates`` holds, until nothing gets smaller."""
    passes: Any = CELL_PASSES if isinstance(case, Case) else CLIPPER_PASSES
    changed = True
    while changed:
        before = case
        for simpler in passes:
            case = _descended(case, lambda c: simpler(c, cell, cases), violates)  # noqa: B023 - called at once
        changed = case is not before


def _descended(
    case: Any, simpler: Callable[[Any], Iterator[Any]], violates: Callable[[Any], bool]
) -> Any:
    """Take the first simpler case that violates, again and again."""
    while True:
        found = next((c for c in simpler(case) if violates(c)), None)
        if found is None:
            return case
        case = found


def _shorter(case: Case, _: Any, cases: Cases) -> Iterator[Case]:
    """Fewer steps, then fewer rows."""
    time, batch = case.time, case.batch
    for cut in dict.fromkeys((cases.time[0], time // 2, time - 1)):
        if cases.time[0] <= cut < time:
            yield case.until(cut)
    if cases.batch[0] <= 1 < batch:
        yield from (case.rows(slice(k, k + 1)) for k in range(batch))
    if batch > max(2, cases.batch[0]):
        yield from (case.rows(np.arange(batch) != k) for k in range(batch))


def _plainer(case: Case, cell: Any, cases: Cases) -> Iterator[Case]:
    """No lengths, no state, time first, plain strides."""
    if case.spec.batch_first and not cases.batch_first:
        yield case.but(spec=replace(case.spec, batch_first=False))
    if case.lengths is not None and not cases.lengths:
        yield case.but(lengths=None)
    stateless = cell.signature.offers(Capability.DEFAULT_STATE) and not cases.state
    if case.state is not None and stateless:
        yield case.but(state=None)
    if case.strides != cases.strides[0]:
        yield case.but(strides=cases.strides[0])


def _shallower(case: Case, cell: Any, cases: Cases) -> Iterator[Case]:
    """Fewer layers, then one direction."""
    if not _resizable(cell):
        return
    spec, fixed = case.spec, cell.signature.fixed
    one_way = not (cases.directions or (fixed and fixed.bidirectional))
    if spec.num_layers > (2 if cases.layers else 1):
        yield _resized(case, cell, num_layers=spec.num_layers - 1)
    if spec.bidirectional and one_way and spec.num_layers == 1:
        yield _resized(case, cell, bidirectional=False)


def _narrower(case: Case, cell: Any, cases: Cases) -> Iterator[Case]:
    """Fewer hidden units, fewer inputs."""
    if not _resizable(cell):
        return
    for hidden in range(cases.hidden[0], case.spec.hidden_size):
        yield _resized(case, cell, hidden_size=hidden)
    for width in range(1, case.spec.input_size):
        yield _resized(case, cell, input_size=width)


def _emptier(case: Case, _: Any, __: Any) -> Iterator[Case]:
    """Whole arrays of zeros."""
    for place, array in _arrays(case):
        if np.any(array):
            yield _with(case, place, np.zeros_like(array))


def _rounder(case: Case, _: Any, __: Any) -> Iterator[Case]:
    """Entries of 0, then of 1, then with few digits."""
    if sum(array.size for _, array in _arrays(case)) > ENTRIES:
        return
    for place, array in _arrays(case):
        for index in map(tuple, np.argwhere(array)):
            value = float(array[index])
            for simple in _simpler(value):
                changed = array.copy()
                changed[index] = simple
                yield _with(case, place, changed)


def _fewer(case: ClipCase, _: Any, __: Any) -> Iterator[ClipCase]:
    """One gradient less."""
    if len(case.grads) > 1:
        for k in range(len(case.grads)):
            yield case.but(grads=case.grads[:k] + case.grads[k + 1 :])


CELL_PASSES = (_shorter, _plainer, _shallower, _narrower, _emptier, _rounder)
CLIPPER_PASSES = (_fewer, _emptier, _rounder)


def _simpler(value: float) -> Iterator[float]:
    """Yield 0, |value|, then the nearest whole number, half and eighth."""
    yield 0.0
    if value < 0:
        yield -value
    for step in (1.0, 0.5, 0.125):
        if value % step == 0:
            return
        yield round(value / step) * step or step


def _arrays(case: Case) -> Iterator[tuple[tuple[str, Any], Array]]:
    for name, array in getattr(case, "params", {}).items():
        yield ("params", name), array
    for name in ARRAYS:
        value = getattr(case, name, None)
        parts = value if isinstance(value, tuple) else (value,)
        for k, part in enumerate(parts):
            if part is not None:
                yield (name, k if isinstance(value, tuple) else None), part


def _with(case: Case, place: tuple[str, Any], array: Array) -> Case:
    name, key = place
    if name == "params":
        return case.but(params=dict(case.params) | {key: array})
    if key is None:
        return case.but(**{name: array})
    parts = getattr(case, name)
    return case.but(**{name: (*parts[:key], array, *parts[key + 1 :])})


def _resizable(cell: Any) -> bool:
    needed = Capability.RESIZABLE | Capability.LAYOUT
    return bool(cell.signature.offers(needed))


def _resized(case: Case, cell: Any, **changes: Any) -> Case:
    """Return the case for a smaller network: what is left of its arrays."""
    old, new = case.spec, replace(case.spec, **changes)
    size, depth = new.hidden_size, new.depth
    gates = cell.signature.kind.gates
    kept = [
        _cut(p, gates, new, first=k < old.directions)
        for k, p in enumerate(cell.canonical(case)[:depth])
    ]

    def halves(outputs: Array) -> Array:
        parts = np.split(outputs, old.directions, axis=2)[: new.directions]
        return np.concatenate([p[:, :, :size] for p in parts], axis=2)

    def states(state: Any) -> Any:
        return None if state is None else tuple(s[:depth, :, :size] for s in state)

    smaller = case.but(
        spec=new,
        inputs=case.inputs[:, :, : new.input_size],
        state=states(case.state),
        grad_outputs=halves(case.grad_outputs),
        grad_state=states(case.grad_state),
    )
    return cell.planted(smaller, kept)


def _cut(p: Params, gates: int, new: Spec, *, first: bool) -> Params:
    """Keep the first units of each gate, and of what they read the same part."""
    size, units = new.hidden_size, p.weight_hh.shape[1]

    def rows(a: Array) -> Array:
        return np.concatenate([block[:size] for block in np.split(a, gates)])

    def columns(a: Array) -> Array:
        if first:
            return a[:, : new.input_size]
        blocks = [a[:, k : k + size] for k in range(0, a.shape[1], units)]
        return np.concatenate(blocks[: new.directions], axis=1)

    cut = Params._make(None if a is None else rows(a) for a in p)
    return cut._replace(
        weight_ih=columns(cut.weight_ih), weight_hh=cut.weight_hh[:, :size]
    )
