"""The bank of known faults: what implementations of recurrent cells get wrong.

Each is a value (``bug.Bug``) that plants itself into a textbook cell by replacing one
line of it: of a step (``steps``), of unrolling (``lines``), or of what is pulled back.
There is one file for each family.
"""

from dataclasses import replace
from types import ModuleType

from refcheck.bugs import activations, gru, lstm
from refcheck.bugs.bug import Bug

FAMILIES: tuple[ModuleType, ...] = (lstm, gru, activations)

BUGS: tuple[Bug, ...] = tuple(
    replace(bug, family=family.__name__.rpartition(".")[2])
    for family in FAMILIES
    for bug in family.BUGS
)
