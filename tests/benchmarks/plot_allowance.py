"""Draws allowance against measured error, over the steps and over the weights.

    python -m tests.benchmarks.plot_allowance             # docs/allowance.svg
    python -m tests.benchmarks.plot_allowance look.png    # ... or wherever you look

The cell is ``torch.nn.LSTM`` with D = H = 8 and two rows, its outputs are compared with
the textbook in long double (on x86), and both curves are the largest over all entries
of some cases, as shares of the root mean square of the outputs.  Needs the extra
``plot``.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from refcheck.adapters.torch import adapt
from refcheck.case import Case
from refcheck.cell import Declared, Kind
from refcheck.landmarks import BASE, generic
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding.formats import SHARE
from refcheck.strategies import Cases
from tests.summation import each_array

DOCS = Path(__file__).parents[2] / "docs"
SEEDS = range(10)
STEPS = (1, 2, 4, 8, 16, 32, 64, 128)
FACTORS = tuple(2.0**k for k in range(-6, 4))
LONG = 16  # steps where the weights are varied
COLOURS = {"float32": "tab:red", "float64": "tab:blue"}
STYLE = {  # the same file from the same figures
    "svg.hashsalt": "refcheck",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


class Point(NamedTuple):
    """The largest allowance and the largest error of some outputs, as shares."""

    allowed: float
    error: float


def point(cell: MeasuredCell, steps: int, factor: float, dtype: str) -> Point:
    """Measure with ``steps`` steps and weights that are ``factor`` times as large."""
    each = [shares(cell, case) for case in cases(cell, steps, factor, dtype)]
    return Point(*np.max(each, axis=0))


def cases(cell: MeasuredCell, steps: int, factor: float, dtype: str) -> Iterator[Case]:
    """Yield a case for each seed."""
    recipe = BASE.but(time=steps, batch=2, input_size=8, hidden_size=8)
    recipe = recipe.but(with_lengths=False, single=dtype == "float32")
    for seed in SEEDS:
        case = Cases(time=(1, max(STEPS))).build(generic(recipe, seed), cell)
        yield case.but(params={n: a * factor for n, a in case.params.items()})


def shares(cell: MeasuredCell, case: Case) -> Point:
    """Return the largest allowance and error of one case, as shares of its outputs."""
    found = cell.forward(case).outputs.value
    allowed = cell.scanned().budget(case).outputs.allowance
    wide = each_array(case, lambda a: a.astype(np.longdouble))
    right = ReferenceCell(Kind.LSTM).forward(wide).outputs
    size = np.sqrt(np.mean(right**2))
    return Point(np.max(allowed) / size, np.max(abs(found - right)) / size)


def curves(axes: Axes, over: tuple[float, ...], points: dict[str, list[Point]]) -> None:
    """Draw both dtypes over ``over``."""
    axes.axhline(SHARE, color="grey", linewidth=1, linestyle="--")
    for dtype, found in points.items():
        allowed, error = zip(*found, strict=True)
        style = {"color": COLOURS[dtype], "markersize": 4}
        axes.loglog(over, allowed, "-", base=2, label=f"{dtype}, allowed", **style)
        axes.loglog(over, error, "o:", base=2, label=f"{dtype}, measured", **style)
    axes.set_yscale("log", base=10)
    axes.set_ylim(top=10 * SHARE)
    axes.set_xticks(over, [f"{x:g}" if x >= 1 else f"1/{1 / x:g}" for x in over])


def figure() -> plt.Figure:
    """Return the plot, drawn anew."""
    cell = MeasuredCell(adapt(torch.nn.LSTM, Declared(), "torch.nn:LSTM"))
    canvas, (left, right) = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
    over_time = {d: [point(cell, t, 1.0, d) for t in STEPS] for d in COLOURS}
    over_scale = {d: [point(cell, LONG, s, d) for s in FACTORS] for d in COLOURS}
    curves(left, STEPS, over_time)
    curves(right, FACTORS, over_scale)
    left.set_xlabel("steps T")
    left.set_ylabel("share of the outputs (root mean square)")
    right.set_xlabel(f"factor on all weights, T = {LONG}")
    left.text(1, SHARE * 1.4, "above: says nothing", color="grey", fontsize=9)
    canvas.legend(*left.get_legend_handles_labels(), loc="upper center", ncols=4)
    canvas.tight_layout(rect=(0, 0, 1, 0.93))
    return canvas


def main() -> None:
    """Draw into the docs, or into the file that is named."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "allowance.svg"
    with mpl.rc_context(STYLE):
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure().savefig(path, metadata=metadata, dpi=150)


if __name__ == "__main__":
    main()
