"""Witnesses: for each known fault a small case on which it is seen, ready to replay.

``bugs/witnesses.jsonl`` has one line for each fault: the kind it was planted into, the
law that it violates there, and the case.  Each was found and made small on a cell that
remembers nothing, and holds on a right cell.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from refcheck.case import case_of
from refcheck.law import Law
from refcheck.runner import measure
from refcheck.settings import Settings
from refcheck.trial import Trial, ask

FILE = Path(__file__).parent / "bugs" / "witnesses.jsonl"


class Witness(msgspec.Struct, frozen=True):
    """One case that shows a fault."""

    fault: str
    kind: str
    law: str
    case: Mapping[str, Any]  # a document, arrays without readable values


@cache
def witnesses(path: Path = FILE) -> Mapping[str, Witness]:
    """Return what is stored in ``path``, by fault."""
    lines = path.read_text("utf-8").splitlines()
    found = (msgspec.json.decode(line, type=Witness) for line in lines)
    return {witness.fault: witness for witness in found}


def heard(witness: Witness, law: Law, cell: Any) -> Trial:
    """Ask the law of a cell that remembers nothing, on the case of the witness."""
    measured = measure(cell, Settings())
    measured.law = law.name
    return ask(law, measured, case_of(witness.case))
