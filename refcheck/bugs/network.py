"""A recurrent network spelt out line by line, so that each line can be replaced.

It computes what ``refcheck.reference.sequence`` does, a step at a time and without a
backward pass of its own: run it on traced arrays to differentiate it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from refcheck.bugs.lines import Lines
from refcheck.case import Case
from refcheck.cell import Array, Kind, Params, Reply, State
from refcheck.layout import TORCH


class MisfitError(ValueError):
    """What was given does not fit."""


def run(
    lines: Lines,
    kind: Kind,
    case: Case,
    zeros: State,
    masks: Sequence[Array] | None = None,
) -> Reply:
    """Return outputs and final state; ``zeros`` is the state where none is given.

    ``masks`` (T, N, directions*H) multiply the outputs of each layer but the last.

    Raises:
        MisfitError: if shapes, dtypes or lengths do not fit one another.
    """
    given = lines.given(case)
    _require_fit(kind, given)
    spec = given.spec
    state = lines.start(zeros) if given.state is None else given.state
    params = lines.params(TORCH.to_canonical(kind, spec, given.params), spec)
    outputs, finals = given.inputs, []
    for layer in range(spec.num_layers):
        if layer and masks is not None:
            outputs = lines.dropped(outputs, masks[layer - 1])
        sides = []
        for k in range(spec.directions):
            at = layer * spec.directions + k
            x = lines.below(outputs, given, layer, k)
            first = lines.states(state, at, given)
            side, last = _read(lines, params[at], x, first, given.lengths, k > 0)
            sides.append(side)
            finals.append(last)
        outputs = lines.joined(sides) if len(sides) > 1 else sides[0]
    final = tuple(np.stack(column) for column in zip(*finals, strict=True))
    return lines.ended(given, Reply(outputs, final))


def _read(
    lines: Lines,
    params: Params,
    inputs: Array,
    initial: State,
    lengths: Array | None,
    reverse: bool,
) -> tuple[Array, State]:
    """Return outputs (T, N, H) and final state of one layer in one direction."""
    time, state = len(inputs), initial
    outputs: list[Any] = [None] * time
    for k, t in enumerate(lines.reading(time, reverse=reverse)):
        read = lines.is_read(t, lengths, reverse=reverse)
        own = lines.weights(params, k, time)
        old = lines.handed(state, initial, k)
        x = inputs[t] if read is None else np.where(read, inputs[t], 0)
        state = lines.held(read, lines.step(own, x, old), old)
        outputs[t] = lines.shown(read, state[0])
    return np.stack(outputs), lines.last(state, old)


def _require_fit(kind: Kind, case: Case) -> None:
    spec, rows = case.spec, (case.spec.depth, case.batch, case.spec.hidden_size)
    _require("inputs", case.inputs.shape == (case.time, case.batch, spec.input_size))
    _require("steps", case.time > 0)
    _require("dtype", case.inputs.dtype.name == spec.dtype)
    if case.state is not None:
        _require("states", [s.shape for s in case.state] == [rows] * kind.states)
    if case.lengths is not None:
        _require("number of lengths", np.shape(case.lengths) == (case.batch,))
        known = np.isin(case.lengths, np.arange(case.time + 1))
        _require("lengths", bool(known.all()))


def _require(what: str, fits: bool) -> None:
    if not fits:
        message = f"{what}: what was given does not fit"
        raise MisfitError(message)
