"""Values between a target's parameters and the textbook's: added, gathered, settled."""

from dataclasses import replace

import numpy as np

from refcheck.cell import Kind, Signature, Spec
from refcheck.layouts import EQUINOX_GRU, HAIKU_LSTM
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, Recipe
from refcheck.reference.cell import ReferenceCell
from refcheck.strategies import Cases
from refcheck.textbook import Textbook

ONE = Spec(3, 2)
LSTM = replace(ReferenceCell(Kind.LSTM).signature, layout=HAIKU_LSTM)


class AddsOne(ReferenceCell):
    """Has the parameters of a cell that adds 1 to its forget gate."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.signature = LSTM

    def shapes(self, spec):
        shapes = HAIKU_LSTM.shapes(self.kind, spec)
        return super().shapes(spec)._replace(params=shapes)


def book_of(kind: Kind, layout) -> tuple[Textbook, dict[str, np.ndarray]]:
    signature: Signature = replace(LSTM, kind=kind, layout=layout)
    shapes = layout.shapes(kind, ONE)
    own = {n: 0.25 * np.arange(np.prod(s)).reshape(s) for n, s in shapes.items()}
    return Textbook(signature), own


def test_what_the_code_adds_is_part_of_the_bias_and_not_of_its_gradient() -> None:
    book, own = book_of(Kind.LSTM, HAIKU_LSTM)

    (params,) = book.params(ONE, own)
    (gradients,) = book.gradients(ONE, own)

    assert (params.bias_ih - gradients.bias_ih).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    np.testing.assert_array_equal(book.own(ONE, [params])["linear.b"], own["linear.b"])


def test_without_biases_nothing_is_added() -> None:
    book, own = book_of(Kind.LSTM, replace(HAIKU_LSTM, bias_ih=""))

    (params,) = book.params(ONE, own)

    assert params.bias_ih is None


def test_a_second_bias_without_a_place_is_added_to_the_first() -> None:
    book, own = book_of(Kind.GRU, EQUINOX_GRU)
    (params,) = book.params(ONE, own)
    moved = params._replace(bias_hh=params.bias_hh + 1)

    planted = book.own(ONE, [moved])

    assert (planted["bias"] - own["bias"]).tolist() == [1, 1, 1, 1, 0, 0]
    assert (planted["bias_n"] - own["bias_n"]).tolist() == [1, 1]


def test_without_biases_nothing_is_gathered() -> None:
    book, own = book_of(Kind.GRU, EQUINOX_GRU)
    bare = replace(ONE, bias=False)

    (params,) = book.params(bare, own)

    assert book.own(bare, [params]).keys() == {"weight_ih", "weight_hh"}


def test_parameters_of_a_case_convert_there_and_back_bit_for_bit() -> None:
    cell = MeasuredCell(AddsOne(Kind.LSTM))
    recipe = Recipe(3, 2, 3, 2, seeds={"params": GENERIC + 7})

    case = Cases().plain(recipe, cell)

    assert case is not None
    back = cell.planted(case, cell.canonical(case))
    for name, array in case.params.items():
        assert back.params[name].tobytes() == array.tobytes()
