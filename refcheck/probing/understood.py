"""What ``check`` makes of a target of which nothing is declared: kind and layout.

Where no setting agrees, or two, or one that the names of its parameters contradict, the
target stays of unknown kind: nothing is assumed of it.
"""

from dataclasses import replace
from typing import Any

from refcheck.cell import Cell, Signature
from refcheck.errors import Lost
from refcheck.outcome import Probed
from refcheck.probing import declaring, evidence
from refcheck.probing.found import Found, searched, undeclared
from refcheck.probing.setting import Setting
from refcheck.probing.sight import blind, seeing
from refcheck.watch import Watch


def understood(cell: Any, watch: Watch) -> tuple[Cell, Probed | None]:
    """Return a cell under what is found of it, and that; None if it was declared.

    Activations are taken to be the textbook's: no convention can state others.
    """
    known: Signature = cell.signature
    if not undeclared(cell):
        return cell, None
    try:
        found = searched(cell, watch, thorough=False)
    except Lost as error:  # a law will meet it, and tell on which case
        return cell, Probed(known.name, "", f"it was lost while it was probed: {error}")
    says = evidence.sentence(found.settings)
    if found.setting is None:
        return cell, Probed(known.name, "", says)
    report = _told(found, found.setting, says)
    if report.contradictions:
        return cell, report
    return seeing(blind(cell), found.setting), report


def _told(found: Found, setting: Setting, says: str) -> Probed:
    """Return what is found; conventions state what names do not tell."""
    known: Signature = found.cell.signature
    spec, shapes = found.settings.spec, found.settings.shapes
    kind, layout = evidence.by_name(setting, spec, shapes)
    like = replace(known, kind=kind, layout=layout) if kind is setting.kind else None
    return Probed(
        known.name,
        setting.kind.value,
        says,
        tuple(evidence.items(found.settings, setting)),
        declaring.conventions(setting, like),
        contradictions=tuple(evidence.contradictions(setting, known, spec, shapes)),
        by_name=kind.value if layout else "",
    )
