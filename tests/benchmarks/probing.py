"""The table of docs/probing.md: what is found of every adapter's cells, blind.

    python -m tests.benchmarks.probing

Layers of Keras run in a process of their own, on PyTorch.
"""

import os
import subprocess
import sys
import time

from refcheck.cell import Capability
from refcheck.child import declared
from refcheck.probing.found import searched
from refcheck.probing.setting import Setting, named, told
from refcheck.target import load
from refcheck.watch import Unwatched
from tests.probing.test_adapters import CALLABLES, JAX, KERAS, ONNX, TORCH
from tests.probing.unusual import SETTINGS, Unusual

HEAD = (
    "| cell | found | as the table says | settings | nearest other | CPU seconds |\n"
    "|---|---|---|---|---|---|"
)
UNTOLD = ("kind", "matrices", "recurrent blocks", "activations")


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
    says = told(found.setting)
    rest = [f"{item} {value}" for item, value in says.items() if item not in UNTOLD]
    shown = "; ".join([says["kind"], *rest, f"activations {says['activations']}"])
    tried = found.settings.tried
    ratio = min(one.ratio for one in tried if not one.alike)
    same = "yes" if says == told(right) else "**no**"
    count = len({repr(one.setting) for one in tried})
    return f"| `{name}` | {shown} | {same} | {count} | {ratio:.0e} | {seconds:.1f} |"


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
