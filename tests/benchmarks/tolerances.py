"""What the tolerances in use see, and whom they accuse, beside derived allowances.

    python -m tests.benchmarks.tolerances          # the table
    python -m tests.benchmarks.tolerances --write  # ... into docs/tolerances.md

Each fault of ``low_precision.py`` is planted into an LSTM, a GRU and a tanh RNN, and
the right cells of ``right_variants.py`` stand beside them.  A fixed tolerance rejects a
case if it rejects outputs, final state or a gradient, against the textbook in double
precision.  The cases are those of the law ``gradients-agree`` in the default profile.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Array, Kind
from refcheck.landmarks import chosen
from refcheck.measured import MeasuredCell
from refcheck.outcome import BROKEN
from refcheck.reference.cell import ReferenceCell
from refcheck.runner import PROFILES, run
from refcheck.settings import Settings
from refcheck.trial import ask
from tests.benchmarks.ledger import into_docs
from tests.low_precision import FAULTS, Cheaper
from tests.right_variants import right, variants
from tests.summation import each_array
from tests.test_power import FAMILIES, PLANTED

DOCS = Path(__file__).parents[2] / "docs" / "tolerances.md"
KINDS = (Kind.LSTM, Kind.GRU, Kind.RNN_TANH)
AGREEMENT = [law for law in laws().values() if law.family == "agreement"]
CASES = laws()["gradients-agree"]


def torch_accepts(found: Array, expected: Array) -> bool:
    """Whether ``torch.testing.assert_close`` accepts, with its defaults."""
    try:
        torch.testing.assert_close(torch.tensor(found), torch.tensor(expected))
    except AssertionError:
        return False
    return True


def within(rtol: float, atol: float) -> Callable[[Array, Array], bool]:
    """Return what accepts up to these tolerances."""
    return lambda a, b: np.allclose(a, b, rtol=rtol, atol=atol)


ACCEPTS: dict[str, Callable[[Array, Array], bool]] = {
    "numpy": np.allclose,
    "torch": torch_accepts,
    "Keras": within(rtol=1e-5, atol=1e-5),
    "ONNX": within(rtol=1e-3, atol=1e-7),
}


def shares(cells: Iterable[Cheaper]) -> list[float]:
    """Return the share of cases that are rejected: by refcheck, then by the others."""
    return list(np.mean([row for cell in cells for row in rejections(cell)], axis=0))


def rejections(cell: Cheaper) -> Iterator[list[bool]]:
    """Yield who rejects the cell, for each case: refcheck, then the others."""
    measured, most = MeasuredCell(cell), PROFILES["default"].thorough
    recipes = chosen(CASES.cases, CASES.name, cell.signature, seed=0, most=most)
    for recipe in recipes:
        case = CASES.cases.build(recipe, measured)
        derived = any(ask(law, measured, case).broken for law in AGREEMENT)
        pairs = list(zip(results(cell, case), textbook(cell, case), strict=True))
        yield [derived, *(not all(f(*p) for p in pairs) for f in ACCEPTS.values())]


def results(cell: ReferenceCell, case: Case) -> list[Array]:
    """Return all that a cell returns: outputs, final state, gradients."""
    reply, found = cell.forward(case), cell.backward(case)
    gradients = (*found.params.values(), found.inputs, *found.state)
    return [reply.outputs, *reply.state, *gradients]


def textbook(cell: Cheaper, case: Case) -> list[Array]:
    """Return the same of the textbook in double precision, in the cell's dtype."""
    double = each_array(case, lambda a: a.astype(np.float64))
    double = double.but(spec=replace(case.spec, dtype="float64"))
    return [a.astype(cell.dtype) for a in results(ReferenceCell(cell.kind), double)]


def caught(kind: Kind, dtype: str, fault: str) -> bool:
    """Whether refcheck's default profile sees a fault."""
    cell = Cheaper(kind, dtype, FAULTS[dtype][fault])
    settings = Settings(select=FAMILIES, fail_fast=True)
    return any(o.status in BROKEN for o in run(cell, list(laws().values()), settings))


def power() -> Iterator[str]:
    """Yield the rows of faults: LSTM, GRU and tanh RNN in each column."""
    for dtype, faults in FAULTS.items():
        for name, change in faults.items():
            kinds = [k for k in KINDS if (k, dtype, name) in PLANTED]
            seen = sum(caught(kind, dtype, name) for kind in kinds)
            each = [shares([Cheaper(kind, dtype, change)]) for kind in kinds]
            yield f"| {dtype}: {name} | {seen} of {len(kinds)} | {columns(each)} |"


def accusations() -> Iterator[str]:
    """Yield the rows of right cells."""
    for dtype in FAULTS:
        cells = {k: [right(k, dtype, n) for n in variants(k, dtype)] for k in KINDS}
        each = [shares(written) for written in cells.values()]
        count = sum(map(len, cells.values()))
        yield f"| **{dtype}: {count} right cells** | | {columns(each)} |"


def columns(each: list[list[float]]) -> str:
    """Return shares as percentages, kinds side by side, a column for each judge."""
    return " | ".join(
        " / ".join(f"{100 * share:.0f}" for share in judge)
        for judge in zip(*each, strict=True)
    )


def table() -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"| | refcheck sees it | refcheck, same cases | {' | '.join(ACCEPTS)} |"
    yield "|---|---|---|---|---|---|---|"
    yield from power()
    yield from accusations()


def main() -> None:
    """Print the table, or put it into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        into_docs("beside fixed tolerances", table(), DOCS)
    else:
        print(*table(), sep="\n")


if __name__ == "__main__":
    main()
