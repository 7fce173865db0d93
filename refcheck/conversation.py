"""A conversation with a worker, shown as it goes: ``refcheck worker check COMMAND``."""

from typing import Any

import msgspec

from refcheck.adapters.process import adapt
from refcheck.cell import Declared
from refcheck.errors import TargetError
from refcheck.target import COMMAND

LINE = 400  # characters of a message that are shown
CALL_SECONDS = 10.0
NOT_LOADED = 3  # the exit code of the command line


def held(command: str) -> tuple[str, int]:
    """Talk to the worker that ``command`` starts: hello, build, forward, vjp and bye.

    Returns:
        What was said, with a last line that tells what is wrong, and the exit code.
    """
    said: list[str] = []

    def overhear(arrow: str, line: bytes) -> None:
        said.append(f"{arrow} {_abbreviated(line)}")

    name = f"{COMMAND} {command.removeprefix(COMMAND).strip()}"
    declared = Declared(call_timeout=CALL_SECONDS)
    try:
        cell = adapt(name.removeprefix(COMMAND), declared, name, overhear=overhear)
    except TargetError as error:
        return "\n".join([*said, "", f"WRONG   {error}"]), NOT_LOADED
    cell.close()
    kind = cell.signature.kind
    told = f"OK   the worker answers; its kind is {kind.value if kind else 'unknown'}"
    return "\n".join([*said, "", told]), 0


def _abbreviated(line: bytes) -> str:
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return line[:LINE].decode(errors="replace")
    text = msgspec.json.encode(_short(message)).decode()
    return text[:LINE] + "…" * (len(text) > LINE)


def _short(value: Any) -> Any:
    """Return a message with arrays as their dtypes and shapes."""
    if isinstance(value, list):
        return [_short(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() >= {"dtype", "shape"}:
        return f"{value['dtype']} {value['shape']}"
    return {name: _short(v) for name, v in value.items()}
