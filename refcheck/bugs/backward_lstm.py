"""One step of an LSTM back: a right step whose derivative is another one's."""

from typing import Any

import numpy as np

from refcheck.bugs.backward import BACK, pulling
from refcheck.bugs.bug import LSTMS, Bug
from refcheck.bugs.planted import stepping
from refcheck.bugs.steps import memory, show
from refcheck.cell import Array
from refcheck.reverse import pulled_as, untraced


def _clipped_straight(*gates: Array) -> Any:
    c = memory(*gates)
    return pulled_as(np.clip(untraced(c), -10, 10), c)


def _exchanged(i: Array, f: Array, g: Array, o: Array, c: Array) -> Any:
    """Return what has the derivative of f c + i g with i and f exchanged."""
    i_, f_, g_, c_ = map(untraced, (i, f, g, c))
    return i * g_ + f_ * g + f * c_ + i_ * c


BUGS = (
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
)
