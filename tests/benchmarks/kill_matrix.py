"""Which laws of the quick profile catch which fault, in which kind of cell.

    nice python -m tests.benchmarks.kill_matrix --minutes 20  # goes on where it ended
    python -m tests.benchmarks.kill_matrix --write            # kills.json and the page

First each fault is planted into one kind and asked up to a catch, the laws that claim
it first; then into every other kind; then one kind of each is asked every law, in order
of catch rate, and at last the other kinds.  A line of ``kill_matrix.jsonl`` is one
fault in one kind.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import msgspec

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.kills import FILE, Kills
from refcheck.selftest import (
    Tried,
    one_kind,
    shares,
    sorted_kinds,
    tried_with,
)
from refcheck.settings import Settings

LEDGER = Path(__file__).with_suffix(".jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "kill-matrix.md"
SETTINGS = Settings(profile="quick")
DTYPES = "float64+float32"
BANK = {bug.id: bug for bug in BUGS}
Pair = tuple[str, str]  # fault and kind
TEXT = """# The kill matrix

Which laws catch which of the known faults, when each is planted into a textbook cell: made by `python -m tests.benchmarks.kill_matrix`.
A report says from the same record, `refcheck/bugs/kills.json`, how many faults a passing run would have caught.

The quick profile, float64 and float32, seed {seed}, nothing shrunk.
{known} of {pairs} pairs of a fault and a kind are on record, of {faults} of {bugs} faults.
{whole} pairs were asked every law; the others until the first catch, so that fewer laws stand in their record than would catch them.

Caught: {caught} of {known} pairs, and {somewhere} of {faults} faults in at least one kind.
{noted} of the pairs were caught by strict laws alone, as far as they were asked, which a run without `--strict` only notes.

## What each law catches

Of the {whole} pairs that were asked every law.
*First*: before any other, in the order of how many faults a law claims.
*Alone*: and no other law did.
Half of those that were caught took {half} cases or fewer, nine of ten {most}.

| law | caught | first | alone |
|---|---|---|---|
{table}

## Not caught in the quick profile

{missed}
"""  # noqa: E501 - one sentence a line


class Line(msgspec.Struct, frozen=True):
    """One fault in one kind, and the laws that it violated."""

    fault: str
    kind: str
    laws: Sequence[str]
    cases: int  # to the first catch
    full: bool  # every law was asked


def main() -> None:
    """Measure what is missing, or write down what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--write", action="store_true")
    words = parser.parse_args()
    if words.write:
        write(recorded())
    else:
        measure_until(time.monotonic() + 60 * words.minutes)


def measure_until(end: float) -> None:
    """Append what is missing to the ledger, until the time is up."""
    every = list(laws().values())
    with LEDGER.open("a", encoding="utf-8") as ledger:
        for bug, kind, full in missing(recorded()):
            if time.monotonic() > end:
                return
            tried = tried_with(bug, kind, every, SETTINGS, full=full)
            whole = full or not tried.laws
            line = Line(bug.id, kind.value, tried.laws, tried.cases, whole)
            print(msgspec.json.encode(line).decode(), file=ledger, flush=True)


def missing(known: Mapping[Pair, Line]) -> Iterator[tuple[Bug, Kind, bool]]:
    """Yield what is still to be measured: fault, kind, and whether by every law."""
    bugs = sorted(BUGS, key=lambda bug: crc32(bug.id.encode()))  # mixed, but fixed
    ones = [(bug, one_kind(bug)) for bug in bugs]
    others = [(bug, kind) for bug in bugs for kind in sorted_kinds(bug)]
    others = [pair for pair in others if pair not in ones]
    for bug, kind in [*ones, *others]:
        if (bug.id, kind.value) not in known:
            yield bug, kind, False
    for bug, kind in [*ones, *others]:
        line = known.get((bug.id, kind.value))
        if line is None or not line.full:
            yield bug, kind, True


def recorded() -> dict[Pair, Line]:
    """Return the lines of faults that are in the bank; later ones count."""
    if not LEDGER.is_file():
        return {}
    texts = LEDGER.read_text("utf-8").splitlines()
    lines = [msgspec.json.decode(text, type=Line) for text in texts]
    return {(line.fault, line.kind): line for line in lines if line.fault in BANK}


def write(known: Mapping[Pair, Line]) -> None:
    """Write the matrix that reports read, and the page about it."""
    found: dict[str, dict[str, Sequence[str]]] = defaultdict(dict)
    for fault, kind in sorted(known):
        found[fault][kind] = known[fault, kind].laws
    text = msgspec.json.encode(Kills({SETTINGS.profile: {DTYPES: found}}))
    FILE.write_bytes(msgspec.json.format(text, indent=1) + b"\n")
    PAGE.write_text(page(known), encoding="utf-8")


def page(known: Mapping[Pair, Line]) -> str:
    """Return the page about what is on record."""
    caught = [line for line in known.values() if line.laws]
    whole = [line for line in known.values() if line.full]
    strict = {name for name, law in laws().items() if law.strict}
    cases = sorted(line.cases for line in whole if line.laws) or [0]
    return TEXT.format(
        seed=SETTINGS.seed,
        known=len(known),
        pairs=sum(len(bug.kinds) for bug in BUGS),
        faults=len({line.fault for line in known.values()}),
        bugs=len(BUGS),
        whole=len(whole),
        caught=len(caught),
        somewhere=len({line.fault for line in caught}),
        noted=sum({*line.laws} <= strict for line in caught),
        half=cases[len(cases) // 2],
        most=cases[len(cases) * 9 // 10],
        table="\n".join(table(whole)),
        missed="\n".join(missed_by_all(known)),
    )


def table(whole: Sequence[Line]) -> Iterator[str]:
    """Yield the rows of the laws, of the pairs that were asked every law."""
    tried = [Tried(o.fault, o.kind, "fault", o.laws, o.cases) for o in whole]
    for name, share in shares(laws(), tried).items():
        yield f"| {name} | {share.caught} | {share.first} | {share.alone} |"


def missed_by_all(known: Mapping[Pair, Line]) -> Iterator[str]:
    """Yield the faults that no law caught, and in which kinds."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for (fault, kind), line in sorted(known.items()):
        kinds[fault] += [] if line.laws else [kind]
    for fault, where in kinds.items():
        of = sum(pair[0] == fault for pair in known)
        told = f"in {', '.join(where)} alone" if len(where) < of else "in every kind"
        if where:
            yield f"- {fault}, {told}: {BANK[fault].says}"


if __name__ == "__main__":
    main()
