"""One step back: a right step whose derivative is another one's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.activations import RELU, TANH
from refcheck.bugs.bug import CELLS, GATED, GRUS, LSTMS, RNNS, Bug
from refcheck.bugs.numerics import sloped
from refcheck.bugs.planted import remembering, stepping
from refcheck.bugs.steps import STEPS, heard, memory, mixed, recalled, show
from refcheck.cell import Array, Capability, Kind, Params, State
from refcheck.reference.activation import relu, sigmoid
from refcheck.reference.affine import affine
from refcheck.reverse import passing, pulled_as, untraced

BACK = Capability.BACKWARD


def pulling(right: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with the value of one and the derivative of another."""
    return lambda *args: pulled_as(right(*map(_plain, args)), other(*args))


def _plain(a: Any) -> Any:
    return Params(*map(untraced, a)) if isinstance(a, Params) else untraced(a)


def _clipped_straight(*gates: Array) -> Any:
    c = memory(*gates)
    return pulled_as(np.clip(untraced(c), -10, 10), c)


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


def _exchanged(i: Array, f: Array, g: Array, o: Array, c: Array) -> Any:
    """Return what has the derivative of f c + i g with i and f exchanged."""
    i_, f_, g_, c_ = map(untraced, (i, f, g, c))
    return i * g_ + f_ * g + f * c_ + i_ * c


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
    Bug(
        "cell-gradient-through-the-input-gate",
        "The gradient of c is handed on times i, not times f.",
        LSTMS,
        stepping(
            memory=pulling(
                memory, lambda i, f, g, o, c: f * untraced(c) + i * g + untraced(i) * c
            )
        ),
        needs=BACK,
    ),
    Bug(
        "input-gate-gradient-times-itself",
        "The gradient of the input gate is a product with i, not with g.",
        LSTMS,
        stepping(
            memory=pulling(
                memory, lambda i, f, g, o, c: f * c + i * untraced(i) + untraced(i) * g
            )
        ),
        ("https://github.com/wvabrinskas/Neuron/pull/181",),
        needs=BACK,
    ),
    Bug(
        "forget-gate-gradient-times-the-new-cell-state",
        "The gradient of the forget gate is a product with c after the step.",
        LSTMS,
        stepping(
            memory=pulling(
                memory,
                lambda i, f, g, o, c: (
                    f * untraced(memory(i, f, g, o, c)) + untraced(f) * c + i * g
                ),
            )
        ),
        needs=BACK,
    ),
    Bug(
        "input-and-forget-gate-exchanged-on-the-tape",
        "The step keeps i and f in one order, and its backward pass reads the other.",
        LSTMS,
        stepping(memory=pulling(memory, _exchanged)),
        ("https://github.com/ooples/AiDotNet.Tensors/pull/907",),
        needs=BACK,
    ),
    Bug(
        "memory-gets-no-gradient-from-the-output",
        "What reaches c comes from the next step alone, not from the output.",
        LSTMS,
        stepping(
            show=pulling(show, lambda o, c_next, c: o * np.tanh(untraced(c_next)))
        ),
        ("https://github.com/lhnguyen102/cuTAGI/issues/77",),
        needs=BACK,
    ),
    Bug(
        "output-gate-gradient-times-the-cell-state",
        "The gradient of the output gate is a product with c, not with tanh(c).",
        LSTMS,
        stepping(
            show=pulling(
                show,
                lambda o, c_next, c: (
                    o * untraced(c_next) + untraced(o) * np.tanh(c_next)
                ),
            )
        ),
        needs=BACK,
    ),
    Bug(
        "slope-of-the-cell-output-left-out",
        "The gradient passes the tanh of c as if it were a straight line.",
        LSTMS,
        stepping(
            show=pulling(
                show,
                lambda o, c_next, c: (
                    o * np.tanh(untraced(c_next)) + untraced(o) * c_next
                ),
            )
        ),
        needs=BACK,
    ),
    Bug(
        "output-gate-gets-no-gradient",
        "The gradient of the output gate is never computed.",
        LSTMS,
        stepping(
            show=pulling(show, lambda o, c_next, c: untraced(o) * np.tanh(c_next))
        ),
        needs=BACK,
    ),
    Bug(
        "cell-state-clipped-behind-the-gradient",
        "The cell state is clipped to ±10 behind the back of the gradient.",
        LSTMS,
        stepping(memory=_clipped_straight),
        ("https://github.com/allenai/allennlp/pull/862",),
    ),
    Bug(
        "update-gate-gradient-of-the-other-sign",
        "The gradient of the update gate is a product with n − h, not with h − n.",
        GRUS,
        stepping(
            mixed=pulling(
                mixed,
                lambda z, n, h, r: z * untraced(n - h) + mixed(untraced(z), n, h, r),
            )
        ),
        needs=BACK,
    ),
    Bug(
        "update-gate-gradient-without-the-candidate",
        "The gradient of the update gate is a product with h, not with h − n.",
        GRUS,
        stepping(
            mixed=pulling(
                mixed, lambda z, n, h, r: z * untraced(h) + mixed(untraced(z), n, h, r)
            )
        ),
        needs=BACK,
    ),
    Bug(
        "state-gradient-past-the-update-gate-lost",
        "The gradient of the state lacks what was kept: z times that of the next.",
        GRUS,
        stepping(mixed=pulling(mixed, lambda z, n, h, r: mixed(z, n, untraced(h), r))),
        needs=BACK,
    ),
    Bug(
        "state-gradient-through-the-candidate-lost",
        "The gradient of the state lacks what goes through the candidate.",
        GRUS,
        stepping(candidate=lambda x_n, h_n, r: x_n + passing(h_n, lambda g: g * 0)),
        needs=BACK,
    ),
    Bug(
        "reset-gate-gets-no-gradient",
        "The gradient of the reset gate is never computed.",
        GRUS,
        stepping(opened=lambda r, z: (untraced(r), z)),
        needs=BACK,
    ),
    Bug(
        "candidate-gradient-times-the-update-gate",
        "The gradient of the candidate is handed on times z, not times 1 − z.",
        GRUS,
        stepping(
            mixed=pulling(
                mixed,
                lambda z, n, h, r: mixed(z, untraced(n), h, r) + untraced(z) * n,
            )
        ),
        needs=BACK,
    ),
)
