"""Find a small case for each known fault, on which it violates a law.

    nice python -m tests.benchmarks.witnesses --minutes 10     # those that are missing
    python -m tests.benchmarks.witnesses --again FAULT …        # these once more

Laws are asked as the default profile asks them, those first that claim the fault, each
on a cell that remembers nothing; the first case that a right cell obeys is made small.
A law that has changed what it draws beside its cases may need new witnesses: the test
that replays them names the faults.
"""

import argparse
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.bugs.clipping import PlantedClipper
from refcheck.bugs.planted import planted
from refcheck.case import Subject
from refcheck.catalogue import laws
from refcheck.cell import Kind, Signature
from refcheck.landmarks import chosen
from refcheck.law import Law
from refcheck.reduction import reduced
from refcheck.runner import effort, measure
from refcheck.selftest import ordered
from refcheck.selftest_cells import one_kind
from refcheck.settings import Settings
from refcheck.trial import ask
from refcheck.witnesses import FILE, Witness, witnesses

SECONDS = 4.0  # to make a case small


def main() -> None:
    """Find what is missing, and write all in the order of the bank."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--again", nargs="+", default=[])
    words = parser.parse_args()
    end = time.monotonic() + 60 * words.minutes
    known = {} if not FILE.exists() else dict(witnesses())
    known = {fault: w for fault, w in known.items() if fault not in words.again}
    for bug in BUGS:
        if bug.id not in known and time.monotonic() < end:
            with warnings.catch_warnings(action="ignore"):
                known[bug.id] = found(bug, one_kind(bug))
    lines = [msgspec.json.encode(known[b.id]).decode() for b in BUGS if b.id in known]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def found(bug: Bug, kind: Kind) -> Witness:
    """Return the witness of a fault.

    Raises:
        LookupError: if there is none.
    """
    for law in ordered(list(laws().values()), bug):
        if not law.excuse(bug.plant(kind).signature):
            case = Hearing(bug, kind, law).smallest()
            if case is not None:
                document = without_values(case.document())
                return Witness(bug.id, kind.value, law.name, document)
    raise LookupError(bug.id)


class Hearing(NamedTuple):
    """A law, asked of cells that remember nothing, with a fault and without."""

    bug: Bug
    kind: Kind
    law: Law

    def smallest(self) -> Subject | None:
        """Return a small case on which the law tells the two apart; None if none."""
        cases, cell = self.law.cases, self.asked(right_cell(self.kind))
        for recipe in self.recipes(cell.signature):
            plain = cases.plain(recipe, cell)
            if plain is not None and self.shows(self.whole(plain, recipe)):
                return self.whole(self.reduced(plain, recipe), recipe)
        return None

    def recipes(self, signature: Signature) -> Iterable[Any]:
        """Return what the default profile asks."""
        cases, name = self.law.cases, self.law.name
        if cases.planted:
            return cases.handful(signature)
        most = min(effort(self.law, Settings()).landmarks, cases.most)
        return chosen(cases, name, signature, seed=0, most=most)

    def reduced(self, plain: Any, recipe: Any) -> Any:
        """Return the smallest case that still shows the fault, for some seconds."""
        end, kept = time.monotonic() + SECONDS, [plain]

        def keeps(case: Subject) -> bool:
            shown = time.monotonic() < end and self.shows(self.whole(case, recipe))
            kept.extend([case] if shown else [])
            return shown

        if not self.law.cases.planted:
            cell = self.asked(right_cell(self.kind))
            reduced(plain, cell, self.law.cases, keeps)
        return kept[-1]

    def whole(self, case: Any, recipe: Any) -> Any:
        """Return the case with what the law makes of it."""
        cell = self.asked(right_cell(self.kind))
        return self.law.cases.finished(case, recipe.extra, cell)

    def shows(self, case: Subject) -> bool:
        """Whether the fault violates the law on this case, and a right cell not."""
        if not ask(self.law, self.asked(self.bug.plant(self.kind)), case).broken:
            return False
        right = ask(self.law, self.asked(right_cell(self.kind)), case)
        return bool(right.verdicts) and right.conclusive and not right.broken

    def asked(self, cell: Any) -> Any:
        """Return the cell as laws see it."""
        measured = measure(cell, Settings())
        measured.law = self.law.name
        return measured


def right_cell(kind: Kind) -> Any:
    """Return what faults of this kind are planted into, without one."""
    return planted()(kind) if kind.recurrent else PlantedClipper(kind)


def without_values(document: Any) -> Any:
    """Return a document without what only readers need."""
    if isinstance(document, Mapping):
        kept = {k: v for k, v in document.items() if k != "values"}
        return {name: without_values(value) for name, value in kept.items()}
    if isinstance(document, list):
        return list(map(without_values, document))
    return document


if __name__ == "__main__":
    main()
