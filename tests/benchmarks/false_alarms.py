"""No right cell is failed by any law, whatever the seed: PyTorch's and our own.

    python -m tests.benchmarks.false_alarms                  # all that is missing
    python -m tests.benchmarks.false_alarms --seeds 10 torch.nn:LSTM "pairwise"
    python -m tests.benchmarks.false_alarms --write          # the tables of the docs

Runs the quick profile in this process.  PyTorch's layers and cells are asked with 100
seeds, and so that a right cell written in another way meets all laws with 50 seeds, its
kind and dtype change from one seed to the next.  Ten seeds make a line of
``false_alarms.jsonl``; two such runs may work side by side on other targets.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from refcheck.adapters.torch import adapt
from refcheck.catalogue import laws
from refcheck.cell import Declared, Kind
from refcheck.runner import run
from refcheck.settings import Settings
from tests.benchmarks.ledger import Ledger, cells, into_docs, summary, total
from tests.right_variants import right, variants

LEDGER = Path(__file__).with_suffix(".jsonl")
BLOCK = 10  # seeds to a line
LAYERS = ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell")
WRITTEN = [  # in an order in which neighbours differ in kind
    (kind, dtype) for dtype in ("float32", "float64") for kind in Kind if kind.textbook
]
OTHERS = sorted({name for k, d in WRITTEN for name in variants(k, d)})
SEEDS = {f"torch.nn:{name}": 100 for name in LAYERS} | dict.fromkeys(OTHERS, 50)
# the textbook computes with what it is given, and does not look whether it fits
EXCUSED = {"misfits-are-refused": "the textbook refuses nothing"}


def main() -> None:
    """Run what is missing, or write the tables of what was run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("targets", nargs="*", default=list(SEEDS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    ledger = Ledger(LEDGER)
    for target in [] if options.write else options.targets:
        for first in range(0, min(options.seeds, SEEDS[target]), BLOCK):
            if not ledger.has(target=target, first=first):
                found = total([asked(target, first + k) for k in range(BLOCK)])
                ledger.add({"target": target, "first": first} | found)
                print(target, first, found, flush=True)
    if options.write:
        into_docs("false alarms of torch", table(ledger, "torch.nn:"))
        into_docs("false alarms of variants", table(ledger, ""))


def asked(target: str, seed: int) -> dict[str, Any]:
    """Run one target with one seed through every law."""
    settings = Settings(profile="quick", seed=seed)
    if target.startswith("torch.nn:"):
        layer = getattr(torch.nn, target.partition(":")[2])
        cell = adapt(layer, Declared(), target)
    else:
        written = [(k, d) for k, d in WRITTEN if target in variants(k, d)]
        kind, dtype = written[seed % len(written)]
        cell = right(kind, dtype, target)
        settings = Settings(profile="quick", seed=seed, exclude=EXCUSED)
    found = summary(run(cell, list(laws().values()), settings))
    return found | {"alarms": [f"{law}, seed {seed}" for law in found["alarms"]]}


def table(ledger: Ledger, prefix: str) -> Iterator[str]:
    """Yield the lines of a table, a row for each target."""
    rows = defaultdict(list)
    for row in ledger.rows:
        if row["target"].startswith("torch.nn:") == bool(prefix):
            rows[row["target"]].append(row)
    yield "| right cell | seeds | cases | inconclusive | closest | false alarms |"
    yield "|---|---|---|---|---|---|"
    for name, lines in sorted(rows.items()):
        yield f"| {name} | {BLOCK * len(lines)} | {cells(total(lines))}"
    yield ""
    yield f"Laws and budgets {ledger.laws}."


if __name__ == "__main__":
    main()
