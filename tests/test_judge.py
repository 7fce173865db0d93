"""Verdicts: shapes before values, NaN, identity, allowances, and what says nothing."""

import numpy as np
import pytest

from refcheck.judge import judge
from refcheck.law import at_most, differs, equal, identical, refuses
from refcheck.rounding import Doubt, Known, Measured, Reported

ONE = np.ones((1, 1, 2))


def test_an_error_within_both_allowances_is_no_violation() -> None:
    left = Measured(ONE, np.full(ONE.shape, 1e-9))
    right = Measured(ONE + 1.5e-9, np.full(ONE.shape, 1e-9))

    verdict = judge(equal("outputs", left, right))

    assert not verdict.violated
    assert verdict.conclusive
    assert 0.7 < verdict.ratio < 0.8


def test_an_error_beyond_both_allowances_is_a_violation_at_its_place() -> None:
    right = ONE.copy()
    right[0, 0, 1] += 1e-3

    verdict = judge(equal("outputs", Measured(ONE), Measured(right)))

    assert verdict.violated
    assert verdict.finding is not None
    assert verdict.finding.where == "t=0, row 0, unit 1"
    assert verdict.finding.error == pytest.approx(1e-3)


def test_another_shape_is_a_violation_before_any_value() -> None:
    verdict = judge(equal("outputs", ONE, ONE[:, :, :1]))

    assert verdict.violated
    assert verdict.finding is not None
    assert verdict.finding.says == "shape (1, 1, 2) against (1, 1, 1)"


def test_nan_on_one_side_is_a_violation() -> None:
    nan = np.array([np.nan, 1.0])

    assert judge(equal("h", nan, np.ones(2))).violated
    assert judge(at_most("h", nan, np.ones(2))).violated
    assert not judge(equal("h", nan, nan)).violated


def test_identity_asks_for_the_dtype_and_takes_both_zeros_for_one() -> None:
    assert judge(identical("h", np.ones(1), np.ones(1, np.float32))).violated
    assert judge(identical("h", np.ones(1), np.nextafter(np.ones(1), 2))).violated
    assert not judge(
        identical("h", np.array([0.0, np.nan]), np.array([-0.0, np.nan]))
    ).violated


def test_identity_asks_for_no_allowance() -> None:
    def never():
        raise AssertionError

    assert not judge(
        identical("h", Reported(ONE, never), Reported(ONE, never))
    ).violated


def test_an_allowance_as_large_as_the_result_is_inconclusive() -> None:
    wide = Measured(ONE, np.full(ONE.shape, 0.5))

    verdict = judge(equal("h", wide, ONE + 0.25))

    assert not verdict.violated
    assert not verdict.conclusive


def test_sides_that_agree_to_the_last_bit_need_no_allowance() -> None:
    def never():
        raise AssertionError

    verdict = judge(equal("h", Reported(ONE, never), Measured(np.nextafter(ONE, 0))))

    assert not verdict.violated
    assert verdict.conclusive


def test_a_violation_is_conclusive_however_wide_its_allowance() -> None:
    wide = Measured(ONE, np.full(ONE.shape, 0.5))

    assert judge(equal("h", wide, ONE + 1)).conclusive


def test_an_infinite_allowance_is_never_exceeded_nor_conclusive() -> None:
    verdict = judge(equal("h", Measured(ONE, np.full(ONE.shape, np.inf)), ONE + 1e9))

    assert not verdict.violated
    assert not verdict.conclusive


def test_half_a_format_is_asked_for_less() -> None:
    wide = Measured(ONE, np.full(ONE.shape, 0.1))

    assert judge(equal("h", wide, (ONE + 0.05).astype(np.float16))).conclusive
    assert not judge(equal("h", wide, (ONE + 0.05).astype(np.float32))).conclusive


def test_a_doubt_makes_a_claim_inconclusive_and_is_told() -> None:
    doubtful = Reported(ONE, lambda: Known(np.full(ONE.shape, 1e-9), {Doubt.KINKS}))
    wide = Measured(ONE, np.full(ONE.shape, 0.5))

    assert judge(equal("h", doubtful, ONE + 1e-10)).doubts == {Doubt.KINKS}
    assert judge(equal("h", wide, ONE + 0.25)).doubts == {Doubt.WIDE}
    assert judge(differs("h", doubtful, ONE + 1e-10)).doubts == {Doubt.KINKS}


def test_a_doubt_excuses_no_error_beyond_the_allowance() -> None:
    doubtful = Reported(ONE, lambda: Known(np.full(ONE.shape, 1e-9), {Doubt.KINKS}))

    verdict = judge(equal("h", doubtful, ONE + 1e-3))

    assert verdict.violated
    assert not verdict.doubts


def test_at_most_looks_one_way() -> None:
    assert not judge(at_most("norm", ONE, ONE + 1)).violated
    assert judge(at_most("norm", ONE + 1, ONE)).violated


def test_a_difference_must_exceed_what_rounding_explains() -> None:
    wide = Measured(ONE, np.full(ONE.shape, 1e-3))

    assert judge(differs("h", wide, ONE + 1e-4)).violated
    assert not judge(differs("h", wide, ONE + 1e-2)).violated
    assert judge(differs("h", np.ones(0), np.ones(0))).violated


def test_a_difference_that_16_bits_do_not_show_is_undecided() -> None:
    half = Measured((ONE + 0.25).astype(np.float16), np.full(ONE.shape, 1e-3))

    assert judge(differs("h", half, ONE)).conclusive
    assert judge(differs("h", half, ONE + 0.25)).doubts == {Doubt.WIDE}


def test_a_refusal_is_an_exception_of_the_target() -> None:
    def refusing():
        raise KeyError

    assert not judge(refuses("wrong D", refusing), (KeyError,)).violated
    assert judge(refuses("wrong D", lambda: None), (KeyError,)).violated
    with pytest.raises(KeyError):
        judge(refuses("wrong D", refusing), (ValueError,))


def test_a_scalar_and_a_parameter_are_named_by_index() -> None:
    scalar = judge(equal("norm", np.array(1.0), np.array(2.0))).finding
    weight = judge(
        equal("gradient of weight", np.ones((1, 2)), np.zeros((1, 2)))
    ).finding

    assert scalar is not None
    assert scalar.where == ""
    assert weight is not None
    assert weight.where == "[0, 0]"
