"""Gradients that are pulled back through NumPy's own functions."""

import numpy as np
import pytest
from scipy.special import expit

from refcheck.reference import lstm
from refcheck.reverse import Traced, passing, pull_back, pulled_as, untraced

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
Y = np.array([[0.9, 0.2, -0.8], [-0.5, 1.3, 0.1]])
ROW = np.array([0.6, -0.9, 1.4])
FUNCTIONS = {
    "sum of both": lambda x, y: x + y,
    "difference from a row": lambda x, y: ROW - x * y,
    "broadcast": lambda x, y: x[:1] * y + ROW,
    "quotient": lambda x, y: x / (2 + y),
    "power": lambda x, y: x**3 - y**2,
    "sign and size": lambda x, y: -abs(x) * y,
    "root": lambda x, y: np.sqrt(2 + x + y),
    "exponential": lambda x, y: np.exp(x) * np.tanh(y) * expit(x),
    "softplus": np.logaddexp,
    "larger and smaller": lambda x, y: np.maximum(x, y) + 2 * np.minimum(x, 0.5),
    "clipped": lambda x, y: np.clip(x, -1, 0.5) * y,
    "chosen": lambda x, y: np.where(x > 0, x * y, y),
    "no numbers": lambda x, y: np.nan_to_num(x) * y,
    "product": lambda x, y: x @ y.T,
    "product from the left": lambda x, y: np.eye(2) @ x + (Y @ x.T) @ y,
    "product of stacks": lambda x, y: x[None] @ y.T[None],
    "joined": lambda x, y: np.concatenate([x, y, x], axis=1) ** 2,
    "joined with a plain array": lambda x, y: np.concatenate([x * y, X]) ** 2,
    "stacked": lambda x, y: np.stack([x, y], axis=1) ** 2,
    "picked": lambda x, y: x[[0, 0, 1], 1:] ** 2,
    "reshaped": lambda x, y: x.reshape(3, 2) @ y.transpose(0, 1),
    "repeated": lambda x, y: np.repeat(x, 2, axis=0) ** 2,
    "spread": lambda x, y: np.broadcast_to(x[:, :1], (2, 3)) * y,
    "taken along": lambda x, y: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1),
    "sums": lambda x, y: x.sum(axis=0) * y.sum(axis=1, keepdims=True) + x.sum(),
    "means": lambda x, y: (x - x.mean(axis=0, keepdims=True)) * y.mean(axis=1)[:, None],
    "another dtype and back": lambda x, y: x.astype(np.longdouble).astype(float) * y,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_gradient_is_what_differences_say(function) -> None:
    x, y, step = Traced(X), Traced(Y), 1e-6
    value = function(x, y)
    pull = np.cos(np.arange(value.size)).reshape(value.shape)

    d_x, d_y = pull_back([(value, pull)], [x, y])

    def along(dx, dy):
        ahead, behind = (function(X + s * dx, Y + s * dy) for s in (step, -step))
        return ((ahead - behind) * pull).sum() / (2 * step)

    assert abs((d_x * Y).sum() - along(Y, 0 * Y)) < 1e-8
    assert abs((d_y * X).sum() - along(0 * X, X)) < 1e-8
    assert not np.any(untraced(value) != function(X, Y))


def test_what_was_used_twice_gets_both_gradients() -> None:
    x = Traced(X)
    twice = x * x

    (found,) = pull_back([(twice, np.ones_like(X)), (x, Y)], [x])

    assert abs(found - (2 * X + Y)).max() < 1e-15


def test_what_was_not_used_gets_zeros_in_its_own_dtype() -> None:
    x = Traced(X.astype(np.float32))

    (found,) = pull_back([(X, np.ones_like(X))], [x])

    assert found.dtype == np.float32
    assert not found.any()


def test_a_gradient_comes_back_in_the_dtype_of_what_it_belongs_to() -> None:
    x = Traced(X.astype(np.float32))

    (found,) = pull_back([(x * 1.5, np.ones_like(X))], [x])

    assert found.dtype == np.float32
    assert not np.any(found != 1.5)


def test_a_gradient_of_another_shape_is_refused() -> None:
    x = Traced(X)

    with pytest.raises(ValueError, match=r"a gradient \(3,\) of a result \(2, 3\)"):
        pull_back([(x * 2, ROW)], [x])


def test_decisions_come_out_plain() -> None:
    x = Traced(X)

    assert isinstance(x > 0, np.ndarray)
    assert isinstance(np.sign(x), np.ndarray)
    assert isinstance(np.argsort(x), np.ndarray)
    assert x.any(axis=1).tolist() == [True, True]
    assert len(x) == 2


def test_relu_has_no_slope_at_its_kink() -> None:
    x = Traced(np.zeros(3))

    (found,) = pull_back([(np.maximum(x, 0), np.ones(3))], [x])

    assert not found.any()


def test_a_value_can_pass_and_its_gradient_be_changed() -> None:
    x = Traced(X)

    (found,) = pull_back([(passing(x, lambda g: g * 3), np.ones_like(X))], [x])

    assert not np.any(found != 3)
    assert passing(X, lambda g: g * 3) is X


def test_a_value_can_be_pulled_back_as_another() -> None:
    x = Traced(X)
    value = pulled_as(np.tanh(x), x * 2)

    (found,) = pull_back([(value, np.ones_like(X))], [x])

    assert not np.any(value.value != np.tanh(X))
    assert not np.any(found != 2)
    assert pulled_as(X, Y) is X


def test_the_textbooks_step_has_the_textbooks_gradients() -> None:
    numbers = np.random.default_rng(3)
    draw = lambda *shape: numbers.normal(size=shape)  # noqa: E731
    params = lstm.Params(draw(12, 2), draw(12, 3), draw(12), draw(12))
    a_x, h, c, d_h, d_c = draw(4, 12), *(draw(4, 3) for _ in range(4))
    _, tape = lstm.step(params, a_x, (h, c))
    (d_a, _), (back_h, back_c) = lstm.step_back(params, tape, (d_h, d_c))

    traced = [Traced(a) for a in (a_x, h, c)]
    (y, memory), _ = lstm.step(params, traced[0], (traced[1], traced[2]))
    found = pull_back([(y, d_h), (memory, d_c)], traced)

    for ours, theirs in zip(found, (d_a, back_h, back_c), strict=True):
        assert abs(ours - theirs).max() < 1e-14
