"""What long benchmarks have found so far: JSON lines, and a table in the docs.

A benchmark that is interrupted goes on where it stopped.  Each line names the laws it
was made with, and counts for no others: they are told by a hash of all sources that a
verdict follows from, without their comments and docstrings.
"""

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from refcheck.outcome import BROKEN, Outcome

DOCS = Path(__file__).parents[2] / "docs" / "benchmarks.md"
IMPORTED = (
    "import sys, refcheck.runner, refcheck.properties\n"
    "print(*sorted({m.__file__ for n, m in sys.modules.items()"
    " if n.split('.')[0] == 'refcheck'}), sep='\\n')"
)


class Ledger:
    """The lines of one benchmark that were made with the laws of today."""

    def __init__(self, path: Path) -> None:
        self.path, self.laws = path, laws_of_today()
        lines = path.read_text().splitlines() if path.exists() else []
        self.rows = [r for r in map(json.loads, lines) if r["laws"] == self.laws]
        if len(self.rows) < len(lines):
            path.write_text("".join(json.dumps(row) + "\n" for row in self.rows))

    def has(self, **key: Any) -> bool:
        """Whether there is a line with these fields."""
        return any(key.items() <= row.items() for row in self.rows)

    def add(self, row: dict[str, Any]) -> None:
        """Write down one more line."""
        self.rows.append({"laws": self.laws} | row)
        with self.path.open("a") as file:
            file.write(json.dumps(self.rows[-1]) + "\n")


def laws_of_today() -> str:
    """Return a hash of the sources that a verdict follows from."""
    asked = [sys.executable, "-c", IMPORTED]
    found = subprocess.run(asked, capture_output=True, text=True, check=True)
    sources = [Path(name).read_text() for name in found.stdout.splitlines()]
    return hashlib.sha256("\n".join(map(meaning, sources)).encode()).hexdigest()[:12]


def meaning(source: str) -> str:
    """Return a source without comments and docstrings, in one way of writing it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def summary(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return what is written down of a run."""
    every = list(outcomes)
    return {
        "cases": sum(o.cases for o in every),
        "inconclusive": sum(o.inconclusive for o in every),
        "closest": round(max(o.closest for o in every), 3),
        "alarms": [o.law for o in every if o.status in BROKEN],
    }


def total(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the summary of several runs; each alarm keeps its place in the list."""
    return {
        "cases": sum(p["cases"] for p in parts),
        "inconclusive": sum(p["inconclusive"] for p in parts),
        "closest": max((p["closest"] for p in parts), default=0.0),
        "alarms": [alarm for p in parts for alarm in p["alarms"]],
    }


def cells(found: dict[str, Any]) -> str:
    """Return the last columns of a table of false alarms."""
    share = found["inconclusive"] / max(1, found["cases"])
    return (
        f"{found['cases']} | {share:.1%} | {found['closest']:.2f} "
        f"| {len(found['alarms'])} |"
    )


def into_docs(name: str, lines: Iterable[str], page: Path = DOCS) -> None:
    """Put a table between the marks of this name in a page of the docs.

    Raises:
        SystemExit: if the page does not have them.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, _, rest = page.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        message = f"{page} has no marks {begin!r} and {end!r}; put them in place."
        raise SystemExit(message)
    page.write_text(before + begin + "\n" + "\n".join(lines) + "\n\n" + end + after)
