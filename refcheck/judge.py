"""The only place where two numbers are compared: a claim becomes a verdict.

Shapes are compared before values, and dtypes where a claim asks for identity.  NaN on
one side is a violation; an allowance that says nothing makes a claim inconclusive.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from refcheck.cell import Array
from refcheck.law import Claim, Relation
from refcheck.oracle import chosen
from refcheck.outcome import Finding
from refcheck.place import widest
from refcheck.provisional import Provisional
from refcheck.rounding import (
    DOUBLE,
    FORMATS,
    Doubt,
    Format,
    Measured,
    informative,
    is_half,
)

CONCLUSIVE_SHARE = 0.9  # of the entries must have an informative allowance


class Verdict(NamedTuple):
    """How a claim ended on one case."""

    relation: Relation
    label: str
    violated: bool
    conclusive: bool
    ratio: float = 0.0  # the largest error as a share of its allowance
    finding: Finding | None = None
    limit: float = 0.0  # what half of the entries may be off by, relative; 0: unknown
    doubts: frozenset[Doubt] = frozenset()  # why it is not conclusive


def judge(claim: Claim, target_errors: tuple[type[Exception], ...] = ()) -> Verdict:
    """Decide a claim; ``target_errors`` are what a refusal looks like."""
    if claim.relation is Relation.REFUSES:
        return _refusal(claim, target_errors)
    left, right = _value(claim.left), _value(claim.right)
    if left.shape != right.shape:
        says = f"shape {left.shape} against {right.shape}"
        return _told(claim, says)
    return _JUDGES[claim.relation](claim, left, right)


def _refusal(claim: Claim, target_errors: tuple[type[Exception], ...]) -> Verdict:
    try:
        claim.left()
    except target_errors:
        return Verdict(claim.relation, claim.label, violated=False, conclusive=True)
    return _told(claim, "a result came back, expected an exception")


def _identical(claim: Claim, left: Array, right: Array) -> Verdict:
    if left.dtype != right.dtype:
        return _told(claim, f"dtype {left.dtype} against {right.dtype}")
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    if np.all(same):
        return Verdict(claim.relation, claim.label, violated=False, conclusive=True)
    error = np.where(same, 0.0, _distance(left, right))
    finding = widest(claim.label, left, right, error, np.zeros(left.shape))
    return Verdict(claim.relation, claim.label, True, True, np.inf, finding)


def _equal(claim: Claim, left: Array, right: Array) -> Verdict:
    error = _distance(left, right)
    if np.all(error <= _one_rounding(left, right)):
        return Verdict(claim.relation, claim.label, violated=False, conclusive=True)
    if isinstance(claim.right, Provisional):
        return _beside_the_textbook(claim, claim.right, left, error)
    return _bounded(claim, left, right, error, allowed(claim))


def _beside_the_textbook(
    claim: Claim, right: Provisional, left: Array, error: Array
) -> Verdict:
    """Allow what the target may be off by; near to that, or beyond, ask the oracle."""
    alone = claim._replace(right=right.value)
    verdict = _bounded(claim, left, right.value, error, allowed(alone))
    if not verdict.violated and verdict.ratio < right.certain:
        return verdict
    asked = claim._replace(right=right.confirmed())
    value = asked.right.value
    verdict = _bounded(asked, left, value, _distance(left, value), allowed(asked))
    told = verdict.finding and structs.replace(
        verdict.finding, oracle=chosen(right.case).name
    )
    return verdict._replace(finding=told)


def _at_most(claim: Claim, left: Array, right: Array) -> Verdict:
    excess = left.astype(float) - right.astype(float)
    error = np.where(np.isnan(excess), np.inf, np.maximum(excess, 0.0))
    return _bounded(claim, left, right, error, allowed(claim))


def _bounded(
    claim: Claim, left: Array, right: Array, error: Array, budget: Array
) -> Verdict:
    beyond = error > budget
    with np.errstate(all="ignore"):
        ratios = np.where(error == 0, 0.0, error / budget)
    ratio = float(np.max(ratios, initial=0.0, where=~np.isnan(ratios)))
    if np.any(beyond):
        finding = widest(claim.label, left, right, error, budget)
        return Verdict(claim.relation, claim.label, True, True, ratio, finding)
    doubts = _doubts(claim, budget, left, right)
    limit = _limit(budget, right) if claim.relation is Relation.EQUAL else 0.0
    return Verdict(
        claim.relation, claim.label, False, not doubts, ratio, None, limit, doubts
    )


def _differs(claim: Claim, left: Array, right: Array) -> Verdict:
    """Violated here only if nothing shows on this case; the runner asks them all."""
    error, budget = _distance(left, right), allowed(claim)
    shows = bool(np.any(error > budget))
    finding = widest(claim.label, left, right, error, budget) if left.size else None
    if finding is not None:
        finding = structs.replace(
            finding,
            says="no difference, expected one on at least one of the planted cases",
        )
    doubts = frozenset() if shows else _doubts(claim, budget, left, right)
    if not shows and is_half(_coarser(left, right)):
        doubts |= {Doubt.WIDE}  # 16 bits allow more than many a difference
    violated = not shows and not doubts
    return Verdict(
        claim.relation,
        claim.label,
        violated,
        not doubts,
        finding=finding,
        doubts=doubts,
    )


_JUDGES: dict[Relation, Callable[[Claim, Array, Array], Verdict]] = {
    Relation.EQUAL: _equal,
    Relation.IDENTICAL: _identical,
    Relation.AT_MOST: _at_most,
    Relation.DIFFERS: _differs,
}


def _one_rounding(left: Array, right: Array) -> Array:
    """What storing a result costs: no allowance is smaller, so none is computed.

    Most claims end here, and sides that agree so closely leave nothing undecided.
    """
    size = np.maximum(abs(left.astype(float)), abs(right.astype(float)))
    return np.asarray(_coarser(left, right).u * np.where(np.isfinite(size), size, 0.0))


def _value(side: Any) -> Array:
    return side.value if isinstance(side, Measured) else np.asarray(side)


def allowed(claim: Claim) -> Array:
    """Return what rounding explains: both sides' allowances, and this subtraction's."""
    sides = (claim.left, claim.right)
    carried = [s.allowance for s in sides if isinstance(s, Measured)]
    size = np.maximum(*(abs(_value(s).astype(float)) for s in sides))
    size = np.where(np.isfinite(size), size, 0.0)
    with np.errstate(all="ignore"):
        return np.asarray(claim.factor * sum(carried, start=DOUBLE.u * size))


def _distance(left: Array, right: Array) -> Array:
    """|left − right|; 0 where both are the same infinity or NaN, inf where one is."""
    with np.errstate(all="ignore"):
        error = abs(left.astype(float) - right.astype(float))
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    return np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))


def _limit(budget: Array, right: Array) -> float:
    """Return the median of allowance over result: an error that half would show."""
    size = abs(right.astype(float))
    shares = np.sort(budget[size > 0] / size[size > 0])
    return float(shares[len(shares) // 2]) if shares.size else 0.0


def _doubts(claim: Claim, budget: Array, left: Array, right: Array) -> frozenset[Doubt]:
    """Return why the allowance says nothing; nothing if it says something."""
    sides = [s for s in (claim.left, claim.right) if isinstance(s, Measured)]
    known = frozenset[Doubt]().union(*(side.doubts for side in sides))
    says = known or _informative(budget, left, right)
    return known if says else frozenset({Doubt.WIDE})


def _informative(budget: Array, left: Array, right: Array) -> bool:
    if not budget.size:
        return True
    form = _coarser(left, right)
    with np.errstate(all="ignore"):
        size = np.maximum(abs(left.astype(float)), abs(right.astype(float)))
        size = np.maximum(size, np.sqrt(np.mean(size**2)))
        says = informative(form, budget, size)
    return bool(np.mean(says) >= CONCLUSIVE_SHARE)


def _coarser(left: Array, right: Array) -> Format:
    return max(_format(left), _format(right), key=lambda form: form.u)


def _format(side: Array) -> Format:
    return FORMATS.get(side.dtype.name, DOUBLE)


def misshapen(error: Exception) -> Verdict:
    """Return the verdict on a result whose shape is wrong, before any claim is made."""
    return _told(Claim(Relation.EQUAL, "shapes", None), str(error))


def _told(claim: Claim, says: str) -> Verdict:
    finding = Finding(claim.label, "", np.nan, np.nan, np.inf, 0.0, says)
    return Verdict(claim.relation, claim.label, True, True, np.inf, finding)
