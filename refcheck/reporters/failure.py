"""One law that does not hold, told so that a reader can act on it.

In this order: cell and law, the equation, where and both values, the error against
what rounding explains, the smallest case whole, the commands to type.
"""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from refcheck.outcome import Diagnosis, Finding, Outcome, Status
from refcheck.reporters.cause import cause_lines
from refcheck.reporters.lines import WIDTH, beside, labelled
from refcheck.reporters.numbers import both
from refcheck.reporters.smallest import case_lines, sizes

ENDED = {
    Status.VIOLATED: "is violated",
    Status.CRASHED: "ended in a crash",
    Status.TIMED_OUT: "got no answer in time",
    Status.NOTED: "(strict) is not met",
    Status.STALE: "was expected to fail and holds",
}


def failure_lines(
    outcome: Outcome, target: str = "", diagnosis: Diagnosis | None = None
) -> Iterator[str]:
    """Yield the whole story of ``outcome``, and of its cause if that is known."""
    ended = ENDED.get(outcome.status, str(outcome.status))
    yield f"{outcome.law} {ended}   {target}".rstrip()
    yield from textwrap.wrap(
        outcome.statement, WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 4
    )
    yield from labelled("where" if outcome.finding else "what", gist(outcome))
    yield from labelled("error", _error(outcome.finding) + _times(outcome.finding))
    yield from labelled("allowance", _receipt(outcome.finding))
    yield from labelled("worst seen", _worst(outcome))
    if outcome.case:
        yield from _case(outcome, outcome.case)
    yield from cause_lines(diagnosis)
    if outcome.case_id:
        yield from labelled("replay", f"refcheck replay {outcome.case_id}")
    yield from labelled("explain", f"refcheck explain {outcome.law}")


def brief_lines(outcome: Outcome) -> Iterator[str]:
    """Yield the same in two lines."""
    replay = f"refcheck replay {outcome.case_id}" if outcome.case_id else ""
    error = _error(outcome.finding)
    says = f"error {error}" if error else gist(outcome)
    room = WIDTH - 6 - len(replay) - 2
    yield f"  {outcome.law} {ENDED.get(outcome.status, str(outcome.status))}"
    yield f"      {shortened(says, room):<{room}}  {replay}".rstrip()


def gist(outcome: Outcome) -> str:
    """Return where the law does not hold, with both values, or what was raised."""
    finding = outcome.finding
    if finding is None:
        return outcome.reason
    place = f"{finding.label} at {finding.where}" if finding.where else finding.label
    if finding.says:
        return f"{place}: {finding.says}"
    got, want = both(finding.left, finding.right)
    return f"{place}: got {got}, want {want}"


def shortened(text: str, room: int) -> str:
    """Return ``text``, cut where it does not fit."""
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _error(finding: Finding | None) -> str:
    if finding is None or finding.says:
        return ""
    explained = f"{finding.allowed:.1e}" if finding.allowed else "nothing"
    return f"{finding.error:.1e}, rounding explains {explained}"


def _times(finding: Finding | None) -> str:
    if finding is None or finding.says or not finding.allowed:
        return ""
    return f", {finding.ratio:.1e} times as much"


def _receipt(finding: Finding | None) -> str:
    """Say what the allowance is made of, and who says what is right."""
    if finding is None or not finding.parts:
        return ""
    parts = sorted(finding.parts.items(), key=lambda part: -part[1])
    made = ", ".join(f"{share:.0%} {source}" for source, share in parts)
    return f"{made}; right by {finding.oracle}" if finding.oracle else made


def _case(outcome: Outcome, case: Mapping[str, Any]) -> Iterator[str]:
    """Tell the case; one that ended the process is as it was drawn, and told short."""
    if outcome.cases:
        yield from beside("smallest case", case_lines(case))
    elif outcome.case_id:
        told = [*sizes(case), f"not made smaller; whole in case {outcome.case_id}"]
        yield from beside("case", told)
    else:
        yield from beside("case", case_lines(case))


def _worst(outcome: Outcome) -> str:
    worst, found = outcome.worst, outcome.finding
    if worst is None or found is None or worst.error <= found.error:
        return ""
    place = f", {worst.label} at {worst.where}" if worst.where else ""
    replay = f": refcheck replay {outcome.worst_id}" if outcome.worst_id else ""
    return _error(worst) and f"error {_error(worst)}{place}{replay}"
