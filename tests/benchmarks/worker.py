"""What the worker protocol costs a call: ``python tests/benchmarks/worker.py COMMAND``.

A small case (T = 5, N = 4, D = 3, H = 2) is asked of the worker and of the textbook in
this process, in pairs.  The median of the differences, which machine load moves little,
is the cost of the protocol where the worker is that same textbook, served:
``python -m refcheck serve tests.targets.deadly:fine``; for others the whole call is
above it.
"""

import statistics
import sys
import time
from collections.abc import Callable

import msgspec

from refcheck.adapters.process import adapt
from refcheck.adapters.process_messages import forward
from refcheck.cell import Declared, Kind
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from refcheck.strategies import Cases

PAIRS = 2000


def seconds(run: Callable[[], object]) -> float:
    """Return how long one call takes."""
    before = time.perf_counter()
    run()
    return time.perf_counter() - before


def main() -> None:
    """Print the table."""
    cell = adapt(sys.argv[1], Declared(), "cmd: it")
    measured = MeasuredCell(cell)
    recipe = next(iter(Cases(lengths=False).landmarks(cell.signature, 1)))
    case = Cases(lengths=False).build(recipe, measured)
    assert case is not None
    here = ReferenceCell(Kind.RNN_TANH)
    own = zip(here.shapes(case.spec).params, case.params.values(), strict=True)
    named = case.but(params=dict(own))
    pairs = [
        (seconds(lambda: cell.forward(case)), seconds(lambda: here.forward(named)))
        for _ in range(PAIRS)
    ]
    cell.close()
    message = forward(1, 1, case, None)
    encoding = [
        seconds(lambda: msgspec.json.encode(forward(1, 1, case, None)))
        for _ in range(PAIRS)
    ]
    print(f"| line of the request      | {len(msgspec.json.encode(message))} bytes |")
    whole = statistics.median(far for far, _ in pairs)
    print(f"| whole call               | {1e3 * whole:.3f} ms |")
    print(f"| worker − in-process      | {1e3 * median(pairs):.3f} ms |")
    print(f"| arrays to a line of JSON | {1e3 * statistics.median(encoding):.3f} ms |")


def median(pairs: list[tuple[float, float]]) -> float:
    """Return the median of the differences."""
    return statistics.median(far - near for far, near in pairs)


if __name__ == "__main__":
    main()
