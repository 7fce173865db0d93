"""What a probe has found: as a report of its own, and in the report of a check."""

from collections.abc import Iterator

import msgspec

from refcheck.outcome import Item, Probed
from refcheck.reporters.lines import labelled

WIDE = 21  # columns for the name of an item
UNDECLARABLE = (
    "nothing: its activations are not the textbook's, and no convention says that; "
    "it is checked as a cell of unknown kind"
)


def render(probed: Probed, version: str) -> str:
    """Return the report of ``refcheck probe`` as text of 80 columns."""
    parts = [
        [f"refcheck {version}   {probed.target}", f"kind {probed.kind or 'not found'}"],
        [line for item in probed.items for line in _item(item)],
        [
            *labelled("found", probed.says, 0),
            *(line for text in probed.contradictions for line in _against(text)),
            *(line for text in probed.notes for line in labelled("note", text, 0)),
            *labelled("declare", declaration(probed), 0),
        ],
        [f"{verdict(probed)}   {probed.seconds:.1f} s   exit {exit_code(probed)}"],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def as_json(probed: Probed, version: str) -> str:
    """Return the same for programs."""
    document = {
        "refcheck": version,
        "schema": 1,
        **msgspec.structs.asdict(probed),
        "flags": probed.flags,
        "verdict": verdict(probed).lower(),
        "exit_code": exit_code(probed),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def verdict(probed: Probed) -> str:
    """Return in a word how a probe ended."""
    if not probed.kind:
        return "NOT FOUND"
    return "CONTRADICTED" if probed.contradictions else "FOUND"


def exit_code(probed: Probed) -> int:
    """Return 0 if exactly one setting agrees and nothing contradicts it, else 4."""
    return 0 if verdict(probed) == "FOUND" else 4


def declaration(probed: Probed) -> str:
    """Return what to type so that ``check`` takes the target for what was found."""
    if not probed.kind:
        return ""
    return probed.flags if probed.declarable else UNDECLARABLE


def in_check(probed: Probed | None) -> Iterator[str]:
    """Yield what a check says of a target of which nothing was declared."""
    if probed is None:
        return
    yield from labelled("probed", _ended(probed), 0)
    for text in probed.contradictions:
        yield from _against(text)
    if probed.kind:
        said = "; ".join(f"{i.name} {i.value}" for i in probed.items[1:])
        yield from labelled("", f"{probed.kind}; {said}", 0)
        yield from labelled("declare", _asked(probed), 0)


def _ended(probed: Probed) -> str:
    if not probed.kind:
        return (
            f"its kind was not declared, and not found: {probed.says}; "
            f"refcheck probe says more"
        )
    return f"its kind was not declared but found: {probed.says}"


def _asked(probed: Probed) -> str:
    if probed.contradictions:
        return (
            f"which is meant: --like {probed.by_name} holds it to the names, "
            f"{probed.flags} to what was found"
        )
    return f"{probed.flags}, so that another setting is a violation"


def _against(text: str) -> Iterator[str]:
    yield from labelled("contradiction", text, 0)


def _item(item: Item) -> Iterator[str]:
    yield from labelled(item.name, item.value, 0, WIDE)
    if item.evidence:
        yield from labelled("", f"({item.evidence})", 0, WIDE)
