"""Axes that are lost on the way out."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.final_state import ending
from refcheck.bugs.layouts import turned
from refcheck.bugs.planted import Plant, planted
from refcheck.case import Case
from refcheck.cell import Array, Capability, Reply

OUT = Capability.FINAL_STATE


def showing(change: Callable[[Array], Any]) -> Plant:
    """Plant outputs in another shape."""
    return planted(ended=lambda _, reply: reply._replace(outputs=change(reply.outputs)))


def _one_row_of_state(state: Any, reply: Reply) -> Any:
    return tuple(s[:, 0] if s.shape[1] == 1 else s for s in state)


def _last_alone(case: Case, reply: Reply) -> Reply:
    if case.lengths is None:
        return reply
    last = np.maximum(case.lengths - 1, 0)
    return reply._replace(outputs=reply.outputs[last, np.arange(case.batch)])


BUGS = (
    Bug(
        "outputs-come-batch-first",
        "Outputs have the batch first, though nobody has asked for it.",
        CELLS,
        showing(lambda y: y.transpose(1, 0, 2)),
        ("https://github.com/pytorch/pytorch/issues/80306",),
    ),
    Bug(
        "outputs-joined-along-features",
        "Outputs of all steps stand side by side on the axis of the features.",
        CELLS,
        showing(lambda y: turned(y).reshape(1, y.shape[1], -1)),
        ("https://github.com/huggingface/candle/pull/2542",),
    ),
    Bug(
        "last-output-alone-with-lengths",
        "With lengths the last output of each row is returned, not all of them.",
        CELLS,
        planted(ended=_last_alone),
        ("https://github.com/tflearn/tflearn/issues/227",),
        needs=Capability.LENGTHS,
    ),
    Bug(
        "one-row-is-squeezed",
        "A batch of one loses its axis in the outputs.",
        CELLS,
        showing(lambda y: y[:, 0] if y.shape[1] == 1 else y),
        (
            "https://github.com/salesforce/pytorch-qrnn/issues/11",
            "https://github.com/webmachinelearning/webnn/issues/889",
        ),
    ),
    Bug(
        "one-step-is-squeezed",
        "A sequence of one step loses its axis in the outputs.",
        CELLS,
        showing(lambda y: y[0] if len(y) == 1 else y),
        ("https://github.com/microsoft/CNTK/issues/3019",),
    ),
    Bug(
        "state-of-one-row-is-squeezed",
        "A batch of one loses its axis in the final state.",
        CELLS,
        ending(_one_row_of_state),
        ("https://github.com/bentrevett/pytorch-sentiment-analysis/issues/41",),
        needs=OUT,
    ),
    Bug(
        "h-alone-comes-back",
        "Only h comes back.",
        LSTMS,
        ending(lambda state, _: state[:1]),
        needs=OUT,
    ),
    Bug(
        "state-comes-back-row-by-row",
        "The final state is unpacked along an axis: each layer is a state of its own.",
        CELLS,
        ending(lambda state, _: tuple(s[0] for s in state)),
        ("https://github.com/tensorflow/tensorflow/issues/74475",),
        needs=OUT,
    ),
    Bug(
        "state-broadcast-against-the-weights",
        "Products with the recurrent weights are elementwise, and broadcast the state.",
        CELLS,
        ending(
            lambda state, _: tuple(s[..., None] + np.zeros(s.shape[-1]) for s in state)
        ),
        needs=OUT,
    ),
)
