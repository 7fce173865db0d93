"""The bank of known faults: what implementations of recurrent cells get wrong.

Each is a value (``bug.Bug``) that plants itself into a textbook cell by replacing one
line of it: of a step (``steps``), of unrolling (``lines``), or of what is pulled back.
There is one file for each family.
"""

from dataclasses import replace
from types import ModuleType

from refcheck.bugs import (
    activations,
    arguments,
    backward,
    clipping,
    directions,
    dropout,
    gradients,
    gru,
    layouts,
    lengths,
    lstm,
    memory,
    numerics,
    packing,
    padding,
    rows,
    stacks,
    state,
    through_time,
    unrolling,
    weights,
)
from refcheck.bugs.bug import Bug

FAMILIES: tuple[ModuleType, ...] = (
    packing,
    weights,
    activations,
    lstm,
    gru,
    state,
    unrolling,
    rows,
    directions,
    stacks,
    padding,
    lengths,
    layouts,
    backward,
    through_time,
    gradients,
    memory,
    arguments,
    numerics,
    dropout,
    clipping,
)

BUGS: tuple[Bug, ...] = tuple(
    replace(bug, family=family.__name__.rpartition(".")[2].replace("_", " "))
    for family in FAMILIES
    for bug in family.BUGS
)
