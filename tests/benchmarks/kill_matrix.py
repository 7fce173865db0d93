"""Which laws of the quick profile catch which fault, in which kind of cell.

    nice python -m tests.benchmarks.kill_matrix --minutes 20  # goes on where it ended
    python -m tests.benchmarks.kill_matrix --write            # kills.json and the page

First each fault is planted into one kind and asked up to a catch, the laws that claim
it first; then into every other kind; then one kind of each is asked every law, in order
of catch rate, and at last the other kinds.  After that the laws that caught are asked
in each dtype alone, and what was made with other laws than those of today once more.
A line of ``kill_matrix.jsonl`` is one fault in one kind.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.kills import FILE, Kills
from refcheck.selftest import Tried, searched, shares
from refcheck.selftest_cells import one_kind, sorted_kinds
from refcheck.settings import Settings
from tests.benchmarks.ledger import into_docs, laws_of_today

LEDGER = Path(__file__).with_suffix(".jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "kill-matrix.md"
BOTH = "float64+float32"
ALONE = ("float64", "float32")
BANK = {bug.id: bug for bug in BUGS}


class Key(NamedTuple):
    """What a line is about."""

    fault: str
    kind: str
    dtypes: str = BOTH


class Line(msgspec.Struct, frozen=True):
    """One fault in one kind, and the laws that it violated."""

    fault: str
    kind: str
    laws: Sequence[str]
    cases: int  # to the first catch
    full: bool  # every law was asked
    dtypes: str = BOTH  # in which they were asked
    tree: str = ""  # a hash of the laws it was made with

    @property
    def key(self) -> Key:
        """What it is about."""
        return Key(self.fault, self.kind, self.dtypes)


class Job(NamedTuple):
    """What is to be measured."""

    bug: Bug
    kind: Kind
    full: bool
    dtypes: str = BOTH
    laws: Sequence[str] = ()  # none: all


Known = Mapping[Key, Line]


def main() -> None:
    """Measure what is missing, or write down what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--alone", action="store_true", help="one dtype at a time")
    words = parser.parse_args()
    if words.write:
        write(recorded())
    else:
        measure_until(time.monotonic() + 60 * words.minutes, alone=words.alone)


def measure_until(end: float, *, alone: bool = False) -> None:
    """Append what is missing to the ledger, until the time is up."""
    tree, known = laws_of_today(), recorded()
    with LEDGER.open("a", encoding="utf-8") as ledger:
        for job in missing(known, tree):
            if alone and job.dtypes == BOTH:
                continue
            if time.monotonic() > end:
                return
            line = measured(job, tree)
            known[line.key] = line
            print(msgspec.json.encode(line).decode(), file=ledger, flush=True)


def measured(job: Job, tree: str) -> Line:
    """Plant the fault and ask the laws; in one dtype others if none of them catches."""
    every = list(laws().values())
    dtypes = () if job.dtypes == BOTH else (job.dtypes,)
    settings = Settings(profile="quick", dtypes=dtypes)
    some = [law for law in every if law.name in job.laws]
    full = job.full or bool(some)
    tried = searched(job.bug, job.kind, some or every, settings, full=full)
    if some and not tried.laws:
        tried = searched(job.bug, job.kind, every, settings, full=False)
    names, cases, full = tried.laws, tried.cases, job.full or not tried.laws
    return Line(job.bug.id, job.kind.value, names, cases, full, job.dtypes, tree)


def missing(known: Known, tree: str) -> Iterator[Job]:
    """Yield what is still to be measured."""
    bugs = sorted(BUGS, key=lambda bug: crc32(bug.id.encode()))  # mixed, but fixed
    ones = [(bug, one_kind(bug)) for bug in bugs]
    others = [(bug, kind) for bug in bugs for kind in sorted_kinds(bug)]
    pairs = [*ones, *(pair for pair in others if pair not in ones)]
    lines = {pair: known.get(Key(pair[0].id, pair[1].value)) for pair in pairs}
    yield from (Job(*pair, full=False) for pair in pairs if lines[pair] is None)
    for pair, line in lines.items():
        if line is None or not line.full:
            yield Job(*pair, full=True)
    yield from chain.from_iterable(_alone(known, pair) for pair in pairs)
    for pair, line in lines.items():
        if line is not None and line.full and line.tree != tree:
            yield Job(*pair, full=True)


