"""The state is what a cell knows of the past: each of its numbers has one place."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.law import Claim, differs, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import STATES, each_part
from .row_ends import before_the_end, unpulled
from .units_on import units_on

CARRIED = Capability.INITIAL_STATE | Capability.FINAL_STATE
MOVE = 0.5  # by which a state is changed
KNOWN: set[Kind | None] = {kind for kind in Kind if kind.recurrent}


@law(
    "f(x) = f(x, 0), and so are the gradients",
    cases=Cases(
        state=False,
        time=(1, 9),
        most=12,
        first=("generic", "two layers, both directions", "no lengths", "one step"),
    ),
    requires=Capability.INITIAL_STATE | Capability.DEFAULT_STATE,
    kinds=KNOWN,
    catches=(
        "recurrent-bias-left-out-without-a-state",
        "default-state-is-one",
        "default-cell-state-is-one",
        "first-step-gradient-left-out-without-a-state",
    ),
)
def no_state_is_the_zero_state(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Who knows nothing of the past starts from zeros, as the textbook does.

    A first step that leaves the recurrent product out must not leave its bias out.
    """
    case = unpulled(case)
    zero = case.but(state=tuple(np.zeros_like(g) for g in case.grad_state))
    replies = (before_the_end(c, cell.forward(c)) for c in (case, zero))
    yield from each_part(equal, *replies)
    if cell.signature.offers(Capability.BACKWARD):
        pulled = (cell.backward(c)._replace(state=()) for c in (case, zero))
        yield from each_part(equal, *pulled)


@law(
    "s_T is not constant in any array of the initial state, and ∂L/∂s_0 is not 0",
    cases=Cases(planted=True, state=True, then=units_on),
    requires=CARRIED,
    catches=(
        "initial-state-ignored",
        "initial-c-ignored",
        "initial-state-of-the-first-layer-everywhere",
        "initial-state-gradient-lost",
        "final-states-are-zeros",
        "initial-h-ignored",
    ),
)
def initial_state_matters(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What is passed in is where a cell starts from, in each layer and direction.

    An h or c that goes unused is not missed in training, where states start at 0.
    """
    found = cell.forward(case).state
    gradients = None
    if cell.signature.offers(Capability.BACKWARD) and cell.signature.kind:
        gradients = cell.backward(case).state
    for k, name in enumerate(STATES[: len(found)]):
        for place in range(case.spec.depth):
            label = f"{name}[{place}]"
            other = cell.forward(moved(case, np.s_[place], (k,))).state
            here = np.stack([s[place] for s in found])
            there = np.stack([s[place] for s in other])
            yield differs(f"final state of {place}, if {label} changes", here, there)
            if gradients:
                zero = np.zeros(here.shape[1:])
                yield differs(f"gradient of {label}", gradients[k][place], zero)


@law(
    "f(0, s; W_ih) = f(x, s; W_ih = 0)",
    cases=Cases(
        state=True,
        time=(1, 9),
        most=12,
        first=("generic", "no lengths", "two layers, both directions", "one step"),
    ),
    requires=Capability.LAYOUT,
    catches=(
        "zero-rows-hold-the-state",
        "zero-rows-reset-the-state",
        "zero-inputs-end-the-row",
        "input-bias-left-out-of-zero-rows",
    ),
)
def a_zero_input_is_no_input(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A step that reads zeros is a step: it masks nothing and resets nothing.

    The state moves on by recurrent weights and biases, as if nothing could be read.
    """
    case = unpulled(case)
    first = case.spec.directions
    params = cell.canonical(case)
    deaf = [p._replace(weight_ih=p.weight_ih * 0) for p in params[:first]]
    unread = cell.planted(case, [*deaf, *params[first:]])
    silent = case.but(inputs=np.zeros_like(case.inputs))
    replies = (before_the_end(c, cell.forward(c)) for c in (silent, unread))
    yield from each_part(equal, *replies)
    if cell.signature.offers(Capability.BACKWARD):
        pulled = (cell.backward(c).state for c in (silent, unread))
        for name, left, right in zip(STATES, *pulled, strict=False):
            yield equal(f"gradient of {name}", left, right)


def moved(case: Case, place: Any, which: tuple[int, ...] = (0, 1)) -> Case:
    """Return the case with another initial state in some places."""
    state = tuple(np.array(s) for s in case.state or ())
    for k, array in enumerate(state):
        if k in which:
            array[place] += MOVE
    return case.but(state=state)


LAWS = (no_state_is_the_zero_state, initial_state_matters, a_zero_input_is_no_input)
