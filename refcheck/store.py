"""Stored cases: every violation leaves a file that replays it.

A file says all that a replay needs, and its name is a digest of what it asks, so that
the same violation found twice is one file.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from refcheck.errors import RefcheckError
from refcheck.outcome import Outcome, Report

SCHEMA = 1
FOLDER = Path(".refcheck") / "cases"  # in the current directory
ID_LENGTH = 10


class Stored(msgspec.Struct, frozen=True):
    """One case, the question that was asked of it, and what came of it."""

    target: str
    declared: Mapping[str, Any]
    law: str
    case: Mapping[str, Any]
    status: str = ""
    reason: str = ""
    finding: Any = None  # for readers; NaN and infinities are null
    refcheck: str = ""
    schema: int = SCHEMA

    @property
    def identity(self) -> str:
        """The name of the file: a digest of the question, not of the answer."""
        asked = [self.target, self.declared, self.law, self.case]
        exact = msgspec.json.encode(asked, order="deterministic")
        return hashlib.sha256(exact).hexdigest()[:ID_LENGTH]


def stored(
    report: Report, declared: Mapping[str, Any], folder: Path = FOLDER
) -> Report:
    """Write down every case of ``report``; return it with the names of the files.

    A folder that cannot be written to costs the files, not the report: it is noted.
    """
    notes, outcomes = list(report.notes), []
    for outcome in report.outcomes:
        names = {"case_id": "", "worst_id": ""}
        try:
            for name, entry in _entries(outcome, report, declared):
                names[name] = _written(entry, folder)
        except OSError as error:
            why = error.strerror or str(error)
            notes.append(f"cases could not be stored in {folder}: {why}")
        outcomes.append(msgspec.structs.replace(outcome, **names))
    notes = list(dict.fromkeys(notes))  # the same trouble is told once
    return msgspec.structs.replace(report, outcomes=outcomes, notes=notes)


def find(name: str, folder: Path = FOLDER) -> Stored:
    """Return the stored case with this id, the beginning of one, or this path.

    Raises:
        RefcheckError: if there is none, or several, or it cannot be read.
    """
    path = Path(name)
    if path.suffix == ".json" or path.is_file():
        return _read(path)
    matches = sorted(folder.glob(f"{name}*.json")) if name.isalnum() else []
    if len(matches) == 1:
        return _read(matches[0])
    if matches:
        ids = ", ".join(match.stem for match in matches)
        message = f"{name!r} begins several stored cases: {ids}; write more of it."
    else:
        message = (
            f"no stored case is called {name!r} in {folder}; give an id or a file."
        )
    raise RefcheckError(message)


def _entries(
    outcome: Outcome, report: Report, declared: Mapping[str, Any]
) -> Iterator[tuple[str, Stored]]:
    """Yield the smallest case, and the one with the largest error, by their names."""
    found = (
        ("case_id", outcome.case, outcome.finding),
        ("worst_id", outcome.worst_case, outcome.worst),
    )
    for name, case, finding in found:
        if case is not None:
            entry = Stored(
                report.target,
                declared,
                outcome.law,
                case,
                outcome.status.value,
                outcome.reason,
                finding and msgspec.to_builtins(finding),
                report.version,
            )
            yield name, entry


def _written(entry: Stored, folder: Path) -> str:
    name = entry.identity
    folder.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(entry), indent=1)
    (folder / f"{name}.json").write_bytes(text + b"\n")
    return name


def _read(path: Path) -> Stored:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Stored)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise RefcheckError(message) from error
    except msgspec.DecodeError as error:
        message = f"{path} is no stored case: {error}."
        raise RefcheckError(message) from error
    if found.schema != SCHEMA:
        message = f"{path} has schema {found.schema}, expected {SCHEMA}."
        raise RefcheckError(message)
    return found
