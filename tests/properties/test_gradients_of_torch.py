"""PyTorch's cells obey what is said of gradients and gates."""

import itertools

import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch import adapt  # noqa: E402 - needs torch
from refcheck.cell import Declared, Kind  # noqa: E402
from refcheck.outcome import Status  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.properties.quick_outcomes import holds, outcome  # noqa: E402

ANY = (
    "gradients-agree-with-differences",
    "remainder-is-second-order",
    "backward-is-the-adjoint",
    "backward-is-linear",
    "backward-can-be-repeated",
    "accumulated-gradients-add",
    "frozen-state-cuts-the-gradient",
    "jacobian-over-time-is-the-product-of-step-jacobians",
)
LSTM = (
    "open-forget-gate-carries-the-cell-state",
    "cell-path-gradient-is-the-product-of-forget-gates",
    "shut-forget-gate-forgets",
    "shut-input-gate-stores-nothing",
    "open-gates-update-exactly",
    "shut-output-gate-hides-but-keeps",
    "open-gates-count",
    "cell-state-grows-by-at-most-one-a-step",
    "outputs-stay-inside-one",
    "cell-state-ignores-the-output-without-recurrence",
)
GRU = (
    "open-update-gate-copies-the-state",
    "shut-update-gate-takes-the-candidate",
    "shut-reset-gate-ignores-the-state",
    "gru-outputs-stay-inside-one-or-the-start",
)
SIMPLE = (
    "gradient-grows-no-faster-than-the-bound",
    "gradient-vanishes-below-one-and-explodes-above",
    "identity-initialisation-preserves-gradient",
)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        *zip(ANY, itertools.cycle(["LSTM", "GRU"]), strict=False),
        *((name, "LSTM") for name in LSTM),
        *((name, "GRU") for name in GRU),
        *((name, "RNN") for name in SIMPLE),
    ],
)
def test_a_torch_cell_obeys(name: str, module: str) -> None:
    cell = adapt(getattr(torch.nn, module), Declared(), module)

    assert holds(name, cell, seed=len(name))


@pytest.mark.parametrize(
    "name", [*SIMPLE, "relu-passes-gradient-unchanged-where-positive"]
)
def test_a_relu_cell_of_torch_obeys(name: str) -> None:
    cell = adapt(torch.nn.RNN, Declared(like=Kind.RNN_RELU), "RNN")

    assert holds(name, cell, seed=len(name))


def test_parameters_that_get_no_gradient_beside_plain_inputs_are_noticed() -> None:
    cell = adapt(modules.NeedsLeafInputs, Declared(like=Kind.GRU), "m")

    assert holds("backward-can-be-repeated", cell)
    assert outcome("accumulated-gradients-add", cell).status is Status.VIOLATED


PULLED_TWICE = "a-recorded-call-can-be-pulled-twice"


@pytest.mark.parametrize("module", ["RNN", "LSTM", "GRU", "LSTMCell"])
def test_what_torch_has_recorded_can_be_pulled_twice(module: str) -> None:
    assert holds(PULLED_TWICE, adapt(getattr(torch.nn, module), Declared(), module))


def test_a_tape_that_is_right_once_is_noticed() -> None:
    cell = adapt(modules.SpoilsItsTape, Declared(like=Kind.GRU), "m")

    assert holds("backward-can-be-repeated", cell)
    assert outcome(PULLED_TWICE, cell).status is Status.VIOLATED


def test_a_tape_that_refuses_to_be_read_twice_is_no_violation() -> None:
    assert holds(
        PULLED_TWICE, adapt(modules.FreesItsTape, Declared(like=Kind.GRU), "m")
    )
