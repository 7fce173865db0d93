"""Allowances: sound against other orders and formats, and not much too wide."""

import numpy as np
import pytest
from scipy.special import expit

from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.recipe import case_from
from refcheck.reference.activation import mixed, sigmoid_slope, tanh_slope
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import (
    FORMATS,
    Doubt,
    Measured,
    Reported,
    exact,
    scaled_by_norm,
)
from refcheck.rounding.grid import grid_of
from refcheck.strategies import Cases

SINGLE = FORMATS["float32"]
KINDS = [kind for kind in Kind if kind.textbook]


SLOPES = {
    "1 - y²": (np.tanh, tanh_slope, lambda a: 1 - np.tanh(a) ** 2),
    "(1 - y)(1 + y)": (
        np.tanh,
        tanh_slope,
        lambda a: (1 - np.tanh(a)) * (1 + np.tanh(a)),
    ),
    "1 / cosh²": (np.tanh, tanh_slope, lambda a: 1 / np.cosh(a) ** 2),
    "4 / (exp + exp)²": (
        np.tanh,
        tanh_slope,
        lambda a: 4 / (np.exp(a) + np.exp(-a)) ** 2,
    ),
    "y (1 - y)": (expit, sigmoid_slope, lambda a: expit(a) * (1 - expit(a))),
    "y - y²": (expit, sigmoid_slope, lambda a: expit(a) - expit(a) ** 2),
    "σ(a) σ(-a)": (expit, sigmoid_slope, lambda a: expit(a) * expit(-a)),
    "exp / (1 + exp)²": (
        expit,
        sigmoid_slope,
        lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    ),
}


def error_in_single(left, right):
    return abs(np.asarray(left, float) - np.asarray(right, float))


def test_a_sum_is_covered_in_any_order() -> None:
    rng = np.random.default_rng(0)
    terms = rng.normal(size=(40, 50)).astype(np.float32)
    orders = [terms, terms[::-1], np.sort(terms, axis=0)]

    allowed = exact(terms, SINGLE).sum(axis=0).allowance

    for order in orders:
        one_by_one = np.add.accumulate(order, axis=0, dtype=np.float32)[-1]
        assert (
            error_in_single(one_by_one, terms.astype(float).sum(0)) <= allowed
        ).all()


def test_an_open_sum_knows_its_terms_whatever_cancels() -> None:
    a = exact(np.array([1 / 3]), SINGLE)

    difference = (a * 3.0 + a * 1e6) - a * 1e6

    assert difference.allowance[0] > 3e5 * SINGLE.u


@pytest.mark.parametrize("function", [np.tanh, expit], ids=["tanh", "sigmoid"])
def test_an_activation_is_allowed_what_its_argument_may_move_it(function) -> None:
    a = np.linspace(-20, 20, 401)
    moved = Measured(a, np.full(a.shape, 1e-3), format=SINGLE)

    allowed = function(moved).allowance

    assert (abs(function(a + 1e-3) - function(a)) <= allowed).all()
    assert (abs(function(a - 1e-3) - function(a)) <= allowed).all()
    assert (allowed <= 1.1e-3).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", SLOPES)
def test_a_slope_may_be_computed_in_any_of_its_forms(form, dtype) -> None:
    function, slope, written = SLOPES[form]
    a = np.concatenate([np.linspace(-7, 7, 4001), np.linspace(-0.1, 0.1, 4001)])
    a = a.astype(dtype)
    narrow = FORMATS[a.dtype.name]._replace(ulps=4.0, absolute=0.0)
    y = function(exact(a, narrow))
    right = slope(function(a.astype(np.longdouble)))

    allowed = slope(y).allowance

    assert (abs(written(a) - right) <= allowed).all()


def test_what_a_product_loses_to_underflow_is_multiplied_with_it() -> None:
    tiny, huge = (
        exact(np.array([x]), SINGLE) + np.array([0.1 * x]) for x in (1e-30, 1e9)
    )

    product = tiny * tiny * huge

    assert product.allowance > 1.1e9 * SINGLE.tiny


def test_a_product_beyond_the_largest_number_stays_unknown_if_it_is_made_small() -> (
    None
):
    huge, tiny = (
        exact(np.array([x]), SINGLE) + np.array([0.1 * x]) for x in (1e30, 1e-30)
    )

    product = huge * huge * tiny

    assert product.allowance == np.inf
    assert product.doubts == {Doubt.OVERFLOW}


