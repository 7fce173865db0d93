"""Which laws are enough to catch what all of them catch, by the kill matrix.

python -m tests.benchmarks.needed_laws    # writes the tables in the docs
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from refcheck.catalogue import laws
from refcheck.cell import Capability
from tests.benchmarks.kill_matrix import BOTH, PAGE, recorded
from tests.benchmarks.ledger import into_docs

Enough = list[tuple[str, int]]  # law -> pairs that none before it catches


def main() -> None:
    """Write the table of laws that are enough."""
    into_docs("enough", table(), PAGE)


def enough(caught: Iterable[Collection[str]], among: Collection[str]) -> Enough:
    """Return laws that catch all pairs, each time the one that catches most others."""
    left = [found for laws in caught if (found := {*laws} & {*among})]
    chosen: Enough = []
    while left:
        counts = Counter(name for found in left for name in sorted(found))
        best = max(sorted(counts), key=lambda name: counts[name])
        chosen.append((best, counts[best]))
        left = [found for found in left if best not in found]
    return chosen


def of_any_cell() -> Enough:
    """Return laws that are enough for all kinds, and for clipping."""
    return enough(_asked_all(), laws())


def of_unknown_kinds() -> Enough:
    """Return laws that are enough of those that are asked of a cell of unknown kind."""
    among = [
        law.name
        for law in laws().values()
        if law.kinds is None and Capability.LAYOUT not in law.requires
    ]
    return enough(_asked_all(), among)


def on_record() -> set[str]:
    """Return the laws that catch anything."""
    return {name for laws in _asked_all() for name in laws}


def table() -> Iterator[str]:
    """Yield a row for each law that is needed, in the order of what they add."""
    every, unknown = dict(of_any_cell()), dict(of_unknown_kinds())
    yield "| law | adds | adds, kind unknown |"
    yield "|---|---|---|"
    for name in dict.fromkeys((*every, *unknown)):
        yield f"| {name} | {every.get(name, '')} | {unknown.get(name, '')} |"


def _asked_all() -> list[Collection[str]]:
    known = recorded().values()
    return [line.laws for line in known if line.full and line.dtypes == BOTH]


if __name__ == "__main__":
    main()
