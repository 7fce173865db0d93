"""Arrays whose products and sums are made in another order, or more precisely.

The textbook runs on them as it is: NumPy hands its products and sums to ``Ordered``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array

WIDER = {"float32": np.float64, "float64": np.longdouble}


class Ordered(np.ndarray):
    """An array whose products and sums are made by the functions of its class."""

    product: Any
    total: Any

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, np.ndarray) else x for x in inputs]
        if ufunc is np.matmul:
            found = self.product(*plain)
        elif ufunc is np.add and method == "reduce":
            found = self.total(np.moveaxis(plain[0], kwargs["axis"], 0))
        else:
            found = getattr(ufunc, method)(*plain, **kwargs)
        if out is not None:
            out[0].view(np.ndarray)[...] = found
            return out[0]
        return np.asarray(found).view(type(self))


def ordered(
    product: Callable[[Array, Array], Array], total: Callable[[Array], Array]
) -> Callable[[Case], Case]:
    """Return what turns a case's arrays into some that multiply and add up like this.

    Args:
        product: of matrices (R, K) and (K, O).
        total: of terms (K, ...) over their first axis.
    """
    own = {"product": staticmethod(product), "total": staticmethod(total)}
    kind = type("Ordered", (Ordered,), own)
    return lambda case: each_array(case, lambda a: a.view(kind))


def adding(total: Callable[[Array], Array]) -> Callable[[Case], Case]:
    """Round each product, then add up by ``total``."""
    return ordered(lambda x, y: total(x.T[:, :, None] * y[:, None, :]), total)


def each_array(case: Case, change: Callable[[Array], Array]) -> Case:
    """Return the case with ``change`` applied to all that a cell computes with."""
    return case.but(
        params={name: change(a) for name, a in case.params.items()},
        inputs=change(case.inputs),
        state=case.state and tuple(change(s) for s in case.state),
        grad_outputs=change(case.grad_outputs),
        grad_state=tuple(change(g) for g in case.grad_state),
    )


def one_by_one(terms: Array) -> Array:
    return np.add.accumulate(terms)[-1]


def backwards(terms: Array) -> Array:
    return one_by_one(terms[::-1])


def shuffled(terms: Array) -> Array:
    return one_by_one(terms[np.random.default_rng(len(terms)).permutation(len(terms))])


def pairwise(terms: Array) -> Array:
    half = len(terms) // 2
    return terms[0] if not half else pairwise(terms[:half]) + pairwise(terms[half:])


def multiplied_and_added(x: Array, y: Array) -> Array:
    """Add products that are not rounded, as fused multiply-add instructions do."""
    wider, found = WIDER[x.dtype.name], np.zeros((len(x), y.shape[1]), x.dtype)
    for k in range(len(y)):
        exact = np.multiply.outer(x[:, k].astype(wider), y[k].astype(wider))
        found = (found + exact).astype(x.dtype)
    return found


def rounded_once(x: Array, y: Array) -> Array:
    wider = WIDER[x.dtype.name]
    return (x.astype(wider) @ y.astype(wider)).astype(x.dtype)


def total_rounded_once(terms: Array) -> Array:
    return terms.sum(axis=0, dtype=WIDER[terms.dtype.name]).astype(terms.dtype)


ORDERS = {
    "one by one": adding(one_by_one),
    "backwards": adding(backwards),
    "shuffled": adding(shuffled),
    "pairwise": adding(pairwise),
    "multiplied and added": ordered(multiplied_and_added, one_by_one),
    "rounded once": ordered(rounded_once, total_rounded_once),
}
