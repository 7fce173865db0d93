"""PyTorch's cells obey what is said of steps, cuts, order, rows and states."""

import itertools

import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch import adapt  # noqa: E402 - needs torch
from refcheck.cell import Declared  # noqa: E402
from tests.properties.quick_outcomes import holds  # noqa: E402

NAMES = (
    "shapes-are-as-declared",
    "final-state-is-the-last-output",
    "every-step-is-the-same-step",
    "parameter-gradient-is-the-sum-over-steps",
    "every-parameter-matters",
    "updates-are-seen",
    "forward-splits",
    "backward-splits",
    "streaming-equals-whole",
    "no-output-sees-the-future",
    "each-half-sees-one-side",
    "order-matters",
    "reverse-is-flip-forward-flip",
    "both-directions-are-two-cells",
    "rows-are-independent",
    "rows-may-come-in-any-order",
    "parameter-gradients-add-over-rows",
    "no-state-is-the-zero-state",
    "initial-state-matters",
    "states-are-not-exchanged",
    "a-zero-input-is-no-input",
    "calls-leave-no-trace",
)


@pytest.mark.parametrize(
    ("name", "module"), [*zip(NAMES, itertools.cycle(["LSTM", "GRU"]), strict=False)]
)
def test_a_torch_cell_obeys(name: str, module: str) -> None:
    cell = adapt(getattr(torch.nn, module), Declared(), module)

    assert holds(name, cell, seed=len(name))
