"""What stands past the end of a row is never read, and no gradient flows into it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Kind, Padding
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell

from .parts import each_part
from .row_ends import PADDED, before_the_end, ends, filled, only, reads, unpulled

BOUNDED: set[Kind | None] = {Kind.RNN_TANH, Kind.LSTM, Kind.GRU, Kind.GRU_RESET_BEFORE}
LARGE = 1e30  # saturates every gate, and its products with weights stay finite
LARGE_UNBOUNDED = 1e2  # where the state grows with the inputs, or may
NON_FINITE = (np.nan, np.inf, -np.inf)


@law(
    "y[t < T_n], s_T and every gradient are identical, whatever finite x[t ≥ T_n] is",
    cases=PADDED,
    catches=(
        "padding-enters-the-final-state",
        "mask-one-step-late",
        "padding-enters-the-weight-gradient",
        "reverse-reads-the-padding",
        "padding-read-below-the-last-layer",
        "lengths-are-ignored",
        "mask-not-reversed-with-the-inputs",
    ),
)
def padding_is_never_read(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A row that has ended has no inputs left: padding is there to fill a box.

    Padding by zeros hides such a fault where biases and state are 0, since a step
    that reads zeros then looks like no step at all.  Here it is anything.
    """
    size = LARGE if cell.signature.kind in BOUNDED else LARGE_UNBOUNDED
    case = unpulled(case)
    other = filled(case, case.extra["padding"] * size)
    replies = (before_the_end(case, cell.forward(c)) for c in (case, other))
    yield from each_part(identical, *replies)
    if cell.signature.offers(Capability.BACKWARD):
        yield from each_part(identical, cell.backward(case), cell.backward(other))


@law(
    "y[t < T_n] and s_T are identical where x[t ≥ T_n] is NaN or infinite",
    cases=PADDED,
    strict=True,
    catches=("mask-by-multiplication",),
)
def nan_padding_is_never_read(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What is not read cannot matter, and NaN can no more than any number.

    A mask that multiplies, m·new + (1 − m)·old, is right on finite padding but lets
    NaN through, since 0·NaN is NaN.  The law is therefore a strict one.
    """
    for filler in NON_FINITE:
        replies = (cell.forward(c) for c in (case, filled(case, filler)))
        kept = (before_the_end(case, reply) for reply in replies)
        yield from each_part(identical, *kept, where=f", {filler} in the padding")


@law(
    "∂L/∂θ, ∂L/∂x and ∂L/∂s_0 are identical where x[t ≥ T_n] is NaN or infinite",
    cases=replace(PADDED, most=8),
    requires=Capability.BACKWARD,
    strict=True,
    catches=("selected-after-computing",),
)
def nan_padding_leaves_gradients_alone(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Selecting after computing is not enough: the chain rule multiplies what it drops.

    A step that was computed and then replaced has gradient 0, and 0·NaN reaches the
    gradients of the weights through its inputs.  Right results need the padding to
    be replaced before it is used, or never touched; many cells do neither.
    """
    case = unpulled(case)
    for filler in NON_FINITE:
        other = filled(case, filler)
        pulled = (cell.backward(c) for c in (case, other))
        yield from each_part(identical, *pulled, where=f", {filler} in the padding")


@law(
    "∂L/∂x[t ≥ T_n] = 0 exactly; where y[t ≥ T_n] = 0, ∂L/∂y[t ≥ T_n] adds nothing",
    cases=PADDED,
    requires=Capability.BACKWARD,
    catches=("padding-gets-the-gradient-of-the-last-step", "padded-outputs-pull"),
)
def padding_gets_no_gradient(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What has no influence has no gradient, and a constant passes none back.

    Outputs past the end are constants if the target declares them to be zeros; then
    a loss may read them, as an average over all steps does, and nothing comes back.
    """
    quiet = unpulled(case)
    pulled = cell.backward(quiet)
    past = only(~reads(case), pulled.inputs)
    yield identical("gradient of inputs past the end", past, np.zeros_like(case.inputs))
    if cell.signature.padding is Padding.ZEROS:
        yield from each_part(identical, cell.backward(case), pulled)


@law(
    "y[t ≥ T_n] = 0, or y[T_n − 1], or what follows from x[t ≥ T_n], as declared",
    cases=replace(PADDED, directions=False),
    requires=Capability.PADDING_CONTRACT,
    catches=(
        "padded-outputs-uninitialised",
        "padded-outputs-never-written",
        "padded-outputs-hold-the-state",
    ),
)
def outputs_past_the_length_follow_the_contract(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Users average over outputs, or take the last: what stands there is a promise.

    There are three customs: zeros (PyTorch, ONNX, Paddle), the last output once more
    (Keras), and no care at all (Flax).  None of them is wrong; breaking one's own is.
    """
    expected = CONTRACTS[cell.signature.padding](cell, case)
    found = cell.forward(case).outputs
    relation = equal if cell.signature.padding is Padding.UNTOUCHED else identical
    past = (only(~reads(case), outputs) for outputs in (found, expected))
    yield relation("outputs past the end", *past)


def _zeros(cell: MeasuredCell, case: Case) -> Any:
    return only(np.zeros((1, 1, 1), bool), cell.forward(case).outputs)


def _repeated(cell: MeasuredCell, case: Case) -> Any:
    last = np.minimum(np.arange(case.time)[:, None], ends(case) - 1)
    return cell.forward(case).outputs[last, np.arange(case.batch)]


def _untouched(cell: MeasuredCell, case: Case) -> Any:
    return cell.forward(case.but(lengths=None)).outputs


CONTRACTS: dict[Padding | None, Callable[[MeasuredCell, Case], Any]] = {
    Padding.ZEROS: _zeros,
    Padding.REPEATED: _repeated,
    Padding.UNTOUCHED: _untouched,
}


LAWS = (
    padding_is_never_read,
    padding_gets_no_gradient,
    nan_padding_is_never_read,
    nan_padding_leaves_gradients_alone,
    outputs_past_the_length_follow_the_contract,
)
