"""Clipping agrees with torch.nn.utils, on ordinary and on special gradients."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from refcheck.reference.clipping import clip_norm, clip_value  # noqa: E402 - see above

NORM_TYPES = [1.0, 2.0, 3.0, np.inf]
GRADIENTS: dict[str, list[list[float]]] = {
    "above the bound": [[3.0, -4.0], [12.0]],
    "below the bound": [[0.1, -0.2], [0.05]],
    "zero": [[0.0, 0.0], [0.0]],
    "one array": [[3.0, -4.0, 0.5]],
    "one infinite": [[np.inf, 4.0], [1.0]],
    "one NaN": [[np.nan, 4.0], [1.0]],
    "too large to square": [[1e25, 4.0], [1e200]],
}
BOUNDS = [0.0, 0.7, 1.0, np.inf]

with_gradients = pytest.mark.parametrize("grads", GRADIENTS.values(), ids=GRADIENTS)
with_bounds = pytest.mark.parametrize("bound", BOUNDS)


@with_gradients
@with_bounds
@pytest.mark.parametrize("norm_type", NORM_TYPES)
def test_clipping_by_norm_agrees_with_pytorch(
    grads: list[list[float]], bound: float, norm_type: float
) -> None:
    clipped, norm = clip_norm([np.array(g) for g in grads], bound, norm_type)

    weights = parameters(grads)
    expected = torch.nn.utils.clip_grad_norm_(weights, bound, norm_type)
    np.testing.assert_allclose(norm, expected, rtol=1e-14)
    for ours, weight in zip(clipped, weights, strict=True):
        np.testing.assert_allclose(ours, weight.grad, rtol=1e-14)


@with_gradients
@with_bounds
def test_clipping_by_value_agrees_with_pytorch(
    grads: list[list[float]], bound: float
) -> None:
    clipped = clip_value([np.array(g) for g in grads], bound)

    weights = parameters(grads)
    torch.nn.utils.clip_grad_value_(weights, bound)
    for ours, weight in zip(clipped, weights, strict=True):
        np.testing.assert_array_equal(ours, weight.grad)


def parameters(grads: Sequence[Sequence[float]]) -> list[Any]:
    """Return parameters of PyTorch that have these gradients."""
    weights = [torch.nn.Parameter(torch.zeros(len(g), dtype=float)) for g in grads]
    for weight, grad in zip(weights, grads, strict=True):
        weight.grad = torch.tensor(grad, dtype=float)
    return weights


def test_an_overflow_in_single_precision_is_treated_as_pytorch_does() -> None:
    clipped, norm = clip_norm([np.array([1e25, 4.0], np.float32)], 1.0)

    assert norm == np.inf
    assert not clipped[0].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_the_precision_is_kept(dtype: Any) -> None:
    grads = [np.array([3, 4], dtype), np.array([[12]], dtype)]

    clipped, norm = clip_norm(grads, 1.0)

    results: list[Any] = [norm, *clipped, *clip_value(grads, 1.0)]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    assert norm == 13


def test_no_gradients_have_norm_0() -> None:
    clipped, norm = clip_norm([], 1.0)

    assert clipped == []
    assert norm == 0


def test_the_gradients_passed_in_are_left_alone() -> None:
    grads = [np.array([3.0, 4.0])]

    clip_norm(grads, 1.0)
    clip_value(grads, 1.0)

    assert grads[0].tolist() == [3.0, 4.0]
