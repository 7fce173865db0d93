"""Cells of the bank by name, and the right one that faults are planted into."""

from typing import Any

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.bugs.planted import planted
from refcheck.cell import Kind

BANK: dict[str, Bug] = {bug.id: bug for bug in BUGS}
right = planted()


def faulty(name: str, kind: Kind) -> Any:
    """Return a cell of this kind with the fault of this name."""
    return BANK[name].plant(kind)
