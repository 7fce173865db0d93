"""Which known fault, or convention, does a target behave as?

It is looked at on the cases that violate laws and on generic ones, and so is all that
it may behave as.  What cannot be told from it, in plain calls and in what the violated
laws claim, is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from refcheck.case import Subject, case_of
from refcheck.clip_strategies import ClipCases
from refcheck.diagnosis.lineup import Likeness, LineUp
from refcheck.diagnosis.place import first_wrong
from refcheck.diagnosis.suspects import Caught, Suspect, pairs, suspects
from refcheck.law import Law
from refcheck.outcome import Diagnosis, Match, Outcome
from refcheck.strategies import Cases

SECONDS = 2.0  # of one core, for single faults, and again for pairs if there is none
GENERIC = (  # landmarks: some in which parts of a cell are silent
    "generic",
    "two layers, both directions",
    "9 rows",
    "no state, no lengths",
    "one step",
    "no bias",
    "D = H",
    "one row",
    "17 steps",
    "saturating",
)
WITH_LENGTHS = 3  # of these: what becomes of ended rows is often a matter of detail
FEW_CASES = 6  # violating ones that are shown to every suspect
NAMED = 3  # suspects at the most
DIRECT = "agreement"  # the family whose laws say no more than plain calls show


def diagnosed(
    cell: Any,
    broken: Sequence[Outcome],
    laws: Mapping[str, Law],
    caught: Caught,
    seconds: float = SECONDS,
) -> Diagnosis | None:
    """Return what a measured ``cell`` behaves as; None if it cannot be compared.

    Args:
        cell: the target.
        broken: how laws ended that do not hold, with the cases on which they do not.
        laws: all laws, by name.
        caught: which laws are known to catch each fault.
        seconds: after which no further suspect is asked, and later no further pair.
    """
    kind, layout = cell.signature.kind, cell.signature.layout
    shown = [(outcome, case_of(outcome.case)) for outcome in broken if outcome.case]
    mapped = layout is not None and kind is not None and kind.textbook
    if not shown or kind is None or (kind.recurrent and not mapped):
        return None
    lineup = LineUp(cell, seconds)
    lineup.show_plain(_cases(cell, shown))
    lineup.show_claims(_claims(shown, laws))
    every = suspects(cell.signature, {o.law for o in broken}, caught)
    found = lineup.likenesses(every)
    if not found:
        partial = list(lineup.partial(every))
        near = lineup.nearly(partial)
        lineup.lasting(seconds)
        found = lineup.likenesses(_pairs(lineup, partial, every)) or near
    best = sorted(found, key=lambda one: (-one.share, one.suspect.meant))
    equals = [one for one in best if one.share == best[0].share]
    lineup.lasting(seconds / 2)
    named = lineup.told_apart(equals, _claims(shown, laws))[:NAMED]
    if named:
        named[0] = lineup.explaining(named[0], _claims(shown, laws))
    place = "" if named else first_wrong(cell, [case for _, case in shown])
    return Diagnosis(tuple(map(_match, named)), len(every), place)


def _cases(
    cell: Any, shown: Sequence[tuple[Outcome, Any]]
) -> Iterator[tuple[str, Subject]]:
    """Yield violating cases, those of the laws of agreement first, and generic ones."""
    direct = [(o.law, case) for o, case in shown if o.family == DIRECT]
    others = [("", case) for o, case in shown if o.family != DIRECT]
    yield from [*direct, *others][:FEW_CASES]
    for case in _generic(cell):
        if case is not None:
            yield "", case


def _generic(cell: Any) -> Iterator[Subject | None]:
    if not cell.signature.kind.recurrent:
        clip: Any = ClipCases()
        for recipe in islice(clip.landmarks(cell.signature, 0), len(GENERIC)):
            yield clip.plain(recipe, cell)
        return
    cases = Cases(batch_first=None, first=GENERIC)
    recipes = islice(cases.landmarks(cell.signature, 0), len(GENERIC))
    for k, recipe in enumerate(recipes):
        some = recipe.with_lengths and k < WITH_LENGTHS
        yield cases.plain(recipe.but(with_lengths=some), cell)


def _claims(
    shown: Sequence[tuple[Outcome, Any]], laws: Mapping[str, Law]
) -> Iterator[tuple[Law, Any]]:
    """Yield laws whose claims say more than plain calls, quick ones first."""
    quick = sorted(shown, key=lambda one: one[0].seconds / max(1, one[0].cases))
    for outcome, case in quick:
        if outcome.family != DIRECT and outcome.law in laws:
            yield laws[outcome.law], case


def _pairs(
    lineup: LineUp, partial: Sequence[Suspect], every: Sequence[Suspect]
) -> Iterator[Suspect]:
    """Yield pairs of which one suspect explains a part of what is wrong."""
    seen: set[frozenset[str]] = set()
    for one in partial:
        for pair in pairs(lineup.target.signature, one, every):
            if pair.parts not in seen:
                seen.add(pair.parts)
                yield pair


def _match(one: Likeness) -> Match:
    suspect = one.suspect
    return Match(
        suspect.id,
        suspect.says,
        one.agreed,
        one.of,
        tuple(suspect.seen_in),
        suspect.setting,
        one.laws,
    )
