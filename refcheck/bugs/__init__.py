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
    backward_gru,
    backward_lstm,
    clipping,
    directions,
    dropout,
    final_state,
    gradient_sums,
    gradients,
    gru,
    inputs,
    layouts,
    lengths,
    lstm,
    masks,
    memory,
    numerics,
    packing,
    padding,
    padding_gradients,
    rows,
    shapes,
    stacks,
    stale,
    state,
    through_time,
    training,
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
    final_state,
    unrolling,
    inputs,
    rows,
    directions,
    stacks,
    padding,
    padding_gradients,
    lengths,
    masks,
    shapes,
    layouts,
    backward,
    backward_lstm,
    backward_gru,
    through_time,
    gradients,
    gradient_sums,
    memory,
    stale,
    arguments,
    numerics,
    dropout,
    training,
    clipping,
)

BUGS: tuple[Bug, ...] = tuple(
    replace(bug, family=family.__name__.rpartition(".")[2].replace("_", " "))
    for family in FAMILIES
    for bug in family.BUGS
)
