"""Lengths and masks that are off by one, inverted, or change what they should not."""

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.padding import BACK, LENGTHS, lasts
from refcheck.bugs.planted import planted
from refcheck.case import Case
from refcheck.cell import Capability, Gradients
from refcheck.reverse import untraced

MASKS = LENGTHS | Capability.MASKS


def _zeros_end_a_row(case: Case) -> Case:
    steps = np.arange(1, case.time + 1)[:, None]
    guessed = (untraced(case.inputs).any(axis=2) * steps).max(axis=0)
    return case.but(lengths=guessed) if case.lengths is None else case


def _one_less(case: Case) -> Case:
    return (
        case
        if case.lengths is None
        else case.but(lengths=np.maximum(case.lengths - 1, 0))
    )


def _from_zeros(case: Case) -> Case:
    return case if case.lengths is None else case.but(state=None)


def _padding_first(case: Case) -> Case:
    if not case.masked:
        return case
    lengths = np.maximum(case.time - lasts(case), 1)
    return case.but(inputs=case.inputs[::-1], lengths=lengths)


def _mask_late(case: Case) -> Case:
    if not case.masked:
        return case
    return case.but(lengths=np.minimum(lasts(case) + 1, case.time))


def _averaged(case: Case, found: Gradients) -> Gradients:
    share = 1.0 if case.lengths is None else 1 / np.mean(case.lengths)
    params = {n: np.asarray(g * share, g.dtype) for n, g in found.params.items()}
    return found._replace(params=params)


def _raised(case: Case, found: Gradients) -> Gradients:
    if case.lengths is None:
        return found
    message = "expected 4 saved arrays, found 5"
    raise ValueError(message)


BUGS = (
    Bug(
        "zero-inputs-end-the-row",
        "Lengths that are not given are guessed from zeros at the end.",
        CELLS,
        planted(given=_zeros_end_a_row),
        needs=LENGTHS,
    ),
    Bug(
        "mask-one-step-early",
        "The mask is t < length − 1: the last step of each row is lost.",
        CELLS,
        planted(given=_one_less),
        needs=LENGTHS,
    ),
    Bug(
        "lengths-drop-state",
        "The path for lengths starts from zeros, whatever state is given.",
        CELLS,
        planted(given=_from_zeros),
        needs=LENGTHS | Capability.INITIAL_STATE,
    ),
    Bug(
        "lengths-average-over-time",
        "Where lengths are given, gradients are divided by them.",
        CELLS,
        planted(pulled=_averaged),
        needs=BACK,
    ),
    Bug(
        "gradients-raise-with-lengths",
        "The backward pass counts what was saved as if lengths were never given.",
        CELLS,
        planted(pulled=_raised),
        ("https://github.com/apache/mxnet/issues/15268",),
        needs=BACK,
    ),
    Bug(
        "mask-inverted",
        "Where the mask is true a step is left out: the padding is all that is read.",
        CELLS,
        planted(given=_padding_first),
        needs=MASKS,
    ),
    Bug(
        "mask-shifted-by-one",
        "The mask of step t is applied at step t + 1.",
        CELLS,
        planted(given=_mask_late),
        needs=MASKS,
    ),
)
