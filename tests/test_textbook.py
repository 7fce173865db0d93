"""Values between a target's parameters and the textbook's: added, gathered, settled."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Kind, Padding, Params, Signature, Spec
from refcheck.judge import judge
from refcheck.landmarks import BASE, generic
from refcheck.law import equal
from refcheck.layout import Layout
from refcheck.layouts import EQUINOX_GRU, HAIKU_LSTM
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, Recipe
from refcheck.reference import sequence
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import Measured
from refcheck.strategies import Cases
from refcheck.textbook import Textbook
from tests.properties.quick_outcomes import holds
from tests.properties.test_padding import Promising

ONE = Spec(3, 2)
LSTM = replace(ReferenceCell(Kind.LSTM).signature, layout=HAIKU_LSTM)


class Elsewhere(ReferenceCell):
    """Right, its parameters in another layout, with what its code adds to a bias."""

    def __init__(self, kind: Kind, layout: Layout) -> None:
        super().__init__(kind)
        lacks = Capability.STACKS | Capability.DIRECTIONS | Capability.NO_BIAS
        has = self.signature.capabilities & ~lacks
        self.signature = replace(self.signature, layout=layout, capabilities=has)
        self.book = Textbook(self.signature)

    def fresh(self) -> "Elsewhere":
        return Elsewhere(self.kind, self.signature.layout)

    def shapes(self, spec):
        shapes = self.signature.layout.shapes(self.kind, spec)
        return super().shapes(spec)._replace(params=shapes)

    def params(self, case: Case) -> list[Params]:
        return self.book.params(case.spec, case.params)

    def backward(self, case: Case) -> Gradients:
        read = (case.inputs, case.state, case.lengths)
        _, tapes = sequence.forward(self.kind, self.params(case), *read)
        pulls = (case.grad_outputs, case.grad_state)
        found = sequence.backward(self.kind, self.params(case), tapes, *pulls)
        own = self.book.own_gradients(case.spec, found.params)
        return Gradients(own, found.inputs, found.state)


LAYOUTS = [(Kind.LSTM, HAIKU_LSTM), (Kind.GRU, EQUINOX_GRU)]


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
    cell = MeasuredCell(Elsewhere(Kind.LSTM, HAIKU_LSTM))
    recipe = Recipe(3, 2, 3, 2, seeds={"params": GENERIC + 7})

    case = Cases().plain(recipe, cell)

    assert case is not None
    back = cell.planted(case, cell.canonical(case))
    for name, array in case.params.items():
        assert back.params[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(("kind", "layout"), LAYOUTS)
def test_the_oracle_adds_nothing_to_the_gradient_of_a_bias(kind, layout) -> None:
    cell = MeasuredCell(Elsewhere(kind, layout))
    case = Cases(layers=False, directions=False).build(generic(BASE, 5), cell)

    found = cell.textbook_gradients(case)

    for name, right in cell.gradient_budget(case).params.items():
        sure = found.params[name].confirmed()
        assert not judge(equal(name, sure, right)).violated


@pytest.mark.parametrize(("kind", "layout"), LAYOUTS)
@pytest.mark.parametrize("law", ["gradients-agree", "gradients-agree-step-by-step"])
def test_gradients_of_biases_agree_wherever_they_are_kept(law, kind, layout) -> None:
    assert holds(law, Elsewhere(kind, layout))


def repeating(padding: Padding = Padding.REPEATED) -> tuple[MeasuredCell, Case]:
    """Return a right cell that repeats outputs, and rows of 0, 1 and 3 steps."""
    cell = MeasuredCell(Promising(Kind.GRU, padding))
    recipe = BASE.but(time=3, batch=3, with_state=True)
    case = Cases().build(generic(recipe, 5), cell)
    return cell, case.but(lengths=np.array([0, 1, 3]))


def test_outputs_that_are_repeated_may_be_off_as_the_first_of_them() -> None:
    cell, case = repeating()

    allowed = cell.forward(case).outputs.allowance
    outputs = cell.textbook(case).outputs.value

    assert np.all(allowed[:, 1] == allowed[0, 1])
    assert np.all(allowed[:, 1:] > 0)
    assert np.all(outputs[:, 1] == outputs[0, 1])
    assert not outputs[:, 0].any()


def test_gradients_of_repeated_outputs_enter_at_the_last_of_them() -> None:
    cell, case = repeating()
    pulls = np.array(case.grad_outputs)
    pulls[0, 1] += pulls[1:, 1].sum(axis=0)
    zeros = MeasuredCell(Promising(Kind.GRU))

    found = cell.textbook_gradients(case)
    right = zeros.textbook_gradients(case.but(grad_outputs=pulls))

    assert not judge(equal("inputs", found.inputs, right.inputs)).violated
    assert not np.array_equal(
        found.inputs.value, zeros.textbook_gradients(case).inputs.value
    )


def test_what_reads_backwards_has_no_output_to_repeat() -> None:
    cell, _ = repeating()
    recipe = BASE.but(time=3, batch=3, bidirectional=True)
    case = Cases().build(generic(recipe, 5), cell).but(lengths=np.array([1, 2, 3]))

    outputs = cell.textbook(case).outputs.value

    assert not outputs[2, :2, case.spec.hidden_size :].any()
    assert outputs[2, :2, : case.spec.hidden_size].all()


def test_outputs_that_are_left_alone_may_be_off_as_without_lengths() -> None:
    cell, case = repeating(Padding.UNTOUCHED)

    found, on = (cell.budget(c).outputs for c in (case, case.but(lengths=None)))

    assert np.array_equal(found.value, on.value)
    assert np.array_equal(found.allowance, on.allowance)
    assert np.all(found.allowance > 0)


def test_gradients_of_outputs_that_are_left_alone_come_from_the_padding_too() -> None:
    cell, case = repeating(Padding.UNTOUCHED)
    still = tuple(np.zeros_like(g) for g in case.grad_state)
    case, on = case.but(grad_state=still), case.but(grad_state=still, lengths=None)

    found, right = cell.gradient_budget(case), cell.gradient_budget(on)

    for mine, whole in zip(parts(found), parts(right), strict=True):
        assert not judge(equal("gradient", mine, whole)).violated
        assert np.all(mine.allowance >= whole.allowance / 2)
    assert np.all(found.inputs.value[2, 0])


def test_no_gradient_comes_from_outputs_past_the_end_that_are_not_read() -> None:
    cell, case = repeating(Padding.UNTOUCHED)
    zeros = MeasuredCell(Promising(Kind.GRU))
    quiet = unpulled(case)

    found, right = cell.gradient_budget(quiet), zeros.gradient_budget(quiet)

    for mine, whole in zip(parts(found), parts(right), strict=True):
        assert np.array_equal(mine.value, whole.value)
        assert np.array_equal(mine.allowance, whole.allowance)


def parts(found: Gradients) -> list[Measured]:
    return [*found.params.values(), found.inputs, *found.state]


def unpulled(case: Case) -> Case:
    """Return the case with no gradient of outputs past the end."""
    ended = np.arange(case.time)[:, None] >= case.lengths
    return case.but(grad_outputs=np.where(ended[:, :, None], 0, case.grad_outputs))
