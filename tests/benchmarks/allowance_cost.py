"""What allowances cost: the textbook that carries them, against the textbook alone.

    env OMP_NUM_THREADS=1 python -m tests.benchmarks.allowance_cost

Prints a Markdown table: forward and back at D = H = 8, T = 16, N = 2, processor time of
pairs in one process, the median of their ratios.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from refcheck.case import Case
from refcheck.cell import Gradients, Kind, Params
from refcheck.landmarks import BASE, generic
from refcheck.measured import MeasuredCell
from refcheck.reference import sequence
from refcheck.reference.cell import ReferenceCell
from refcheck.strategies import Cases
from refcheck.textbook import Textbook
from tests.benchmarks.reference_vs_torch import in_turns

RECIPE = BASE.but(time=16, batch=2, input_size=8, hidden_size=8, with_lengths=False)
KINDS = [kind for kind in Kind if kind.textbook]


def with_allowances(book: Textbook, case: Case) -> Gradients:
    """Run the textbook forward and back on numbers that carry their errors."""
    _, tapes = book.forward(case)
    return book.backward(case, tapes)


def alone(kind: Kind, params: list[Params], case: Case) -> object:
    """Run the textbook forward and back on plain arrays."""
    _, tapes = sequence.forward(kind, params, case.inputs, case.state)
    return sequence.backward(kind, params, tapes, case.grad_outputs, case.grad_state)


def pair(kind: Kind, dtype: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return the two calls to be timed, on one case."""
    cell = ReferenceCell(kind)
    recipe = generic(RECIPE.but(single=dtype == "float32"), 1)
    case = Cases().build(recipe, MeasuredCell(cell))
    book = Textbook(cell.signature)
    plain = partial(alone, kind, cell.params(case), case)
    return partial(with_allowances, book, case), plain


def table() -> Iterator[str]:
    """Yield a row for each kind."""
    yield "| kind | float32 | float64 |"
    yield "|---|---|---|"
    for kind in KINDS:
        times = [in_turns(*pair(kind, dtype)) for dtype in ("float32", "float64")]
        ratios = [np.median(t[:, 0] / t[:, 1]) for t in times]
        yield f"| {kind.value} | {ratios[0]:.1f} | {ratios[1]:.1f} |"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
