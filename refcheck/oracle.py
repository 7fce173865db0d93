"""The oracle: the textbook in more precision than the target, asked where it matters.

What is right is computed in double precision first, which serves until an error comes
near its allowance.  Then the same source is run again: on balls of 128 bits, which
enclose the exact result (Arb: Johansson 2017), where python-flint is installed, else in
extended precision where NumPy has it.  What an oracle may be off by itself is added to
the allowance: the radius of the ball, or what rounding explains in its format.
"""

import importlib.util
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Gradients, Reply
from refcheck.reference import sequence
from refcheck.rounding import DOUBLE, Measured
from refcheck.textbook import Textbook

BITS = 128
EXTENDED = 2.0**-64  # unit roundoff of long double where it is one: x86
AFFORDABLE = 2**14  # products of a forward pass: about 15 ms in balls, with gradients


class Oracle(NamedTuple):
    """A kind of number to run the textbook on."""

    name: str
    u: float  # unit roundoff, 0 for balls: they know what they are off by
    lift: Callable[[Array], Array]  # exactly
    told: Callable[[Array, Measured], Measured]  # what came out, beside its budget
    within: Callable[[], AbstractContextManager[Any]]  # in which it computes


def share_of(u: float, budget: Measured) -> float:
    """Return which share of a budget rounding explains in a format with roundoff u.

    A bound is a sum of powers of u with factors that are not negative, so that it
    shrinks at least as fast as u; the 2 is for what it is evaluated with.
    """
    return min(1.0, 2 * u / budget.format.u)


# the oracles ----------------------------------------------------------------------


def chosen(case: Case) -> Oracle:
    """Return the oracle for a case: the best that is installed, if it is small."""
    spec = case.spec
    weights = 4 * spec.hidden_size * (spec.input_size + spec.hidden_size)
    products = case.time * case.batch * spec.depth * weights
    return best() if products <= AFFORDABLE else DOUBLE_PRECISION


def shortfall() -> str:
    """Return what the oracle that is installed here leaves open; empty for Arb."""
    if importlib.util.find_spec("flint"):
        return ""
    oracle = best()
    return (
        f"the oracle is {oracle.name}: float64 results are allowed "
        f"{min(1.0, 2 * oracle.u / DOUBLE.u):.2g} of their budget more, for its own "
        "rounding; with python-flint nothing is added"
    )


@cache
def best() -> Oracle:
    """Return the best oracle that there is here."""
    try:
        import flint  # noqa: PLC0415 - an extra, and not before it is needed
    except ImportError:
        return EXTENDED_PRECISION if _long_double_is_wider() else DOUBLE_PRECISION
    ball = np.frompyfunc(flint.arb, 1, 1)
    within = partial(flint.ctx.workprec, BITS)
    return Oracle(
        f"Arb, {BITS} bits", 0.0, lambda a: ball(_double(a)), _enclosed, within
    )


def wider_than_double() -> Oracle:
    """Return the quickest oracle that is wider than double, if there is one."""
    return EXTENDED_PRECISION if _long_double_is_wider() else best()


def _long_double_is_wider() -> bool:
    """Whether it is here: on some machines it is double under another name."""
    return np.finfo(np.longdouble).nmant >= 63


def _enclosed(found: Array, budget: Measured) -> Measured:
    """Return the numbers nearest to the balls, and how far the exact ones may be.

    A ball that grew beyond all bounds says nothing, and double precision is left.
    """
    import flint  # noqa: PLC0415

    balls = [flint.arb(x) for x in found.flat]
    value = np.array([float(b) for b in balls]).reshape(found.shape)
    radii = [float((b - float(b)).abs_upper()) for b in balls]
    error = np.array(radii).reshape(found.shape)
    known = np.isfinite(error)
    own = share_of(DOUBLE.u, budget) * budget.allowance
    return budget.of(np.where(known, value, budget.wide), np.where(known, error, own))


def _rounded(u: float, found: Array, budget: Measured) -> Measured:
    """Return the results in double precision, off by what rounding explains."""
    value = found.astype(float)
    own = share_of(u, budget) * budget.allowance
    return budget.of(value, own + DOUBLE.u * abs(value))


def _double(array: Array) -> Array:
    return array.astype(float)


_quietly = partial(np.errstate, all="ignore")
EXTENDED_PRECISION = Oracle(
    "extended precision, 64 bits",
    EXTENDED,
    lambda a: _double(a).astype(np.longdouble),
    partial(_rounded, EXTENDED),
    _quietly,
)
DOUBLE_PRECISION = Oracle(
    "double precision", DOUBLE.u, _double, partial(_rounded, DOUBLE.u), _quietly
)


# what they are asked --------------------------------------------------------------


def forward(book: Textbook, case: Case, budget: Reply) -> Reply:
    """Return outputs and final state, with what the oracle may be off by."""
    oracle = chosen(case)
    with oracle.within():
        reply, _ = _run(book, case, oracle)
        return Reply(
            oracle.told(reply.outputs, budget.outputs),
            _each(oracle, reply.state, budget.state),
        )


def backward(book: Textbook, case: Case, budget: Gradients) -> Gradients:
    """Return the gradients, in the target's names, likewise."""
    oracle = chosen(case)
    with oracle.within():
        _, tapes = _run(book, case, oracle)
        found = sequence.backward(
            book.kind,
            _params(book, case, oracle),
            tapes,
            oracle.lift(case.grad_outputs),
            tuple(map(oracle.lift, case.grad_state)),
        )
        own = book.own_gradients(case.spec, found.params)
        return Gradients(
            {name: oracle.told(g, budget.params[name]) for name, g in own.items()},
            oracle.told(found.inputs, budget.inputs),
            _each(oracle, found.state, budget.state),
        )


def _run(book: Textbook, case: Case, oracle: Oracle) -> tuple[Reply, Any]:
    return sequence.forward(
        book.kind,
        _params(book, case, oracle),
        oracle.lift(case.inputs),
        case.state and tuple(map(oracle.lift, case.state)),
        case.lengths,
        directions=case.spec.directions,
        equations=book.equations,
    )


def _params(book: Textbook, case: Case, oracle: Oracle) -> Any:
    lifted = {name: oracle.lift(array) for name, array in case.params.items()}
    return book.params(case.spec, lifted)


def _each(oracle: Oracle, found: Any, budget: Any) -> tuple[Measured, ...]:
    return tuple(oracle.told(f, b) for f, b in zip(found, budget, strict=True))
