"""The report for people: what was asked, what went wrong and where, and the verdict."""

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from refcheck.outcome import BROKEN, Outcome, Report, Status
from refcheck.reporters.cause import power_lines, same_reason
from refcheck.reporters.failure import brief_lines, failure_lines, gist, shortened
from refcheck.reporters.lines import WIDTH, labelled
from refcheck.reporters.probed import in_check

FEW = 2  # laws that are named beside the reason for which they were skipped
HEADINGS = (
    f"{'family':<20}{'held':>9}{'cases':>8}  {'closest to its allowance':<34}{'s':>7}"
)


def render(report: Report, *, verbose: bool = False) -> str:
    """Return the report as text of 80 columns; ``verbose`` tells all in full."""
    parts = [
        _head(report),
        _families(report.outcomes),
        *_failures(report, verbose=verbose),
        [*_skipped(report.outcomes, verbose=verbose), *_undecided(report.outcomes)],
        [*_noted(report.outcomes), *_notes(report)],
        _limits(report.outcomes) if verbose else [],
        [
            *_verdict(report),
            *power_lines(report.power, verbose=verbose),
            *_strength(report),
        ],
    ]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def render_outcome(outcome: Outcome, target: str = "") -> str:
    """Return one law that does not hold, told in full."""
    return "\n".join(failure_lines(outcome, target))


def grouped(number: int) -> str:
    """Return a number with its thousands apart: 4 812."""
    return f"{number:,}".replace(",", " ")


def laws(number: int) -> str:
    """Return how many laws, in words."""
    return f"{grouped(number)} law{'' if number == 1 else 's'}"


def _head(report: Report) -> list[str]:
    kind = report.kind or "not loaded"
    kind += ", probed" if report.probed is not None and report.probed.kind else ""
    return [
        f"refcheck {report.version}   {report.target}",
        f"kind {kind}   profile {report.profile}   seed {report.seed}",
    ]


