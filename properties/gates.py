"""An LSTM's gates decide what is forgotten, stored, updated and shown."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Kind, State
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.recipe import SCALES
from refcheck.rounding import exact
from refcheck.strategies import Cases

from .gate_weights import (
    OPEN,
    SHUT,
    block,
    changed,
    hold,
    holding,
    pre_activation,
)
from .long_sequences import lasting
from .parts import each_part

GATES = Capability.LAYOUT | Capability.BIAS | Capability.FINAL_STATE
WITH_STATE = GATES | Capability.INITIAL_STATE
LSTM = {Kind.LSTM}
COUNTING = 60.0  # the bias of every gate of a counter
SMALL_WEIGHTS = SCALES.index(min(SCALES))


@law(
    "f = σ(−50): (y, s_T) is the same for every c_0",
    cases=replace(holding(f=SHUT), state=True),
    requires=WITH_STATE,
    kinds=LSTM,
    catches=(
        "forget-gate-never-shut",
        "one-added-to-the-forget-gate",
        "forget-gate-left-out",
    ),
)
def shut_forget_gate_forgets(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What a unit remembers is multiplied by its forget gate, and by nothing else.

    Source: Gers, Schmidhuber & Cummins (2000), equation 2.
    """
    h, c = case.state or ()
    other = c.copy()
    other[..., _held(case)] = 3 - c[..., _held(case)]
    start = case.but(state=(h, other))
    yield from each_part(equal, cell.forward(start), cell.forward(case))


@law(
    "i = σ(−50): (y, s_T) is the same for every candidate g",
    cases=holding(i=SHUT),
    requires=GATES,
    kinds=LSTM,
    catches=(
        "candidate-passes-the-input-gate",
        "input-gate-coupled-to-the-forget-gate",
        "input-gate-left-out",
    ),
)
def shut_input_gate_stores_nothing(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What a unit could store is multiplied by its input gate.

    The candidate alone is changed, so that nothing else can make a difference.
    Source: Hochreiter & Schmidhuber (1997), section 4.
    """
    rows = block(cell, case, "g")[_held(case)]
    other = changed(
        cell,
        case,
        rows,
        weight_ih=lambda w: 1 - w,
        weight_hh=lambda w: -1 - w,
        bias_ih=lambda b: 2 - b,
    )
    yield from each_part(equal, cell.forward(other), cell.forward(case))


@law(
    "i = f = σ(50): c_T = c_0 + Σ_t tanh(W x[t] + U h_t + b)",
    cases=replace(holding(i=OPEN, f=OPEN), state=True, time=(1, 9)),
    requires=WITH_STATE,
    kinds=LSTM,
    catches=(
        "candidate-not-squashed",
        "candidate-through-the-sigmoid",
        "input-gate-coupled-to-the-forget-gate",
    ),
)
def open_gates_update_exactly(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """With both gates open the cell state is a plain sum of candidates.

    The candidates follow from the target's own outputs.
    """
    reply = cell.forward(case)
    h, c = (exact(s) for s in case.state or ())
    before = np.concatenate([h, reply.outputs[:-1]])
    rows = block(cell, case, "g")[_held(case)]
    candidates = np.tanh(pre_activation(cell, case, rows, before))
    found = reply.state[1][0][:, _held(case)]
    yield equal("c", found, c[0][:, _held(case)] + candidates.sum(axis=0))


@law(
    "o = σ(−50): y = 0, and c_T is what it is with o = σ(50)",
    cases=holding(o=SHUT),
    requires=GATES,
    kinds=LSTM,
    catches=(
        "output-gate-left-out",
        "output-gate-empties-the-cell",
    ),
)
def shut_output_gate_hides_but_keeps(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A unit may keep what it remembers to itself: hiding is not forgetting.

    No unit reads those whose output gate is held, so that c cannot tell the difference.
    Source: Hochreiter & Schmidhuber (1997), section 4.
    """
    hidden = changed(cell, case, (slice(None), _held(case)), weight_hh=np.zeros_like)
    reply, shown = cell.forward(hidden), cell.forward(hold(cell, hidden, o=OPEN))
    outputs = reply.outputs[..., _held(case)]
    yield equal("outputs", outputs, np.zeros(outputs.shape))
    yield equal("c", reply.state[1], shown.state[1])


def _all_open(cell: MeasuredCell, case: Case) -> Case:
    opened = changed(
        cell,
        case.but(state=_no_cell_state(case)),
        slice(None),
        bias_ih=lambda b: np.full_like(b, COUNTING),
        bias_hh=np.zeros_like,
    )
    return lasting(opened, 30)


@law(
    "i, f, g, o = σ(60), tanh(60), c_0 = 0: c_T = T, and y[t] = tanh(t + 1)",
    cases=Cases(
        then=_all_open,
        lengths=False,
        layers=False,
        directions=False,
        bias=True,
        time=(1, 17),
        scales=(SMALL_WEIGHTS,),
        most=24,
        first=("17 steps", "generic", "float32", "one step"),
    ),
    requires=GATES,
    kinds=LSTM,
    catches=(
        "cell-state-clipped",
        "one-added-to-the-forget-gate",
        "cell-output-not-squashed",
        "sums-are-clipped",
        "cell-state-clipped-behind-the-gradient",
    ),
)
def open_gates_count(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """With all gates open a cell adds 1 at each step: it is a counter.

    A bound on the cell state, a constant added to a gate, and one gate in the place of
    another all miscount.  The other weights are small, but not zero.
    """
    reply = cell.forward(case)
    counts = (
        1.0 + np.arange(case.time)[:, None, None] + np.zeros(case.grad_outputs.shape)
    )
    yield equal("c", reply.state[1], counts[-1:])
    yield equal("outputs", reply.outputs, np.tanh(exact(counts)))


def _no_cell_state(case: Case) -> State | None:
    if case.state is None:
        return None
    h, c = case.state
    return h, np.zeros_like(c)


def _held(case: Case) -> list[int]:
    return list(case.extra["held"])


LAWS = (
    shut_forget_gate_forgets,
    shut_input_gate_stores_nothing,
    open_gates_update_exactly,
    shut_output_gate_hides_but_keeps,
    open_gates_count,
)
