"""Unrolling over time, and backpropagation through time, for every kind of cell.

    h_0 → step → h_1 → step → … → h_T          the outputs are h_1 … h_T
    ∂h_0 ← back ← ∂h_1 ← back ← … ← ∂h_T       the gradient of an output is added
                                               where the output was taken

A row that has ended keeps its state, its outputs are 0, and what stands in its
padding is never used.  Reading backward in time is the same loop over the reversed
arrays: a row of length l keeps its initial state until the loop gets to step l − 1.

Source: Werbos (1990), "Backpropagation through time: what it does and how to do it".
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from refcheck.cell import Array, Params, State
from refcheck.reference.affine import affine
from refcheck.reference.equations import Equations, Rows

# What does not depend on the state is computed for a block of steps at a time, with
# this many rows, or half as many as hidden units if that is more.  So many let products
# run at full speed, and make the sums of gradients, each as large as the weights, cheap
# beside them; so few take little memory beside the tape and the weights.
BLOCK_ROWS = 128


class Tape(NamedTuple):
    """What a sequence keeps for its backward pass; T runs in the order of reading."""

    inputs: Array  # (T, N, D), 0 in the padding
    steps: Sequence[Any]  # T tapes of a step
    reads: Sequence[Array | None]  # T times (N, 1), or None where every row is read
    order: int  # 1, or −1 if read from the last step to the first


class Run(NamedTuple):
    """What unrolling returns."""

    outputs: Array  # (T, N, H)
    state: State  # each (N, H)
    tape: Tape


class Pull(NamedTuple):
    """What backpropagation through time returns: gradients."""

    params: Params
    inputs: Array  # (T, N, D)
    state: State  # each (N, H)


def unroll(
    equations: Equations,
    params: Params,
    inputs: Array,
    state: State,
    *,
    lengths: Array | None = None,
    reverse: bool = False,
) -> Run:
    """Read inputs (T, N, D), starting from the state, each (N, H)."""
    time, batch, _ = inputs.shape
    order = -1 if reverse else 1
    reads: list[Array | None] = [None] * time
    if lengths is not None:
        mask = np.arange(time)[:, None, None] < lengths[:, None]
        inputs, reads = np.where(mask, inputs, 0), list(mask[::order])
    x = inputs[::order]
    outputs, steps = [], []
    for block in _blocks(time, batch, state[0].shape[1]):
        a_x = affine(_rows(x, block), params.weight_ih, params.bias_ih)
        for k, t in enumerate(block):
            a_x_t = a_x[k * batch : (k + 1) * batch]
            state_next, step = equations.step(params, a_x_t, state)
            state = _where(reads[t], state_next, state)
            outputs.append(_where(reads[t], state[:1], (0,))[0])
            steps.append(step)
    return Run(np.stack(outputs[::order]), state, Tape(x, steps, reads, order))


def unroll_back(
    equations: Equations,
    params: Params,
    tape: Tape,
    grad_outputs: Array,
    grad_state: State,
) -> Pull:
    """Pull the gradients of outputs (T, N, H) and final state, each (N, H), back.

    Gradients of outputs in the padding are ignored.
    """
    time, batch, _ = tape.inputs.shape
    d_outputs, d_state = grad_outputs[:: tape.order], grad_state
    d_params, d_inputs = None, []
    for block in reversed(_blocks(time, batch, grad_outputs.shape[2])):
        pull = _block_back(equations, params, tape, block, d_outputs, d_state)
        d_params, d_state = _add(d_params, pull.params), pull.state
        d_inputs.append(pull.inputs[:: tape.order])
        del pull  # its parameters may be most of what is kept
    d_params = cast("Params", d_params)  # T ≥ 1
    return Pull(d_params, np.concatenate(d_inputs[:: -tape.order]), d_state)


def _block_back(
    equations: Equations,
    params: Params,
    tape: Tape,
    block: range,
    d_outputs: Array,
    d_state: State,
) -> Pull:
    """Pull the gradient of the state after a block back: what its steps contribute."""
    rows, d_state = _rows_back(equations, params, tape, block, d_outputs, d_state)
    x, d_a_x = _rows(tape.inputs, block), rows[0]
    d_x = (d_a_x @ params.weight_ih).reshape(len(block), *tape.inputs.shape[1:])
    return Pull(equations.params_back(params, x, rows), d_x, d_state)


def _rows_back(
    equations: Equations,
    params: Params,
    tape: Tape,
    block: range,
    d_outputs: Array,
    d_state: State,
) -> tuple[Rows, State]:
    """Return the rows of all steps of a block, and the gradient of the state before."""
    rows = []
    for t in reversed(block):
        d_next = (d_state[0] + d_outputs[t], *d_state[1:])
        d_next = _where(tape.reads[t], d_next, (0,) * len(d_next))
        row, d_previous = equations.step_back(params, tape.steps[t], d_next)
        d_state = _where(tape.reads[t], d_previous, d_state)
        rows.append(row)
    columns = zip(*reversed(rows), strict=True)
    return tuple(np.concatenate(column) for column in columns), d_state


def _blocks(time: int, batch: int, hidden_size: int) -> list[range]:
    """Return the steps 0 … T − 1, cut into blocks."""
    size = max(1, max(BLOCK_ROWS, hidden_size // 2) // batch)
    return [range(t, min(t + size, time)) for t in range(0, time, size)]


def _rows(inputs: Array, block: range) -> Array:
    """Return what a block of steps reads, one row for each step and batch row."""
    _, batch, input_size = inputs.shape
    return inputs[block.start : block.stop].reshape(len(block) * batch, input_size)


def _where(read: Array | None, new: State, old: Sequence[Array | int]) -> State:
    """Return the new state of the rows that are read, and the old one of the others."""
    if read is None:
        return new
    return tuple(np.where(read, a, b) for a, b in zip(new, old, strict=True))


def _add(total: Params | None, part: Params) -> Params:
    """Return the sum of both, or the part alone if there is no total yet."""
    return part if total is None else Params(*map(_sum, total, part))


def _sum(total: Any, part: Any) -> Any:
    """Return the sum, made in place if the array can: the total is ours alone."""
    if total is None:
        return None
    total += part
    return total
