"""What refcheck says of a file of cells whose faults are known.

    python -m tests.benchmarks.subjects path/to/subjects.py [NAME ...]

The file's classes are PyTorch modules with two attributes of their own: ``like``, the
kind, and ``family``, "ok" for a right cell and else the family of its fault.  Each is
checked by the command line in the default profile; what comes out is a Markdown table,
and the share of violated laws whose smallest case is small.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from refcheck.outcome import BROKEN

SMALL = (3, 2, 2, 2)  # T, N, D, H


class Subject(NamedTuple):
    """One class of the file."""

    name: str
    like: str
    family: str

    @property
    def expected(self) -> str:
        """The verdict that a right tool gives."""
        return "conforms" if self.family == "ok" else "violates"


def subjects(path: Path) -> Iterator[Subject]:
    """Yield the classes of a file that say what they are."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, found in vars(module).items():
        if isinstance(found, type) and {"like", "family"} <= vars(found).keys():
            yield Subject(name, found.like, found.family)


def report(path: Path, subject: Subject) -> dict[str, Any]:
    """Return refcheck's own report of one class, from a process of its own."""
    target = [f"{path}:{subject.name}", "--like", subject.like]
    asked = [sys.executable, "-m", "refcheck", "check", *target, "--format", "json"]
    with tempfile.TemporaryDirectory() as folder:  # where cases are stored
        found = subprocess.run(
            asked, capture_output=True, text=True, check=False, cwd=folder
        )
    if not found.stdout.startswith("{"):
        return {"verdict": f"exit {found.returncode}", "laws": [], "seconds": 0.0}
    return msgspec.json.decode(found.stdout)


def violated(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the laws that were not kept, in the order of the report."""
    return [law for law in found["laws"] if law["status"] in BROKEN]


def size(law: dict[str, Any]) -> tuple[int, ...] | None:
    """Return T, N, D and H of a law's smallest case, if it has one."""
    case = law["case"]
    if case is None:
        return None
    return (*case["inputs"]["shape"], case["spec"]["hidden_size"])


def is_small(law: dict[str, Any]) -> bool:
    """Whether the smallest case of a law is one to read at a glance."""
    found = size(law)
    return found is not None and all(
        n <= most for n, most in zip(found, SMALL, strict=True)
    )


def row(subject: Subject, found: dict[str, Any]) -> str:
    """Return the row of one class."""
    first = next(iter(violated(found)), None)
    law, sizes = (first["name"], size(first)) if first else ("", None)
    right = found["verdict"] == subject.expected
    verdict = found["verdict"] if right else f"**{found['verdict']}**"
    return (
        f"| {subject.name} | {subject.like} | {subject.family} | {subject.expected} "
        f"| {verdict} | {law} | {', '.join(map(str, sizes or ()))} "
        f"| {found['seconds']:.1f} |"
    )


def main() -> None:
    """Check every class, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    path, reports = options.path.resolve(), {}
    print("| | kind | family | expected | verdict | first violated | T, N, D, H | s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for subject in subjects(path):
        if subject.name in (options.names or [subject.name]):
            reports[subject] = report(path, subject)
            print(row(subject, reports[subject]), flush=True)
    print("\n" + in_short(reports))


def in_short(reports: dict[Subject, dict[str, Any]]) -> str:
    """Return how many verdicts are right, and how many of the cases are small."""
    right = sum(s.expected == found["verdict"] for s, found in reports.items())
    laws = [law for found in reports.values() for law in violated(found)]
    return (
        f"{right} of {len(reports)} verdicts as expected; "
        f"{sum(map(is_small, laws))} of {len(laws)} violated laws have a smallest case "
        "with T ≤ 3, N ≤ 2, D ≤ 2 and H ≤ 2."
    )


if __name__ == "__main__":
    main()