def test_what_a_gate_mixes_may_leave_the_format() -> None:
    z = exact(np.array([0.5]), SINGLE)

    mix = mixed(z, np.array([3e38]), np.array([-3e38]))

    assert mix.allowance == np.inf
    assert mix.doubts == {Doubt.OVERFLOW}


def test_both_slopes_are_allowed_where_the_sign_is_undecided() -> None:
    a = Measured(np.array([1e-9, 1.0, 0.0]), np.array([1e-8, 1e-8, 0.0]))

    slope = np.heaviside(a, 0)

    assert slope.value.tolist() == [1.0, 1.0, 0.0]
    assert slope.allowance[0] >= 1
    assert slope.allowance[1] == 0
    assert slope.allowance[2] >= 1


def test_an_error_that_is_a_function_is_not_called_for_moving_entries() -> None:
    def never():
        raise AssertionError

    a = Reported(np.arange(6.0).reshape(2, 3), never)

    assert np.flip(a.T[1:], 0).reshape(4)[::2].value.tolist() == [2.0, 1.0]


def test_overflow_of_an_allowance_is_infinite_not_nan() -> None:
    with np.errstate(all="ignore"):
        huge = Measured(np.array([0.0]), np.array([1e300])) * Measured(
            np.array([0.0]), np.array([1e300])
        )

    assert np.isinf(huge.allowance[0])


def test_terms_beyond_the_largest_number_may_overflow_in_some_order() -> None:
    terms = exact(np.array([[3e38, 1e38, -3e38], [1.0, 2.0, 3.0]]), SINGLE)

    total = terms.sum(axis=1)

    assert total.allowance[0] == np.inf
    assert total.allowance[1] < 1e-5
    assert total.doubts == {Doubt.OVERFLOW}
    assert not terms[1].sum().doubts


def test_what_overflowed_stays_unknown_through_an_activation() -> None:
    a = Measured(np.array([1e300]), np.array([np.inf]))

    assert np.tanh(a).allowance[0] == np.inf


def test_an_activation_that_may_be_anywhere_is_capped_and_said_so() -> None:
    lost = np.tanh(Measured(np.array([0.5]), np.array([7.0])))

    assert 2 <= lost.allowance[0] < 2.1
    assert lost.doubts == {Doubt.CAPPED}
    assert not np.tanh(Measured(np.array([0.5]), np.array([1e-3]))).doubts


def test_slopes_are_doubted_from_a_tenth_of_undecided_kinks_on() -> None:
    near = np.array([1e-9, *[1.0] * 10])
    slope = np.heaviside(Measured(near, np.full(11, 1e-8)), 0)
    fewer = np.heaviside(Measured(near[:6], np.full(6, 1e-8)), 0)

    assert not slope.doubts
    assert fewer.doubts == {Doubt.KINKS}


@pytest.mark.parametrize(
    "made",
    [
        lambda a, b: a + b,
        lambda a, b: b - a,
        lambda a, b: b * a,
        lambda a, b: b.reshape(1, 2) @ a.reshape(2, 1),
        lambda a, b: np.concatenate([b, a]),
        lambda a, b: np.where([True, False], b, a),
        lambda a, b: (a[:1] + 0 * b[:1]).T.sum(),
    ],
    ids=["sum", "difference", "product", "matrices", "joined", "chosen", "moved"],
)
def test_what_is_made_of_a_doubtful_number_is_doubtful(made) -> None:
    doubtful = np.tanh(Measured(np.zeros(2), np.full(2, 9.0)))

    assert made(doubtful, exact(np.ones(2))).doubts == {Doubt.CAPPED}


def test_more_terms_than_a_format_counts_have_no_bound() -> None:
    many = exact(np.full(300, 1 / 3), FORMATS["bfloat16"])

    assert many.sum().allowance == np.inf


def test_functions_that_are_not_known_are_refused() -> None:
    with pytest.raises(TypeError):
        np.cos(exact(np.ones(2)))
    with pytest.raises(TypeError):
        np.linalg.svd(exact(np.ones((2, 2))))
    with pytest.raises(TypeError):
        exact(np.ones(2)) ** 3


