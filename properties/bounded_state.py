"""What a cell remembers grows slowly, and what it shows is bounded."""

from collections.abc import Iterator

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.law import Claim, at_most, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

CARRIED = Capability.INITIAL_STATE | Capability.FINAL_STATE
LARGE = (4, 2)  # scales of weights that drive units to their bounds
DRIVEN = ("generic", "large inputs", "two layers, both directions", "float32")


@law(
    "|c_{t+1}| ≤ |c_t| + 1",
    cases=Cases(
        state=True,
        directions=False,
        lengths=False,
        scales=LARGE,
        time=(1, 5),
        most=24,
        first=DRIVEN,
    ),
    requires=CARRIED,
    kinds={Kind.LSTM},
    catches=(
        "candidate-not-squashed",
        "one-added-to-the-forget-gate",
    ),
)
def cell_state_grows_by_at_most_one_a_step(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Gates lie between 0 and 1, and candidates between −1 and 1.

    A sum f c + i g of such numbers cannot grow faster, in any layer.
    Source: Gers, Schmidhuber & Cummins (2000), equation 2.
    """
    rest = case
    for t in range(case.time):
        now, later = rest.split(1) if rest.time > 1 else (rest, rest)
        state = cell.forward(now).state
        _, before = now.state or ()
        yield at_most(f"c after step {t}", abs(state[1]), abs(before.astype(float)) + 1)
        rest = later.starting_at(state)


@law(
    "|y[t]| ≤ 1",
    cases=Cases(
        lengths=False,
        batch_first=None,
        scales=LARGE,
        time=(1, 17),
        most=24,
        first=DRIVEN,
    ),
    kinds={Kind.RNN_TANH, Kind.LSTM},
    catches=(
        "cell-output-not-squashed",
        "activation-left-out",
    ),
)
def outputs_stay_inside_one(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Outputs are a tanh, or a gate times one, and tanh lies between −1 and 1."""
    outputs = cell.forward(case).outputs
    yield at_most("outputs", abs(outputs), np.ones(outputs.shape))


def _without_recurrence(cell: MeasuredCell, case: Case) -> Case:
    (params,) = cell.canonical(case)
    cut = params._replace(weight_hh=np.zeros_like(params.weight_hh))
    return cell.planted(case, [cut])


@law(
    "W_hh = 0: (y, c_T) is the same for every h_0",
    cases=Cases(
        state=True,
        layers=False,
        directions=False,
        lengths=False,
        then=_without_recurrence,
        time=(1, 9),
        first=("generic", "float32", "one step", "17 units"),
    ),
    requires=CARRIED | Capability.LAYOUT,
    kinds={Kind.LSTM},
    catches=("forget-gate-peeps-at-the-output",),
)
def cell_state_ignores_the_output_without_recurrence(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Outputs come back through the recurrent weights, and on no other way.

    The cell state has a way of its own: it is kept.
    Source: Hochreiter & Schmidhuber (1997), section 4.
    """
    h, c = case.state or ()
    here, there = cell.forward(case), cell.forward(case.but(state=(1 - h, c)))
    yield identical("outputs", here.outputs, there.outputs)
    yield identical("c", here.state[1], there.state[1])


LAWS = (
    cell_state_grows_by_at_most_one_a_step,
    outputs_stay_inside_one,
    cell_state_ignores_the_output_without_recurrence,
)
