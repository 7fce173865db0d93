"""Hold every released layer on top of JAX to all laws: a row of Markdown for each.

    python -m tests.benchmarks.jax_layers [PART OF A NAME]

The default profile, in one process; docs/benchmarks.md has the table.
"""

import sys
import time

import jax

from refcheck.catalogue import laws
from refcheck.outcome import Status
from refcheck.runner import run
from refcheck.settings import Settings
from refcheck.target import adapt
from tests.adapters.jax_layers import LAYERS

COMPILED = "/jax/core/compile/backend_compile_duration"


def main(part: str) -> None:
    """Print the table, row by row."""
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiled.append(seconds) if event == COMPILED else 0
    )
    print("| layer | held | violated | strict, not held | compilations | CPU, s |")
    print("|---|---|---|---|---|---|")
    for name, layer in LAYERS.items():
        if part not in name:
            continue
        started, before = time.process_time(), len(compiled)
        cell = adapt(layer.thing, layer.declared, name)
        found = list(run(cell, list(laws().values()), Settings()))
        seconds = time.process_time() - started

        def called(*statuses: Status, found=found) -> str:
            return ", ".join(f"`{o.law}`" for o in found if o.status in statuses) or "-"

        held = sum(o.status is Status.HELD for o in found)
        broken = called(Status.VIOLATED, Status.CRASHED, Status.TIMED_OUT)
        row = (name, held, broken, called(Status.NOTED), len(compiled) - before)
        print("|", *(f"{entry} |" for entry in row), f"{seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main("".join(sys.argv[1:2]))
