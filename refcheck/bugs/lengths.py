"""Rows of unequal length that are mixed up, or end where they should not."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.padding import BACK, LENGTHS, OUT, lasts, masked
from refcheck.bugs.planted import planted, remembering
from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Kind, Reply, State
from refcheck.reference.cell import ReferenceCell


def longest_first(case: Case) -> Any:
    """Return the rows in the order of falling lengths."""
    return np.argsort(-lasts(case), kind="stable")


def _sorted_outputs(case: Case, reply: Reply) -> Reply:
    return reply._replace(outputs=reply.outputs[:, longest_first(case)])


def _unsorted_states(case: Case) -> Case:
    if case.state is None:
        return case
    back = np.argsort(longest_first(case))
    return case.but(state=tuple(s[:, back] for s in case.state))


def _sorted_state_gradient(case: Case, found: Gradients) -> Gradients:
    order = longest_first(case)
    return found._replace(state=tuple(g[:, order] for g in found.state))


def _only_below(kind: Kind) -> dict[str, Any]:
    """Plant layers above the first that run on into the padding, which is zeros."""
    layers: list[int] = [0]

    def below(y: Any, case: Case, layer: int, k: int) -> Any:
        layers[0] = layer
        return y

    def held(read: Any, new: State, old: State) -> State:
        if read is None or layers[0]:
            return new
        return tuple(np.where(read, a, b) for a, b in zip(new, old, strict=True))

    return {"below": below, "held": held}


def _only_above(kind: Kind) -> dict[str, Any]:
    """Plant layers below the last that read the padding."""
    lowest: list[bool] = [False]

    def below(y: Any, case: Case, layer: int, k: int) -> Any:
        lowest[0] = layer < case.spec.num_layers - 1
        return y

    def is_read(t: int, lengths: Any, *, reverse: bool) -> Any:
        return None if lengths is None or lowest[0] else (t < lengths)[:, None]

    return {"below": below, "is_read": is_read}


def _empty_rows_too(t: int, lengths: Any, *, reverse: bool) -> Any:
    return None if lengths is None else ((t < lengths) | (lengths == 0))[:, None]


def _empty_rows_lost(case: Case, reply: Reply) -> Reply:
    empty = (lasts(case) == 0)[:, None]
    return reply._replace(state=tuple(np.where(empty, 0, s) for s in reply.state))


def _empty_rows_unpulled(case: Case, found: Gradients) -> Gradients:
    empty = (lasts(case) == 0)[:, None]
    return found._replace(state=tuple(np.where(empty, 0, g) for g in found.state))


def _padding_counted(kind: Kind) -> dict[str, Any]:
    textbook = ReferenceCell(kind)

    def pulled(case: Case, found: Gradients) -> Gradients:
        return found._replace(params=textbook.backward(case.but(lengths=None)).params)

    return {"pulled": pulled}


BUGS = (
    Bug(
        "rows-come-back-sorted",
        "Rows are sorted by length, and the outputs are not put back.",
        CELLS,
        planted(ended=_sorted_outputs),
        ("https://github.com/microsoft/onnxruntime/issues/1400",),
        needs=LENGTHS | Capability.BATCH,
    ),
    Bug(
        "state-not-sorted-with-its-rows",
        "Rows are sorted by length, their initial states are not.",
        CELLS,
        planted(given=_unsorted_states),
        ("https://github.com/PaddlePaddle/Paddle/issues/5421",),
        needs=LENGTHS | Capability.BATCH | Capability.INITIAL_STATE,
    ),
    Bug(
        "state-gradient-comes-back-sorted",
        "The gradients of the initial states stay sorted by length.",
        CELLS,
        planted(pulled=_sorted_state_gradient),
        needs=BACK | Capability.BATCH | Capability.INITIAL_STATE,
    ),
    Bug(
        "upper-layers-know-no-lengths",
        "Lengths reach the first layer alone: others run on over what are zeros.",
        CELLS,
        remembering(_only_below),
        ("https://github.com/deeplearning4j/deeplearning4j/issues/4631",),
        needs=OUT | Capability.STACKS,
    ),
    Bug(
        "padding-read-below-the-last-layer",
        "Lengths reach the last layer alone: others read the padding.",
        CELLS,
        remembering(_only_above),
        needs=OUT | Capability.STACKS,
    ),
    Bug(
        "padding-enters-the-weight-gradient",
        "The gradient of the parameters runs over the padded steps too.",
        CELLS,
        remembering(_padding_counted),
        needs=BACK,
    ),
    Bug(
        "empty-row-ends-at-the-padded-end",
        "The final state is looked up at length − 1, which for 0 is the last step.",
        CELLS,
        planted(is_read=_empty_rows_too, ended=masked),
        (
            "https://github.com/tensorflow/tensorflow/issues/43103",
            "https://github.com/microsoft/onnxruntime/pull/28052",
        ),
        needs=OUT,
    ),
    Bug(
        "empty-row-loses-its-state",
        "The final state of a row of length 0 is 0.",
        CELLS,
        planted(ended=_empty_rows_lost),
        needs=OUT,
    ),
    Bug(
        "empty-row-loses-its-gradient",
        "Rows of length 0 are left out of the backward pass, their states with them.",
        CELLS,
        planted(pulled=_empty_rows_unpulled),
        ("https://github.com/jax-ml/jax/issues/17966",),
        needs=BACK | Capability.INITIAL_STATE,
    ),
)
