"""Cutting a sequence, and carrying the state across, changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.calling import TargetRaised
from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Reply
from refcheck.law import Claim, equal, identical, law, refuses
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part
from .row_ends import before_the_end, unpulled

CARRIED = Capability.INITIAL_STATE | Capability.FINAL_STATE


def a_cut(case: Case, number: int) -> int:
    """Return after which step to cut: 1 to T − 1."""
    return 1 + number % (case.time - 1)


def ending_after_the_cut(_: Any, case: Case) -> Case:
    """Return the case with no row that ends at the cut or before it."""
    if case.lengths is None:
        return case
    return unpulled(case.but(lengths=np.maximum(case.lengths, case.extra["cut"] + 1)))


CUT = Cases(
    state=True,
    directions=False,
    time=(2, 65),
    extra={"cut": a_cut},
    then=ending_after_the_cut,
    first=("generic", "17 steps", "no lengths", "two layers", "33 steps"),
)


@law(
    "f(x ⧺ x′, s) = f(x, s), then f(x′, s_T)",
    cases=CUT,
    requires=CARRIED | Capability.SEQUENCE,
    catches=(
        "initial-state-ignored",
        "final-state-is-one-step-old",
        "final-h-and-c-exchanged",
        "inputs-centred-over-time",
        "recurrent-bias-left-out-of-the-first-step",
        "initial-state-is-squashed",
        "first-input-read-at-every-step",
    ),
)
def forward_splits(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """The state is all that a cell knows of the past.

    So a sequence may be cut anywhere, and the state that comes back can be passed in
    again as it is.  Source: Elman (1990).
    """
    early, late = case.split(case.extra["cut"])
    before = cell.forward(early)
    after = cell.forward(late.starting_at(before.state))
    joined = Reply(np.concatenate([before.outputs, after.outputs]), after.state)
    replies = (before_the_end(case, r) for r in (cell.forward(case), joined))
    yield from each_part(equal, *replies)


@law(
    "backward(x ⧺ x′) = backward(x) ∘ backward(x′), parameter gradients adding up",
    cases=replace(CUT, time=(2, 33), most=8),
    requires=CARRIED | Capability.BACKWARD,
    catches=(
        "cell-gradient-lost-at-the-seam",
        "final-state-gradient-ignored",
        "backpropagation-truncated-at-three-steps",
        "parameter-gradient-of-one-step-alone",
        "backward-runs-over-the-last-steps-alone",
        "gradients-of-outputs-read-in-reverse",
    ),
)
def backward_splits(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Backpropagation through time is the chain rule, applied once a step.

    It therefore composes: the state gradient that leaves the later part enters the
    earlier one.  Truncated backpropagation is this law with that gradient cut.
    Source: Werbos (1990).
    """
    early, late = case.split(case.extra["cut"])
    after = cell.backward(late.starting_at(cell.forward(early).state))
    before = cell.backward(early.receiving(after.state))
    joined = Gradients(
        {name: g + after.params[name] for name, g in before.params.items()},
        np.concatenate([before.inputs, after.inputs]),
        before.state,
    )
    yield from each_part(equal, cell.backward(case), joined)


@law(
    "f(x, s) = f(x[0]), f(x[1]), …, the state handed on from call to call",
    cases=Cases(
        state=True,
        directions=False,
        lengths=False,
        time=(2, 33),
        first=("generic", "one row", "17 steps", "two layers"),
    ),
    requires=CARRIED | Capability.SEQUENCE,
    catches=(
        "one-step-calls-keep-the-state",
        "one-step-calls-ignore-the-state",
        "one-step-of-one-row-is-squeezed",
    ),
)
def streaming_equals_whole(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A cell fed as its inputs arrive computes what it computes of them together.

    Text is generated and machines are controlled so, one step a call, and such a call
    often has code of its own.
    """
    outputs, rest = [], case
    for _ in range(case.time - 1):
        now, later = rest.split(1)
        reply = cell.forward(now)
        outputs.append(reply.outputs)
        rest = later.starting_at(reply.state)
    last = cell.forward(rest)
    streamed = Reply(np.concatenate([*outputs, last.outputs]), last.state)
    yield from each_part(equal, cell.forward(case), streamed)


@law(
    "f(∅, s) = (∅, s), or an exception",
    cases=Cases(
        state=True,
        lengths=False,
        batch_first=None,
        most=2,
        first=("generic", "both directions"),
    ),
    requires=CARRIED | Capability.SEQUENCE,
    catches=("no-steps-lose-the-state",),
)
def a_sequence_of_no_steps_changes_nothing(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """No step is taken, so that none can change the state: ∅ is what x ⧺ ∅ = x says.

    Many implementations refuse it, which is as well; some take their process with
    them, or return a state of zeros.
    """
    none = case.until(0)
    try:
        reply = cell.forward(none)
    except TargetRaised:
        yield refuses("no steps", lambda: cell.again(none))
        return
    yield identical("outputs", reply.outputs.value, none.grad_outputs)
    for name, found, right in zip("hc", reply.state, none.state or (), strict=False):
        yield identical(name, found.value, right)


LAWS = (
    forward_splits,
    backward_splits,
    streaming_equals_whole,
    a_sequence_of_no_steps_changes_nothing,
)
