"""How the allowance of a law comes about, shown on its first case and the textbook."""

from typing import Any

import numpy as np

from refcheck.cell import Kind
from refcheck.judge import allowed
from refcheck.law import Claim, Law, Relation
from refcheck.measured import MeasuredCell
from refcheck.outcome import Finding
from refcheck.provisional import Provisional
from refcheck.receipt import DERIVED, parts, words
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import FORMATS, Measured

OTHERWISE = {
    Relation.IDENTICAL: "none: both sides are asked to be the same, bit for bit",
    Relation.DIFFERS: "a difference must be larger than what both sides may be off by",
    Relation.REFUSES: "none: an exception is asked for, not a number",
}
KINDS = (Kind.LSTM, Kind.GRU, Kind.RNN_TANH, Kind.RNN_RELU)


def allowance(law: Law) -> str:
    """Return how it is derived, and an entry with its receipt; empty if unknown here.

    The example is the textbook's own, which lacks what some laws require.
    """
    kinds = [k for k in KINDS if law.kinds is None or k in law.kinds]
    cells = [MeasuredCell(ReferenceCell(kind)) for kind in kinds]
    cell = next((c for c in cells if not law.excuse(c.signature)), None)
    return "" if cell is None else _shown(law, cell)


def _shown(law: Law, cell: MeasuredCell) -> str:
    cases, signature = law.cases, cell.signature
    recipes = cases.handful if cases.planted else lambda s: cases.landmarks(s, 0)
    recipe = next(iter(recipes(signature)))
    case = cases.finished(cases.plain(recipe, cell), recipe.extra, cell)
    with np.errstate(all="ignore"):
        claims = list(law.check(cell, case))
    for claim in claims:
        if claim.relation in DERIVED and (found := _largest(claim)):
            made = words(parts(law, cell, case, found))
            kind = signature.kind.value if signature.kind else ""
            units = found.allowed / abs(found.right) / FORMATS[case.spec.dtype].u
            return (
                f"{_comes_from(claim)}.  On the first case of the textbook's {kind}, "
                f"in {case.spec.dtype}: {found.label} may be off by "
                f"{found.allowed:.1e} where it is {found.right:.2g}, {units:.0f} units "
                f"of roundoff{made and f' ({made})'}"
            )
    return next((OTHERWISE[c.relation] for c in claims if c.relation in OTHERWISE), "")


def _largest(claim: Claim) -> Finding | None:
    """Return the largest entry of the right side, if anything is allowed there."""
    right: Any = claim.right
    right = right.value if isinstance(right, Measured) else np.asarray(right)
    budget = allowed(_alone(claim))
    if not right.size or not np.any(right):
        return None
    index = np.unravel_index(int(np.argmax(abs(right))), right.shape)
    value, some = float(right[index]), float(budget[index])
    place = tuple(map(int, index))
    return Finding(claim.label, "", value, value, 0.0, some, index=place)


def _alone(claim: Claim) -> Claim:
    """Return the claim without what the textbook's own rounding would add."""
    right = claim.right
    return claim._replace(right=right.value) if _provisional(right) else claim


def _comes_from(claim: Claim) -> str:
    if _provisional(claim.right):
        return (
            "what rounding explains in the target, from the textbook run on numbers "
            "that carry their errors; the right value is the oracle's"
        )
    if isinstance(claim.left, Measured) and isinstance(claim.right, Measured):
        return "what rounding explains in both sides"
    return "what rounding explains in one side; the other is exact"


def _provisional(side: Any) -> bool:
    return isinstance(side, Provisional)
