"""A target with what an adapter knows of it forgotten, or with what was found said."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from refcheck.cell import Capability, Cell, Declared, Signature
from refcheck.measured import MeasuredCell
from refcheck.probing.forms import several
from refcheck.probing.setting import Setting
from refcheck.translated import Translated
from refcheck.watch import Watch

Load = Callable[[Declared], Cell]
STACKED = Capability.STACKS | Capability.DIRECTIONS


def blind(cell: Any) -> Cell:
    """Return the cell with what an adapter knows, or conventions say, forgotten."""
    known: Signature = cell.signature
    capabilities = known.capabilities & ~Capability.LAYOUT
    unknown = replace(
        known, kind=None, layout=None, equations=None, capabilities=capabilities
    )
    adapted = cell.cell if isinstance(cell, Translated) else cell
    return Translated(adapted, unknown)


def seeing(cell: Cell, setting: Setting) -> Cell:
    """Return a cell of unknown kind under what was found of it."""
    known = setting.signature(cell.signature)
    capabilities = known.capabilities | Capability.LAYOUT
    if getattr(setting.layout, "bias_ih", True):
        capabilities |= Capability.BIAS
    if not several(setting.layout):  # the names of other layers are not known
        capabilities &= ~STACKED
    return Translated(cell, replace(known, capabilities=capabilities))


def measured(
    cell: Any, setting: Setting | None, dtype: str, watch: Watch
) -> MeasuredCell:
    """Return the cell as laws see it, in one dtype."""
    seen = seeing(blind(cell), setting) if setting else blind(cell)
    found = MeasuredCell(seen, watch)
    found.signature = replace(found.signature, dtypes=(dtype,))
    return found
