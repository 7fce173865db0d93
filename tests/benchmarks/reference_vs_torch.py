"""How fast is the textbook, and how much memory does it take, beside torch.nn.LSTM?

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OMP_NUM_THREADS=1 \
        python tests/benchmarks/reference_vs_torch.py

Prints three Markdown tables: time of one forward and backward pass as a ratio to
PyTorch's (both in this process on one thread, taken in turns, median of the ratios of
neighbours), time against T, and peak memory against what the backward pass must keep.
Time is the processor's, which other work on the machine disturbs least.
"""

import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from refcheck.cell import Array, Kind, Params, State
from refcheck.reference.sequence import backward, forward

SECONDS = 3.0  # for each ratio
WARM_UP = 3


class Size(NamedTuple):
    """Sizes of one network and its input."""

    input_size: int
    hidden_size: int
    time: int
    batch: int


SIZES = (
    Size(8, 8, 16, 2),
    Size(32, 32, 32, 4),
    Size(128, 128, 64, 16),
    Size(512, 512, 64, 32),
)
TIMES = (16, 32, 64, 128, 256, 512)


class Job(NamedTuple):
    """The arguments of one forward and backward pass of an LSTM."""

    params: Params
    inputs: Array
    state: State
    grad_outputs: Array
    grad_state: State


def job(size: Size, dtype: str) -> Job:
    """Draw a job whose weights are of the size that PyTorch starts from."""
    rng = np.random.default_rng(0)
    d, h, t, n = size
    scale = h**-0.5

    def draw(*shape: int) -> Array:
        return rng.uniform(-scale, scale, shape).astype(dtype)

    params = Params(draw(4 * h, d), draw(4 * h, h), draw(4 * h), draw(4 * h))
    state, grad_state = (draw(1, n, h), draw(1, n, h)), (draw(1, n, h), draw(1, n, h))
    return Job(params, draw(t, n, d), state, draw(t, n, h), grad_state)


def reference(job: Job) -> Callable[[], object]:
    """Return a call that runs the textbook forward and backward."""

    def run() -> object:
        tapes = forward(Kind.LSTM, [job.params], job.inputs, job.state)[1]
        return backward(
            Kind.LSTM, [job.params], tapes, job.grad_outputs, job.grad_state
        )

    return run


def pytorch(job: Job) -> Callable[[], object]:
    """Return a call that runs torch.nn.LSTM forward and backward."""
    inputs = torch.tensor(job.inputs, requires_grad=True)
    state = tuple(torch.tensor(s, requires_grad=True) for s in job.state)
    lstm = torch.nn.LSTM(inputs.shape[2], job.params.weight_hh.shape[1])
    lstm = lstm.to(inputs.dtype)
    with torch.no_grad():
        for name, weight in lstm.named_parameters():
            value = getattr(job.params, name.removesuffix("_l0"))
            weight.copy_(torch.tensor(value))
    wanted = [*lstm.parameters(), inputs, *state]
    grads = [torch.tensor(g) for g in (job.grad_outputs, *job.grad_state)]

    def run() -> object:
        outputs, (h, c) = lstm(inputs, state)
        return torch.autograd.grad((outputs, h, c), wanted, grads)

    return run


def seconds(run: Callable[[], object]) -> float:
    """Return the processor time that one call takes."""
    start = time.process_time()
    run()
    return time.process_time() - start


def in_turns(first: Callable[[], object], second: Callable[[], object]) -> Array:
    """Return the times (pairs, 2) of both calls, each pair within a moment."""
    for _ in range(WARM_UP):
        first()
        second()
    pairs: list[tuple[float, float]] = []
    end = time.perf_counter() + SECONDS
    while len(pairs) < 5 or time.perf_counter() < end:
        pairs.append((seconds(first), seconds(second)))
    return np.array(pairs)


def ratios() -> Iterator[str]:
    """Yield the table of times beside PyTorch's."""
    yield "| D, H, T, N | dtype | reference ms | torch ms | ratio |"
    yield "|---|---|---|---|---|"
    for size in SIZES:
        for dtype in ("float32", "float64"):
            work = job(size, dtype)
            times = in_turns(reference(work), pytorch(work))
            ours, theirs = np.median(times, axis=0) * 1e3
            ratio = np.median(times[:, 0] / times[:, 1])
            yield (
                f"| {', '.join(map(str, size))} | {dtype} "
                f"| {ours:.2f} | {theirs:.2f} | {ratio:.2f} |"
            )


def growth() -> Iterator[str]:
    """Yield the table of time against T."""
    yield "| T | ms | µs a step |"
    yield "|---|---|---|"
    for steps in TIMES:
        run = reference(job(Size(32, 32, steps, 4), "float64"))
        taken = statistics.median(seconds(run) for _ in range(15))
        yield f"| {steps} | {taken * 1e3:.2f} | {taken / steps * 1e6:.1f} |"


def must_keep(size: Size, dtype: str) -> int:
    """Return the bytes that no backpropagation through time can do without.

    All are alive when its last step ends: for each step the gates i f g o, c, tanh(c)
    and h (7 H numbers a row) and the inputs; what is passed in, parameters and
    gradients of the outputs; and what is returned, gradients of both and of the
    inputs.  States and one step's own arrays are left out.
    """
    d, h, t, n = size
    kept = t * n * (7 * h + d)
    passed = 4 * h * (d + h + 2) + t * n * h
    returned = 4 * h * (d + h + 2) + t * n * d
    return (kept + passed + returned) * np.dtype(dtype).itemsize


def memory() -> Iterator[str]:
    """Yield the table of peak memory, arguments included."""
    yield "| D, H, T, N | must keep MB | peak MB | ratio |"
    yield "|---|---|---|---|"
    for size in (Size(32, 32, 512, 4), *SIZES[2:]):
        tracemalloc.start()
        run = reference(job(size, "float64"))
        run()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        needed = must_keep(size, "float64")
        yield (
            f"| {', '.join(map(str, size))} | {needed / 1e6:.1f} "
            f"| {peak / 1e6:.1f} | {peak / needed:.2f} |"
        )


def main() -> None:
    """Print the tables."""
    if os.environ.get("OMP_NUM_THREADS") != "1":
        message = "OMP_NUM_THREADS is not 1; see the first lines of this file."
        raise SystemExit(message)
    torch.set_num_threads(1)
    for table in (ratios, growth, memory):
        for line in table():
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
