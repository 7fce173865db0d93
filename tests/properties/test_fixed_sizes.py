"""A live object has one size; the laws hold of it as of a class of any size."""

from dataclasses import replace

import pytest

from refcheck.catalogue import laws
from refcheck.cell import Capability, Kind, Spec
from refcheck.outcome import BROKEN
from refcheck.reference.cell import ReferenceCell
from refcheck.runner import run
from refcheck.settings import Settings

CHOICES = (
    Capability.RESIZABLE
    | Capability.STACKS
    | Capability.DIRECTIONS
    | Capability.NO_BIAS
)

# the textbook trusts its caller: it refuses nothing
LAWS = [law for law in laws().values() if law.family != "refusals"]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.textbook])
def test_no_law_fires_on_the_textbook_in_one_size(kind: Kind) -> None:
    cell = ReferenceCell(kind)
    cell.signature = replace(
        cell.signature,
        capabilities=cell.signature.capabilities & ~CHOICES,
        fixed=Spec(3, 4),
    )
    cell.fresh = lambda: cell

    outcomes = list(run(cell, LAWS, Settings(profile="quick")))

    assert [o.law for o in outcomes if o.status in BROKEN] == []
