"""A module that was copied, saved or loaded computes what it did."""

import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch import adapt  # noqa: E402 - needs torch
from refcheck.cell import Declared, Kind  # noqa: E402
from refcheck.outcome import Status  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.properties.quick_outcomes import holds, outcome  # noqa: E402

NAME = "copies-compute-the-same"
GRU = Declared(like=Kind.GRU)


@pytest.mark.parametrize("module", ["RNN", "LSTM", "GRU", "GRUCell"])
def test_a_module_of_torch_obeys(module: str) -> None:
    assert holds(NAME, adapt(getattr(torch.nn, module), Declared(), module))


def test_a_live_module_obeys() -> None:
    assert holds(NAME, adapt(torch.nn.LSTM(3, 4), Declared(), "m"))


def test_a_weight_that_is_not_loaded_is_noticed() -> None:
    found = outcome(NAME, adapt(modules.HalfLoaded, GRU, "m"))

    assert found.status is Status.VIOLATED


def test_a_module_that_cannot_be_copied_is_no_violation() -> None:
    assert holds(NAME, adapt(modules.NeverCopied, GRU, "m"))
