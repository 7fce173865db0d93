"""What stands past the end of a row is told where it is declared by nobody."""

import pytest
from torch import Tensor, nn

from refcheck import check
from tests.adapters import modules

BEGINS = "nothing is declared of outputs past the end of a row: they "
TOLD = {
    modules.LengthsKeyword: "are zeros; --convention padding=zeros holds",
    modules.CarelessTail: "are what would stand there without lengths; --convention",
}


class Marked(modules.LengthsKeyword):
    """Outputs past the end of a row are 7."""

    def steps(self, x: Tensor, h: Tensor, ends: Tensor | None) -> modules.State:
        outputs, h = super().steps(x, h, ends)
        return outputs if ends is None else outputs + 7 * (~ends[..., None]), h


def notes(module: type[nn.Module], **said: object) -> list[str]:
    report = check(
        module, like="gru", profile="quick", select=["outputs-agree"], **said
    )
    return [n.removeprefix(BEGINS) for n in report.notes if n.startswith(BEGINS)]


@pytest.mark.parametrize("module", TOLD)
def test_the_custom_that_was_seen_is_told_once(module: type[nn.Module]) -> None:
    (note,) = notes(module)

    assert note.startswith(TOLD[module])


def test_so_is_that_there_is_none() -> None:
    assert notes(Marked) == ["follow no known custom"]


def test_nothing_is_told_of_what_is_declared() -> None:
    assert notes(modules.LengthsKeyword, conventions=("padding=zeros",)) == []


def test_nothing_is_told_of_a_module_that_is_handed_packed_rows() -> None:
    assert notes(nn.GRU) == []
