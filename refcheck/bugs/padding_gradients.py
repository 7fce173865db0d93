"""Padding that is pulled at, or that its contract says something else of."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.lines import where_read
from refcheck.bugs.padding import BACK, LENGTHS, lasts, past
from refcheck.bugs.planted import planted
from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Reply, State
from refcheck.reverse import pulled_as

CONTRACT = LENGTHS | Capability.PADDING_CONTRACT


def _selected(case: Case, found: Gradients) -> Gradients:
    rest = 0 * np.where(past(case), case.inputs, 0).sum()
    params = {name: g + rest for name, g in found.params.items()}
    return found._replace(params=params)


def _uninitialised(case: Case, reply: Reply) -> Reply:
    tail = np.arange(case.time)[:, None, None] >= np.max(lasts(case))
    return reply._replace(outputs=np.where(tail, 7, reply.outputs))


def _not_read(case: Case, reply: Reply) -> Reply:
    return reply._replace(outputs=np.where(past(case), 7, reply.outputs))


def _clipped_to_the_last(case: Case, found: Gradients) -> Gradients:
    last = np.clip(np.arange(case.time)[:, None], 0, lasts(case) - 1)
    return found._replace(inputs=found.inputs[last, np.arange(case.batch)])


def _pulling(case: Case, reply: Reply) -> Reply:
    y = reply.outputs
    ends = np.maximum(lasts(case) - 1, 0)
    last = y[ends, np.arange(case.batch)]
    held = np.where(past(case), np.broadcast_to(last, y.shape), y)
    return reply._replace(outputs=pulled_as(y, held))


def _through_the_padding(read: Any, new: State, old: State) -> State:
    right = where_read(read, new, old)
    return tuple(pulled_as(a, b) for a, b in zip(right, new, strict=True))


BUGS = (
    Bug(
        "selected-after-computing",
        "Padded steps are computed and then replaced: their gradient is 0·x.",
        CELLS,
        planted(pulled=_selected),
        needs=BACK,
    ),
    Bug(
        "padded-outputs-uninitialised",
        "Outputs past the longest row are whatever stood in memory.",
        CELLS,
        planted(ended=_uninitialised),
        ("https://github.com/microsoft/onnxruntime/pull/1193",),
        needs=CONTRACT,
    ),
    Bug(
        "padded-outputs-never-written",
        "Outputs past the end of each row are whatever stood in memory.",
        CELLS,
        planted(ended=_not_read),
        ("https://github.com/microsoft/onnxruntime/pull/1361",),
        needs=CONTRACT,
    ),
    Bug(
        "padded-outputs-hold-the-state",
        "Past the end outputs repeat the state, where zeros were declared.",
        CELLS,
        planted(shown=lambda read, h: h),
        (
            "https://github.com/keras-team/keras/issues/11472",
            "https://github.com/tensorflow/tensorflow/issues/23632",
            "https://github.com/tensorflow/tensorflow/issues/49241",
        ),
        needs=CONTRACT,
    ),
    Bug(
        "padding-gets-the-gradient-of-the-last-step",
        "Indices past the end are clipped to the last step, backward too.",
        CELLS,
        planted(pulled=_clipped_to_the_last),
        needs=BACK,
    ),
    Bug(
        "padded-outputs-pull",
        "Outputs past the end are zeros, and yet their gradients reach the last step.",
        CELLS,
        planted(ended=_pulling),
        needs=BACK,
    ),
    Bug(
        "gradient-goes-through-the-padding",
        "Forward the state is held in the padding; backward its gradient is not.",
        CELLS,
        planted(held=_through_the_padding),
        ("https://github.com/apache/mxnet/pull/15278",),
        needs=BACK,
    ),
)
