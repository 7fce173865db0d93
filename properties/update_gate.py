"""A GRU's gates decide what is kept of the state, and what the candidate sees of it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.law import Claim, at_most, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .gate_weights import OPEN, SHUT, block, changed, hold, holding, pre_activation
from .parts import each_part

PLANTED = Capability.LAYOUT | Capability.BIAS
GRU = {Kind.GRU, Kind.GRU_RESET_BEFORE}


@law(
    "z = σ(50): y[t] = h_0 for every t",
    cases=replace(holding(z=OPEN), state=True),
    requires=PLANTED | Capability.INITIAL_STATE,
    kinds=GRU,
    catches=(
        "update-gate-reversed",
        "update-gate-never-open",
        "reset-state-is-kept",
        "update-gate-is-the-reset-gate",
    ),
)
def open_update_gate_copies_the_state(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """A unit whose update gate is open keeps its state, however long it waits.

    Source: Cho et al. (2014), equation 7.
    """
    held = list(case.extra["held"])
    (h,) = case.state or ()
    found = cell.forward(case).outputs[..., held]
    yield equal("outputs", found, np.broadcast_to(h[..., held], found.shape))


def _candidates_of_inputs(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with candidates that see nothing but the inputs."""
    case = hold(cell, case, z=SHUT)
    rows = block(cell, case, "n")[list(case.extra["held"])]
    return changed(cell, case, rows, weight_hh=np.zeros_like, bias_hh=np.zeros_like)


@law(
    "z = σ(−50), n = tanh(W x + b): y[t] = n[t]",
    cases=replace(holding(), then=_candidates_of_inputs),
    requires=PLANTED,
    kinds=GRU,
    catches=(
        "update-gate-reversed",
        "update-gate-never-shut",
        "state-kept-whole",
    ),
)
def shut_update_gate_takes_the_candidate(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """A unit whose update gate is shut keeps nothing: its candidate is its next state.

    The candidates are cut off from the state, so that they follow from the inputs.
    Source: Cho et al. (2014), equation 7.
    """
    held = list(case.extra["held"])
    rows = block(cell, case, "n")[held]
    candidates = np.tanh(pre_activation(cell, case, rows))
    yield equal("outputs", cell.forward(case).outputs[..., held], candidates)


@law(
    "r = σ(−50): y is the same for every U that the reset gate shuts off",
    cases=holding(r=SHUT),
    requires=PLANTED,
    kinds=GRU,
    catches=(
        "reset-gate-left-out",
        "reset-gate-before-the-product",
    ),
)
def shut_reset_gate_ignores_the_state(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """A shut reset gate makes the candidate forget what was before.

    Reset after the product, a unit's gate shuts off a row of U, and its bias; reset
    before, what all units read of this unit, a column.
    Source: Cho et al. (2014), equations 5 and 8.
    """
    held = list(case.extra["held"])
    rows = block(cell, case, "n")
    if cell.signature.kind is Kind.GRU:
        rows = rows[held]
        other = changed(
            cell, case, rows, weight_hh=lambda w: 1 - w, bias_hh=lambda b: 2 - b
        )
    else:
        where = np.ix_(rows, held)
        other = changed(cell, case, where, weight_hh=lambda w: 1 - w)
    yield from each_part(equal, cell.forward(other), cell.forward(case))


@law(
    "|y[t]| ≤ max(1, |h_0|)",
    cases=Cases(
        layers=False,
        directions=False,
        lengths=False,
        scales=(4, 2),
        time=(1, 17),
        most=24,
        first=("generic", "large inputs", "float32", "no state"),
    ),
    kinds=GRU,
    catches=("state-kept-besides-the-candidate",),
)
def gru_outputs_stay_inside_one_or_the_start(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """The next state lies between the candidate, inside ±1, and the state before.

    So no state is larger than 1 unless it started there.  Source: Cho et al. (2014).
    """
    reach = np.ones(case.grad_outputs.shape)
    if case.state is not None:
        reach = np.maximum(reach, abs(case.state[0]).astype(float))
    yield at_most("outputs", abs(cell.forward(case).outputs), reach)


LAWS = (
    open_update_gate_copies_the_state,
    shut_update_gate_takes_the_candidate,
    shut_reset_gate_ignores_the_state,
    gru_outputs_stay_inside_one_or_the_start,
)
