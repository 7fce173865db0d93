"""The laws that allow for rounding fail no right cell: 10 000 cases a kind and dtype.

    python -m tests.benchmarks.no_false_alarm                # all that is missing
    python -m tests.benchmarks.no_false_alarm --cases 300    # in small
    python -m tests.benchmarks.no_false_alarm --write        # the table of the docs

Half of the cases go to PyTorch's layers and cells, half to the right cells of
``right_variants.py``, in eight processes, one after the other: each has one or two
threads, and oneDNN on or off.  A line of ``no_false_alarm.jsonl`` is one kind and dtype
in one process.
"""

import argparse
import itertools
import subprocess
import sys
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
PROCESSES = 8
FAMILIES = ("agreement", "exact arithmetic", "probes", "step by step", "gradients")
SURROUNDINGS = list(itertools.product((1, 2), (True, False)))  # threads, oneDNN
GROUPS = [(k, d) for k in Kind if k.textbook for d in ("float32", "float64")]
LAYERS = {
    Kind.RNN_TANH: ("RNN", "RNNCell"),
    Kind.RNN_RELU: ("RNN", "RNNCell"),
    Kind.LSTM: ("LSTM", "LSTMCell"),
    Kind.GRU: ("GRU", "GRUCell"),
}


def main() -> None:
    """Run what is missing, or write the table of what was run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--process", type=int, help="run this one, in this process")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    ledger = Ledger(LEDGER)
    if options.write:
        into_docs("no false alarm", table(ledger))
    elif options.process is not None:
        share(ledger, options.process, options.cases)
    else:
        for process in range(PROCESSES):
            again = ["--process", str(process), "--cases", str(options.cases)]
            asked = [sys.executable, "-m", "tests.benchmarks.no_false_alarm", *again]
            subprocess.run(asked, check=True)


def share(ledger: Ledger, process: int, most: int) -> None:
    """Run the share of one process, in the surroundings that it stands for."""
    threads, onednn = SURROUNDINGS[process % len(SURROUNDINGS)]
    torch.set_num_threads(threads)
    torch.backends.mkldnn.set_flags(onednn)
    for kind, dtype in GROUPS:
        key = {"kind": kind.value, "dtype": dtype, "process": process, "of": most}
        if not ledger.has(**key):
            found = total(list(runs(kind, dtype, process, most // PROCESSES)))
            where = {"threads": threads, "onednn": onednn}
            ledger.add(key | where | found)
            print(key | where | found, flush=True)


def runs(kind: Kind, dtype: str, process: int, most: int) -> Iterator[dict[str, Any]]:
    """Yield summaries of runs of the default profile, until there are enough cases."""
    layers, others = LAYERS.get(kind, ()), list(variants(kind, dtype))
    done = {True: 0, False: 0}  # cases of PyTorch's, and of our own
    for k in itertools.count():
        theirs = bool(layers) and done[True] <= done[False]
        seed = PROCESSES * k + process  # no two runs of a group share one
        if theirs:
            name = layers[seed // PROCESSES % len(layers)]
            cell = adapt(getattr(torch.nn, name), Declared(like=kind), name)
        else:
            name = others[seed % len(others)]
            cell = right(kind, dtype, name)
        settings = Settings(seed=seed, select=FAMILIES, dtypes=(dtype,))
        found = summary(run(cell, list(laws().values()), settings))
        alarms = [f"{name}, seed {seed}: {law}" for law in found["alarms"]]
        yield found | {"alarms": alarms}
        done[theirs] += found["cases"]
        if sum(done.values()) >= most:
            return


def table(ledger: Ledger) -> Iterator[str]:
    """Yield the lines of a table, a row for each kind and dtype."""
    rows, most = defaultdict(list), max((r["of"] for r in ledger.rows), default=0)
    for row in ledger.rows:
        if row["of"] == most:
            rows[row["kind"], row["dtype"]].append(row)
    yield "| kind | dtype | cases | inconclusive | closest | false alarms |"
    yield "|---|---|---|---|---|---|"
    for (kind, dtype), lines in sorted(rows.items()):
        yield f"| {kind} | {dtype} | {cells(total(lines))}"
    yield ""
    yield f"Laws and budgets {ledger.laws}."


if __name__ == "__main__":
    main()
