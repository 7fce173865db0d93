"""The backward pass is a linear map, and calling it leaves nothing behind."""

from collections.abc import Callable, Iterator, Sequence
from operator import add
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, array
from refcheck.strategies import Cases

from .parts import each_part
from .row_ends import unpulled

GRID = 2.0**-12  # of what is pulled, so that sums are exact in single precision too
FACTOR = 2.0**10  # beyond every bound to which gradients are clipped by habit


def _another_pull(case: Case, number: int) -> Array:
    pulls = case.grad_outputs
    return _coarse(array(GENERIC + number, pulls.shape, salt=400).astype(pulls.dtype))


def _with_coarse_pulls(_: Any, case: Case) -> Case:
    case = unpulled(case)
    return _pulling(case, [_coarse(a) for a in (case.grad_outputs, *case.grad_state)])


PULLED = Cases(
    extra={"other": _another_pull, "head": lambda _, number: number},
    then=_with_coarse_pulls,
    batch_first=None,
    time=(1, 5),
    batch=(1, 5),
    hidden=(1, 5),
    most=13,
    first=("generic", "two layers, both directions", "one row", "one step", "small"),
)


@law(
    "Jᵀ(u + u′) = Jᵀu + Jᵀu′, Jᵀ(2¹⁰ u) = 2¹⁰ Jᵀu, Jᵀ0 = 0",
    cases=PULLED,
    requires=Capability.BACKWARD,
    catches=(
        "gradient-clipped-without-notice",
        "small-gradients-dropped",
        "state-gradient-needs-a-gradient-of-outputs",
        "gradients-kept-from-the-call-before",
    ),
)
def backward_is_linear(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """The derivative is a linear map, and so is its adjoint, in all that is pulled.

    One of y[0], y[-1], h_T and c_T is pulled alone, then all the rest: both add up to
    what they give together.  Clipping gradients inside is no part of the derivative.
    """
    both = unpulled(case.but(grad_outputs=case.grad_outputs + case.extra["other"]))
    together = cell.backward(both)
    alone, rest = _divided(both, case.extra["head"])
    yield from each_part(
        equal, together, _sum(cell.backward(alone), cell.backward(rest))
    )
    large = cell.backward(_scaled(both, FACTOR))
    yield from each_part(
        equal, large, _each(together, lambda g: g * FACTOR), where=", 2¹⁰ u"
    )
    nothing = cell.backward(_scaled(case, 0.0))
    zeros = _each(nothing, lambda g: np.zeros_like(g.value))
    yield from each_part(identical, nothing, zeros, where=", u = 0")


@law(
    "backward(x, u), backward(x, u′), backward(x, u): the third is the first",
    cases=PULLED,
    requires=Capability.BACKWARD,
    catches=(
        "gradients-kept-from-the-call-before",
        "backward-spoils-the-tape",
    ),
)
def backward_can_be_repeated(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A gradient is a function of the arguments, not of what was computed before.

    Backward passes that overwrite what the forward pass kept, or that add to what the
    last one returned, are right once.
    """
    first = cell.backward_again(case)
    cell.backward_again(case.but(grad_outputs=case.extra["other"]))
    yield from each_part(identical, cell.backward_again(case), first)


@law(
    "n backward calls for θ alone, which accumulate, leave n ∂L/∂θ behind",
    cases=PULLED,
    requires=Capability.BACKWARD | Capability.CHAINS,
    catches=(
        "accumulation-overwrites",
        "accumulation-averages",
        "parameters-alone-get-no-gradient",
    ),
)
def accumulated_gradients_add(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """The gradient of a sum of losses is the sum of their gradients.

    Training on batches that do not fit into memory relies on it: what a backward call
    leaves is added to what is there.  Nor do inputs or state need a gradient there:
    that of the parameters is the same without.
    """
    once = cell.backward(case)
    for times in (1, 2, 3):
        found = cell.accumulated(case, times)
        for name, gradient in once.params.items():
            label = f"gradient of {name} alone, n = {times}"
            yield equal(label, found.params[name], gradient * times)


@law(
    "backward(x ⧺ x′, s_T detached) = backward(x′, s = s_T)",
    cases=Cases(
        directions=False,
        lengths=False,
        time=(2, 9),
        batch=(1, 9),
        hidden=(1, 9),
        extra={"cut": lambda case, k: 1 + k % max(1, case.time - 1)},
        most=12,
        first=("generic", "two layers", "float32", "no state"),
    ),
    requires=Capability.BACKWARD | Capability.CHAINS | Capability.INITIAL_STATE,
    catches=(
        "state-not-detached",
        "cell-state-not-detached",
    ),
)
def frozen_state_cuts_the_gradient(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Truncated backpropagation starts from a state that counts as a constant.

    Gradients are then those of the later part alone: one path that was not cut leads
    back through the whole past.  Source: Williams & Peng (1990).
    """
    early, late = case.split(case.extra["cut"])
    late = late.starting_at(cell.with_gradients(early).state)
    yield from each_part(equal, cell.chain_backward(early, late), cell.backward(late))


def _divided(case: Case, head: int) -> tuple[Case, Case]:
    """Return the case with one head pulled alone, and with all the others."""
    whole = [case.grad_outputs, *case.grad_state]
    alone = [np.zeros_like(a) for a in whole]
    which = head % (1 + len(whole))
    if which < 2:
        step = -which  # the first, or the last
        alone[0][step] = whole[0][step]
    else:
        alone[which - 1] = whole[which - 1]
    rest = [a - b for a, b in zip(whole, alone, strict=True)]
    return _pulling(case, alone), _pulling(case, rest)


def _pulling(case: Case, pulls: Sequence[Array]) -> Case:
    return case.but(grad_outputs=pulls[0], grad_state=tuple(pulls[1:]))


def _scaled(case: Case, factor: float) -> Case:
    return _pulling(case, [factor * a for a in (case.grad_outputs, *case.grad_state)])


def _coarse(pull: Array) -> Array:
    return np.asarray((np.round(pull / GRID) * GRID).astype(pull.dtype))


def _each(gradients: Gradients, change: Callable[[Any], Any]) -> Gradients:
    return Gradients(
        {name: change(g) for name, g in gradients.params.items()},
        change(gradients.inputs),
        tuple(map(change, gradients.state)),
    )


def _sum(some: Gradients, others: Gradients) -> Gradients:
    return Gradients(
        {name: g + others.params[name] for name, g in some.params.items()},
        some.inputs + others.inputs,
        tuple(map(add, some.state, others.state)),
    )


LAWS = (
    backward_is_linear,
    backward_can_be_repeated,
    accumulated_gradients_add,
    frozen_state_cuts_the_gradient,
)
