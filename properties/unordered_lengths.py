"""Rows may come in any order of lengths, and some of them may be empty."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.calling import TargetRaised
from refcheck.case import Case
from refcheck.cell import Array, Capability
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell

from .parts import STATES, each_part
from .row_ends import ONE_ROW, before_the_end, ends, unpulled


@law(
    "f of the rows in any order = the rows of f; where T_n = 0, s_T = s_0",
    cases=ONE_ROW,
    catches=(
        "rows-come-back-sorted",
        "state-not-sorted-with-its-rows",
        "state-gradient-comes-back-sorted",
        "empty-row-ends-at-the-padded-end",
        "empty-row-loses-its-state",
        "empty-row-loses-its-gradient",
    ),
)
def lengths_need_no_order(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """No row comes first: sorting by length is the implementation's own affair.

    A row of length 0 has no step that could change its state.  A target may refuse
    such rows with an exception; then nothing is claimed of them.
    """
    case = unpulled(case)
    order = np.argsort(-ends(case), kind="stable")
    yield from _has_these_rows(cell, case, order, where=", longest first")
    n = case.extra["row"]
    lengths = np.where(np.arange(case.batch) == n, 0, ends(case))
    empty = unpulled(case.but(lengths=lengths))
    try:
        cell.forward(empty)
    except TargetRaised:
        return
    yield from _keeps_its_state(cell, empty, n)
    others = np.flatnonzero(lengths)
    if others.size:
        yield from _has_these_rows(cell, empty, others, where=" beside an empty row")


def _has_these_rows(
    cell: MeasuredCell, case: Case, rows: Array, *, where: str
) -> Iterator[Claim]:
    """Yield that the case gives what these rows give; no others have a gradient."""
    part = case.rows(rows)
    found, right = (before_the_end(c, cell.forward(c)) for c in (case, part))
    yield from each_part(equal, _rows(found, rows), right, where=where)
    if cell.signature.offers(Capability.BACKWARD):
        pulled = _rows(cell.backward(case), rows)
        yield from each_part(equal, pulled, cell.backward(part), where=where)


def _keeps_its_state(cell: MeasuredCell, case: Case, n: int) -> Iterator[Claim]:
    if case.state is None:
        return
    reply = cell.forward(case)
    for name, found, right in zip(STATES, reply.state, case.state, strict=False):
        yield identical(f"{name} of an empty row", found[:, [n]], right[:, [n]])
    if cell.signature.offers(Capability.BACKWARD):
        pulled = cell.backward(case)
        for name, g, r in zip(STATES, pulled.state, case.grad_state, strict=False):
            label = f"gradient of {name} of an empty row"
            yield identical(label, g[:, [n]], r[:, [n]])


def _rows(found: Any, rows: Array) -> Any:
    """Return some rows of a reply; of gradients, those of inputs and state."""
    long, *_ = {"outputs", "inputs"} & set(found._fields)
    state = tuple(s[:, rows] for s in found.state)
    return found._replace(**{long: getattr(found, long)[:, rows], "state": state})


LAWS = (lengths_need_no_order,)
