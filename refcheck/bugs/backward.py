"""One step back: a right step whose derivative is another one's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.activations import RELU, TANH
from refcheck.bugs.bug import CELLS, GATED, LSTMS, RNNS, Bug
from refcheck.bugs.numerics import sloped
from refcheck.bugs.planted import remembering, stepping
from refcheck.bugs.steps import STEPS, heard, recalled
from refcheck.cell import Array, Capability, Kind, Params, State
from refcheck.reference.activation import relu, sigmoid
from refcheck.reference.affine import affine
from refcheck.reverse import pulled_as, untraced

BACK = Capability.BACKWARD


def pulling(right: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with the value of one and the derivative of another."""
    return lambda *args: pulled_as(right(*map(_plain, args)), other(*args))


def _plain(a: Any) -> Any:
    return Params(*map(untraced, a)) if isinstance(a, Params) else untraced(a)


def _untransposed(params: Params, h: Array) -> Any:
    """Return what is heard of h, pulled back through W_hh of each gate transposed."""
    size = h.shape[1]
    w = untraced(params.weight_hh).reshape(-1, size, size).transpose(0, 2, 1)
    wrong = affine(h, w.reshape(-1, size), None)
    right = recalled(params, untraced(h))
    return pulled_as(right, right + wrong)


def _of_its_results(kind: Kind) -> dict[str, Any]:
    """Plant a recurrent gradient that is a product with h⁺, not with h."""

    def step(params: Params, x: Array, state: State) -> State:
        (h_next, *_) = map(untraced, STEPS[kind](params, x, state))

        def other(params: Params, h: Array) -> Any:
            fixed = params._replace(weight_hh=untraced(params.weight_hh))
            moved = affine(h_next, params.weight_hh, None)
            return pulled_as(
                recalled(_plain(params), untraced(h)), recalled(fixed, h) + moved
            )

        return STEPS[kind](params, x, state, recalled=other)

    return {"step": step}


def _of_its_outputs(kind: Kind) -> dict[str, Any]:
    """Plant an input gradient that, where D = H, is a product with h⁺, not with x."""

    def step(params: Params, x: Array, state: State) -> State:
        (h_next, *_) = map(untraced, STEPS[kind](params, x, state))

        def other(params: Params, x: Array) -> Any:
            if x.shape != h_next.shape:
                return heard(params, x)
            fixed = params._replace(weight_ih=untraced(params.weight_ih))
            moved = affine(h_next, params.weight_ih, None)
            return pulled_as(
                heard(_plain(params), untraced(x)), heard(fixed, x) + moved
            )

        return STEPS[kind](params, x, state, heard=other)

    return {"step": step}


BUGS = (
    Bug(
        "tanh-slope-left-out",
        "Gradients pass tanh as if it were a straight line.",
        TANH,
        stepping(squash=sloped(np.tanh, lambda a, y: 1)),
        needs=BACK,
    ),
    Bug(
        "tanh-slope-of-its-value",
        "The slope of tanh is taken at y = tanh(a): 1 − tanh²(y).",
        TANH,
        stepping(squash=sloped(np.tanh, lambda a, y: 1 - np.tanh(y) ** 2)),
        ("https://github.com/wvabrinskas/Neuron/pull/181",),
        needs=BACK,
    ),
    Bug(
        "tanh-slope-not-squared",
        "The slope of tanh is 1 − y, not 1 − y².",
        TANH,
        stepping(squash=sloped(np.tanh, lambda a, y: 1 - y)),
        needs=BACK,
    ),
    Bug(
        "relu-passes-gradient-where-negative",
        "Where a < 0, the slope of ReLU is 1.",
        RELU,
        stepping(squash=sloped(relu, lambda a, y: 1)),
        needs=BACK,
    ),
    Bug(
        "relu-leaks",
        "Where a < 0, the slope of ReLU is a millionth.",
        RELU,
        stepping(
            squash=sloped(relu, lambda a, y: np.where(a > 0, 1, 1e-6).astype(a.dtype))
        ),
        needs=BACK,
    ),
    Bug(
        "sigmoid-slope-without-its-second-factor",
        "The slope of the sigmoid is y, not y (1 − y).",
        GATED,
        stepping(sigma=sloped(sigmoid, lambda a, y: y)),
        ("https://github.com/CaptainE/RNN-LSTM-in-numpy/issues/1",),
        needs=BACK,
    ),
    Bug(
        "sigmoid-slope-left-out",
        "Gradients pass the sigmoid as if it were a straight line.",
        GATED,
        stepping(sigma=sloped(sigmoid, lambda a, y: 1)),
        needs=BACK,
    ),
    Bug(
        "sigmoid-slope-of-its-value",
        "The slope of the sigmoid is taken at y = σ(a): σ(y) (1 − σ(y)).",
        GATED,
        stepping(sigma=sloped(sigmoid, lambda a, y: sigmoid(y) * (1 - sigmoid(y)))),
        needs=BACK,
    ),
    Bug(
        "recurrent-weight-not-transposed",
        "Gradients go back through W_hh, not through its transpose.",
        RNNS | LSTMS,
        stepping(recalled=_untransposed),
        needs=BACK,
    ),
    Bug(
        "recurrent-gradient-times-the-new-state",
        "The gradient of the recurrent weights is a product with the state after it.",
        RNNS | LSTMS,
        remembering(_of_its_results),
        ("https://github.com/wvabrinskas/Neuron/pull/181",),
        needs=BACK,
    ),
    Bug(
        "input-weight-gradient-times-the-outputs",
        "Where D = H, the gradient of the input weights is a product with the outputs.",
        CELLS,
        remembering(_of_its_outputs),
        ("https://github.com/apache/mxnet/issues/17898",),
        needs=BACK,
    ),
)
