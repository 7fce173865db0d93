"""How long ``refcheck --help`` takes, and what the watch adds to a call of the target.

Run it with ``python tests/benchmarks/command_line.py``.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from refcheck.callfile import CallReader
from refcheck.callwriter import CallWriter
from refcheck.case import Case
from refcheck.cell import Spec

STARTS = 15
CALLS = 2000
SIZES = {"small": (5, 4, 3, 2), "long": (65, 2, 3, 2), "wide": (2, 2, 33, 33)}


def help_seconds() -> float:
    """Return the median time from start to end of ``refcheck --help``."""
    taken = []
    for _ in range(STARTS):
        started = time.perf_counter()
        asked = [sys.executable, "-m", "refcheck", "--help"]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def case(time_: int, batch: int, input_size: int, hidden_size: int) -> Case:
    """Return an LSTM's case of these sizes."""
    gates = 4 * hidden_size
    state = (np.ones((1, batch, hidden_size)),) * 2
    return Case(
        spec=Spec(input_size, hidden_size),
        params={
            "weight_ih_l0": np.ones((gates, input_size)),
            "weight_hh_l0": np.ones((gates, hidden_size)),
            "bias_ih_l0": np.ones(gates),
            "bias_hh_l0": np.ones(gates),
        },
        inputs=np.ones((time_, batch, input_size)),
        state=state,
        lengths=None,
        grad_outputs=np.ones((time_, batch, hidden_size)),
        grad_state=state,
    )


def watch_seconds(watch: CallWriter, cases: list[Case]) -> float:
    """Return what noting one call adds, for calls with ``cases`` in turn."""
    started = time.perf_counter()
    for k in range(CALLS):
        watch.before("outputs-agree", cases[k % len(cases)])
        watch.after()
    return (time.perf_counter() - started) / CALLS


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Measure and print."""
    say(f"refcheck --help: {help_seconds():.3f} s, median of {STARTS}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        reader = CallReader(path)
        watch = CallWriter(path)
        for name, sizes in SIZES.items():
            same, other = [case(*sizes)], [case(*sizes), case(*sizes)]
            again = watch_seconds(watch, same) * 1e6
            anew = watch_seconds(watch, other) * 1e6
            say(
                f"watch, {name} {sizes}: {again:.1f} µs a call with the same case, "
                f"{anew:.1f} µs with another one each time"
            )
        reader.close()


if __name__ == "__main__":
    main()
