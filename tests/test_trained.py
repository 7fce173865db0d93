"""A target in training mode is a cell of its own."""

from refcheck.bugs.planted import planted
from refcheck.cell import Kind, Spec
from refcheck.trained import Trained


def test_a_trained_cell_has_the_shapes_of_the_cell_and_is_of_unknown_kind() -> None:
    cell = planted()(Kind.GRU)
    spec = Spec(3, 2)

    trained = Trained(cell, cell.signature, seed=1)

    assert trained.shapes(spec) == cell.shapes(spec)
    assert trained.signature.kind is None
    assert trained.fresh().signature == trained.signature
    assert Trained(cell, cell.signature, seed=None).signature == cell.signature
