"""Rows end at different times, and each of them is what it would be alone."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell

from .parts import STATES, each_part
from .row_ends import ONE_ROW, PADDED, cut, ends, unpulled


@law(
    "y[:T_n, n], s_T[n] and the gradients of row n = those of x[:T_n, n] run alone",
    cases=ONE_ROW,
    catches=(
        "rows-come-back-sorted",
        "state-not-sorted-with-its-rows",
        "padding-enters-the-weight-gradient",
        "padding-enters-the-final-state",
        "gradient-goes-through-the-padding",
        "gradients-raise-with-lengths",
    ),
)
def a_row_in_a_batch_is_that_row_alone(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Rows share weights, not time: neither company nor padding changes a row.

    Where no gradient enters at the other rows, the gradient of the parameters is
    that of this row, too.
    """
    n = case.extra["row"]
    case = _pulled_at(case, n)
    alone = cut(case.rows([n]), int(ends(case)[n]))
    found, right = cell.forward(case), cell.forward(alone)
    yield equal("outputs", found.outputs[: alone.time, [n]], right.outputs)
    for name, whole, own in zip(STATES, found.state, right.state, strict=False):
        yield equal(name, whole[:, [n]], own)
    if cell.signature.offers(Capability.BACKWARD):
        pulled = cell.backward(case)
        inputs = pulled.inputs[: alone.time, [n]]
        state = tuple(g[:, [n]] for g in pulled.state)
        pulled = pulled._replace(inputs=inputs, state=state)
        yield from each_part(equal, pulled, cell.backward(alone))


@law(
    "s_T[n] = the final state after x[:T_n], for every layer and direction",
    cases=replace(
        PADDED,
        time=(1, 9),
        batch=(1, 5),
        most=12,
        first=("two layers, both directions", "generic"),
    ),
    requires=Capability.FINAL_STATE,
    catches=(
        "padding-enters-the-final-state",
        "c-of-the-padded-end",
        "upper-layers-know-no-lengths",
        "padding-read-as-zeros",
    ),
)
def final_state_is_the_state_at_the_length(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """The state that a row leaves is the one it had when it ended.

    A decoder starts from it (Sutskever, Vinyals & Le 2014).  Outputs may be right and
    this wrong, since the two are often masked in different places.
    """
    state = cell.forward(case).state
    for length in np.unique(ends(case)):
        rows = np.flatnonzero(ends(case) == length)
        ended = cell.forward(cut(case, int(length))).state
        for name, found, right in zip(STATES, state, ended, strict=False):
            yield equal(f"{name} at {length} steps", found[:, rows], right[:, rows])


@law(
    "y_reverse[T_n − 1] = one step of the reverse direction from s_0, at x[T_n − 1]",
    cases=replace(PADDED, directions=True, layers=False, time=(1, 33), most=16),
    requires=Capability.DIRECTIONS,
    catches=(
        "reverse-starts-at-the-padded-end",
        "reverse-reads-one-step-less",
        "reverse-shows-the-padding",
    ),
)
def reverse_starts_at_the_true_end(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Reading backward begins with the last step of a row, not with its padding.

    Reversing the padded array is the commonest way to get this wrong, and with zeros
    in the padding the results look plausible.  Source: Schuster & Paliwal (1997).
    """
    last, rows = ends(case) - 1, np.arange(case.batch)
    final = case.but(
        inputs=case.inputs[last, rows][None],
        lengths=None,
        grad_outputs=case.grad_outputs[last, rows][None],
    )
    size = case.spec.hidden_size
    found = cell.forward(case).outputs[last, rows, size:]
    right = cell.forward(final).outputs[0, :, size:]
    yield equal("reverse direction at the last step of each row", found, right)


def _pulled_at(case: Case, n: int) -> Case:
    """Return the case with gradients entering at row ``n`` alone, before its end."""
    here = (np.arange(case.batch) == n)[:, None]
    return unpulled(case).but(
        grad_outputs=np.where(here, unpulled(case).grad_outputs, 0),
        grad_state=tuple(np.where(here, g, 0) for g in case.grad_state),
    )


LAWS = (
    a_row_in_a_batch_is_that_row_alone,
    final_state_is_the_state_at_the_length,
    reverse_starts_at_the_true_end,
)
