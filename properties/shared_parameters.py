"""One function, with one set of weights, is applied at every step."""

from collections.abc import Iterator

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Gradients
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part

CARRIED = Capability.INITIAL_STATE | Capability.FINAL_STATE


def a_step(case: Case, number: int) -> int:
    """Return a step of the sequence."""
    return number % case.time


@law(
    "y[t], s_{t+1} = step(x[t], s_t), the same step for every t",
    cases=Cases(
        state=True,
        directions=False,
        lengths=False,
        extra={"t": a_step},
        first=("generic", "17 steps", "65 steps", "two layers", "33 steps"),
    ),
    requires=CARRIED | Capability.SEQUENCE,
    catches=(
        "weights-fade-with-time",
        "other-weights-beyond-sixteen-steps",
        "other-weights-beyond-sixty-four-steps",
        "always-the-initial-state",
        "recurrent-bias-left-out-of-the-first-step",
    ),
)
def every_step_is_the_same_step(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What is learned at one step serves at every other, since no weight knows t.

    The state before a step is what comes back from the steps before it.
    Source: Elman (1990).
    """
    whole = cell.forward(case)
    for t in sorted({0, case.extra["t"], case.time - 1}):
        alone = cell.forward(_from(cell, case, t).until(1))
        yield equal(f"y at t={t}", whole.outputs[t], alone.outputs[0])
    for name, one, other in zip("hc", whole.state, alone.state, strict=False):
        yield equal(name, one, other)


@law(
    "∂L/∂θ = Σ_t ∂L/∂θ_t, each from a backward call for step t alone",
    cases=Cases(
        state=True,
        directions=False,
        lengths=False,
        time=(1, 5),
        most=6,
        first=("generic", "17 steps", "one row", "two layers"),
    ),
    requires=CARRIED | Capability.BACKWARD,
    catches=(
        "parameter-gradient-of-one-step-alone",
        "last-step-left-out-of-the-bias-gradient",
        "parameter-gradient-averaged-over-time",
        "first-step-counted-twice",
        "state-gradient-dropped-between-steps",
        "recurrent-gradient-of-the-last-step-alone",
    ),
)
def parameter_gradient_is_the_sum_over_steps(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Weights that are used T times get T gradients, and these add.

    None is left out, none counted twice, and there is no mean over the steps.  The
    state's gradient is handed from each step to the one before it.
    Source: Werbos (1990).
    """
    steps, rest = [], case
    for _ in range(case.time - 1):
        now, later = rest.split(1)
        steps.append(now)
        rest = later.starting_at(cell.forward(now).state)
    total = cell.backward(rest)
    for now in reversed(steps):
        pulled = cell.backward(now.receiving(total.state))
        total = Gradients(
            {name: g + pulled.params[name] for name, g in total.params.items()},
            np.concatenate([pulled.inputs, total.inputs]),
            pulled.state,
        )
    yield from each_part(equal, cell.backward(case), total)


def _from(cell: MeasuredCell, case: Case, t: int) -> Case:
    """Return what is left of the case after t steps."""
    if t == 0:
        return case
    before, after = case.split(t)
    return after.starting_at(cell.forward(before).state)


LAWS = (every_step_is_the_same_step, parameter_gradient_is_the_sum_over_steps)
