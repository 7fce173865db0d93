"""Stacks of layers, read in one direction or in both: a whole recurrent network.

Layer l + 1 reads the outputs of layer l.  With both directions a layer runs twice, over
the same inputs, and its outputs stand side by side: forward (T, N, H), then reverse.
Parameters and states are ordered as in PyTorch: l0, l0_reverse, l1, l1_reverse, …

Source: Schuster & Paliwal (1997), "Bidirectional recurrent neural networks".
"""

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np

from refcheck.cell import Array, Kind, Params, Reply, State, Textbook
from refcheck.errors import RefcheckError
from refcheck.reference.bptt import Tape, unroll, unroll_back
from refcheck.reference.equations import EQUATIONS, Equations

Tapes = Sequence[Sequence[Tape]]  # by layer, then by direction


def forward(
    kind: Kind,
    params: Sequence[Params],
    inputs: Array,
    state: State | None = None,
    lengths: Array | None = None,
    *,
    directions: int = 1,
    reverse: bool = False,
    equations: Equations | None = None,
) -> tuple[Reply, Tapes]:
    """Return outputs (T, N, directions*H) and final state for inputs (T, N, D).

    Args:
        kind: the equations to follow.
        params: one for each layer and direction.
        inputs: (T, N, D); rows of unequal length are padded.
        state: each (layers*directions, N, H); zeros if None.
        lengths: (N,), 0 ≤ length ≤ T; None if every row has T steps.
        directions: 2 to read each layer both ways.
        reverse: read from the last step to the first instead (one direction).
        equations: others than those of ``kind``, for going forward alone.

    Raises:
        RefcheckError: if there are no steps, T = 0.
    """
    if inputs.shape[0] == 0:
        message = f"inputs have shape {inputs.shape}, expected at least one step."
        raise RefcheckError(message)
    state = zeros(kind, params, inputs) if state is None else state
    outputs, states, tapes = inputs, [], []
    for first in range(0, len(params), directions):
        runs = [
            unroll(
                equations or EQUATIONS[kind],
                params[k],
                outputs,
                tuple(array[k] for array in state),
                lengths=lengths,
                reverse=reverse or k > first,
            )
            for k in range(first, first + directions)
        ]
        outputs = _side_by_side([run.outputs for run in runs])
        states += [run.state for run in runs]
        tapes.append([run.tape for run in runs])
    return Reply(outputs, _stack(states)), tapes


def backward(
    kind: Kind,
    params: Sequence[Params],
    tapes: Tapes,
    grad_outputs: Array,
    grad_state: State,
) -> Textbook:
    """Pull gradients of outputs (T, N, directions*H) and final state back.

    The tapes of ``forward`` are only read: they serve for any number of calls.
    """
    directions, size = len(tapes[0]), params[0].weight_hh.shape[1]
    d_params: list[Params] = []
    d_states: list[State] = []
    d_outputs = grad_outputs
    for layer in reversed(range(len(tapes))):
        pulls = [
            unroll_back(
                EQUATIONS[kind],
                params[layer * directions + k],
                tape,
                d_outputs[:, :, k * size : (k + 1) * size],
                tuple(array[layer * directions + k] for array in grad_state),
            )
            for k, tape in enumerate(tapes[layer])
        ]
        d_outputs = reduce(add, [pull.inputs for pull in pulls])
        d_params = [pull.params for pull in pulls] + d_params
        d_states = [pull.state for pull in pulls] + d_states
    return Textbook(d_params, d_outputs, _stack(d_states))


def zeros(kind: Kind, params: Sequence[Params], inputs: Array) -> State:
    """Return the state that a network starts from: zeros (layers*directions, N, H)."""
    shape = (len(params), inputs.shape[1], params[0].weight_hh.shape[1])
    return (np.zeros(shape, inputs.dtype),) * kind.states


def _side_by_side(outputs: Sequence[Array]) -> Array:
    """Return the outputs of all directions (T, N, directions*H), uncopied if one."""
    return outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=2)


def _stack(states: Sequence[State]) -> State:
    """Return the states of all layers and directions, each (L, N, H)."""
    return tuple(np.stack(column) for column in zip(*states, strict=True))
