"""Padding that is read, or mistaken for a part of a row."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.lines import is_read, where_read
from refcheck.bugs.planted import planted, remembering
from refcheck.case import Case
from refcheck.cell import Capability, Kind, Reply, State
from refcheck.reverse import untraced

LENGTHS = Capability.LENGTHS


BOTH = LENGTHS | Capability.DIRECTIONS


OUT = LENGTHS | Capability.FINAL_STATE


BACK = LENGTHS | Capability.BACKWARD


def lasts(case: Case) -> Any:
    """Return the length of each row (N,)."""
    return np.full(case.batch, case.time) if case.lengths is None else case.lengths


def past(case: Case) -> Any:
    """Return where rows have ended (T, N, 1)."""
    return np.arange(case.time)[:, None, None] >= lasts(case)[:, None]


def emptied(case: Case) -> Case:
    """Return the case with zeros in its padding."""
    return case.but(inputs=np.where(past(case), 0, case.inputs))


def masked(case: Case, reply: Reply) -> Reply:
    """Return the reply with zeros in the padding of its outputs."""
    return reply._replace(outputs=np.where(past(case), 0, reply.outputs))


def forward_alone(t: int, lengths: Any, *, reverse: bool) -> Any:
    """Return which rows have a step t; the reverse direction knows of no lengths."""
    return None if reverse else is_read(t, lengths, reverse=reverse)


def _longer(case: Case) -> Case:
    if case.lengths is None:
        return case
    return case.but(lengths=np.minimum(case.lengths + 1, case.time))


def _mask_not_reversed(kind: Kind) -> dict[str, Any]:
    time: list[int] = [0]

    def given(case: Case) -> Case:
        time[0] = case.time
        return case

    def read(t: int, lengths: Any, *, reverse: bool) -> Any:
        at = time[0] - 1 - t if reverse else t
        return is_read(at, lengths, reverse=reverse)

    return {"given": given, "is_read": read}


def _one_step_less(t: int, lengths: Any, *, reverse: bool) -> Any:
    ends = None if lengths is None else np.maximum(lengths - reverse, 1)
    return is_read(t, ends, reverse=reverse)


def _c_runs_on(read: Any, new: State, old: State) -> State:
    return where_read(read, new[:1], old[:1]) + tuple(new[1:])


def _multiplied(case: Case, reply: Reply) -> Reply:
    rest = 0 * np.where(past(case), untraced(case.inputs), 0).sum(axis=(0, 2))
    return reply._replace(state=tuple(s + rest[:, None] for s in reply.state))


def _off_the_last_output(case: Case, reply: Reply) -> Reply:
    if case.lengths is None or case.spec.bidirectional:
        return reply
    h = np.concatenate([reply.state[0][:-1], reply.outputs[-1:]])
    return reply._replace(state=(h, *reply.state[1:]))


BUGS = (
    Bug(
        "lengths-are-ignored",
        "Lengths are accepted, and every row is read to the end.",
        CELLS,
        planted(given=lambda case: case.but(lengths=None)),
        (
            "https://github.com/pytorch/pytorch/issues/95118",
            "https://github.com/Oneflow-Inc/oneflow/issues/10677",
        ),
        needs=LENGTHS,
    ),
    Bug(
        "padding-read-as-zeros",
        "Padding is set to zero and read: biases and states still move the row.",
        CELLS,
        planted(given=lambda case: emptied(case).but(lengths=None)),
        (
            "https://github.com/keras-team/keras/issues/1300",
            "https://github.com/zhangj111/astnn/pull/28",
        ),
        needs=LENGTHS,
    ),
    Bug(
        "padding-enters-the-final-state",
        "Outputs are masked, but the state is the one at the padded end.",
        CELLS,
        planted(is_read=lambda t, lengths, reverse: None, ended=masked),
        needs=OUT,
    ),
    Bug(
        "c-of-the-padded-end",
        "h is frozen when a row ends, c is not.",
        LSTMS,
        planted(held=_c_runs_on),
        needs=OUT,
    ),
    Bug(
        "final-state-read-off-the-padded-end",
        "The final h is the last output, which is 0 where a row is padded.",
        CELLS,
        planted(ended=_off_the_last_output),
        ("https://github.com/deeplearning4j/deeplearning4j/issues/7115",),
        needs=OUT,
    ),
    Bug(
        "mask-one-step-late",
        "The mask is t ≤ length: each row reads one step of padding.",
        CELLS,
        planted(given=_longer),
        needs=LENGTHS,
    ),
    Bug(
        "mask-by-multiplication",
        "The state is m·new + (1 − m)·old: right, but 0·NaN is NaN.",
        CELLS,
        planted(ended=_multiplied),
        needs=LENGTHS,
    ),
    Bug(
        "reverse-reads-the-padding",
        "The reverse direction knows of no lengths.",
        CELLS,
        planted(is_read=forward_alone, ended=masked),
        ("https://github.com/apache/mxnet/issues/19323",),
        needs=BOTH,
    ),
    Bug(
        "reverse-starts-at-the-padded-end",
        "The reverse direction reads padding as zeros, starting from its end.",
        CELLS,
        planted(given=emptied, is_read=forward_alone, ended=masked),
        (
            "https://github.com/NervanaSystems/ngraph/pull/3176",
            "https://github.com/jax-ml/jax/pull/15169",
        ),
        needs=BOTH,
    ),
    Bug(
        "reverse-shows-the-padding",
        "Nothing masks the reverse direction: outputs past the end are not 0.",
        CELLS,
        planted(given=emptied, is_read=forward_alone),
        ("https://github.com/deeplearning4j/deeplearning4j/issues/1030",),
        needs=BOTH,
    ),
    Bug(
        "mask-not-reversed-with-the-inputs",
        "For the reverse direction the inputs are flipped, the mask is not.",
        CELLS,
        remembering(_mask_not_reversed),
        ("https://github.com/keras-team/keras/issues/4192",),
        needs=BOTH,
    ),
    Bug(
        "reverse-reads-one-step-less",
        "The reverse direction starts one step before the end of a row.",
        CELLS,
        planted(is_read=_one_step_less),
        needs=BOTH,
    ),
)
