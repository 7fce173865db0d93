"""Where every operation is exact, every right implementation is, to the last bit.

Numbers of few bits whose products and sums need no rounding, and activations at 0,
where tanh(0) = 0 and σ(0) = 1/2: no order of summation and no fused operation changes
a bit there, so that nothing is allowed.  A step of 1e-6 on a gate, a gradient that is
scaled by a part in a million: what a tolerance must let through shows here.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Kind, Params, Reply
from refcheck.law import Claim, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part
from .row_ends import before_the_end, unpulled

BOUNDED = (Kind.RNN_TANH, Kind.LSTM, Kind.GRU, Kind.GRU_RESET_BEFORE)
FEW = Cases(
    batch_first=None,
    layers=False,
    time=(1, 3),
    hidden=(1, 3),
    batch=(1, 4),
    most=12,
    half=False,
    first=(
        "generic",
        "float32",
        "one row",
        "both directions",
        "no lengths",
        "one step",
    ),
)


def _halves(array: Array) -> Array:
    """Return an array of 0, ±1/2, ±1, ±3/2 that follows the drawn one."""
    largest = float(np.max(abs(array), initial=0.0)) or 1.0
    return np.asarray(np.round(array / largest * 3) / 2, array.dtype)


def _pulls(case: Case) -> dict[str, Any]:
    return {
        "grad_outputs": _halves(case.grad_outputs),
        "grad_state": tuple(_halves(g) for g in case.grad_state),
    }


def _zeros(arrays: Any) -> Any:
    return None if arrays is None else tuple(np.zeros_like(a) for a in arrays)


def _params(cell: MeasuredCell, case: Case, change: Any) -> Case:
    """Return the case with ``change`` applied to each of the textbook's parameters."""
    every = [
        Params(
            *(None if a is None else change(name, a) for name, a in p._asdict().items())
        )
        for p in cell.canonical(case)
    ]
    return cell.planted(case, every)


def _at_rest(cell: MeasuredCell, case: Case) -> Case:
    """Inputs, state and biases of zero: nothing ever moves, gradients still flow."""
    moved = _params(
        cell, case, lambda n, a: _halves(a) if n.startswith("weight") else 0 * a
    )
    still = {"inputs": np.zeros_like(case.inputs), "state": _zeros(case.state)}
    return unpulled(moved.but(**still, **_pulls(case)))


def _without_weights(cell: MeasuredCell, case: Case) -> Case:
    """Parameters of zero: each gate stands at one half, whatever is read."""
    state = case.state and tuple(_halves(s) for s in case.state)
    moved = _params(cell, case, lambda _, a: 0 * a)
    moved = moved.but(inputs=_halves(case.inputs), state=state, **_pulls(case))
    if cell.signature.kind is not Kind.LSTM:
        return unpulled(moved)
    # tanh(c) is not exact: only c is read, and only c is pulled
    h, c = moved.state or (None, None)
    pull_h, pull_c = moved.grad_state
    return moved.but(
        state=None if c is None else (0 * h, c),
        grad_outputs=0 * moved.grad_outputs,
        grad_state=(0 * pull_h, pull_c),
    )


def _in_integers(cell: MeasuredCell, case: Case) -> Case:
    """Even weights and biases of odd sums: no pre-activation is 0, where ReLU bends."""

    def whole(name: str, a: Array) -> Array:
        odd = 1 if name == "bias_ih" else 0
        return np.asarray(2 * np.round(_halves(a) / 2) + odd, a.dtype)

    moved = _params(cell, case, whole)
    state = case.state and tuple(np.round(_halves(s)) for s in case.state)
    inputs = np.round(_halves(case.inputs) / 2)
    return unpulled(moved.but(inputs=inputs, state=state, **_pulls(case)))


@law(
    "x = s_0 = b = 0: y = s_T = 0, and every gradient is the textbook's, bit for bit",
    cases=replace(FEW, then=_at_rest),
    requires=Capability.LAYOUT | Capability.BACKWARD,
    kinds=BOUNDED,
    catches=("gradients-a-millionth-too-large", "sigmoid-off-by-a-millionth"),
)
def rest_is_exact(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """At rest tanh is 0 with slope 1, and σ is 1/2 with slope 1/4.

    What is left of backpropagation is a product of the weights with powers of two:
    which block of W_hh is transposed, and at which step, shows without rounding.
    """
    yield from _identical_as_read(cell.forward(case), cell.textbook(case), case)
    found = cell.backward(case)
    yield from _identical(found, cell.textbook_gradients(case), case)


@law(
    "θ = 0: what the gates at one half keep, and its gradients, bit for bit",
    cases=replace(FEW, then=_without_weights),
    requires=Capability.LAYOUT | Capability.BACKWARD | Capability.FINAL_STATE,
    kinds=BOUNDED,
    catches=("forget-gate-off-by-a-millionth", "a-ten-millionth-on-the-state"),
)
def half_open_gates_are_exact(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Without weights a gate stands at 1/2: states are halved, step by step.

    An LSTM is asked of c alone, since tanh(c) is rounded.
    """
    reply, right = cell.forward(case), cell.textbook(case)
    found, pulled = cell.backward(case), cell.textbook_gradients(case)
    if cell.signature.kind is Kind.LSTM:
        yield _same("c", reply.state[1], right.state[1], case)
        found, pulled = _unread(cell, case, found), _unread(cell, case, pulled)
        yield from _identical(found, pulled, case)
        return
    yield from _identical_as_read(reply, right, case)
    yield from _identical(found, pulled, case)


@law(
    "integers through a ReLU: every output, state and gradient, bit for bit",
    cases=replace(FEW, bias=True, then=_in_integers),
    requires=Capability.LAYOUT | Capability.BACKWARD,
    kinds=(Kind.RNN_RELU,),
    catches=(
        "gradients-a-millionth-too-large",
        "results-a-millionth-too-large",
        "a-ten-millionth-on-the-state",
    ),
)
def integers_stay_integers(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Sums of products of small integers are exact, and ReLU keeps them.

    Pre-activations are odd, so that none stands at 0, where slopes are a convention.
    """
    yield from _identical_as_read(cell.forward(case), cell.textbook(case), case)
    found = cell.backward(case)
    yield from _identical(found, cell.textbook_gradients(case), case)


def _identical_as_read(found: Reply, right: Reply, case: Case) -> Iterator[Claim]:
    """Claim identity, but of what stands past the end of rows."""
    found, right = before_the_end(case, found), before_the_end(case, right)
    yield from _identical(found, right, case)


def _identical(found: Any, right: Any, case: Case) -> Iterator[Claim]:
    yield from each_part(lambda label, a, b: _same(label, a, b, case), found, right)


def _unread(cell: MeasuredCell, case: Case, found: Gradients) -> Gradients:
    """Return the gradients without that of W_hh, which reads h."""
    layout = cell.book.layout
    recurrent = {n for names in layout.names(case.spec) for n in names["weight_hh"]}
    params = {n: g for n, g in found.params.items() if n not in recurrent}
    return found._replace(params=params)


def _same(label: str, found: Any, right: Any, case: Case) -> Claim:
    """Claim identity with the textbook, whose result is exact in every format."""
    exact = right.value.astype(case.spec.dtype)
    return identical(label, found.value.astype(case.spec.dtype), exact)


LAWS = (rest_is_exact, half_open_gates_are_exact, integers_stay_integers)
