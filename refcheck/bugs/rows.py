"""Rows of a batch that see one another."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.inputs import reading
from refcheck.bugs.planted import planted, stepping
from refcheck.bugs.steps import recalled
from refcheck.case import Case
from refcheck.cell import Array, Capability, Params, Reply

ROWS = Capability.BATCH


def _picked(inputs: Array) -> Any:
    return np.eye(inputs.shape[1], dtype=inputs.dtype) @ inputs


def _averaged_alone(case: Case, reply: Reply) -> Reply:
    return reply if case.batch > 1 else _averaged(reply)


def _averaged_for_one_step(case: Case, reply: Reply) -> Reply:
    return reply if case.time * case.batch > 1 else _averaged(reply)


def _averaged(reply: Reply) -> Reply:
    y = reply.outputs
    mean = y.mean(axis=2, keepdims=True)
    return reply._replace(outputs=np.broadcast_to(mean, y.shape))


def _broadcast(params: Params, h: Array) -> Any:
    return recalled(params, h if h.shape[1] > 1 else _mean(h))


def _mean(h: Array) -> Any:
    return np.broadcast_to(h.mean(axis=0, keepdims=True), h.shape)


BUGS = (
    Bug(
        "inputs-centred-over-rows",
        "The mean over the batch is taken off the inputs.",
        CELLS,
        reading(lambda a: a - a.mean(axis=1, keepdims=True)),
        needs=ROWS,
    ),
    Bug(
        "rows-picked-by-a-product",
        "Rows are picked by a product with ones and zeros, and 0 × NaN is NaN.",
        CELLS,
        reading(_picked),
        needs=ROWS,
    ),
    Bug(
        "last-row-repeats-the-first",
        "The last row of the batch is computed from the inputs of the first.",
        CELLS,
        reading(lambda a: np.concatenate([a[:, :-1], a[:, :1]], 1)),
        needs=ROWS,
    ),
    Bug(
        "a-single-row-is-averaged",
        "A batch of one is squeezed, and a broadcast averages its units.",
        CELLS,
        planted(ended=_averaged_alone),
        needs=ROWS,
    ),
    Bug(
        "one-step-of-one-row-is-squeezed",
        "One step of one row loses its axes, and a broadcast averages its units.",
        CELLS,
        planted(ended=_averaged_for_one_step),
        ("https://github.com/ludwig-ai/ludwig/pull/1726",),
    ),
    Bug(
        "a-single-unit-is-broadcast",
        "With one hidden unit the state loses an axis, and rows are averaged.",
        CELLS,
        stepping(recalled=_broadcast),
        ("https://github.com/Lasagne/Lasagne/issues/730",),
        needs=ROWS,
    ),
)
