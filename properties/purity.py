"""A call is a function of its arguments: it remembers nothing and writes to nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.recipe import array
from refcheck.strategies import Cases

from .parts import calls, each_part, parts

ANY = Cases(
    batch_first=None,
    first=("generic", "no state", "two layers, both directions", "no bias", "float32"),
)
LAYOUTS = ("transposed", "sliced", "offset", "reversed")


def _other_inputs(case: Case, number: int) -> Array:
    moved = array(number, case.inputs.shape, salt=400) + 1
    return moved.astype(case.inputs.dtype)


@law(
    "f(x) ≡ f(x), gradients too: one call after the other, with nothing between them",
    cases=ANY,
    catches=(
        "state-of-the-last-call-kept",
        "buffer-added-to-and-not-cleared",
        "gradients-kept-from-the-call-before",
        "dropout-in-evaluation",
        "state-kept-in-the-reverse-direction",
    ),
)
def same_call_same_result(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A recurrent cell carries a state within a sequence, never from call to call.

    What is carried has to be passed in.  The same operations on the same numbers are
    also rounded in the same way, so both results agree to the last bit.
    """
    yield from each_part(identical, cell.again(case), cell.again(case))
    if cell.signature.offers(Capability.BACKWARD):
        twice = cell.backward_again(case), cell.backward_again(case)
        yield from each_part(identical, *twice)


@law(
    "f(x) ≡ f′(x) for a fresh object f′ with the same parameters",
    cases=replace(ANY, most=8),
    strict=True,
    catches=("random-number-drawn-when-built",),
)
def same_call_same_result_in_a_fresh_object(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """What a cell computes is known from its parameters, not from its history.

    Objects may draw random numbers when they are built; none of them may be left
    once all parameters are set.
    """
    fresh = cell.fresh()
    for call, other in zip(calls(cell), calls(fresh), strict=True):
        yield from each_part(identical, call(case), other(case))


@law(
    "after f(x, s, θ), x, s and θ are what they were before",
    cases=ANY,
    requires=Capability.WATCHING,
    catches=(
        "final-state-written-into-the-initial-one",
        "inputs-masked-in-place",
        "weights-scaled-in-place",
        "bias-reshaped-in-place",
    ),
)
def arguments_are_not_written(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Arguments belong to the caller, who may need them again.

    Saving memory by writing the final state into the initial one changes what the
    caller's next call starts from.
    """
    before = _arguments(case)
    for name, left in cell.watching(case).after.items():
        given = before[name]
        yield identical(f"{name} after the call", left.astype(given.dtype), given)


@law(
    "f(x) stays what it was when f(x′) is computed",
    cases=replace(ANY, extra={"inputs": _other_inputs}),
    requires=Capability.WATCHING,
    catches=("outputs-share-a-buffer", "state-shares-a-buffer"),
)
def results_are_not_aliased(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A result belongs to the caller too, and a later call leaves it alone.

    A buffer that is used again overwrites results that somebody still holds; compared
    with themselves they look right.
    """
    seen = cell.watching(case)
    other = case.but(inputs=case.extra["inputs"])
    cell.again(other)
    if cell.signature.offers(Capability.BACKWARD):
        cell.backward_again(other)
    reread = seen.reread()
    yield from each_part(identical, reread, seen.reply, where=" after another call")


@law(
    "f(x) = f(x′) where x′ holds the numbers of x with other strides",
    cases=Cases(
        batch_first=None,
        time=(1, 9),
        most=6,
        first=("generic", "both directions", "batch first"),
    ),
    requires=Capability.STRIDES,
    catches=(
        "strides-are-ignored",
        "reversed-views-read-forward",
        "strides-of-the-state-ignored",
        "strides-of-the-gradient-ignored",
    ),
)
def memory_layout_does_not_matter(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """An array is its numbers in their places, not the memory that they lie in.

    Transposed, sliced and reversed views reach a cell from any data loader.  Kernels
    that read memory as it comes are right on contiguous arrays alone.
    """
    for strides in LAYOUTS:
        moved = case.but(strides=strides)
        for call in calls(cell):
            yield from each_part(equal, call(moved), call(case), where=f", {strides}")


@law(
    "results and gradients have the dtype of the arguments",
    cases=replace(ANY, time=(1, 9), most=10),
    catches=(
        "state-starts-in-double",
        "gradients-come-back-in-double",
        "default-state-is-single",
    ),
)
def dtype_is_kept(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A result in another dtype was cast somewhere: digits are lost, or memory.

    The usual place is a default state that is made without asking for the dtype of
    the inputs.
    """
    for dtype in cell.signature.dtypes:
        for call in calls(cell):
            for label, found in parts(call(_cast(case, dtype))):
                asked = np.zeros(0, dtype)
                yield identical(f"dtype of {label}", asked.astype(found.dtype), asked)


def _cast(case: Case, dtype: str) -> Case:
    """Return the case in another dtype."""
    state = case.state
    return case.but(
        spec=replace(case.spec, dtype=dtype),
        params={name: a.astype(dtype) for name, a in case.params.items()},
        inputs=case.inputs.astype(dtype),
        state=None if state is None else tuple(s.astype(dtype) for s in state),
        grad_outputs=case.grad_outputs.astype(dtype),
        grad_state=tuple(g.astype(dtype) for g in case.grad_state),
    )


def _arguments(case: Case) -> Mapping[str, Array]:
    arrays = {"inputs": case.inputs}
    if case.lengths is not None:
        arrays["lengths"] = case.lengths
    arrays |= {f"state.{k}": s for k, s in enumerate(case.state or ())}
    return arrays | {f"params.{name}": a for name, a in case.params.items()}


LAWS = (
    same_call_same_result,
    arguments_are_not_written,
    results_are_not_aliased,
    memory_layout_does_not_matter,
    dtype_is_kept,
    same_call_same_result_in_a_fresh_object,
)
