"""The laws as text: the list, and a page for each."""

import inspect
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from refcheck.catalogue import laws
from refcheck.example import allowance
from refcheck.law import Law
from refcheck.lookup import named

WIDTH = 80
LABEL = 10
HINT = (
    "If you think that your cell is right, replay the case, compute it by hand, and "
    "read docs/is-it-my-cell-or-the-tool.md."
)


def table() -> str:
    """Return all laws by family: name and level, statement, needs."""
    stated = laws().values()
    lines: list[str] = []
    for family, members in groupby(stated, key=lambda law: law.family):
        lines += ["", family, *_rows(members)]
    return "\n".join(lines[1:])


def page(name: str) -> str:
    """Return all that is said of one law.

    Raises:
        RefcheckError: if no law is called so.
    """
    law = named(name, laws())
    parts = [
        f"{law.name}   {law.family}, {_level(law)}",
        _filled(law.statement, "    "),
        *_paragraphs(law.rationale),
        _allowance(law),
        "\n".join(_facts(law)),
        _filled(HINT, ""),
    ]
    return "\n\n".join(part for part in parts if part)


def _allowance(law: Law) -> str:
    says = allowance(law)
    return says and _filled(f"Its allowance: {says}.", "")


def _rows(members: Iterable[Law]) -> Iterator[str]:
    for law in members:
        facts = f"{law.name}   {_level(law)}, needs {_needs(law)}"
        yield _filled(facts, "  ", "      ")
        yield _filled(law.statement, "      ")


def _facts(law: Law) -> Iterator[str]:
    kinds = sorted(k.value if k else "unknown" for k in law.kinds or ())
    said = {
        "needs": _needs(law),
        "kinds": ", ".join(kinds) or "all",
        "catches": ", ".join(law.catches) or "no fault that is on record",
    }
    for label, text in said.items():
        yield _filled(f"{label:<{LABEL}}{text}", "", " " * LABEL)


def _level(law: Law) -> str:
    return "strict" if law.strict else "core"


def _needs(law: Law) -> str:
    return ", ".join(str(c.name).lower().replace("_", " ") for c in law.requires)


def _paragraphs(text: str) -> list[str]:
    return [_filled(part, "") for part in inspect.cleandoc(text).split("\n\n")]


def _filled(text: str, first: str, rest: str | None = None) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
