"""Why a target does not conform, and what a run could have seen, in words."""

import textwrap
from collections.abc import Iterator, Sequence

from refcheck.outcome import Diagnosis, Match, Power
from refcheck.reporters.lines import WIDTH, labelled

THREADS = 3  # that are listed


def cause_lines(diagnosis: Diagnosis | None) -> Iterator[str]:
    """Yield what the target behaves as, and what to declare if that is meant."""
    if diagnosis is None:
        return
    if not diagnosis.matches:
        none = f"none of the {diagnosis.compared} known faults and conventions"
        yield from labelled("behaves as", none)
        yield from labelled("first wrong", diagnosis.place)
        return
    best, *others = diagnosis.matches
    how = "exactly " if best.agrees_on == best.of else "most nearly "
    yield from labelled("behaves", f"{how}as {_told(best)}")
    yield from labelled("", best.says)
    for other in (match for match in others if not match.setting):
        yield from labelled("", f"or as {_told(other)}: {other.says}")
    for setting in _settings(diagnosis.matches):
        yield from labelled("if it is meant", setting)
    yield from _threads(best)


def same_reason(names: Sequence[str]) -> Iterator[str]:
    """Yield the laws that do not hold for the same reason as the one that was told."""
    count = f"{len(names)} more law{'' if len(names) == 1 else 's'}"
    verb = "fails" if len(names) == 1 else "fail"
    told = f"{count} {verb} for the same reason: {', '.join(names)}"
    yield from textwrap.wrap(told, WIDTH, break_on_hyphens=False)


def power_lines(power: Power | None, *, verbose: bool) -> Iterator[str]:
    """Yield how many known faults a run would have seen, all missed ones if asked."""
    if power is None:
        return
    told = (
        f"Of {power.known} known faults that are on record for such a cell, this run "
        f"would have caught {power.caught}."
    )
    yield from textwrap.wrap(told, WIDTH)
    if verbose and power.missed:
        yield from labelled("missed", ", ".join(power.missed), 0)


def _told(match: Match) -> str:
    return f"{match.bug} ({match.agrees_on} of {match.of} cases)"


def _settings(matches: Sequence[Match]) -> list[str]:
    """Return what makes the target conform, by matches as good as the best one."""
    best = matches[0]
    equals = [m for m in matches if (m.agrees_on, m.of) == (best.agrees_on, best.of)]
    return [m.setting for m in equals if m.setting]


def _threads(match: Match) -> Iterator[str]:
    for k, address in enumerate(match.seen_in[:THREADS]):
        yield from labelled("" if k else "also seen in", address)
    more = len(match.seen_in) - THREADS
    if more > 0:
        yield from labelled("", f"and {more} more: refcheck explain {match.bug}")
