"""Write the README's table of laws anew: ``python -m tests.laws_table``."""

from itertools import groupby
from pathlib import Path

from refcheck.catalogue import laws
from refcheck.law import Law

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- laws: begin -->\n", "<!-- laws: end -->\n"


def renewed(readme: str) -> str:
    """Return ``readme`` with what stands between the marks made from the catalogue."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def table() -> str:
    """Return a Markdown table of the laws, family by family."""
    lines = ["", "| law | what must hold |", "|---|---|"]
    for family, members in groupby(laws().values(), key=lambda law: law.family):
        lines += [f"| **{family}** | |", *(row(law) for law in members)]
    return "\n".join([*lines, "", ""])


def row(law: Law) -> str:
    """Return the line of ``law``; a bar would end the column."""
    strict = " (strict)" if law.strict else ""
    statement = law.statement.replace("|", "\\|")
    return f"| `{law.name}`{strict} | {statement} |"


if __name__ == "__main__":
    README.write_text(renewed(README.read_text("utf-8")), "utf-8")
