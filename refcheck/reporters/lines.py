"""Lines of 80 columns: what they are about, and text beside it."""

import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 80
LABEL = 15  # columns for what a line is about


def labelled(
    label: str, text: str, indent: int = 4, columns: int = LABEL
) -> Iterator[str]:
    """Yield ``text`` beside its label, or nothing if there is none."""
    room = WIDTH - columns - indent
    lines = textwrap.wrap(text, room, break_on_hyphens=False, break_long_words=False)
    yield from beside(label, lines, indent, columns)


def beside(
    label: str, lines: Iterable[str], indent: int = 4, columns: int = LABEL
) -> Iterator[str]:
    """Yield lines beside the label of the first one."""
    for k, line in enumerate(lines):
        yield f"{' ' * indent}{'' if k else label:<{columns}}{line}"
