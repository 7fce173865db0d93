"""Faults planted into modules that know nothing of the bank: caught, and named?

    nice python -m tests.benchmarks.user_faults            # those that are missing
    python -m tests.benchmarks.user_faults --write         # the table in the docs

Each module is checked whole, as by a user in the quick profile, diagnosis included.
"""

import argparse
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch

import refcheck
from refcheck.outcome import Report
from tests.benchmarks.ledger import into_docs
from tests.benchmarks.user_modules import FAULTS, GRU, LSTM

LEDGER = Path(__file__).with_suffix(".jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "kill-matrix.md"


class Line(msgspec.Struct, frozen=True):
    """One module, and what a report says of it."""

    module: str
    wrong: str  # empty: nothing
    verdict: str
    broken: int  # laws
    known_as: Sequence[str]  # in the bank
    named: Sequence[str]  # best first
    exactly: bool  # the first agrees wherever it was looked at
    place: str = ""

    @property
    def right(self) -> str:
        """Whether the first that is named is what the bank calls the fault."""
        if not self.known_as:
            return "no" if self.exactly else "it is not known"
        return "yes" if self.named and self.named[0] in self.known_as else "no"


def main() -> None:
    """Check what is missing, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        into_docs("users", table(recorded()), PAGE)
        return
    torch.set_num_threads(1)
    known = {(line.module, line.wrong) for line in recorded()}
    with LEDGER.open("a", encoding="utf-8") as ledger:
        for base in (LSTM, GRU):
            for wrong, names in {"": set(), **FAULTS[base]}.items():
                if (base.__name__, wrong) not in known:
                    line = told(base.__name__, wrong, names, checked(base, wrong))
                    print(msgspec.json.encode(line).decode(), file=ledger, flush=True)


def checked(base: Any, wrong: str) -> Report:
    """Check a class of such modules."""
    module = type(base.__name__, (base,), {"wrong": wrong})
    with warnings.catch_warnings(action="ignore"):
        return refcheck.check(
            module, like=base.__name__.lower(), profile="quick", seed=0
        )


def told(module: str, wrong: str, names: set[str], report: Report) -> Line:
    """Return what the report says."""
    broken = sum(o.status.value in ("violated", "crashed") for o in report.outcomes)
    found = report.diagnosis
    matches = found.matches if found else ()
    return Line(
        module,
        wrong,
        report.verdict,
        broken,
        sorted(names),
        [match.bug for match in matches],
        bool(matches) and matches[0].agrees_on == matches[0].of,
        found.place if found else "",
    )


def recorded() -> list[Line]:
    """Return what was measured."""
    texts = LEDGER.read_text("utf-8").splitlines() if LEDGER.is_file() else []
    return [msgspec.json.decode(text, type=Line) for text in texts]


def table(lines: Sequence[Line]) -> Iterator[str]:
    """Yield a row for each module."""
    yield "| module | what is wrong | laws violated | named first | as it should be |"
    yield "|---|---|---|---|---|"
    for o in lines:
        first = o.named[0] if o.named else "none"
        named = first if o.exactly or not o.named else f"near {first}"
        right = o.right if o.wrong else "conforms"
        wrong = o.wrong or "nothing"
        yield f"| {o.module} | {wrong} | {o.broken} | {named} | {right} |"


if __name__ == "__main__":
    main()
