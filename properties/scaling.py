"""Factors, signs and constants may be moved from one place to another."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Kind, Params, Reply
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import STATES, calls, each_part

GRID = 2.0**8  # biases are made multiples of 1/GRID, so that their sums are exact
CLOSE, FAR = 20, 40  # the largest power of two that a law scales by


def _power(most: int, number: int) -> float:
    """Return 2, ½, 4, ¼ and so on, up to ``most`` factors of two."""
    size = 1 + number // 2 % most
    return 2.0 ** (-size if number % 2 else size)


def _without_biases(cell: MeasuredCell, case: Case) -> Case:
    none = [
        p._replace(bias_ih=_times_0(p.bias_ih), bias_hh=_times_0(p.bias_hh))
        for p in cell.canonical(case)
    ]
    return cell.planted(case, none)


def _with_short_biases(cell: MeasuredCell, case: Case) -> Case:
    """Round biases to few bits."""

    def short(bias: Array | None) -> Array | None:
        return None if bias is None else np.round(bias * GRID) / GRID

    params = (
        p._replace(bias_ih=short(p.bias_ih), bias_hh=short(p.bias_hh))
        for p in cell.canonical(case)
    )
    return cell.planted(case, [*params])


def _times_0(bias: Array | None) -> Array | None:
    return None if bias is None else np.zeros_like(bias)


@law(
    "f(x, b_ih, b_hh) = f(x, b_ih + b_hh, 0), and ∂L/∂b_ih = ∂L/∂b_hh",
    cases=Cases(bias=True, time=(1, 9), then=_with_short_biases, most=8),
    requires=Capability.LAYOUT | Capability.BIAS,
    catches=("recurrent-bias-ignored", "second-bias-gets-half"),
)
def only_the_sum_of_biases_matters(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Both biases are added to the same pre-activation; there are two by custom.

    The candidate of a GRU whose reset gate comes after the product is the exception:
    its recurrent bias is multiplied by the gate, and stays where it is here.
    Source: Cho et al. (2014); PyTorch's documentation of GRU.
    """
    kind, params = cell.signature.kind, cell.canonical(case)
    if not cell.book.layout.summed:
        return
    moved = cell.planted(case, [_gathered(p, kind) for p in params])
    for call in calls(cell):
        yield from each_part(equal, call(moved), call(case))
    if cell.signature.offers(Capability.BACKWARD):
        for p in cell.canonical_gradients(case, cell.backward(case)):
            first, second = (b[: _movable(p, kind)] for b in _biases(p))
            yield equal("gradient of both biases", first, second)


@law(
    "f(λ x, W_ih) = f(x, λ W_ih) for λ = 2^k, y and s_T identically",
    cases=Cases(
        batch_first=None,
        time=(1, 17),
        half=False,
        extra={"factor": lambda _, number: _power(CLOSE, number)},
        most=8,
    ),
    requires=Capability.LAYOUT,
    catches=("inputs-are-clipped", "inputs-are-normalised"),
)
def scaling_inputs_into_weights(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Inputs are seen through the input weights alone, so a factor can sit in either.

    A power of two changes exponents and rounds nothing.
    """
    factor, first = case.extra["factor"], case.spec.directions
    params = cell.canonical(case)
    heavy = [p._replace(weight_ih=p.weight_ih * factor) for p in params[:first]]
    weighted = cell.planted(case, [*heavy, *params[first:]])
    scaled = case.but(inputs=case.inputs * case.inputs.dtype.type(factor))
    yield from each_part(identical, cell.forward(scaled), cell.forward(weighted))
    if cell.signature.offers(Capability.BACKWARD):
        found, right = cell.backward(scaled), cell.backward(weighted)
        yield equal("gradient of inputs", found.inputs * factor, right.inputs)
        for name, g, r in zip(STATES, found.state, right.state, strict=False):
            yield equal(f"gradient of {name}", g, r)


@law(
    "f(−x, −s) = −f(x, s) where b = 0",
    cases=Cases(batch_first=None, time=(1, 17), then=_without_biases, most=12),
    requires=Capability.LAYOUT,
    kinds={Kind.RNN_TANH},
    catches=("activation-is-lopsided",),
)
def tanh_rnn_is_odd(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Sums and tanh are odd functions, and so is what is made of them.

    The gradients of inputs and state are then even.
    """
    state = None if case.state is None else tuple(-s for s in case.state)
    turned = case.but(inputs=-case.inputs, state=state)
    found, right = cell.forward(turned), cell.forward(case)
    negative = right._replace(
        outputs=-right.outputs, state=tuple(-s for s in right.state)
    )
    yield from each_part(equal, found, negative)
    if cell.signature.offers(Capability.BACKWARD):
        pulled = (cell.backward(c)._replace(params={}) for c in (turned, case))
        yield from each_part(equal, *pulled, where=", both signs")


@law(
    "f(λ x, λ s) = λ f(x, s) identically where b = 0, for λ = 2^k",
    cases=Cases(
        batch_first=None,
        scales=(0, 1, 2),
        half=False,  # their range is narrower
        extra={"factor": lambda _, number: _power(FAR, number)},
        then=_without_biases,
        most=24,
    ),
    requires=Capability.LAYOUT,
    kinds={Kind.RNN_RELU},
    catches=(
        "outputs-are-capped",
        "small-outputs-are-cut",
        "relu-is-smooth",
        "tanh-in-place-of-relu",
    ),
)
def relu_rnn_is_homogeneous(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Nothing in a ReLU network tells large from small: it has no scale of its own.

    A cap shows for large factors, a threshold for small ones.  Gradients of inputs
    and state do not change at all.  Source: Neyshabur, Salakhutdinov & Srebro (2015).
    """
    factor = case.inputs.dtype.type(case.extra["factor"])
    state = None if case.state is None else tuple(factor * s for s in case.state)
    scaled = case.but(inputs=factor * case.inputs, state=state)
    found, right = cell.forward(scaled), cell.forward(case)
    yield from each_part(identical, found, _scaled(right, factor))
    if cell.signature.offers(Capability.BACKWARD):
        pulled = (cell.backward(c)._replace(params={}) for c in (scaled, case))
        yield from each_part(identical, *pulled, where=", both scales")


def _scaled(reply: Reply, factor: Any) -> Reply:
    """Return plain arrays that are ``factor`` times those of a measured reply."""

    def times(measured: Any) -> Array:
        return np.asarray(measured.value * factor)

    return Reply(times(reply.outputs), tuple(times(s) for s in reply.state))


def _movable(p: Params, kind: Kind | None) -> int:
    """Return the rows whose two biases are added up: a GRU's candidate has none."""
    return len(p.weight_hh) * 2 // 3 if kind is Kind.GRU else len(p.weight_hh)


def _biases(p: Params) -> list[Any]:
    return [b for b in (p.bias_ih, p.bias_hh) if b is not None]


def _gathered(p: Params, kind: Kind | None) -> Params:
    """Return parameters with both biases in the first, where that is their sum."""
    first, second = _biases(p)
    rows = np.arange(len(first)) < _movable(p, kind)
    return p._replace(
        bias_ih=first + np.where(rows, second, 0), bias_hh=np.where(rows, 0, second)
    )


LAWS = (
    only_the_sum_of_biases_matters,
    scaling_inputs_into_weights,
    tanh_rnn_is_odd,
    relu_rnn_is_homogeneous,
)
