"""Results are as precise as their dtype, finite where they should be, NaN where not."""

from collections.abc import Iterator

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.rounding import FORMATS, is_half
from refcheck.strategies import Cases

from .padding import BOUNDED
from .parts import calls, each_part, parts
from .row_ends import before_the_end, ends, unpulled

LARGE = 1e4  # exp overflows in float64 already, and squares do not in float32


def _large_inputs(_: MeasuredCell, case: Case) -> Case:
    most = 1e2 if is_half(FORMATS[case.spec.dtype]) else LARGE
    inputs = np.clip(case.inputs.astype(float) * most, -most, most)
    return case.but(inputs=inputs.astype(case.inputs.dtype))


def _place(case: Case, number: int) -> list[int]:
    """Return a step, a row that has not ended by then, and an input."""
    n = number // 7 % case.batch
    return [number % int(ends(case)[n]), n, number // 31 % case.spec.input_size]


@law(
    "float64: y, s_T and gradients are within the budget of double precision",
    cases=Cases(batch_first=None, single=False, time=(1, 17), most=8),
    requires=Capability.LAYOUT | Capability.FLOAT64,
    catches=(
        "float64-by-name-only",
        "gradients-in-single-precision",
        "outputs-rounded-to-single",
    ),
)
def float64_is_double(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Sixteen digits are asked for: a detour through single precision leaves eight.

    Inputs, states, activations and gradients may each take it; the dtype of the
    result does not tell.
    """
    yield from _agrees_with_the_textbook(cell, case)


@law(
    "float32: y, s_T and gradients are within the budget of single precision",
    cases=Cases(batch_first=None, single=True, time=(1, 33), most=8),
    requires=Capability.LAYOUT,
    catches=("half-precision-inside", "gradients-in-half-precision"),
)
def float32_stays_inside_its_budget(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Single precision may cost what its rounding explains, and nothing more.

    The textbook is run in double precision, and bounds what seven digits may lose.
    Source: Higham (2002), section 3.1.
    """
    yield from _agrees_with_the_textbook(cell, case)


@law(
    "x = ±10⁴ gives finite y, s_T and gradients",
    cases=Cases(batch_first=None, then=_large_inputs),
    kinds=BOUNDED,
    catches=(
        "tanh-by-two-exponentials",
        "sigmoid-slope-by-an-exponential",
        "tanh-by-an-exponential-in-blocks-of-four",
    ),
)
def large_inputs_stay_finite(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Gates saturate: beyond some size of the inputs nothing changes any more.

    exp(10⁴) overflows.  1 / (1 + exp(−x)) is right all the same, but its derivative,
    written as exp(−x) / (1 + exp(−x))², is ∞ / ∞, and trains to NaN.
    """
    for call in calls(cell):
        for label, found in parts(call(case)):
            finite = np.nan_to_num(found.value, nan=0, posinf=0, neginf=0)
            yield identical(label, found.value, finite)


@law(
    "x[t, n] = NaN gives NaN in y[t:T_n, n] and s_T[n]",
    cases=Cases(
        batch_first=None, directions=False, extra={"place": _place}, time=(1, 17)
    ),
    strict=True,
    catches=("activations-hide-nan", "final-state-hides-nan"),
)
def nan_is_not_hidden(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A NaN is news that something went wrong, and a cell has to pass it on.

    Every unit depends on every input, and every state on the one before.  Written as
    where(a > 0, a, 0), ReLU turns NaN into 0; many cells do, so the law is strict.
    """
    t, n, d = case.extra["place"]
    inputs = case.inputs.copy()
    inputs[t, n, d] = np.nan
    reply = cell.forward(case.but(inputs=inputs))
    later = reply.outputs[t : int(ends(case)[n]), [n]]
    for label, found in parts(reply._replace(outputs=later)):
        seen = found if label == "outputs" else found[:, [n]]
        yield identical(label, seen.value, np.full_like(seen.value, np.nan))


def _agrees_with_the_textbook(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    found, right = cell.forward(case), cell.textbook(case)
    found, right = before_the_end(case, found), before_the_end(case, right)
    yield from each_part(equal, found, right)
    if cell.signature.offers(Capability.BACKWARD):
        case = unpulled(case)
        yield from each_part(equal, cell.backward(case), cell.textbook_gradients(case))


LAWS = (
    float64_is_double,
    float32_stays_inside_its_budget,
    large_inputs_stay_finite,
    nan_is_not_hidden,
)
