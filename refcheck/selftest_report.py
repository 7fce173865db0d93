"""What the self-test found, as lines for a terminal, as JSON, and as a page."""

import html
from collections.abc import Iterator, Sequence

import msgspec

from refcheck.selftest import Selftest, Tried, shares

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>refcheck selftest</title>
<style>
body {{ font: 14px sans-serif }}
table {{ border-collapse: collapse }}
th {{ text-align: left; font-weight: normal; white-space: nowrap }}
thead th {{ writing-mode: vertical-rl; vertical-align: bottom }}
td {{ border: 1px solid #ddd; min-width: 1em; text-align: center }}
.missed {{ background: #fbb }}
</style>
<h1>Laws × faults</h1>
<p>{summary}</p>
<p>● violated first, ○ violated; {asked}</p>
<table>
<thead><tr><th>fault</th><th>kind</th>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p>{right}</p>
</html>
"""


def console(found: Selftest) -> str:
    """Return a line for each fault, for each law and for each right cell."""
    rows = [("FAULT", "KIND", "CASES", "CAUGHT BY"), *map(_row, found.faults)]
    share = shares(found.laws, found.faults).items()
    laws = [
        ("LAW", "CAUGHT", "FIRST", "ALONE" if found.full else ""),
        *(
            (name, str(s.caught), str(s.first), str(s.alone) if found.full else "")
            for name, s in share
            if found.full or s.caught
        ),
    ]
    right = [("RIGHT CELL", "KIND", "CASES", "FAILED BY"), *map(_row, found.right)]
    tables = ["\n".join(_aligned(table)) for table in (rows, laws, right)]
    return "\n\n".join([*tables, f"{summary(found)}   exit {found.exit_code}"])


def as_json(found: Selftest) -> str:
    """Return all that was found, with what each law contributes."""
    document = {
        "schema": 1,
        **msgspec.to_builtins(found),
        "tried": [
            msgspec.to_builtins(one) | {"right": one.right, "passed": one.passed}
            for one in found.tried
        ],
        "laws": msgspec.to_builtins(shares(found.laws, found.faults)),
        "exit_code": found.exit_code,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def page(found: Selftest) -> str:
    """Return a page: the matrix of the faults and of the laws that caught any."""
    share = shares(found.laws, found.faults)
    laws = [name for name in share if share[name].caught]
    asked = "every law was asked" if found.full else "none was asked after that"
    return PAGE.format(
        summary=html.escape(summary(found)),
        asked=asked,
        heads="".join(f"<th>{html.escape(name)}</th>" for name in laws),
        rows="\n".join(_marked(one, laws) for one in found.faults),
        right=html.escape("; ".join(_told(one) for one in found.right)),
    )


def summary(found: Selftest) -> str:
    """Return how many faults were caught and right cells failed, of which run."""
    caught = sum(one.passed for one in found.faults)
    failed = sum(not one.passed for one in found.right)
    sample = "; a sample, one fault a family" if found.sample else ""
    return (
        f"{caught} of {len(found.faults)} faults caught, {failed} of "
        f"{len(found.right)} right cells failed ({found.profile} profile, seed "
        f"{found.seed}{sample})"
    )


def _row(one: Tried) -> tuple[str, str, str, str]:
    first, *others = one.laws or [f"none of {one.asked} laws"]
    more = f" and {len(others)} more" if others else ""
    return one.name, one.kind, str(one.cases), first + more


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [text.ljust(w) for text, w in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _marked(one: Tried, laws: Sequence[str]) -> str:
    marks = dict.fromkeys(one.laws, "○") | dict.fromkeys(one.laws[:1], "●")
    cells = "".join(f"<td>{marks.get(name, '')}</td>" for name in laws)
    missed = "" if one.passed else ' class="missed"'
    name = html.escape(one.name)
    return f"<tr{missed}><th>{name}</th><th>{html.escape(one.kind)}</th>{cells}</tr>"


def _told(one: Tried) -> str:
    failed = ", ".join(one.laws)
    end = f"failed by {failed}" if failed else "not failed"
    return f"{one.name} of {one.kind}: {end}"
