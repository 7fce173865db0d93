"""Initial states that are lost, exchanged or invented, and states in between."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.planted import Plant, planted, remembering
from refcheck.bugs.steps import STEPS
from refcheck.case import Case
from refcheck.cell import Array, Capability, Kind, Params, State

IN = Capability.INITIAL_STATE


ROWS = Capability.BATCH


def starting(change: Any) -> Plant:
    """Plant a start from other states than those that are given."""

    def given(case: Case) -> Case:
        return case if case.state is None else case.but(state=change(case.state))

    return planted(given=given)


def _without_bias_at_first(kind: Kind) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def given(case: Case) -> Case:
        seen["none"] = case.state is None
        return case

    def weights(params: Params, k: int, time: int) -> Params:
        return params._replace(bias_hh=None) if seen["none"] and k == 0 else params

    return {"given": given, "weights": weights}


def _unit_by_unit(kind: Kind) -> dict[str, Any]:
    def step(params: Params, x: Array, state: State) -> State:
        units = np.arange(state[0].shape[1])
        (h, *c), done = state, state
        for j in units:
            new = STEPS[kind](params, x, (h, *c))
            done = tuple(
                np.where(units == j, a, b) for a, b in zip(new, done, strict=True)
            )
            h = done[0]
        return done

    return {"step": step}


BUGS = (
    Bug(
        "initial-state-ignored",
        "The state is accepted, and every sequence starts from zeros.",
        CELLS,
        planted(given=lambda case: case.but(state=None)),
        needs=IN,
    ),
    Bug(
        "initial-c-ignored",
        "Every sequence starts from c = 0.",
        LSTMS,
        starting(lambda state: (state[0], state[1] * 0)),
        needs=IN,
    ),
    Bug(
        "initial-h-ignored",
        "Every sequence starts from h = 0.",
        LSTMS,
        starting(lambda state: (state[0] * 0, state[1])),
        needs=IN,
    ),
    Bug(
        "initial-h-and-c-exchanged",
        "The state is taken as (c, h) and given back as (h, c).",
        LSTMS,
        starting(lambda state: state[::-1]),
        ("https://github.com/onnx/onnx-tensorflow/issues/409",),
        needs=IN,
    ),
    Bug(
        "initial-state-is-squashed",
        "The state that is given goes through the activation once more.",
        CELLS,
        starting(lambda state: (np.tanh(state[0]), *state[1:])),
        ("https://github.com/lucidrains/minGRU-pytorch/issues/9",),
        needs=IN,
    ),
    Bug(
        "rows-of-the-state-reversed",
        "The rows of the state are read from the last to the first.",
        CELLS,
        starting(lambda state: tuple(s[:, ::-1] for s in state)),
        needs=IN | ROWS,
    ),
    Bug(
        "state-of-the-first-row-in-every-row",
        "The state of the first row is broadcast over the batch.",
        CELLS,
        starting(lambda state: tuple(s[:, [0] * s.shape[1]] for s in state)),
        (
            "https://github.com/tensorflow/tensorflow/issues/51561",
            "https://github.com/llvm/torch-mlir/pull/4741",
            "https://github.com/facebookresearch/minimax/pull/2",
        ),
        needs=IN | ROWS,
    ),
    Bug(
        "rows-beyond-eight-share-a-state",
        "Rows are taken eight at a time, each time with the states of the first eight.",
        CELLS,
        starting(lambda state: tuple(s[:, np.arange(s.shape[1]) % 8] for s in state)),
        ("https://github.com/pytorch/pytorch/issues/177834",),
        needs=IN | ROWS,
    ),
    Bug(
        "default-state-is-one",
        "Without a state, a cell starts from ones.",
        CELLS,
        planted(start=lambda zeros: (zeros[0] + 1, *zeros[1:])),
        needs=Capability.DEFAULT_STATE,
    ),
    Bug(
        "default-cell-state-is-one",
        "Without a state, c starts from ones.",
        LSTMS,
        planted(start=lambda zeros: (zeros[0], zeros[1] + 1)),
        needs=Capability.DEFAULT_STATE,
    ),
    Bug(
        "recurrent-bias-left-out-without-a-state",
        "Without a state, the first step leaves the recurrent bias out.",
        CELLS,
        remembering(_without_bias_at_first),
        ("https://github.com/ml-explore/mlx/issues/3249",),
        needs=Capability.DEFAULT_STATE | Capability.BIAS,
    ),
    Bug(
        "state-overwritten-while-it-is-read",
        "Units are updated in place, one after the other, each reading the others.",
        CELLS,
        remembering(_unit_by_unit),
        ("https://github.com/onnx/onnx-mlir/pull/367",),
    ),
    Bug(
        "always-the-initial-state",
        "The loop never assigns the state that a step returns.",
        CELLS,
        planted(handed=lambda state, initial, k: initial),
        (
            "https://github.com/tracel-ai/burn/issues/2701",
            "https://github.com/hungpthanh/GRU4REC-pytorch/issues/1",
            "https://github.com/kkleidal/GridLSTM-PyTorch/issues/1",
        ),
    ),
    Bug(
        "one-step-calls-ignore-the-state",
        "A call for one step has code of its own, which starts from zeros.",
        CELLS,
        planted(given=lambda case: case.but(state=None) if case.time == 1 else case),
        needs=IN,
    ),
)
