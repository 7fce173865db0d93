"""Where a target that behaves as nothing known goes wrong first.

The first wrong number says the time step and the row.  The gate is found by silencing:
with one block of the parameters set to zero a right cell is still right, and a fault
that needs this block does not show.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Case
from refcheck.cell import Params
from refcheck.judge import judge
from refcheck.law import equal
from refcheck.layout import CANONICAL_GATES
from refcheck.outcome import Finding

GATES = {
    "i": "the input gate",
    "f": "the forget gate",
    "g": "the candidate",
    "o": "the output gate",
    "r": "the reset gate",
    "z": "the update gate",
    "n": "the candidate",
    "a": "the cell",
}
TERMS = {
    "weight_ih": "input weights",
    "weight_hh": "recurrent weights",
    "bias_ih": "bias of the inputs",
    "bias_hh": "recurrent bias",
}


def first_wrong(cell: Any, cases: Sequence[Any]) -> str:
    """Say where the first wrong number is, and what has to be 0 for it to be right.

    Empty if results are those of the textbook on all of ``cases``, or are none.
    """
    for case in cases:
        if not isinstance(case, Case):
            return ""
        finding = _finding(cell, case)
        if finding is not None:
            where = f"{finding.label} at {finding.where}"
            silent = list(_silencing(cell, case))
            return f"{where}{_vanishing(silent)}"
    return ""


def _vanishing(silent: Sequence[str]) -> str:
    """Say that results are right once these are 0; nothing if none are."""
    if not silent:
        return ""
    verb = "are" if "weights" in silent[-1] else "is"
    return f"; right once {' or '.join(silent)} {verb} 0"


def _silencing(cell: Any, case: Case) -> Iterator[str]:
    """Yield the blocks of parameters without which results are right."""
    gates = CANONICAL_GATES[cell.signature.kind.gates]
    for term, name in TERMS.items():
        for k, gate in enumerate(gates):
            silenced = [_without(p, term, k, len(gates)) for p in cell.canonical(case)]
            if None in silenced:
                continue
            other = cell.planted(case, silenced)
            if _finding(cell, other) is None:
                yield f"the {name} of {GATES[gate]}"


def _without(params: Params, term: str, k: int, gates: int) -> Params | None:
    array = getattr(params, term)
    if array is None:
        return None
    rows = np.arange(len(array)) // (len(array) // gates) == k
    if not np.any(array[rows]):
        return None
    mask = rows.reshape(-1, *(1,) * (array.ndim - 1))
    return params._replace(**{term: np.where(mask, 0, array)})


def _finding(cell: Any, case: Case) -> Finding | None:
    """Return the first wrong number of the results: by time step, then in the state."""
    try:
        found, right = cell.forward(case), cell.textbook(case)
    except (TargetRaised, Misshapen):
        return None
    for t in range(case.time):
        step = slice(t, t + 1)
        verdict = judge(equal("outputs", found.outputs[step], right.outputs[step]))
        if verdict.violated and verdict.finding is not None:
            return _at(verdict.finding, t)
    for name, mine, its in zip("hc", found.state, right.state, strict=False):
        verdict = judge(equal(f"final {name}", mine, its))
        if verdict.violated:
            return verdict.finding
    return None


def _at(finding: Finding, t: int) -> Finding:
    where = finding.where.replace("t=0", f"t={t}")
    return msgspec.structs.replace(finding, where=where)
