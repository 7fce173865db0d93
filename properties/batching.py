"""Rows of a batch stand beside one another, and do not see each other."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Reply
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.recipe import array
from refcheck.strategies import Cases

from .parts import each_part
from .row_ends import before_the_end, ends, unpulled

SALT = 31  # tells the order of rows from the arrays of the case


def a_row(case: Case, number: int) -> int:
    """Return a row."""
    return number % case.batch


def an_order(case: Case, number: int) -> Array:
    """Return the rows in some order."""
    return np.asarray(
        np.argsort(array(number, (case.batch,), salt=SALT), kind="stable")
    )


def a_choice(case: Case, number: int) -> Array:
    """Return up to 2N rows, some left out and some repeated, the longest among them."""
    size, longest = number % (2 * case.batch), int(np.argmax(ends(case)))
    others = (number // 7 + 3 * np.arange(size)) % case.batch
    return np.concatenate([[longest], others])


@law(
    "row n of y and s_T is identical whatever the other rows hold, NaN too",
    cases=Cases(
        state=True,
        extra={"row": a_row},
        time=(1, 17),
        batch=(2, 17),
        first=("generic", "9 rows", "two layers, both directions", "17 rows"),
    ),
    requires=Capability.BATCH,
    catches=(
        "state-of-the-first-row-in-every-row",
        "inputs-centred-over-rows",
        "rows-beyond-eight-share-a-state",
        "input-gradient-centred-over-rows",
        "rows-picked-by-a-product",
        "last-row-repeats-the-first",
        "a-single-unit-is-broadcast",
    ),
)
def rows_are_independent(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A batch is there for speed alone: its rows are sequences of their own.

    All that rows share is the weights, so that nothing can pass from one to another,
    be it a number or NaN.
    """
    case = unpulled(case)
    others = np.arange(case.batch) != case.extra["row"]
    for what, kept in (("the other rows change", ~others), ("one row changes", others)):
        changed = _with_other_values(case, ~kept)
        where = f", if {what}"
        yield from _identical_in(kept, cell, case, changed, where=where)
        if cell.signature.offers(Capability.BACKWARD):
            pulled = (_rows_of(cell.backward(c), kept) for c in (case, changed))
            yield from each_part(identical, *pulled, where=where)
    broken = case.inputs.copy()
    broken[:, ~others] = np.nan
    poisoned = case.but(inputs=broken)
    yield from _identical_in(
        others, cell, case, poisoned, where=", beside a row of NaN"
    )


@law(
    "f(rows in another order, left out, repeated) = those rows of f",
    cases=Cases(
        state=True,
        extra={"order": an_order, "choice": a_choice},
        time=(1, 17),
        first=(
            "generic",
            "9 rows",
            "one row",
            "two layers, both directions",
            "17 rows",
        ),
    ),
    requires=Capability.BATCH,
    catches=(
        "state-not-sorted-with-its-rows",
        "rows-beyond-eight-share-a-state",
        "inputs-centred-over-rows",
        "a-single-row-is-averaged",
        "input-bias-left-out-beyond-eight-rows",
    ),
)
def rows_may_come_in_any_order(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Which place a row has in a batch, and how many there are, changes no row.

    Kernels take several rows at a time, and treat those that are left over apart.
    """
    found = before_the_end(case, cell.forward(case))
    for what in ("order", "choice"):
        which = np.asarray(case.extra[what])
        chosen = case.rows(which)
        reply = before_the_end(chosen, cell.forward(chosen))
        mine = _rows_of(found, which)
        yield from each_part(equal, reply, mine, where=f" of rows {which.tolist()}")


@law(
    "∂L/∂θ = ∂L_n/∂θ + ∂L_{≠ n}/∂θ, from calls for row n alone and for the others",
    cases=Cases(
        state=True,
        lengths=False,
        time=(1, 9),
        batch=(2, 17),
        extra={"row": a_row},
        most=8,
        first=("generic", "9 rows", "both directions", "17 rows"),
    ),
    requires=Capability.BATCH | Capability.BACKWARD,
    catches=(
        "parameter-gradient-averaged-over-rows",
        "bias-gradient-of-the-last-row-alone",
        "weight-gradient-of-the-first-eight-rows",
        "gradient-of-a-single-row-halved",
    ),
)
def parameter_gradients_add_over_rows(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """The loss of a batch is a sum over its rows, L = Σ_n L_n, and so is its gradient.

    None is left out, and there is no mean: a mean belongs to the loss.
    """
    row = np.arange(case.batch) == case.extra["row"]
    one, rest = (cell.backward(case.rows(rows)).params for rows in (row, ~row))
    for name, gradient in cell.backward(case).params.items():
        yield equal(f"gradient of {name}", gradient, one[name] + rest[name])


def _identical_in(
    rows: Any, cell: MeasuredCell, case: Case, other: Case, *, where: str
) -> Iterator[Claim]:
    replies = (before_the_end(c, cell.forward(c)) for c in (case, other))
    yield from each_part(identical, *(_rows_of(r, rows) for r in replies), where=where)


def _with_other_values(case: Case, rows: Any) -> Case:
    """Return the case with other inputs and another state in some rows (a mask)."""
    mask, state = rows[:, None], case.state
    return case.but(
        inputs=np.where(mask, case.inputs + 1, case.inputs),
        state=None if state is None else tuple(np.where(mask, s + 1, s) for s in state),
    )


def _rows_of(found: Any, which: Any) -> Any:
    """Return some rows of a reply, or of gradients, those of parameters left out."""
    states = tuple(s[:, which] for s in found.state)
    if isinstance(found, Reply):
        return Reply(found.outputs[:, which], states)
    return found._replace(params={}, inputs=found.inputs[:, which], state=states)


LAWS = (
    rows_are_independent,
    rows_may_come_in_any_order,
    parameter_gradients_add_over_rows,
)
