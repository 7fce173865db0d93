"""Axes that are exchanged or misread: the batch first, and strides."""

from collections.abc import Callable
from typing import Any

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.planted import Plant, planted
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Reply
from refcheck.reverse import passing

FIRST = Capability.BATCH_FIRST


STRIDES = Capability.STRIDES


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


def _rows_as_steps(case: Case) -> Case:
    if not case.spec.batch_first:
        return case
    return case.but(inputs=turned(case.inputs), lengths=None)


def _steps_as_rows(case: Case, reply: Reply) -> Reply:
    if not case.spec.batch_first:
        return reply
    return reply._replace(outputs=turned(reply.outputs))


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


BUGS = (
    Bug(
        "batch-first-ignored",
        "The option is accepted, and rows are read as steps.",
        CELLS,
        planted(given=_rows_as_steps, ended=_steps_as_rows),
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
