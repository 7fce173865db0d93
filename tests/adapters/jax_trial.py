"""One law on one case: what is compiled for each shape is asked little."""

from typing import Any

from refcheck.catalogue import laws
from refcheck.landmarks import BASE, generic
from refcheck.measured import MeasuredCell
from refcheck.trial import Trial, ask


def trial(name: str, cell: Any, *, lengths: bool = False) -> Trial:
    """Return what comes of asking the law called ``name`` on one generic case."""
    law = laws()[name]
    measured = cell if isinstance(cell, MeasuredCell) else MeasuredCell(cell)
    assert not law.excuse(measured.signature)
    recipe: Any = law.cases
    given = {"with_lengths": True} if lengths else {}
    fitted = recipe.fitted(generic(BASE, 5).but(**given), cell.signature)
    return ask(law, measured, recipe.build(fitted, measured))
