"""Each step from what the target itself showed, so that no error adds up.

Over many steps the worst that rounding may do grows out of proportion, and in a chaotic
cell without any bound.  From one state that was shown to the next it stays as small as
in one step, and so it does from one gradient that was shown to the one before.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from refcheck import conditioned
from refcheck.case import Case
from refcheck.cell import Capability, Gradients
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.oracle import share_of
from refcheck.rounding import DOUBLE, Measured
from refcheck.strategies import Cases

from .parts import each_part

SHOWN = Cases(
    batch_first=None,
    time=(1, 65),
    hidden=(1, 8),
    lengths=False,
    layers=False,
    directions=False,
    most=10,
    first=("17 steps", "float32", "saturating", "33 steps", "large inputs"),
)
NEEDS = Capability.LAYOUT | Capability.SEQUENCE


def _transparent(cell: MeasuredCell, case: Case) -> Case:
    """Return the case with an input for each pre-activation, which reads it alone."""
    gates = cell.book.kind.gates * case.spec.hidden_size
    spec = replace(case.spec, input_size=gates)
    (params,) = cell.canonical(case)
    inputs = np.resize(case.inputs, (case.time, case.batch, gates))
    weight = np.eye(gates, dtype=spec.dtype)
    wide = case.but(spec=spec, inputs=inputs)
    return cell.planted(wide, [params._replace(weight_ih=weight)])


@law(
    "y_t = the textbook's step from the target's own y_(t-1)",
    cases=SHOWN,
    requires=NEEDS,
    catches=("wrong-from-the-ninth-step-on-by-little",),
)
def many_steps_agree_step_by_step(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What a step may be off by does not depend on how many steps came before.

    The step starts from what was returned, which may have been kept more precisely, so
    one rounding of it is allowed; c is not seen, and has the textbook's recursion.
    """
    cell = cell.scanned()
    reply = cell.forward(case)
    right = conditioned.forward(cell.book, case, reply.outputs.value)
    yield from each_part(_within_a_step, reply, right.reply)


@law(
    "W_ih = I: ∂L/∂x_t, ∂L/∂θ, ∂L/∂s_0 = the textbook's from the target's own ∂L/∂x_t′",
    cases=replace(SHOWN, then=_transparent),
    requires=NEEDS | Capability.BACKWARD | Capability.RESIZABLE,
    catches=("gradient-wrong-from-the-ninth-step-back-by-little",),
)
def gradients_agree_step_by_step(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """With an input for each pre-activation, ∂L/∂x_t is ∂L/∂a_t, bit for bit.

    Each step back can then start from the gradient that the target itself returned for
    the step after it, so that nothing adds up: a cell whose gradients explode is held
    as tightly as any.  What it returns while it records gradients may be rounded in
    another way than what it returns otherwise: oneDNN has kernels for each.
    """
    cell = cell.scanned()
    recording = cell.signature.offers(Capability.CHAINS)
    reply = cell.with_gradients(case) if recording else cell.forward(case)
    outputs, found = reply.outputs.value, cell.backward(case)
    tapes = conditioned.forward(cell.book, case, outputs).tapes
    right = conditioned.backward(cell.book, case, tapes, found.inputs.value)
    params = cell.book.own_gradients(case.spec, right.params)
    steps = Gradients(params, right.inputs, right.state)
    yield from each_part(_within_a_step, found, steps)


def _within_a_step(label: str, found: Measured, right: Measured) -> Claim:
    """Claim equality within the budget of one step, not the end-to-end one of found.

    The textbook was run in double precision, which is as coarse as a float64 target.
    """
    own = share_of(DOUBLE.u, right) * right.allowance
    return equal(
        label, Measured(found.value, right.allowance), right.of(right.wide, own)
    )


LAWS = (many_steps_agree_step_by_step, gradients_agree_step_by_step)
