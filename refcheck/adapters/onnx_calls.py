"""What goes into an ONNX model for a case, and what its outputs mean.

    X (T, N, D)   Y (T, directions, N, H)   initial_h, Y_h (directions, N, H)

A graph may have joined the directions of Y, and may have the batch axis first.  A node
that reads in reverse gets each row turned about, up to its length, and its outputs are
turned back: it is held to the laws as the mirror image of itself.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from refcheck.adapters.arrays import AnswerError, copied, described, handed
from refcheck.adapters.onnx_models import Model
from refcheck.adapters.onnx_operator import STATES, Operator
from refcheck.case import Case
from refcheck.cell import Array, Reply

Arrays = Mapping[str, Array]  # by slot


def given(operator: Operator, model: Model, case: Case) -> dict[str, Array]:
    """Return what enters the node, by slot, in memory of its own."""
    turned = mirrored(case.inputs, case.lengths) if operator.reverse else case.inputs
    arrays = {"X": turned} | dict(case.params)
    arrays |= dict(zip(STATES, case.state or (), strict=False))
    first = {"X"} if model.batch_first else set()
    first |= set(STATES) if model.states_too else set()
    swapped = {n: a.swapaxes(0, 1) if n in first else a for n, a in arrays.items()}
    laid_out = {name: handed(array, case.strides) for name, array in swapped.items()}
    if case.lengths is not None or "sequence_lens" in model.demanded:
        full = np.full(case.batch, case.time)
        lengths = full if case.lengths is None else case.lengths
        laid_out["sequence_lens"] = lengths.astype(np.int32)
    return laid_out


def feeds(model: Model, arrays: Arrays) -> dict[str, Array]:
    """Return the inputs of the graph, by its own names."""
    return {model.names[slot]: array for slot, array in arrays.items()}


def reply(
    operator: Operator, model: Model, case: Case, outputs: Sequence[Array]
) -> Reply:
    """Return copies of what came back, in canonical form.

    Raises:
        AnswerError: if it is not Y and the final state.
    """
    y, *state = map(copied, outputs)
    if y.ndim not in {3, 4} or len(state) != operator.states:
        message = (
            f"the model returned {described(tuple(outputs))}, "
            f"expected Y and {operator.states} final states"
        )
        raise AnswerError(message)
    if y.ndim == 4 and model.batch_first:  # (N, T, directions, H)
        y = np.moveaxis(y, 0, 2)
    if y.ndim == 4:  # (T, directions, N, H)
        y = np.moveaxis(y, 1, 2)
        y = y.reshape(*y.shape[:2], y.shape[2] * y.shape[3])
    elif model.batch_first:
        y = y.swapaxes(0, 1)
    if operator.reverse:
        y = mirrored(y, case.lengths)
    turned = [s.swapaxes(0, 1) for s in state] if model.states_too else state
    return Reply(y, tuple(turned))


def left(model: Model, case: Case, arrays: Arrays) -> dict[str, Array]:
    """Return the arguments of ``case`` as the runtime left them."""
    found = {f"params.{name}": arrays[name] for name in case.params}
    for k, (slot, _) in enumerate(zip(STATES, case.state or (), strict=False)):
        array = arrays[slot]
        found[f"state.{k}"] = array.swapaxes(0, 1) if model.states_too else array
    return found


def mirrored(array: Array, lengths: Array | None) -> Array:
    """Return (T, N, …) with each row turned about in time, up to its length."""
    if lengths is None:
        return array[::-1]
    steps = np.arange(len(array))[:, None]
    back = np.where(steps < lengths, lengths - 1 - steps, steps)
    turned: Array = np.take_along_axis(array, back[:, :, None], axis=0)
    return turned
