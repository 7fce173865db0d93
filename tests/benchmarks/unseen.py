"""How large an error has to be for an allowance of float32 to see it.

    python -m tests.benchmarks.unseen --write    # the table of docs/tolerances.md

With the narrowest budget of activations, over 30 cases of 4 rows and 8 units:
medians of the allowance, relative to the entry and in units of roundoff.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from refcheck.cell import Kind
from refcheck.landmarks import generic
from refcheck.recipe import Recipe, case_from
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import FORMATS, Measured
from refcheck.textbook import Textbook
from tests.benchmarks.ledger import into_docs

DOCS = Path(__file__).parents[2] / "docs" / "tolerances.md"
NAMES = {Kind.RNN_TANH: "tanh RNN", Kind.LSTM: "LSTM", Kind.GRU: "GRU"}
FORM = FORMATS["float32"]._replace(ulps=4.0, absolute=0.0)
CASES = 30


def main() -> None:
    """Print the table, or write it into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        into_docs("unseen", table(), DOCS)
    else:
        print(*table(), sep="\n")


def table() -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| | one step, h | one step, ∂L/∂W_hh | T = 16, h | T = 16, ∂L/∂W_hh |"
    yield "|---|---|---|---|---|"
    for kind, name in NAMES.items():
        cells = [f"{limit:.0f}" for time in (1, 16) for limit in limits(kind, time)]
        yield f"| {name} | {' | '.join(cells)} |"


def limits(kind: Kind, time: int) -> tuple[float, float]:
    """Return the medians of outputs and of the gradient of W_hh, in u."""
    cell = ReferenceCell(kind)
    book = Textbook(cell.signature, lambda _: FORM)
    found: tuple[list[float], list[float]] = [], []
    for seed in range(CASES):
        recipe = Recipe(
            time=time, batch=4, input_size=8, hidden_size=8, with_state=True
        )
        spec = recipe.but(single=True).spec(("float32",))
        case = case_from(generic(recipe, seed), spec, cell.shapes(spec))
        reply, tapes = book.forward(case)
        gradients = book.backward(case, tapes).params["weight_hh_l0"]
        for limit, array in zip(found, (reply.outputs, gradients), strict=True):
            limit.append(relative(array))
    return float(np.median(found[0])), float(np.median(found[1]))


def relative(array: Measured) -> float:
    """Return the median allowance of the entries of an array, in u of each."""
    there = array.value != 0
    return float(np.median(array.allowance[there] / abs(array.value[there])) / FORM.u)


if __name__ == "__main__":
    main()