@pytest.mark.parametrize("parts", [(0, 1), (1, 0)], ids=["exact first", "exact last"])
def test_joining_keeps_each_parts_error(parts) -> None:
    both = [Measured(np.ones((1, 2)), np.full((1, 2), 0.5)), np.zeros((1, 2))]

    joined = np.concatenate([both[k] for k in parts])

    assert joined.allowance[parts[0], 0] == pytest.approx(0.5)
    assert joined.allowance[parts[1], 0] == 0


def test_splitting_and_choosing_move_errors_with_their_entries() -> None:
    a = Measured(np.arange(4.0), np.arange(4.0))

    first, last = np.split(a, 2)
    chosen = np.where(np.array([True, False]), first, last)

    assert chosen.value.tolist() == [0.0, 3.0]
    assert chosen.allowance == pytest.approx([0.0, 3.0])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_reference_in_low_precision_stays_inside_its_allowances(
    kind, dtype, monkeypatch
) -> None:
    monkeypatch.setitem(FORMATS, "float16", FORMATS["float16"]._replace(ulps=1.0))
    cell = ReferenceCell(kind)
    measured = MeasuredCell(cell)
    worst = []
    for recipe in Cases().landmarks(cell.signature, seed=3):
        if recipe.time > 9 or recipe.scale or recipe.input_scale:
            continue
        spec = recipe.spec((dtype,))
        case = case_from(recipe, spec, cell.shapes(spec))
        found, right = measured.backward(case), measured.textbook_gradients(case)
        reply, textbook = measured.forward(case), measured.textbook(case)
        pairs = [(reply.outputs, textbook.outputs), (found.inputs, right.inputs)]
        pairs += [(found.params[n], right.params[n]) for n in found.params]
        for left, wanted in pairs:
            error = error_in_single(left.value, wanted.value)
            allowed = left.allowance
            worst.append(np.max(error[allowed > 0] / allowed[allowed > 0], initial=0.0))
            assert (error <= allowed).all()

    assert max(worst) > 1e-3  # an allowance a thousand times too wide would be no news


def test_what_a_norm_scales_is_allowed_a_relative_error() -> None:
    scaled = scaled_by_norm(np.array([1.0, -8.0]), 10)

    assert scaled.allowance[1] == pytest.approx(8 * scaled.allowance[0])


def test_a_sum_of_few_bits_is_exact_and_allowed_nothing() -> None:
    rng = np.random.default_rng(1)
    x = exact(rng.integers(-4, 5, (3, 6)) / 4, SINGLE)
    weight = exact(rng.integers(-4000, 4000, (6, 2)) / 1024, SINGLE)

    assert not (x @ weight).allowance.any()
    assert not (x @ weight + exact(np.array([1.0, 0.5]), SINGLE)).allowance.any()
    assert (np.tanh(x) @ weight).allowance.all()


@pytest.mark.parametrize("last_bit", [2.0**-21, 2.0**-30])
def test_a_sum_that_may_lose_a_bit_is_allowed_to(last_bit) -> None:
    terms = exact(np.array([8.0, -8.0, last_bit]), SINGLE)

    total = terms.sum()

    assert bool(total.allowance) is (last_bit < 16 * SINGLE.u)
    wrong = np.float32(8) + np.float32(last_bit) - np.float32(8)
    assert abs(float(wrong) - last_bit) <= total.allowance


def test_results_too_small_for_their_bits_are_not_called_exact() -> None:
    tiny = exact(np.array([2.0**-80]), SINGLE)

    assert (tiny * tiny).allowance > 0


def test_the_grid_is_that_of_the_lowest_bit_of_all() -> None:
    assert grid_of(np.array([0.0, 6.0, -0.75])) == -2
    assert grid_of(np.array([1.0 + 2.0**-52])) == -52
    assert grid_of(np.zeros(2)) == 0
    assert grid_of(np.array([np.inf])) is None


def test_no_power_but_the_square_is_taken() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        exact(np.ones(2)) ** 3


def test_a_plain_matrix_may_stand_on_the_left_of_a_product() -> None:
    plain, measured = np.array([[1.0, 2.0]]), exact(np.array([[3.0], [4.0]]))

    right = measured.__rmatmul__(plain)

    assert right.value.tolist() == [[11.0]]
    assert right.allowance >= (exact(plain) @ measured).allowance
