"""Clipping functions: called in every form, and held to every law."""

import numpy as np
import pytest
import torch

from refcheck.adapters.clippers import adapt, is_clipper
from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import ClipCase, ClipSpec
from refcheck.catalogue import laws
from refcheck.cell import Capability, Declared, Kind
from refcheck.clip_strategies import ClipCases
from refcheck.clipper import MeasuredClipper
from refcheck.errors import TargetError
from refcheck.outcome import BROKEN, Status
from refcheck.runner import run
from refcheck.settings import Settings
from tests.bank import faulty

NORM = Declared(like=Kind.CLIP_NORM)
GRADS = (np.array([3.0, -4.0]), np.array([[12.0]]))
CASE = ClipCase(ClipSpec(), GRADS, 6.5)
CLIPPING = [law for law in laws().values() if law.family == "clipping"]


def factor(grads, max_norm):
    norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in grads))
    return norm, min(1.0, max_norm / (norm + 1e-6))


def alone(grads, max_norm):
    _, k = factor(grads, max_norm)
    return [g * g.dtype.type(k) for g in grads]


def with_norm(grads, max_norm):
    norm, _ = factor(grads, max_norm)
    return alone(grads, max_norm), norm


def norm_first(grads, max_norm):
    return tuple(reversed(with_norm(grads, max_norm)))


def in_place(grads, max_norm):
    for g, clipped in zip(grads, alone(grads, max_norm), strict=True):
        g[...] = clipped


@pytest.mark.parametrize(
    "function",
    [alone, with_norm, norm_first, in_place, torch.nn.utils.clip_grad_norm_],
    ids=lambda f: f.__name__,
)
def test_a_right_function_conforms_in_every_form(function) -> None:
    clipper = adapt(function, NORM, function.__name__)

    for seed in range(3):
        found = {o.law: o.status for o in run(clipper, CLIPPING, Settings(seed=seed))}
        assert not BROKEN & set(found.values())
        assert found["one-factor"] is Status.HELD


def test_torchs_own_functions_are_known_without_being_told() -> None:
    by_value = adapt(torch.nn.utils.clip_grad_value_, Declared(), "clip_grad_value_")

    found = {o.law: o.status for o in run(by_value, CLIPPING, Settings())}

    assert by_value.signature.kind is Kind.CLIP_VALUE
    assert found["values-are-clipped-into-the-interval"] is Status.HELD
    assert is_clipper(torch.nn.utils.clip_grad_norm_)
    assert not is_clipper(alone)


def test_a_function_that_returns_no_norm_is_not_asked_for_it() -> None:
    assert (
        Capability.RETURNS_NORM
        not in adapt(alone, NORM, "alone").signature.capabilities
    )
    assert Capability.RETURNS_NORM in adapt(with_norm, NORM, "f").signature.capabilities


def test_the_gradients_of_a_case_are_never_written_to() -> None:
    adapt(in_place, NORM, "in_place").clip(CASE)

    assert CASE.grads[0].tolist() == [3.0, -4.0]


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (3, "cannot adapt f: expected a function that clips gradients."),
        (
            lambda grads, max_norm: 1 / 0,
            "f failed on two small gradients: ZeroDivisionError",
        ),
        (lambda grads, max_norm: grads[:1], "f returned shapes"),
    ],
    ids=["no function", "raises", "drops one"],
)
def test_what_is_no_clipping_function_is_told_in_a_sentence(thing, message) -> None:
    with pytest.raises(TargetError, match=message):
        adapt(thing, NORM, "f")


def test_what_a_function_raises_or_misshapes_later_is_told_too() -> None:
    def strange(grads, max_norm):
        if max_norm > 6:
            return grads[0], grads[1][0]
        if max_norm > 2:
            raise ValueError("too large")
        return grads

    measured = MeasuredClipper(adapt(strange, NORM, "strange"))

    with pytest.raises(TargetRaised, match="too large"):
        measured.clip(CASE.but(bound=3.0))
    with pytest.raises(Misshapen):
        measured.clip(CASE)


def test_the_cases_meet_bounds_below_at_and_above_the_norm() -> None:
    measured = MeasuredClipper(adapt(torch.nn.utils.clip_grad_norm_, NORM, "f"))
    rules = ClipCases()

    cases = [rules.plain(r, measured) for r in rules.landmarks(measured.signature, 1)]
    shares = [
        case.bound
        / max(np.sqrt(sum((g.astype(float) ** 2).sum() for g in case.grads)), 1e-30)
        for case in cases
        if case.spec.norm_type == 2
    ]

    assert {case.spec.norm_type for case in cases} == {1.0, 2.0, float("inf")}
    assert {case.spec.dtype for case in cases} == {"float64", "float32"}
    assert any(share < 1e-2 for share in shares)
    assert any(0.99 < share < 1 for share in shares)
    assert any(1 < share < 1.01 for share in shares)
    assert any(share > 10 for share in shares)


def test_a_wrong_function_is_told_with_few_numbers() -> None:
    clipper = faulty("each-array-clipped-by-its-own-norm", Kind.CLIP_NORM)

    found = next(o for o in run(clipper, CLIPPING, Settings()) if o.status in BROKEN)

    assert found.case is not None
    assert len(found.case["grads"]) == 2
