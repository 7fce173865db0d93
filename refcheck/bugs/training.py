"""What a cell computes differently while it is trained, or because it was."""

from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.lines import Lines
from refcheck.bugs.planted import planted, remembering
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Kind, Params, Reply, Spec, State
from refcheck.reverse import untraced

BACK = Capability.TRAINS | Capability.BACKWARD
PLAIN = BACK | Capability.REPEATABLE_TRAINING


def _pushed(params: list[Params], spec: Spec) -> list[Params]:
    push = np.repeat(np.array([0, 1, 0, 0], spec.dtype), spec.hidden_size)
    return [
        p if p.bias_ih is None else p._replace(bias_ih=p.bias_ih + push) for p in params
    ]


def _detached(_: Case, found: Gradients) -> Gradients:
    return found._replace(state=tuple(0 * s for s in found.state))


def _keeping(kind: Kind) -> dict[str, Any]:
    kept: list[State] = []

    def start(zeros: State) -> State:
        last = tuple(s.astype(zeros[0].dtype) for s in (kept[-1] if kept else ()))
        fits = [s.shape for s in last] == [z.shape for z in zeros]
        return last if fits else zeros

    def ended(_: Case, reply: Reply) -> Reply:
        kept.append(tuple(map(untraced, reply.state)))
        return reply

    return {"start": start, "trained": lambda lines: replace(lines, ended=ended)}


def _staying_dropped(kind: Kind) -> dict[str, Any]:
    kept: list[Array] = []

    def below(y: Array, case: Case, layer: int, _: int) -> Array:
        fits = kept and case.spec.dropout and kept[-1].shape == y.shape
        return y * kept[-1].astype(y.dtype) if layer and fits else y

    def dropped(y: Array, mask: Array) -> Array:
        kept.append(mask)
        return y * mask

    def trained(lines: Lines) -> Lines:
        return replace(lines, below=lambda y, *_: y, dropped=dropped)

    return {"below": below, "trained": trained}


BUGS = (
    Bug(
        "forget-bias-in-training",
        "The forget gate is pushed open while training.",
        LSTMS,
        planted(trained=lambda lines: replace(lines, params=_pushed)),
        needs=PLAIN | Capability.BIAS,
    ),
    Bug(
        "state-detached-in-training",
        "The initial state is detached while training.",
        CELLS,
        planted(trained=lambda lines: replace(lines, pulled=_detached)),
        needs=PLAIN | Capability.INITIAL_STATE,
    ),
    Bug(
        "state-kept-in-training",
        "The final state is kept for the next sequence while training.",
        CELLS,
        remembering(_keeping),
        needs=PLAIN | Capability.DEFAULT_STATE,
    ),
    Bug(
        "dropped-units-stay-dropped",
        "The mask of the last pass in training is used in evaluation.",
        CELLS,
        remembering(_staying_dropped),
        needs=BACK | Capability.DROPOUT | Capability.STACKS,
    ),
)
