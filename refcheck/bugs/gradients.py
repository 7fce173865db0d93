"""Gradients that are lost, scaled or shared out after they were pulled back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.lines import each
from refcheck.bugs.planted import Plant, planted
from refcheck.bugs.weights import every
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients
from refcheck.reverse import pulled_as, untraced

BACK = Capability.BACKWARD


BIAS = BACK | Capability.BIAS


IN = BACK | Capability.INITIAL_STATE


OUT = BACK | Capability.FINAL_STATE


def all_of(change: Callable[[Array], Any]) -> Plant:
    """Plant a change of each gradient that is returned."""
    return planted(pulled=lambda _, found: each(found, change))


def named(name: str, change: Callable[[Array, Case], Any]) -> Plant:
    """Plant a change of the gradients of parameters whose names contain ``name``."""

    def pulled(case: Case, found: Gradients) -> Gradients:
        params = {
            own: np.asarray(change(g, case), g.dtype) if name in own else g
            for own, g in found.params.items()
        }
        return found._replace(params=params)

    return planted(pulled=pulled)


def _last_entry(g: Array, case: Case) -> Array:
    off = g.copy()
    off[-1, -1] *= 1.01
    return off


def _of_the_forget_gate(g: Array, case: Case) -> Any:
    size = case.spec.hidden_size
    forget = g[size : 2 * size]
    return np.concatenate([forget, forget, g[2 * size : 3 * size], forget])


def _state_lost(_: Case, found: Gradients) -> Gradients:
    return found._replace(state=tuple(g * 0 for g in found.state))


def _without_outputs(case: Case, found: Gradients) -> Gradients:
    return found if case.grad_outputs.any() else each(found, lambda g: g * 0)


def _halves_mixed(sides: list[Any]) -> Any:
    right, (ahead, back) = np.concatenate([*map(untraced, sides)], 2), sides
    return pulled_as(right, np.concatenate([ahead + back, back * 0], 2))


BUGS = (
    Bug(
        "gradients-a-millionth-too-large",
        "All gradients are too large by a millionth.",
        CELLS,
        all_of(lambda g: g * (1 + 1e-6)),
        needs=BACK,
    ),
    Bug(
        "gradients-off-by-one-in-a-thousand",
        "All gradients are too small by a thousandth.",
        CELLS,
        all_of(lambda g: g * (1 - 1e-3)),
        needs=BACK,
    ),
    Bug(
        "gradient-clipped-without-notice",
        "Gradients are clipped to ±5 before they are returned.",
        CELLS,
        all_of(lambda g: np.clip(g, -5, 5)),
        needs=BACK,
    ),
    Bug(
        "small-gradients-dropped",
        "Gradients below a hundredth are taken for 0.",
        CELLS,
        all_of(lambda g: np.where(abs(g) < 1e-2, 0, g)),
        needs=BACK,
    ),
    Bug(
        "last-recurrent-gradient-off",
        "One entry of the recurrent weights' gradient is wrong by a hundredth.",
        CELLS,
        named("weight_hh_l0", _last_entry),
        needs=BACK,
    ),
    Bug(
        "weight-hh-gradient-never-returned",
        "The gradient of the recurrent weights is allocated, and stays at 0.",
        CELLS,
        every(weight_hh=lambda p: untraced(p.weight_hh)),
        ("https://github.com/fastai/fastai2/pull/427",),
        needs=BACK,
    ),
    Bug(
        "recurrent-bias-gradient-lost",
        "The gradient of the recurrent bias is never computed.",
        CELLS,
        every(bias_hh=lambda p: untraced(p.bias_hh)),
        ("https://github.com/apache/mxnet/issues/17818",),
        needs=BIAS,
    ),
    Bug(
        "second-bias-gets-half",
        "The gradient of the recurrent bias is halved: it is shared out between two.",
        CELLS,
        named("bias_hh", lambda g, case: g / 2),
        needs=BIAS,
    ),
    Bug(
        "bias-gradient-copied-from-the-forget-gate",
        "The biases of input and output gate get the gradient of the forget gate's.",
        LSTMS,
        named("bias", _of_the_forget_gate),
        ("https://github.com/hanbt/learn_dl/issues/53",),
        needs=BIAS,
    ),
    Bug(
        "initial-state-gradient-lost",
        "The gradient of the initial state is never returned.",
        CELLS,
        planted(pulled=_state_lost),
        needs=IN,
    ),
    Bug(
        "final-state-gradient-ignored",
        "Gradients of the outputs alone are pulled back, not those of the state.",
        CELLS,
        planted(
            ended=lambda _, reply: reply._replace(
                state=tuple(map(untraced, reply.state))
            )
        ),
        needs=OUT,
    ),
    Bug(
        "cell-gradient-lost-at-the-seam",
        "The gradient that comes in for the final c is not looked at.",
        LSTMS,
        planted(
            ended=lambda _, reply: reply._replace(
                state=(reply.state[0], untraced(reply.state[1]))
            )
        ),
        ("https://github.com/PaddlePaddle/Paddle/issues/6970",),
        needs=OUT,
    ),
    Bug(
        "state-gradient-needs-a-gradient-of-outputs",
        "Without a gradient of the outputs, nothing is pulled back from the state.",
        CELLS,
        planted(pulled=_without_outputs),
        ("https://github.com/pytorch/pytorch/issues/96416",),
        needs=OUT,
    ),
    Bug(
        "reverse-direction-gets-the-gradient-of-the-forward-half",
        "The reverse direction reads the gradient that the forward half was given.",
        CELLS,
        planted(joined=_halves_mixed),
        ("https://github.com/apache/mxnet/pull/18203",),
        needs=BACK | Capability.DIRECTIONS,
    ),
)