def _alone(known: Known, pair: tuple[Bug, Kind]) -> Iterator[Job]:
    """Yield the runs in one dtype alone, once more when all laws were asked in both."""
    fault, kind = pair[0].id, pair[1].value
    both = known.get(Key(fault, kind))
    for dtypes in ALONE if both else ():
        line = known.get(Key(fault, kind, dtypes))
        if line is None or (both.full and not line.full):
            yield Job(*pair, both.full, dtypes, both.laws)


def recorded() -> dict[Key, Line]:
    """Return the lines of faults that are in the bank; later ones count."""
    found: dict[Key, Line] = {}
    for text in LEDGER.read_text("utf-8").splitlines() if LEDGER.is_file() else []:
        line = msgspec.json.decode(text, type=Line)
        found.pop(line.key, None)
        found |= {line.key: line} if line.fault in BANK else {}
    return found


def write(known: Known) -> None:
    """Write the matrix that reports read, and the tables about it; drop old lines."""
    runs: dict[str, dict[str, dict[str, Sequence[str]]]] = {}
    for key in sorted(known):
        run = runs.setdefault(key.dtypes, defaultdict(dict))
        run[key.fault][key.kind] = known[key].laws
    both = [line for line in known.values() if line.dtypes == BOTH]
    tree = list(known.values())[-1].tree
    text = msgspec.json.encode(Kills(runs, tree))
    FILE.write_bytes(text.replace(b']},"', b']},\n"') + b"\n")  # a fault a line
    lines = [msgspec.json.encode(line).decode() + "\n" for line in known.values()]
    LEDGER.write_text("".join(lines), encoding="utf-8")
    into_docs("record", record(known, tree), PAGE)
    into_docs("laws", table([line for line in both if line.full]), PAGE)
    into_docs("missed", missed_by_all(both), PAGE)


def record(known: Known, tree: str) -> Iterator[str]:
    """Yield what is on record, a row for each run."""
    strict = {name for name, law in laws().items() if law.strict}
    pairs = sum(len(bug.kinds) for bug in BUGS)
    yield "| dtypes | pairs | caught | by strict laws alone | asked all |"
    yield "|---|---|---|---|---|"
    for dtypes in (BOTH, *ALONE):
        run = [line for line in known.values() if line.dtypes == dtypes]
        caught = [line for line in run if line.laws]
        noted = sum({*line.laws} <= strict for line in caught)
        asked = sum(line.full for line in run)
        of = f"{len(run)} of {pairs}"
        yield f"| {dtypes} | {of} | {len(caught)} | {noted} | {asked} |"
    lines = known.values()
    yield ""
    yield (
        f"{len({line.fault for line in lines if line.laws})} of {len(BUGS)} faults are "
        f"caught in at least one kind.  {sum(line.tree == tree for line in lines)} of "
        f"{len(lines)} pairs were asked with the sources of hash `{tree}`, the others "
        f"with earlier ones."
    )
    full = [line for line in lines if line.full and line.dtypes == BOTH]
    cases = sorted(line.cases for line in full if line.laws) or [0]
    yield (
        f"In both dtypes {len(full)} pairs were asked every law, most catching first: "
        f"half of them were caught in {cases[len(cases) // 2]} cases or fewer, nine of "
        f"ten in {cases[len(cases) * 9 // 10]}."
    )


def table(whole: Sequence[Line]) -> Iterator[str]:
    """Yield the rows of the laws, of the pairs that were asked every law."""
    tried = [Tried(o.fault, o.kind, "fault", o.laws, o.cases) for o in whole]
    yield "| law | caught | first | alone |"
    yield "|---|---|---|---|"
    for name, share in shares(laws(), tried).items():
        yield f"| {name} | {share.caught} | {share.first} | {share.alone} |"


def missed_by_all(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the faults that no law caught, and in which kinds."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line.key):
        kinds[line.fault] += [] if line.laws else [line.kind]
    for fault, where in kinds.items():
        of = sum(line.fault == fault for line in lines)
        told = f"in {', '.join(where)} alone" if len(where) < of else "in every kind"
        if where:
            yield f"- {fault}, {told}: {BANK[fault].says}"
    if not any(kinds.values()):
        yield "None."


if __name__ == "__main__":
    main()
