"""Backpropagation through time is the derivative of the forward pass."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.differences import SMOOTH, Differences, on_the_grid, probes
from refcheck.directions import by_field, direction
from refcheck.dual import derivative
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .row_ends import unpulled

OPTIONS = (
    "generic",
    "two layers, both directions",
    "one step",
    "no state",
    "one row",
    "no bias",
    "batch first",
    "T = N",
)


def _a_number(_: Case, number: int) -> int:
    return number


def _on_the_grid(_: Any, case: Case) -> Case:
    return on_the_grid(unpulled(case))


def _unpulled(_: Any, case: Case) -> Case:
    return unpulled(case)


SMALL = Cases(
    extra={"direction": _a_number},
    then=_on_the_grid,
    batch_first=None,
    time=(1, 9),
    hidden=(1, 5),
    scales=(0, 1, 2, 3),
    single=False,
    most=14,
    first=OPTIONS,
)


@law(
    "∂L/∂θ, ∂L/∂x, ∂L/∂s_0 = (L(· + h) − L(· − h)) / 2h for h → 0",
    cases=SMALL,
    requires=Capability.BACKWARD,
    catches=(
        "gradients-a-millionth-too-large",
        "last-recurrent-gradient-off",
        "parameter-gradient-averaged-over-rows",
        "initial-state-gradient-lost",
        "recurrent-weight-not-transposed",
        "memory-gets-no-gradient-from-the-output",
        "output-gate-gets-no-gradient",
        "state-gradient-past-the-update-gate-lost",
        "state-gradient-through-the-candidate-lost",
        "reset-gate-gets-no-gradient",
        "reverse-direction-gets-the-gradient-of-the-forward-half",
    ),
)
def gradients_agree_with_differences(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A gradient says what the loss does when an argument moves: so move it.

    The target's own forward pass is the oracle, and no textbook is needed.  Every entry
    is moved in small cases, random directions in larger ones; differences are
    extrapolated (Richardson 1911), and a case at a kink decides nothing.
    """
    number = case.extra["direction"]
    gradients, differences = cell.backward(case), Differences(cell, case, number)
    for probe in probes(case, number):
        yield equal(probe.label, probe.slopes(gradients), differences.slopes(probe))


@law(
    "(L(h) − L(−h))/2 − h ⟨∇L, v⟩ = O(h³), and (L(h) + L(−h))/2 − L(0) = O(h²)",
    cases=replace(SMALL, most=8),
    requires=Capability.BACKWARD,
    kinds=SMOOTH,
    catches=(
        "gradients-off-by-one-in-a-thousand",
        "only-the-cell-chain",
        "outputs-rounded-to-single",
    ),
)
def remainder_is_second_order(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What a gradient leaves over of a move falls faster than the move (Taylor 1715).

    Halving the step divides the odd part of the remainder by 8 and the even part by 4.
    Were the gradient wrong, its odd part would be divided by 2 only.  How far the next
    order bends this rule is seen at the longer steps.
    """
    differences = Differences(cell, case, case.extra["direction"])
    odd, even = differences.remainders(cell.backward(case))
    yield equal("odd part of the remainder", *odd)
    yield equal("even part of the remainder", *even)


@law(
    "⟨J v, u⟩ = ⟨v, Jᵀ u⟩ for the derivative J of the forward pass",
    cases=Cases(
        extra={"direction": _a_number},
        then=_unpulled,
        batch_first=None,
        time=(1, 9),
        hidden=(1, 9),
        most=10,
        first=OPTIONS,
        half=False,  # a single number, in which most of the terms cancel
    ),
    requires=Capability.BACKWARD | Capability.LAYOUT,
    catches=(
        "recurrent-weight-not-transposed",
        "relu-passes-gradient-where-negative",
        "tanh-slope-left-out",
        "cell-gradient-through-the-input-gate",
        "tanh-slope-of-its-value",
        "tanh-slope-not-squared",
        "sigmoid-slope-without-its-second-factor",
        "sigmoid-slope-left-out",
        "sigmoid-slope-of-its-value",
        "input-gate-gradient-times-itself",
        "forget-gate-gradient-times-the-new-cell-state",
        "input-and-forget-gate-exchanged-on-the-tape",
        "output-gate-gradient-times-the-cell-state",
        "slope-of-the-cell-output-left-out",
        "update-gate-gradient-of-the-other-sign",
        "update-gate-gradient-without-the-candidate",
        "candidate-gradient-times-the-update-gate",
    ),
)
def backward_is_the_adjoint(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Forward mode pushes v through the derivative, backward mode pulls u: they meet.

    Forward mode is that of the textbook, by dual numbers (Wengert 1964), which shares
    no line with a backward pass.
    """
    gradients, v = cell.backward(case), direction(case, case.extra["direction"])
    for what, along in by_field(v):
        pushed = derivative(cell, case, along)
        pairs = zip(
            (pushed.outputs, *pushed.state),
            (case.grad_outputs, *case.grad_state),
            strict=True,
        )
        pulled = sum((place.of(gradients) * a).sum() for place, a in along.items())
        yield equal(
            f"⟨v, Jᵀu⟩, v a move of the {what}",
            pulled,
            sum((j * u).sum() for j, u in pairs),
        )


LAWS = (
    gradients_agree_with_differences,
    remainder_is_second_order,
    backward_is_the_adjoint,
)
