"""Axes that are lost, exchanged or misread, on the way in and on the way out."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.planted import Plant, planted
from refcheck.bugs.state import ending
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Reply
from refcheck.reverse import passing

FIRST = Capability.BATCH_FIRST
OUT = Capability.FINAL_STATE
STRIDES = Capability.STRIDES


def showing(change: Callable[[Array], Any]) -> Plant:
    """Plant outputs in another shape."""
    return planted(ended=lambda _, reply: reply._replace(outputs=change(reply.outputs)))


def turned(a: Array) -> Any:
    """Return steps and rows (T, N, ·) exchanged."""
    return a.transpose(1, 0, 2)


def if_first(change: Callable[[Case], Case]) -> Plant:
    """Plant what is given where the batch comes first."""
    return planted(given=lambda case: change(case) if case.spec.batch_first else case)


def _confused(a: Array) -> Any:
    """Return (T, N, ·) with steps and rows exchanged by a reshape."""
    return turned(a).reshape(a.shape)


def _read_batch_first(case: Case) -> Case:
    if case.state is None:
        return case
    layers, rows, size = case.state[0].shape
    state = tuple(turned(s.reshape(rows, layers, size)) for s in case.state)
    return case.but(state=state)


def _ignored(case: Case) -> Case:
    square = case.time == case.batch
    return case.but(inputs=turned(case.inputs) if square else _confused(case.inputs))


def _between_layers(y: Array, case: Case, layer: int, k: int) -> Any:
    return _confused(y) if layer and case.spec.batch_first else y


def _gradient_not_turned(case: Case, reply: Reply) -> Reply:
    if not case.spec.batch_first:
        return reply
    return reply._replace(outputs=passing(reply.outputs, _confused))


def _input_gradient_reshaped(case: Case, found: Gradients) -> Gradients:
    if not case.spec.batch_first:
        return found
    return found._replace(inputs=_confused(found.inputs))


def _as_in_memory(a: Array) -> Any:
    """Return what is read of a transposed view if its strides are ignored."""
    return a.transpose(2, 1, 0).reshape(a.shape)


def _inputs_in_memory(case: Case) -> Case:
    if case.strides != "transposed":
        return case
    return case.but(inputs=_as_in_memory(case.inputs))


def _states_in_memory(case: Case) -> Case:
    if case.strides != "transposed" or case.state is None:
        return case
    return case.but(state=tuple(map(_as_in_memory, case.state)))


def _pulls_in_memory(case: Case, reply: Reply) -> Reply:
    if case.strides != "transposed":
        return reply
    return reply._replace(outputs=passing(reply.outputs, _as_in_memory))


def _read_forward(case: Case) -> Case:
    if case.strides != "reversed":
        return case
    return case.but(inputs=case.inputs[..., ::-1])


def _one_row_of_state(state: Any, reply: Reply) -> Any:
    return tuple(s[:, 0] if s.shape[1] == 1 else s for s in state)


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
    Bug(
        "batch-first-ignored",
        "The option is accepted, and rows are read as steps.",
        CELLS,
        if_first(_ignored),
        ("https://github.com/openvinotoolkit/openvino/issues/37820",),
        needs=FIRST,
    ),
    Bug(
        "batch-first-reshaped",
        "Rows and steps are exchanged by a reshape, which moves no number.",
        CELLS,
        if_first(lambda case: case.but(inputs=_confused(case.inputs))),
        needs=FIRST,
    ),
    Bug(
        "batch-first-forgotten-between-layers",
        "Layers above the first exchange rows and steps once too often.",
        CELLS,
        planted(below=_between_layers),
        ("https://github.com/exe1023/LSTM_LN/issues/1",),
        needs=FIRST | Capability.STACKS,
    ),
    Bug(
        "state-read-batch-first",
        "Where the batch comes first the state is read so, too.",
        CELLS,
        if_first(_read_batch_first),
        ("https://github.com/hunkim/PyTorchZeroToAll/issues/16",),
        needs=FIRST | Capability.INITIAL_STATE,
    ),
    Bug(
        "batch-first-gradient-not-turned",
        "The gradient of the outputs is not brought to time first.",
        CELLS,
        planted(ended=_gradient_not_turned),
        ("https://github.com/pytorch/pytorch/pull/95137",),
        needs=FIRST | Capability.BACKWARD,
    ),
    Bug(
        "batch-first-gradient-reshaped",
        "The gradient of the inputs goes back by a reshape.",
        CELLS,
        planted(pulled=_input_gradient_reshaped),
        needs=FIRST | Capability.BACKWARD,
    ),
    Bug(
        "strides-are-ignored",
        "Inputs are read as they lie in memory.",
        CELLS,
        planted(given=_inputs_in_memory),
        needs=STRIDES,
    ),
    Bug(
        "strides-of-the-state-ignored",
        "States are read as they lie in memory.",
        CELLS,
        planted(given=_states_in_memory),
        ("https://github.com/fastai/fastai2/pull/141",),
        needs=STRIDES | Capability.INITIAL_STATE,
    ),
    Bug(
        "strides-of-the-gradient-ignored",
        "Gradients of the outputs are read as they lie in memory.",
        CELLS,
        planted(ended=_pulls_in_memory),
        ("https://github.com/pytorch/pytorch/issues/619",),
        needs=STRIDES | Capability.BACKWARD,
    ),
    Bug(
        "reversed-views-read-forward",
        "A negative stride is taken for a positive one.",
        CELLS,
        planted(given=_read_forward),
        needs=STRIDES,
    ),
)
