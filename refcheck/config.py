"""What ``pyproject.toml`` says of targets, under [tool.refcheck.targets].

    [tool.refcheck.targets."my_cells.py:MyGRU"]
    like = "gru"
    conventions = ["gates=zrn", "padding=zeros"]

``check`` reads the entry of its target where the command line says nothing; ``probe
--write`` adds one.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refcheck.errors import RefcheckError
from refcheck.outcome import Probed

FILE = Path("pyproject.toml")  # in the current directory
FIELDS: Mapping[str, type] = {
    "like": str,
    "conventions": list,
    "options": dict,
    "state_attr": str,
    "params": str,
    "call": str,
}


def declared(target: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is declared of a target: by the command line, else by the file.

    Raises:
        RefcheckError: if the file cannot be read, or has another form.
    """
    given = {name: value for name, value in said.items() if value}
    return {**said, **_entry(target), **given}


def written(probed: Probed, said: Mapping[str, Any]) -> str:
    """Add what was found, and how the target is called, and say where it stands.

    Raises:
        RefcheckError: if the target has an entry, or the file cannot be written.
    """
    if _entry(probed.target):
        message = (
            f"{FILE} says something of {probed.target} already; change it there, or "
            "take the entry out."
        )
        raise RefcheckError(message)
    options = dict(said.get("options", {}))
    options |= {pair.partition("=")[0]: True for pair in probed.build}
    entry = {
        **{name: said[name] for name in FIELDS if said.get(name)},
        "like": probed.kind,
        "conventions": list(probed.conventions),
        "options": options,
    }
    lines = [f"[tool.refcheck.targets.{json.dumps(probed.target)}]"]
    lines += [f"{name} = {_toml(value)}" for name, value in entry.items() if value]
    _append("\n".join(lines))
    return f"written to {FILE}, under {lines[0]}"


def _entry(target: str) -> Mapping[str, Any]:
    try:
        text = FILE.read_text(encoding="utf-8") if FILE.is_file() else ""
        whole = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{FILE} cannot be read: {error}."
        raise RefcheckError(message) from error
    targets = whole.get("tool", {}).get("refcheck", {}).get("targets", {})
    entry = targets.get(target, {}) if isinstance(targets, dict) else None
    if not isinstance(entry, dict):
        message = f"{FILE} has no table at [tool.refcheck.targets.{target!r}]."
        raise RefcheckError(message)
    for name, value in entry.items():
        if name not in FIELDS or not isinstance(value, FIELDS[name]):
            known = ", ".join(f"{n} ({t.__name__})" for n, t in FIELDS.items())
            message = f"{FILE} says {name} = {value!r} of {target}, expected {known}."
            raise RefcheckError(message)
    return entry


def _toml(value: Any) -> str:
    """Return a text, a number, a list or a table in TOML, whose strings are JSON's."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{json.dumps(n)} = {_toml(v)}" for n, v in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value)


def _append(text: str) -> None:
    try:
        before = FILE.read_text(encoding="utf-8") if FILE.is_file() else ""
        gap = "\n" if before and not before.endswith("\n\n") else ""
        ended = before if not before or before.endswith("\n") else f"{before}\n"
        FILE.write_text(f"{ended}{gap}{text}\n", encoding="utf-8")
    except OSError as error:
        message = f"{FILE} cannot be written: {error.strerror}."
        raise RefcheckError(message) from error
