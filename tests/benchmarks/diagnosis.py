"""How many faults of the bank a diagnosis names.

    nice python -m tests.benchmarks.diagnosis --minutes 20  # goes on where it ended
    python -m tests.benchmarks.diagnosis --write            # the table in the docs

Each fault is planted into one kind, and the laws are asked that are on record to catch
it, as the quick profile asks them, with those of agreement; what they find is diagnosed
in the time that a report takes for it.
"""

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import msgspec

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.diagnosis.diagnose import diagnosed
from refcheck.kills import catching
from refcheck.outcome import BROKEN, Match, Status
from refcheck.runner import measure, run
from refcheck.selftest_cells import one_kind
from refcheck.settings import Settings
from tests.benchmarks.ledger import into_docs

LEDGER = Path(__file__).with_suffix(".jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "kill-matrix.md"
DIRECT = ("outputs-agree", "final-state-agrees", "gradients-agree")
HOW = ("alone", "first", "among equals", "later", "not", "nothing broken")


class Line(msgspec.Struct, frozen=True):
    """One fault in one kind, and how it was named."""

    fault: str
    kind: str
    how: str  # see HOW
    named: Sequence[str] = ()  # best first


def main() -> None:
    """Measure what is missing, or write down what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--write", action="store_true")
    words = parser.parse_args()
    if words.write:
        into_docs("diagnosis", table(recorded()), PAGE)
        return
    end, known = time.monotonic() + 60 * words.minutes, recorded()
    with LEDGER.open("a", encoding="utf-8") as ledger:
        for bug in sorted(BUGS, key=lambda bug: crc32(bug.id.encode())):
            if time.monotonic() > end:
                return
            if bug.id not in {line.fault for line in known}:
                with warnings.catch_warnings(action="ignore"):
                    line = named(bug, one_kind(bug))
                print(msgspec.json.encode(line).decode(), file=ledger, flush=True)


def named(bug: Bug, kind: Kind) -> Line:
    """Plant the fault, ask laws, and diagnose."""
    every = laws()
    caught = catching(every.values())
    select = (*DIRECT, *caught[bug.id])
    settings = Settings(profile="quick", select=select, strict=True)
    cell = bug.plant(kind)
    outcomes = list(run(cell, list(every.values()), settings))
    broken = [o for o in outcomes if o.status in BROKEN or o.status is Status.NOTED]
    target = measure(bug.plant(kind), settings)
    found = diagnosed(target, broken, every, caught) if broken else None
    matches = found.matches if found else ()
    how = judged(bug.id, matches) if broken else "nothing broken"
    return Line(bug.id, kind.value, how, [match.bug for match in matches])


def judged(fault: str, matches: Sequence[Match]) -> str:
    """Return how the fault was named."""
    names = [match.bug for match in matches]
    if fault not in names:
        return "not"
    if len(names) == 1:
        return "alone"
    if names[0] == fault:
        return "first"
    best, own = matches[0], matches[names.index(fault)]
    equal = best.agrees_on * own.of == own.agrees_on * best.of
    return "among equals" if equal else "later"


def recorded() -> list[Line]:
    """Return what was measured."""
    texts = LEDGER.read_text("utf-8").splitlines() if LEDGER.is_file() else []
    return [msgspec.json.decode(text, type=Line) for text in texts]


def table(lines: Sequence[Line]) -> Iterator[str]:
    """Yield how many faults were named in each way, and those that were not."""
    counts = Counter(line.how for line in lines)
    yield "| how it is named | faults | share |"
    yield "|---|---|---|"
    for how in HOW:
        if counts[how]:
            yield f"| {how} | {counts[how]} | {counts[how] / len(lines):.0%} |"
    yield ""
    for line in lines:
        if line.how not in HOW[:2]:
            told = f"named instead: {', '.join(line.named)}" if line.named else "none"
            yield f"- {line.fault} ({line.kind}), {line.how}; {told}"


if __name__ == "__main__":
    main()
