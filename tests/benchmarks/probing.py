"""The table of docs/probing.md: what is found of every adapter's cells, blind.

    python -m tests.benchmarks.probing

Layers of Keras run in a process of their own, on PyTorch.
"""

import os
import subprocess
import sys
import time

from refcheck.cell import Capability, Kind
from refcheck.layout import CANONICAL
from refcheck.probing.found import searched
from refcheck.probing.setting import Setting, named, told
from refcheck.requests import declared
from refcheck.target import load
from refcheck.watch import Unwatched
from tests.probing.test_adapters import CALLABLES, JAX, KERAS, ONNX, TORCH
from tests.probing.unusual import SETTINGS, Unusual

HEAD = (
    "| cell | found | as the table says | settings tried | nearest other "
    "| CPU seconds |\n"
    "|---|---|---|---|---|---|"
)
SAID = {"gates", "recurrent blocks", "reset gate", "update gate", "forget bias"}
SAID |= {"state order", "activations"}


def brief(setting: Setting) -> str:
    """Return the kind, the gates, and what is not as in PyTorch."""
    kind = {Kind.GRU_RESET_BEFORE: Kind.GRU}.get(setting.kind, setting.kind)
    usual = told(Setting(kind, CANONICAL))
    says = told(setting)
    gates = [f"gates {says['gates']}"] if "gates" in says else []
    unlike = [n for n in says if n in SAID - {"gates"} and says[n] != usual[n]]
    count = says["biases"].partition(":")[0].partition(",")[0]
    biases = f"biases: {count.replace(' that are added', '')}"
    several = [f"{n} {says[n]}" for n in unlike]
    return "; ".join([says["kind"], *gates, biases, *several])


def row(name: str, cell: object, known: Setting | None = None) -> str:
    """Return the row of one cell: what is found of it with its kind forgotten."""
    signature = cell.signature
    assert signature.offers(Capability.PARAMETERS)
    started = time.process_time()
    found = searched(cell, Unwatched())
    seconds = time.process_time() - started
    right = named(known or Setting(signature.kind, signature.layout))
    if found.setting is None:
        return f"| `{name}` | nothing | no | | | {seconds:.1f} |"
    tried = found.settings.tried
    ratio = min(one.ratio for one in tried if not one.alike)
    same = "yes" if told(found.setting) == told(right) else "**no**"
    count = len({repr(one.setting) for one in tried})
    cells = (f"`{name}`", brief(found.setting), same, count, f"{ratio:.0e}")
    return f"| {' | '.join(map(str, cells))} | {seconds:.1f} |"


def adapted(targets: object) -> None:
    """Print a row for each target."""
    for target in targets:
        said = CALLABLES.get(target, {})
        print(row(target, load(target, declared(said))), flush=True)


def main() -> None:
    """Print the table."""
    if sys.argv[1:] == ["keras"]:
        adapted(KERAS)
        return
    print(HEAD)
    adapted((*TORCH, *JAX, *ONNX, *CALLABLES))
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.probing", "keras"],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        check=True,
    )
    for name, setting in SETTINGS.items():
        print(row(f"the textbook: {name}", Unusual(setting), setting), flush=True)


if __name__ == "__main__":
    main()
