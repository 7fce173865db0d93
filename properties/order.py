"""The order of the inputs is information, and the state carries it one way only."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, differs, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .row_ends import before_the_end


def a_step_but_the_last(case: Case, number: int) -> int:
    """Return a step that others follow."""
    return number % (case.time - 1)


@law(
    "y[t] is identical whatever x[t+1:] is, and ∂y[t]/∂x[s] = 0 for s > t",
    cases=Cases(
        state=True,
        directions=False,
        time=(2, 65),
        extra={"t": a_step_but_the_last},
        first=("generic", "two layers", "17 steps", "33 steps"),
    ),
    requires=Capability.SEQUENCE,
    catches=(
        "inputs-read-one-step-ahead",
        "inputs-centred-over-time",
        "input-gradient-in-reversed-order",
        "upper-layers-read-one-step-ahead",
    ),
)
def no_output_sees_the_future(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What has not been read cannot matter: a cell reads from the first step on.

    Where one step of the future leaks into training, a model learns to copy it.
    """
    found, steps = before_the_end(case, cell.forward(case)), np.arange(case.time)
    for t in sorted({0, case.extra["t"], case.time - 2}):
        other = _with_other_inputs(case, steps > t)
        reply = before_the_end(other, cell.forward(other))
        where = f"outputs up to t={t}, with other inputs after it"
        yield identical(where, found.outputs[: t + 1], reply.outputs[: t + 1])
        if cell.signature.offers(Capability.BACKWARD):
            gradient = cell.backward(_heard_at(case, steps == t)).inputs[t + 1 :]
            where = f"gradient of y[{t}] for inputs after it"
            yield identical(where, gradient, np.zeros(gradient.shape, gradient.dtype))


@law(
    "the forward half of y[t] does not see x[t+1:], nor the backward half x[:t]",
    cases=Cases(
        state=True,
        directions=True,
        layers=False,
        time=(2, 33),
        extra={"t": a_step_but_the_last},
        first=("generic", "17 steps", "D = H", "33 steps"),
    ),
    requires=Capability.SEQUENCE,
    catches=(
        "backward-outputs-in-order-of-reading",
        "backward-direction-reads-forward",
        "halves-interleaved",
        "backward-direction-alone-twice",
    ),
)
def each_half_sees_one_side(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """The two directions of a layer are strangers: each has its own past.

    The backward half at t has read the inputs from the end down to t.
    Source: Schuster & Paliwal (1997).
    """
    t, half = case.extra["t"], case.spec.hidden_size
    found = before_the_end(case, cell.forward(case)).outputs
    later, steps = slice(t + 1, None), np.arange(case.time)
    sides = (
        ("forward half of the outputs", steps > t, np.s_[: t + 1, :, :half]),
        ("backward half of the outputs", steps <= t, np.s_[later, :, half:]),
    )
    for what, unseen, part in sides:
        other = _with_other_inputs(case, unseen)
        reply = before_the_end(other, cell.forward(other))
        yield identical(what, found[part], reply.outputs[part])
        if cell.signature.offers(Capability.BACKWARD):
            heard = _heard_at(case, ~unseen, part[2])
            gradient = cell.backward(heard).inputs[unseen]
            zero = np.zeros(gradient.shape, gradient.dtype)
            yield identical(f"gradient of the {what}", gradient, zero)


@law(
    "s_T(x ∘ π) ≠ s_T(x) for an exchange of the first two, a shift and a reversal π",
    cases=Cases(planted=True, directions=False, lengths=False),
    requires=Capability.SEQUENCE | Capability.FINAL_STATE,
    catches=(
        "inputs-averaged-over-time",
        "always-the-initial-state",
        "last-input-read-at-every-step",
        "inputs-sorted-over-time",
    ),
)
def order_matters(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A cell tells a sequence from a heap of inputs, and still does when it has ended.

    The final state depends on what was read first and on when it was read.
    Source: Elman (1990), "Finding structure in time".
    """
    steps = np.arange(case.time)
    orders = {
        "the first two inputs exchanged": np.r_[1, 0, steps[2:]],
        "the inputs shifted by one step": np.roll(steps, 1),
        "the inputs reversed": steps[::-1],
    }
    found = _final(cell, case)
    for what, order in orders.items():
        other = _final(cell, case.but(inputs=case.inputs[order]))
        yield differs(f"final state, with {what}", found, other)


def _with_other_inputs(case: Case, at: Any) -> Case:
    """Return the case with every input changed in the steps ``at`` (a mask)."""
    inputs = np.where(at[:, None, None], case.inputs + 1, case.inputs)
    return case.but(inputs=inputs)


def _heard_at(case: Case, steps: Any, units: slice = slice(None)) -> Case:
    """Return the case with gradients at some steps and units of the outputs alone."""
    heard = np.zeros_like(case.grad_outputs)
    heard[steps, :, units] = case.grad_outputs[steps, :, units]
    silent = tuple(np.zeros_like(g) for g in case.grad_state)
    return case.but(grad_outputs=heard, grad_state=silent)


def _final(cell: MeasuredCell, case: Case) -> Any:
    return np.stack(cell.forward(case).state)


LAWS = (
    no_output_sees_the_future,
    each_half_sees_one_side,
    order_matters,
)
