"""The affine map a = x Wᵀ + b, row by row, its gradients, and its blocks.

    x (R, D)   W (O, D)   b (O,) or None   a (R, O)

With several rows, the gradients of W and b are sums over the rows: this is where
the steps of a sequence and the rows of a batch are added up.
"""

from refcheck.cell import Array


def affine(x: Array, weight: Array, bias: Array | None) -> Array:
    """Return x Wᵀ + b (R, O)."""
    return add_bias(x @ weight.T, bias)


def affine_back(d_a: Array, x: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return ∂L/∂W = ∂L/∂aᵀ x and ∂L/∂b = Σ ∂L/∂a, None for a bias that is None."""
    return d_a.T @ x, None if bias is None else d_a.sum(axis=0)


def add_bias(a: Array, bias: Array | None) -> Array:
    """Return a + b, or a itself for a cell without biases."""
    return a if bias is None else a + bias


def gates(a: Array, count: int) -> list[Array]:
    """Return the blocks (R, H) that stand side by side in a (R, count*H)."""
    size = a.shape[1] // count
    return [a[:, k * size : (k + 1) * size] for k in range(count)]
