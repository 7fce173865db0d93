"""Inputs that are read at the wrong step, or not as they are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.planted import Plant, planted, remembering
from refcheck.bugs.steps import STEPS
from refcheck.bugs.unrolling import SEQUENCE
from refcheck.cell import Array, Capability, Kind, Params, State
from refcheck.reverse import untraced


def reading(change: Callable[[Array], Any]) -> Plant:
    """Plant other inputs (T, N, D) than those that are given."""
    return planted(given=lambda case: case.but(inputs=change(case.inputs)))


def _first(a: Array) -> Any:
    return a[[0] * len(a)]


def _last(a: Array) -> Any:
    return a[[len(a) - 1] * len(a)]


def _ahead(a: Array) -> Any:
    return np.concatenate([a[1:], a[-1:]])


def _behind(a: Array) -> Any:
    return np.concatenate([a[:1], a[:-1]])


def _mean(a: Array) -> Any:
    return np.broadcast_to(a.mean(axis=0, keepdims=True), a.shape)


def _in_order(a: Array) -> Any:
    return np.take_along_axis(a, np.argsort(untraced(a), axis=0), 0)


def _normalised(a: Array) -> Any:
    largest = abs(a).reshape(-1)[np.argmax(abs(untraced(a)))]
    return a / np.maximum(largest, 1e-30)


def _where_inputs(kept: Callable[[State, State, Any], State]) -> Plant:
    """Plant what becomes of the state, told whether a row (N, 1) has an input."""

    def make(kind: Kind) -> dict[str, Any]:
        def step(params: Params, x: Array, state: State) -> State:
            heard = untraced(x).any(axis=1)[:, None]
            return kept(state, STEPS[kind](params, x, state), heard)

        return {"step": step}

    return remembering(make)


def _hold(old: State, new: State, heard: Any) -> State:
    return tuple(np.where(heard, a, b) for a, b in zip(new, old, strict=True))


def _reset(kind: Kind) -> dict[str, Any]:
    def step(params: Params, x: Array, state: State) -> State:
        heard = untraced(x).any(axis=1)[:, None]
        return STEPS[kind](params, x, tuple(np.where(heard, s, 0) for s in state))

    return {"step": step}


def _without_bias_for_zeros(kind: Kind) -> dict[str, Any]:
    def step(params: Params, x: Array, state: State) -> State:
        silent = params._replace(bias_ih=None)
        return STEPS[kind](params if untraced(x).any() else silent, x, state)

    return {"step": step}


BUGS = (
    Bug(
        "first-input-read-at-every-step",
        "Every step reads the first input.",
        CELLS,
        reading(_first),
        ("https://github.com/NVIDIA/TensorRT/issues/1649",),
        needs=SEQUENCE,
    ),
    Bug(
        "last-input-read-at-every-step",
        "A closure over the loop variable: every step reads the last input.",
        CELLS,
        reading(_last),
        needs=SEQUENCE,
    ),
    Bug(
        "inputs-read-one-step-ahead",
        "At step t the inputs of step t + 1 are read.",
        CELLS,
        reading(_ahead),
        needs=SEQUENCE,
    ),
    Bug(
        "inputs-read-one-step-late",
        "At step t the inputs of step t − 1 are read.",
        CELLS,
        reading(_behind),
        needs=SEQUENCE,
    ),
    Bug(
        "inputs-averaged-over-time",
        "Every step reads the mean of all inputs: a bag, not a sequence.",
        CELLS,
        reading(_mean),
        needs=SEQUENCE,
    ),
    Bug(
        "inputs-sorted-over-time",
        "Inputs are put in ascending order over time.",
        CELLS,
        reading(_in_order),
        needs=SEQUENCE,
    ),
    Bug(
        "inputs-centred-over-time",
        "The mean over the sequence is taken off the inputs before they are read.",
        CELLS,
        reading(lambda a: a - a.mean(axis=0, keepdims=True)),
        needs=SEQUENCE,
    ),
    Bug(
        "inputs-are-clipped",
        "Inputs are clipped to ±5.",
        CELLS,
        reading(lambda a: np.clip(a, -5, 5)),
    ),
    Bug(
        "inputs-are-normalised",
        "Inputs are divided by their largest.",
        CELLS,
        reading(_normalised),
    ),
    Bug(
        "zero-rows-hold-the-state",
        "A row of zeros is taken for padding: its state does not move.",
        CELLS,
        _where_inputs(_hold),
        needs=SEQUENCE,
    ),
    Bug(
        "zero-rows-reset-the-state",
        "A row of zeros is taken for the beginning of another sequence.",
        CELLS,
        remembering(_reset),
        needs=SEQUENCE,
    ),
    Bug(
        "input-bias-left-out-of-zero-rows",
        "Where there is nothing to read, the bias of the inputs is left out as well.",
        CELLS,
        remembering(_without_bias_for_zeros),
        needs=Capability.BIAS,
    ),
)
