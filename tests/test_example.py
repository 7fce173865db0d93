"""How the allowance of a law comes about, as ``explain`` tells it."""

import pytest

from refcheck.catalogue import laws
from refcheck.example import OTHERWISE, allowance
from refcheck.law import Relation, equal, law
from refcheck.rounding import FORMATS, Measured
from refcheck.strategies import Cases

LAWS = laws()


@pytest.mark.parametrize("name", ["outputs-agree", "one-step-agrees"])
def test_beside_the_textbook_only_the_target_rounds(name: str) -> None:
    says = allowance(LAWS[name])

    assert says.startswith("what rounding explains in the target, from the textbook")
    assert "products and storing" in says
    assert "tanh and σ" in says


def test_two_results_of_the_target_both_round() -> None:
    says = allowance(LAWS["forward-splits"])

    assert says.startswith("what rounding explains in both sides.")
    assert "carried over from another call" in says


def test_what_is_exact_does_not_round() -> None:
    says = allowance(LAWS["open-gates-count"])

    assert says.startswith("what rounding explains in one side; the other is exact.")


@pytest.mark.parametrize(
    ("name", "relation"),
    [
        ("rest-is-exact", Relation.IDENTICAL),
        ("integers-stay-integers", Relation.IDENTICAL),
        ("every-parameter-matters", Relation.DIFFERS),
        ("misfits-are-refused", Relation.REFUSES),
    ],
)
def test_a_law_without_an_allowance_says_why(name: str, relation: Relation) -> None:
    assert allowance(LAWS[name]) == OTHERWISE[relation]


def test_units_are_those_of_the_dtype() -> None:
    says = allowance(LAWS["float32-stays-inside-its-budget"])

    assert "in float32" in says
    assert float(says.split(" units of")[0].split()[-1]) < 1000


@pytest.mark.parametrize("name", ["one-factor", "masks-equal-lengths"])
def test_what_the_textbook_does_not_offer_has_no_example(name: str) -> None:
    assert allowance(LAWS[name]) == ""


def test_a_right_side_of_zeros_gives_no_example() -> None:
    @law("0 = 0", cases=Cases())
    def nothing_is_nothing(_, case):
        """It is."""
        zero = 0 * case.inputs
        yield equal("nothing", Measured(zero, zero + FORMATS["float64"].u), zero)

    assert allowance(nothing_is_nothing) == ""


def test_parts_are_left_out_where_there_are_none() -> None:
    asked = []

    @law("x = x", cases=Cases())
    def inputs_are_inputs(_, case):
        """They are, and the law says so once: asked again it makes no claim."""
        if asked:
            return
        asked.append(True)
        yield equal("inputs", Measured(case.inputs, 0 * case.inputs + 1), case.inputs)

    assert allowance(inputs_are_inputs).endswith("units of roundoff")
