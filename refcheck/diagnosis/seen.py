"""What can be seen of a cell: what it returns, and what a law claims of it.

Two cells are alike where both look the same.  The allowances are the target's, and
serve both: two ways to compute one wrong thing differ by about as much as two ways to
compute the right one.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Case, ClipCase, Subject
from refcheck.cell import Array, Capability
from refcheck.judge import Verdict, judge
from refcheck.law import Claim, Law, Relation, equal
from refcheck.rounding import DOUBLE, FORMATS, Measured, Reported, scaled_by_norm
from refcheck.rounding import Known as Bound

TERMS = 64  # of a sum, in what is small enough to be looked at


class Heard(NamedTuple):
    """A claim that a law makes of a cell, or that it raised or was misshapen."""

    claim: Claim
    raised: str = ""


See = Callable[[Any], Iterator[Heard]]  # of a measured cell


def calls(case: Subject, capabilities: Capability) -> Sequence[See]:
    """Return what is to be seen of a plain call: results, then gradients."""
    if isinstance(case, ClipCase):
        return [partial(_heard, lambda cell: _clipped(cell, case))]
    seen = [partial(_heard, lambda cell: _replied(cell, case))]
    if Capability.BACKWARD in capabilities:
        pulled = case.but(grad_outputs=np.where(_reads(case), case.grad_outputs, 0))
        seen.append(partial(_heard, lambda cell: _pulled(cell, pulled)))
    return seen


def claims(law: Law, case: Subject) -> See:
    """Return what is to be seen of a law's claims on a case."""
    return partial(_heard, lambda cell: law.check(cell, case))


def alike(known: Sequence["Known"], found: Iterator[Heard]) -> bool:
    """Whether another cell shows what is known of the target; stops at a difference.

    Claims about gradients of a state that was not given may be missing of the target,
    and claims about arguments may come in another order.
    """
    skipped: list[Heard] = []
    for one in known:
        other = _next(one.heard.claim.label, found, skipped)
        if other is None or not _same(one, other):
            return False
    return not any(more.raised for more in (*skipped, *found))


def _next(label: str, found: Iterator[Heard], skipped: list[Heard]) -> Heard | None:
    """Return what is heard next under ``label``; keep what comes before it."""
    for k, heard in enumerate(skipped):
        if heard.claim.label == label:
            return skipped.pop(k)
    for heard in found:
        if heard.raised or heard.claim.label == label:
            return heard
        skipped.append(heard)
    return None


class Known(NamedTuple):
    """What was heard of the target, and how it was judged where numbers do not say."""

    heard: Heard
    verdict: Verdict | None


def known(see: See, cell: Any) -> list[Known]:
    """Return all that is to be seen of the target, in its own time."""
    return [Known(heard, _verdict(heard)) for heard in see(cell)]


def _heard(claims: Callable[[Any], Iterator[Claim]], cell: Any) -> Iterator[Heard]:
    try:
        with np.errstate(all="ignore"):
            for claim in claims(cell):
                yield Heard(claim)
    except TargetRaised as error:
        yield Heard(Claim(Relation.REFUSES, "raised", None), type(error).__name__)
    except Misshapen as error:
        yield Heard(Claim(Relation.REFUSES, "misshapen", None), str(error))


def _verdict(heard: Heard) -> Verdict | None:
    """Judge what has no numbers of its own, or asks for more than they say."""
    claim = heard.claim
    plain = not isinstance(claim.left, Measured)
    if heard.raised or not (plain or claim.relation is Relation.IDENTICAL):
        return None
    return judge(claim, (TargetRaised,))


def _same(one: Known, other: Heard) -> bool:
    mine, theirs = one.heard, other
    same_kind = mine.claim[:2] == theirs.claim[:2] and mine.raised == theirs.raised
    if not same_kind or mine.raised:
        return same_kind
    sides = (
        (mine.claim.left, theirs.claim.left),
        (mine.claim.right, theirs.claim.right),
    )
    if not all(_close(a, b) for a, b in sides):
        return False
    verdict = _verdict(theirs)
    if one.verdict is None or verdict is None:
        return one.verdict is verdict
    return one.verdict.violated == verdict.violated


def _close(mine: Any, theirs: Any) -> bool:
    """Whether two sides agree within the largest allowance of the target's side.

    A bound of the textbook may be 0 where another cell has to round: no sum is taken
    for more exact than one of a few dozen terms.
    """
    if not (isinstance(mine, Measured) and isinstance(theirs, Measured)):
        return type(mine) is type(theirs)
    form = FORMATS.get(theirs.dtype.name, DOUBLE)
    size = np.full(theirs.shape, np.max(abs(theirs.value), initial=0.0))

    def allowed() -> Bound:
        least = scaled_by_norm(size, TERMS, form).bound
        return Bound(np.max(mine.bound, initial=0.0) + least)

    return not judge(equal("", mine, Reported(theirs.value, allowed))).violated


def _replied(cell: Any, case: Case) -> Iterator[Claim]:
    reply = cell.forward(case)
    reads = _reads(case)
    shown = reply.outputs.rearranged(lambda y: np.where(reads, y, 0))
    yield equal("outputs", shown, shown)
    for name, state in zip("hc", reply.state, strict=False):
        yield equal(name, state, state)


def _pulled(cell: Any, case: Case) -> Iterator[Claim]:
    found = cell.backward(case)
    for name, gradient in found.params.items():
        yield equal(f"gradient of {name}", gradient, gradient)
    yield equal("gradient of inputs", found.inputs, found.inputs)
    given = () if case.state is None else found.state  # others may be missing
    for name, gradient in zip("hc", given, strict=False):
        yield equal(f"gradient of {name}", gradient, gradient)


def _clipped(cell: Any, case: ClipCase) -> Iterator[Claim]:
    found = cell.clip(case)
    for k, gradient in enumerate(found.grads):
        yield equal(f"gradient {k}", gradient, gradient)
    if found.norm is not None:
        yield equal("norm", found.norm, found.norm)


def _reads(case: Case) -> Array:
    """Return where rows have not ended (T, N, 1): what stands elsewhere says little."""
    ends = np.full(case.batch, case.time) if case.lengths is None else case.lengths
    return np.asarray(np.arange(case.time)[:, None, None] < ends[:, None])