def _families(outcomes: Sequence[Outcome]) -> list[str]:
    families: Mapping[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.status not in {Status.SKIPPED, Status.NOTED}:
            families[outcome.family].append(outcome)
    rows = [_row(family, asked) for family, asked in families.items()]
    return [HEADINGS, *rows] if rows else []


def _row(family: str, asked: Sequence[Outcome]) -> str:
    held = [o for o in asked if o.status is Status.HELD]
    count = f"{len(held)} of {len(asked)}"
    cases = grouped(sum(o.cases for o in asked))
    closest = max(held, key=lambda o: o.closest, default=None)
    near = f"{closest.closest:.2f} {closest.law}" if closest and closest.closest else ""
    seconds = sum(o.seconds for o in asked)
    return f"{family:<20}{count:>9}{cases:>8}  {shortened(near, 34):<34}{seconds:>7.1f}"


def _failures(report: Report, *, verbose: bool) -> Iterator[list[str]]:
    broken, explained = _grouped(report)
    told = broken if verbose else broken[:1]
    for k, outcome in enumerate(told):
        cause = None if k else report.diagnosis
        yield list(failure_lines(outcome, report.target, cause))
    same = [o.law for o in broken[1:] if o.law in explained]
    if same:
        yield list(same_reason(same))
    rest = [o for o in broken[len(told) :] if o.law not in explained]
    if rest:
        lines = [line for outcome in rest for line in brief_lines(outcome)]
        yield [f"{len(rest)} more:", *lines]


def _grouped(report: Report) -> tuple[list[Outcome], Sequence[str]]:
    """Return what does not hold, and the laws of it that have one known cause.

    One of these comes first, as the cause is told beside it.
    """
    broken = [o for o in report.outcomes if o.status in BROKEN]
    matches = report.diagnosis.matches if report.diagnosis else ()
    explained = matches[0].laws if matches else ()
    return sorted(broken, key=lambda o: o.law not in explained), explained


def _skipped(outcomes: Sequence[Outcome], *, verbose: bool) -> Iterator[str]:
    reasons: Mapping[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.status is Status.SKIPPED:
            reasons[outcome.reason].append(outcome.law)
    if reasons:
        yield f"skipped        {laws(sum(map(len, reasons.values())))}"
    for reason, names in reasons.items():
        named = f": {', '.join(names)}" if verbose or len(names) <= FEW else ""
        yield from labelled(f"{len(names):>9}", f"{reason}{named}", 0)


def _undecided(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.status is Status.INCONCLUSIVE:
            yield from labelled("inconclusive", f"{outcome.law}: {outcome.reason}", 0)
    share = sum(o.inconclusive for o in outcomes)
    if share:
        cases = grouped(sum(o.cases for o in outcomes))
        said = f"{grouped(share)} of {cases} cases"
        yield from labelled("inconclusive", f"{said}{_reasons(outcomes)}", 0)


def _reasons(outcomes: Sequence[Outcome]) -> str:
    """Return why nothing can be said, most frequent first; a case may have several."""
    count: Counter[str] = Counter()
    for outcome in outcomes:
        count.update(outcome.undecided)
    told = [f"{why} {grouped(n)}" for why, n in count.most_common()]
    return f" ({', '.join(told)})" if told else ""


def _noted(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.status is Status.NOTED:
            yield from labelled("noted", f"{outcome.law} (strict): {gist(outcome)}", 0)
            if outcome.case_id:
                yield from labelled("", f"refcheck replay {outcome.case_id}", 0)


def _notes(report: Report) -> Iterator[str]:
    yield from in_check(report.probed)
    for note in report.notes:
        yield from labelled("note", note, 0)


def _limits(outcomes: Sequence[Outcome]) -> list[str]:
    """Say from which relative error on each law would have seen it."""
    known = [outcome for outcome in outcomes if outcome.limits]
    dtypes = sorted({dtype for o in known for dtype in o.limits}, reverse=True)
    rows = [f"{'seen from this relative error on':<56}" + "".join(map(_right, dtypes))]
    for o in known:
        seen = (f"{o.limits[d].relative:.1e}" if d in o.limits else "" for d in dtypes)
        rows.append(f"{shortened(o.law, 55):<56}{''.join(map(_right, seen))}".rstrip())
    return rows if known else []


def _right(text: str) -> str:
    return f"{text:>12}"


def _strength(report: Report) -> Iterator[str]:
    """Say what a pass is worth: the smallest error that would not have passed."""
    if report.verdict != "conforms" or not report.limits:
        return
    limits = report.limits.items()
    seen = ", ".join(f"{limit.relative:.1e} ({dtype})" for dtype, limit in limits)
    where = ", ".join(dict.fromkeys(limit.law for _, limit in limits))
    yield f"Smallest relative error it could have seen: {seen}"
    yield from textwrap.wrap(f"in {where}", WIDTH, initial_indent="    ")


def _verdict(report: Report) -> list[str]:
    statuses = [o.status for o in report.outcomes]
    count = {s: statuses.count(s) for s in Status}
    broken = sum(count[s] for s in BROKEN)
    cases = grouped(sum(o.cases for o in report.outcomes))
    held, undecided = count[Status.HELD], count[Status.INCONCLUSIVE]
    rest = f"{count[Status.SKIPPED]} skipped, {undecided} inconclusive"
    said = {
        "conforms": f"{held} of {laws(held + undecided)}, {cases} cases",
        "violates": f"{laws(broken)}{_causes(report)}; {held} held, {rest}",
        "inconclusive": f"{held} held, {rest}",
    }
    verdict = report.verdict
    line = f"{verdict.upper()}   {said[verdict]}"
    end = f"{report.seconds:.1f} s   exit {report.exit_code}"
    why = _why(report) if verdict == "inconclusive" else []
    return [*why, f"{line:<{WIDTH - len(end)}}{end}"]


def _causes(report: Report) -> str:
    """Say that there is one cause, if one explains all that does not hold."""
    broken, explained = _grouped(report)
    return ", 1 cause" if {o.law for o in broken} <= set(explained) else ""


def _why(report: Report) -> list[str]:
    if not report.complete:
        return ["not every law was asked, so nothing is said of the whole"]
    if not any(o.status is Status.HELD for o in report.outcomes):
        return ["no law was held"]
    if report.probed is not None and report.probed.contradictions:
        return ["what it is was not declared, and what tells of it is contradictory"]
    return ["a law of agreement or gradients had no conclusive case"]
