"""What the command line's words mean: durations, pairs, settings."""

import ast
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from refcheck.errors import RefcheckError
from refcheck.settings import Settings

DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)")
SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
WORDS = {"true": True, "false": False, "none": None}
REPORTS = ("json",)


def duration(text: str, option: str) -> float:
    """Return the seconds of 5s, 500ms or 2m.

    Raises:
        RefcheckError: if ``text`` is no time, or none at all.
    """
    found = DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        message = f"{option} is {text!r}, expected a time such as 5s, 500ms or 2m."
        raise RefcheckError(message)
    return seconds


def settings_from(words: Mapping[str, Any]) -> Settings:
    """Return the settings that the options of ``check`` ask for."""
    seed = words["seed"]
    factor, why = _factor(words["allowance_factor"])
    return Settings(
        factor=factor,
        factor_reason=why,
        arithmetic=tuple(words["arithmetic"]),
        profile=words["profile"],
        seed=int.from_bytes(os.urandom(4)) if seed is None else seed,
        select=tuple(words["select"]),
        exclude=_excluded(words["exclude"], words["reason"]),
        dtypes=tuple(words["dtype"]),
        strict=words["strict"],
        max_time=words["max_time"],
        fail_fast=words["fail_fast"],
        diagnosis=not words.get("no_diagnosis", False),
    )


def declared_from(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options of ``check`` say of the target."""
    pairs = (_pair(text, "--set", "input_size=3") for text in words["build"])
    options = {name: _value(text) for name, text in pairs}
    conventions = list(words.get("convention", ()))
    return ({"conventions": conventions} if conventions else {}) | {
        "like": words["like"],
        "options": options,
        "state_attr": words["state_attr"],
        "params": words["params"],
        "call": words["call"] or "",
    }


def reports_from(texts: Sequence[str]) -> list[tuple[str, Path]]:
    """Return the name and the file of every report that is to be written."""
    found = [_pair(text, "--report", "json=report.json") for text in texts]
    for name, _ in found:
        if name not in REPORTS:
            message = f"--report {name!r} is unknown, expected {' or '.join(REPORTS)}."
            raise RefcheckError(message)
    return [(name, writable(path)) for name, path in found]


def writable(path: str) -> Path:
    """Find out before the run, not after it, that a report cannot be written.

    Raises:
        RefcheckError: if it cannot be.
    """
    try:
        Path(path).open("a").close()
    except OSError as error:
        message = f"the report cannot be written to {path}: {error.strerror}."
        raise RefcheckError(message) from error
    return Path(path)


def _factor(text: str | None) -> tuple[float, str]:
    """Return the factor of allowances and the reason that stands beside it."""
    if text is None:
        return 1.0, ""
    example = '2="our sums are split in blocks of 8"'
    number, why = _pair(text, "--allowance-factor", example)
    try:
        factor = float(number)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        message = f"--allowance-factor is {number!r}, expected a number above 0."
        raise RefcheckError(message)
    return factor, why


def _excluded(laws: Sequence[str], reasons: Sequence[str]) -> dict[str, str]:
    """Pair every excluded law with its reason, in the order they were written."""
    if len(laws) != len(reasons) or not all(reason.strip() for reason in reasons):
        message = (
            f"--exclude is given {len(laws)} times and --reason {len(reasons)} times, "
            f'expected one for each; write --exclude LAW --reason "why it is left out".'
        )
        raise RefcheckError(message)
    return dict(zip(laws, reasons, strict=True))


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        message = f"{option} {text!r} has no name and value; write {option} {example}."
        raise RefcheckError(message)
    return name, value


def _value(text: str) -> Any:
    """Return the number, truth value or text that ``text`` is."""
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
