"""Numbers as text, decoded from the exact bytes of a case document."""

import ml_dtypes
import numpy as np
import pytest

from refcheck.case import encoded
from refcheck.cell import Array
from refcheck.reporters.numbers import both, rounded, texts, values, zero

BITS = ["0.25", "-1.5", "3.14062"]  # 3.140625 takes a seventh digit
TEXTS = {
    "simple": (np.array([0.5, -2.0, 0.0]), ["0.5", "-2", "0"], False),
    "float32": (np.array([0.1], "float32"), ["0.1"], False),
    "float16": (np.array([0.1], "float16"), ["0.1"], False),
    "bfloat16": (np.array([0.25, -1.5, 3.140625], ml_dtypes.bfloat16), BITS, True),
    "many digits": (np.array([1 / 3]), ["0.333333"], True),
    "largest float32": (
        np.array([np.finfo("float32").max]),
        ["3.40282e+38"],
        True,
    ),
    "not a number": (np.array([np.nan, np.inf]), ["nan", "inf"], False),
    "whole": (np.array([3, 0]), ["3", "0"], False),
    "no such type": (np.array([1 + 2j]), [], False),
}


@pytest.mark.parametrize(("array", "expected", "cut"), TEXTS.values(), ids=TEXTS)
def test_an_entry_gets_as_many_digits_as_it_needs_up_to_six(
    array: Array, expected: list[str], cut: bool
) -> None:
    found = encoded(array)

    assert texts(found) == expected
    assert rounded(found) == cut


def test_a_number_that_rounds_up_beyond_its_dtype_keeps_its_digits() -> None:
    largest = encoded(np.array([np.finfo("float16").max]))

    assert texts(largest) == ["6.55e+04"]


def test_minus_zero_is_zero() -> None:
    assert zero(encoded(np.array([-0.0, 0.0])))


def test_an_array_of_a_type_not_known_here_is_not_called_zero() -> None:
    assert not zero(encoded(np.zeros(2, complex)))


def test_entries_are_read_row_by_row_whatever_their_layout_was() -> None:
    turned = encoded(np.arange(6.0).reshape(2, 3).T)

    assert list(values(turned)) == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]


BOTH = {
    "far apart": (0.25, 1 / 3, ("0.25", "0.333333")),
    "close": (1.0, 1.0 + 1e-12, ("1.0", "1.000000000001")),
    "equal": (1.0, 1.0, ("1", "1")),
    "not a number": (float("nan"), float("nan"), ("nan", "nan")),
}


@pytest.mark.parametrize(("left", "right", "expected"), BOTH.values(), ids=BOTH)
def test_two_numbers_get_the_digits_that_tell_them_apart(
    left: float, right: float, expected: tuple[str, str]
) -> None:
    assert both(left, right) == expected
