"""Hidden units have no names and no order, and see each other through weights alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.recipe import array
from refcheck.strategies import Cases

from .parts import each_parameter
from .units import (
    agrees_on,
    and_zero,
    blocks,
    renamed,
    side_by_side,
    twice,
    with_one_more,
    with_units,
)

RESIZED = Capability.LAYOUT | Capability.RESIZABLE


def _turn(case: Case, number: int) -> list[int]:
    """Return another order of the hidden units, in which none keeps its place."""
    size = case.spec.hidden_size
    return [int(k) for k in np.roll(np.arange(size), 1 + number % max(1, size - 1))]


def _second_cell(case: Case, number: int) -> dict[str, Any]:
    """Return parameters and inputs of another cell of the same sizes."""
    params = {
        name: array(number, a.shape, salt=300 + k).astype(a.dtype)
        for k, (name, a) in enumerate(case.params.items())
    }
    inputs = array(number, case.inputs.shape, salt=299).astype(case.inputs.dtype)
    return {"params": params, "inputs": inputs}


@law(
    "f(s P, θ P) = f(s, θ) P for every order P of the hidden units",
    cases=Cases(
        hidden=(2, 33),
        time=(1, 5),
        extra={"order": _turn},
        most=8,
        first=("5 units", "generic", "17 units", "two layers, both directions"),
    ),
    requires=Capability.LAYOUT,
    catches=("last-units-left-out-of-four", "first-unit-heard-twice"),
)
def renaming_hidden_units_renames_outputs(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Which hidden unit is called the first is a matter of naming.

    Units that are handled in blocks of four, or that read what the units before them
    have just become, give themselves away.
    """
    order, directions = np.asarray(case.extra["order"]), case.spec.directions
    wide = blocks(order, directions)
    other = with_units(case, lambda s: s[..., order], lambda y: y[..., wide])
    other = cell.planted(other, renamed(cell.canonical(case), order, directions))
    yield from agrees_on(cell, other, case, order, wide=wide)
    if cell.signature.offers(Capability.BACKWARD):
        found = cell.canonical_gradients(other, cell.backward(other))
        right = cell.canonical_gradients(case, cell.backward(case))
        yield from each_parameter(equal, found, renamed(right, order, directions))


@law(
    "f((x, x′), θ ⊕ θ′) = (f(x, θ), f(x′, θ′))",
    cases=Cases(
        layers=False,
        directions=False,
        hidden=(1, 9),
        time=(1, 9),
        batch=(1, 5),
        extra={"second": _second_cell},
        most=8,
    ),
    requires=RESIZED,
    catches=("units-are-centred-together", "recurrent-weights-scaled-by-width"),
)
def side_by_side_cells_are_one_block_diagonal_cell(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Units that no weight connects do not see each other.

    Two cells in one, each with inputs and units of its own, are still two cells.
    """
    second = case.but(**case.extra["second"])
    d, h = case.spec.input_size, case.spec.hidden_size
    both = with_units(case, twice, twice).but(
        spec=replace(case.spec, input_size=2 * d, hidden_size=2 * h),
        inputs=np.concatenate([case.inputs, second.inputs], axis=2),
    )
    pairs = zip(cell.canonical(case), cell.canonical(second), strict=True)
    both = cell.planted(both, [side_by_side(a, b) for a, b in pairs])
    for k, (name, part) in enumerate((("first", case), ("second", second))):
        units, inputs = slice(k * h, (k + 1) * h), slice(k * d, (k + 1) * d)
        where = f", {name} cell"
        yield from agrees_on(cell, part, both, units, inputs=inputs, where=where)


@law(
    "a unit and an input that nobody listens to change nothing",
    cases=Cases(directions=False, hidden=(1, 17), time=(1, 9), batch=(1, 5), most=8),
    requires=RESIZED,
    catches=(
        "units-are-centred-together",
        "recurrent-weights-scaled-by-width",
    ),
)
def an_inert_unit_changes_nothing(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A unit acts through its outgoing weights, an input through its own.

    Where these are 0 the others cannot tell that it is there, whatever it does.
    """
    d, h = case.spec.input_size, case.spec.hidden_size
    wider = with_units(case, and_zero, and_zero).but(
        spec=replace(case.spec, input_size=d + 1, hidden_size=h + 1),
        inputs=np.concatenate([case.inputs, case.inputs[..., -1:]], axis=2),
    )
    wider = cell.planted(wider, [with_one_more(p) for p in cell.canonical(case)])
    yield from agrees_on(cell, case, wider, slice(h), inputs=slice(d))


LAWS = (
    renaming_hidden_units_renames_outputs,
    side_by_side_cells_are_one_block_diagonal_cell,
    an_inert_unit_changes_nothing,
)
