"""The final state is where a cell has come to, in the shape in which it set out."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.law import Claim, differs, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import STATES
from .row_ends import ends

KNOWN: set[Kind | None] = {kind for kind in Kind if kind.recurrent}


@law(
    "y is (T, N, O), and s_T has the shape of s_0",
    cases=Cases(
        batch_first=None,
        time=(1, 17),
        first=(
            "one row",
            "one step",
            "generic",
            "two layers, both directions",
            "T = N",
        ),
    ),
    catches=(
        "one-row-is-squeezed",
        "one-step-is-squeezed",
        "state-broadcast-against-the-weights",
        "outputs-come-batch-first",
        "h-alone-comes-back",
        "last-output-alone-with-lengths",
        "outputs-joined-along-features",
        "state-of-one-row-is-squeezed",
        "state-comes-back-row-by-row",
    ),
)
def shapes_are_as_declared(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """An axis of length 1 is an axis, and a state that comes back can go in again.

    Sizes that happen to be equal hide a wrong axis; products that are meant as matrix
    products and are not give themselves away here.
    """
    outputs, state = cell.call(case, lambda: cell.cell.forward(case))
    expected = case.grad_outputs.shape
    if cell.derived:
        expected = (*expected[:2], case.spec.hidden_size * case.spec.directions)
    yield _as_shaped("outputs", outputs, expected)
    count = np.array(len(case.grad_state))
    yield identical("number of arrays in the state", np.array(len(state)), count)
    for name, found, right in zip(STATES, state, case.grad_state, strict=False):
        yield _as_shaped(name, found, right.shape)


@law(
    "h_T = y[ℓ − 1], and y[0] for the backward half of a last layer",
    cases=Cases(
        batch_first=None,
        first=("generic", "two layers, both directions", "no lengths", "one step"),
    ),
    requires=Capability.FINAL_STATE,
    kinds=KNOWN,
    catches=(
        "final-state-is-one-step-old",
        "final-h-and-c-exchanged",
        "backward-final-state-is-the-one-at-the-last-step",
        "final-states-are-zeros",
        "padding-enters-the-final-state",
        "final-state-reshaped-not-transposed",
        "final-state-read-off-the-padded-end",
    ),
)
def final_state_is_the_last_output(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What the last layer shows of its state is h, so that both end alike.

    The backward direction ends where it has read everything: at the first step.
    """
    (y, state), half = cell.forward(case), case.spec.hidden_size
    last = y[ends(case) - 1, np.arange(case.batch), :half]
    yield equal("h", state[0][-case.spec.directions], last)
    if case.spec.bidirectional:
        yield equal("h of the backward half", state[0][-1], y[0, :, half:])


@law(
    "c_T ≠ h_T in every layer and direction",
    cases=Cases(planted=True),
    requires=Capability.FINAL_STATE,
    kinds={Kind.LSTM},
    catches=("h-returned-for-both", "c-returned-for-both"),
)
def c_is_not_h(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """An LSTM keeps c and shows h = o tanh(c): returning one twice loses the other.

    Source: Hochreiter & Schmidhuber (1997).
    """
    h, c = cell.forward(case).state
    for place in range(case.spec.depth):
        yield differs(f"state {place}", h[place], c[place])


def _as_shaped(what: str, found: Any, shape: tuple[int, ...]) -> Claim:
    return identical(f"shape of {what}", np.zeros(np.shape(found)), np.zeros(shape))


LAWS = (shapes_are_as_declared, final_state_is_the_last_output, c_is_not_h)
