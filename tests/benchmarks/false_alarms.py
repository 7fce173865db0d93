"""No right cell is failed: PyTorch's own, many seeds of a profile, resumable.

    python -m tests.benchmarks.false_alarms --seeds 100 --profile quick
    python -m tests.benchmarks.false_alarms --seeds 100 LSTM GRU
    python -m tests.benchmarks.false_alarms --table

Each finished run is a line of ``false_alarms.jsonl``; a run that stands there already
is not repeated.  The table is Markdown, for ``docs/benchmarks.md``.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import torch

from refcheck.adapters.torch import adapt
from refcheck.catalogue import laws
from refcheck.cell import Declared
from refcheck.outcome import BROKEN
from refcheck.runner import run
from refcheck.settings import Settings

RESULTS = Path(__file__).with_suffix(".jsonl")
TARGETS = ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell")


def main() -> None:
    """Run what is missing, or print the table of what was run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("targets", nargs="*", default=TARGETS)
    options = parser.parse_args()
    if options.table:
        print("\n".join(table()))
        return
    torch.set_num_threads(1)
    done = {(r["target"], r["profile"], r["seed"]) for r in results()}
    for seed in range(options.seeds):
        for name in options.targets:
            if (name, options.profile, seed) not in done:
                record(name, options.profile, seed)


def record(name: str, profile: str, seed: int) -> None:
    """Run one target with one seed and write down what came of it."""
    target = adapt(getattr(torch.nn, name), Declared(), f"torch.nn:{name}")
    settings = Settings(profile=profile, seed=seed)
    outcomes = list(run(target, list(laws().values()), settings))
    alarms = [o.law for o in outcomes if o.status in BROKEN]
    line = {
        "target": name,
        "profile": profile,
        "seed": seed,
        "cases": sum(o.cases for o in outcomes),
        "inconclusive": sum(o.inconclusive for o in outcomes),
        "closest": max(o.closest for o in outcomes),
        "alarms": alarms,
    }
    with RESULTS.open("a") as file:
        file.write(json.dumps(line) + "\n")


def results() -> Iterator[dict]:
    """Yield the runs that are written down."""
    if RESULTS.exists():
        yield from map(json.loads, RESULTS.read_text().splitlines())


def table() -> Iterator[str]:
    """Yield the lines of a table, a row for each target and profile."""
    rows = defaultdict(list)
    for result in results():
        rows[result["target"], result["profile"]].append(result)
    yield "| target | profile | seeds | cases | inconclusive | closest | false alarms |"
    yield "|---|---|---|---|---|---|---|"
    for (name, profile), runs in rows.items():
        cases = sum(r["cases"] for r in runs)
        share = sum(r["inconclusive"] for r in runs) / cases
        closest = max(r["closest"] for r in runs)
        alarms = sum(bool(r["alarms"]) for r in runs)
        yield (
            f"| torch.nn:{name} | {profile} | {len(runs)} | {cases} "
            f"| {share:.1%} | {closest:.2f} | {alarms} |"
        )


if __name__ == "__main__":
    main()
