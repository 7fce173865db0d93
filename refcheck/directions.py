"""The arguments of a case as one space: its places, and directions to move in.

A derivative is taken along a direction: an array for each place that moves.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients
from refcheck.recipe import GENERIC, array

GRID = 2.0**-8  # of directions: they have few digits, so that moves can be exact
FIELDS = {"params": "parameters", "inputs": "inputs", "state": "initial state"}


class Place(NamedTuple):
    """One array among the arguments of a case."""

    field: str  # "params", "inputs" or "state"
    key: Any  # the name of a parameter, the number of a state
    label: str

    def of(self, holder: Case | Gradients) -> Any:
        """Return the array at this place, or the gradient with respect to it."""
        value = getattr(holder, self.field)
        return value if self.field == "inputs" else value[self.key]


Direction = Mapping[Place, Array]


def places(case: Case) -> list[Place]:
    """Return where the arrays are that a gradient is taken of."""
    params = [Place("params", name, name) for name in case.params]
    states = zip("hc", case.state or (), strict=False)
    state = [Place("state", k, name) for k, (name, _) in enumerate(states)]
    return [*params, Place("inputs", None, "inputs"), *state]


def direction(case: Case, number: int) -> Direction:
    """Return a direction without a pattern, along which every argument moves."""
    drawn = {
        place: array(GENERIC + number, place.of(case).shape, salt=300 + k)
        for k, place in enumerate(places(case))
    }
    return {place: np.round(v / GRID) * GRID for place, v in drawn.items()}


def by_field(along: Direction) -> Iterator[tuple[str, Direction]]:
    """Yield the parts of a direction that move parameters, inputs, initial state."""
    for field, what in FIELDS.items():
        part = {place: v for place, v in along.items() if place.field == field}
        if part:
            yield what, part


def moved(case: Case, along: Direction, step: float) -> Case:
    """Return the case after a step along a direction."""
    return replaced(case, {p: p.of(case) + step * v for p, v in along.items()})


def replaced(case: Case, arrays: Direction) -> Case:
    """Return the case with the arrays at some places replaced."""
    at = {(place.field, place.key): a for place, a in arrays.items()}
    return case.but(
        params={n: at.get(("params", n), a) for n, a in case.params.items()},
        inputs=at.get(("inputs", None), case.inputs),
        state=None
        if case.state is None
        else tuple(at.get(("state", k), s) for k, s in enumerate(case.state)),
    )
