"""Laws about stacks of layers."""

import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds


@pytest.mark.parametrize(("kind", "seed"), KINDS)
def test_a_right_stack_obeys(kind: Kind, seed: int) -> None:
    assert holds("layers-compose", ReferenceCell(kind), seed=seed)


def test_three_layers_and_both_directions_are_asked_first() -> None:
    signature = ReferenceCell(Kind.LSTM).signature

    first, second, *_ = laws()["layers-compose"].cases.landmarks(signature, 0)

    assert first.num_layers == 3
    assert second.bidirectional
