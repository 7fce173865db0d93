"""Where rows end: the words in which laws about padded sequences are written."""

from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Reply
from refcheck.measured import MeasuredCell
from refcheck.recipe import array
from refcheck.strategies import Cases

SALT = 21  # tells the padding from the arrays of the case


def ends(case: Case) -> Array:
    """Return the length of each row (N,); T where none is given."""
    return np.full(case.batch, case.time) if case.lengths is None else case.lengths


def reads(case: Case) -> Array:
    """Return where rows have not ended (T, N, 1)."""
    steps = np.arange(case.time)[:, None, None]
    return np.asarray(steps < ends(case)[:, None])


def filled(case: Case, padding: Any) -> Case:
    """Return the case with other values in the padding of its inputs."""
    inputs = np.where(reads(case), case.inputs, padding).astype(case.inputs.dtype)
    return case.but(inputs=inputs)


def unpulled(case: Case) -> Case:
    """Return the case with no gradient entering at outputs past the end of a row."""
    return case.but(grad_outputs=np.where(reads(case), case.grad_outputs, 0))


def before_the_end(case: Case, reply: Reply) -> Reply:
    """Return the reply with zeros for the outputs past the end of each row."""
    return reply._replace(outputs=only(reads(case), reply.outputs))


def only(mask: Array, found: Any) -> Any:
    """Return the entries where ``mask`` holds, and zeros elsewhere."""
    return found.rearranged(lambda part: np.where(mask, part, 0))


def cut(case: Case, length: int) -> Case:
    """Return the first ``length`` steps of the case, in which no row ends."""
    return case.but(
        inputs=case.inputs[:length],
        lengths=None,
        grad_outputs=case.grad_outputs[:length],
    )


def _ending_early(_: MeasuredCell, case: Case) -> Case:
    """Let no row reach the last steps: as many as drawn, and one if all rows do."""
    beyond = max(case.extra["beyond"], int(np.all(ends(case) == case.time)))
    return case.but(lengths=np.clip(case.time - beyond, 1, ends(case)))


def _steps_beyond(case: Case, number: int) -> int:
    return number % min(3, case.time)


def _padding(case: Case, number: int) -> Array:
    return array(number, case.inputs.shape, salt=SALT)


def _row(case: Case, number: int) -> int:
    return number % case.batch


PADDED = Cases(
    lengths=True,
    time=(2, 65),
    batch_first=None,
    extra={"beyond": _steps_beyond, "padding": _padding},
    then=_ending_early,
    first=("generic", "two layers, both directions", "no state"),
)
ONE_ROW = replace(
    PADDED,
    extra={"beyond": _steps_beyond, "row": _row},
    time=(1, 9),
    hidden=(1, 9),
    most=8,
    first=(*PADDED.first, "9 rows"),
)
