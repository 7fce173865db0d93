"""Outputs past the end of a row of a torch module are what was declared of them."""

import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch import TorchCell, adapt  # noqa: E402 - needs torch
from refcheck.cell import Capability, Declared, Kind  # noqa: E402
from refcheck.conventions import declared  # noqa: E402
from refcheck.outcome import Status  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.properties.quick_outcomes import holds, outcome  # noqa: E402

CONTRACT = "outputs-past-the-length-follow-the-contract"
GRU = Declared(like=Kind.GRU)


EVERY = [
    modules.LengthsKeyword,
    modules.MaskKeyword,
    modules.CarelessTail,
    modules.MixedTail,
]


def promising(module: type, padding: str) -> TorchCell:
    """Return a GRU of which it was declared what stands past the end."""
    cell = adapt(module, GRU, "m")
    cell.signature = declared(cell.signature, [f"padding={padding}"])
    return cell


@pytest.mark.parametrize("module", EVERY)
def test_nothing_is_claimed_of_a_module_of_which_nothing_is_declared(module) -> None:
    cell = adapt(module, GRU, "m")

    assert cell.signature.offers(Capability.PADS)
    assert outcome(CONTRACT, cell).status is Status.SKIPPED


@pytest.mark.parametrize("module", EVERY[:2])
def test_a_module_that_fills_with_zeros_may_say_so(module: type) -> None:
    assert holds(CONTRACT, promising(module, "zeros"))


@pytest.mark.parametrize("module", EVERY[2:])
def test_a_module_that_says_so_and_leaves_anything_else_is_refuted(module) -> None:
    assert outcome(CONTRACT, promising(module, "zeros")).status is Status.VIOLATED


def test_a_module_that_leaves_the_outputs_untouched_may_say_so() -> None:
    assert holds(CONTRACT, promising(modules.CarelessTail, "untouched"))


@pytest.mark.parametrize("name", ["GRU", "GRUCell"])
def test_a_module_that_is_handed_packed_rows_does_not_pad(name: str) -> None:
    signature = adapt(getattr(torch.nn, name), Declared(), name).signature

    assert not signature.offers(Capability.PADS)
