"""The laws as text: the list, and a page for each."""

import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from refcheck.catalogue import laws
from refcheck.example import allowance
from refcheck.kills import catching
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
        filled(law.statement, "    "),
        *_paragraphs(law.rationale),
        _allowance(law),
        _facts(law),
        filled(HINT, ""),
    ]
    return "\n\n".join(part for part in parts if part)


def _allowance(law: Law) -> str:
    says = allowance(law)
    return says and filled(f"Its allowance: {says}.", "")


def _rows(members: Iterable[Law]) -> Iterator[str]:
    for law in members:
        facts = f"{law.name}   {_level(law)}, needs {_needs(law)}"
        yield filled(facts, "  ", "      ")
        yield filled(law.statement, "      ")


def _facts(law: Law) -> str:
    kinds = sorted(k.value if k else "unknown" for k in law.kinds or ())
    said = {
        "needs": _needs(law),
        "kinds": ", ".join(kinds) or "all",
        "catches": ", ".join(_caught(law)) or "no fault that is on record",
    }
    return facts(said)


def _caught(law: Law) -> list[str]:
    caught = catching(laws().values())
    return [bug for bug, names in caught.items() if law.name in names]


def _level(law: Law) -> str:
    return "strict" if law.strict else "core"


def _needs(law: Law) -> str:
    return ", ".join(str(c.name).lower().replace("_", " ") for c in law.requires)


def _paragraphs(text: str) -> list[str]:
    return [filled(part, "") for part in inspect.cleandoc(text).split("\n\n")]


def facts(said: Mapping[str, str]) -> str:
    """Return what is said under each label, side by side."""
    return "\n".join(
        filled(f"{label:<{LABEL}}{text}", "", " " * LABEL)
        for label, text in said.items()
    )


def filled(text: str, first: str, rest: str | None = None) -> str:
    """Return ``text`` in lines of 80 columns, the first indented by itself."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
