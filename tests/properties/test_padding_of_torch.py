"""Outputs past the end of a row are zeros, as torch.nn pads them, or as declared."""

import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch import adapt  # noqa: E402 - needs torch
from refcheck.cell import Capability, Declared, Kind  # noqa: E402
from refcheck.conventions import declared  # noqa: E402
from refcheck.outcome import Status  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.properties.quick_outcomes import holds, outcome  # noqa: E402

CONTRACT = "outputs-past-the-length-follow-the-contract"
GRU = Declared(like=Kind.GRU)


@pytest.mark.parametrize("module", [modules.LengthsKeyword, modules.MaskKeyword])
def test_a_module_that_fills_with_zeros_obeys(module: type) -> None:
    assert holds(CONTRACT, adapt(module, GRU, "m"))


@pytest.mark.parametrize("module", [modules.CarelessTail, modules.MixedTail])
def test_a_module_that_leaves_anything_else_there_is_refuted(module: type) -> None:
    assert outcome(CONTRACT, adapt(module, GRU, "m")).status is Status.VIOLATED


def test_a_module_that_leaves_the_outputs_untouched_may_say_so() -> None:
    cell = adapt(modules.CarelessTail, GRU, "m")
    cell.signature = declared(cell.signature, ["padding=untouched"])

    assert holds(CONTRACT, cell)


@pytest.mark.parametrize("name", ["GRU", "GRUCell"])
def test_nothing_is_promised_where_the_module_does_not_pad_itself(name: str) -> None:
    signature = adapt(getattr(torch.nn, name), Declared(), name).signature

    assert not signature.offers(Capability.PADDING_CONTRACT)


def test_nothing_is_promised_where_the_kind_is_unknown() -> None:
    signature = adapt(modules.LengthsKeyword, Declared(), "m").signature

    assert not signature.offers(Capability.PADDING_CONTRACT)
