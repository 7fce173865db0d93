"""Clipping scales all gradients by one factor, and only if their norm is too large."""

from collections.abc import Iterator

import numpy as np

from refcheck.case import ClipCase
from refcheck.cell import Capability, Kind
from refcheck.clip_strategies import ClipCases
from refcheck.clipper import EPSILON, MeasuredClipper, norm
from refcheck.law import Claim, at_most, equal, identical, law

BY_NORM = {Kind.CLIP_NORM}
BY_VALUE = {Kind.CLIP_VALUE}


def _below_the_bound(_: MeasuredClipper, case: ClipCase) -> ClipCase:
    size = float(norm(case.grads, case.spec.norm_type).value)
    return case.but(bound=2 * size + 2.0**-10)


def _all_zero(_: MeasuredClipper, case: ClipCase) -> ClipCase:
    return case.but(grads=tuple(map(np.zeros_like, case.grads)))


def _huge(_: MeasuredClipper, case: ClipCase) -> ClipCase:
    most = float(np.finfo(case.spec.dtype).max) ** 0.5
    unit = max((float(np.max(abs(g), initial=0.0)) for g in case.grads), default=0.0)
    scale = 8 * most / unit if unit else 1.0
    grads = tuple(np.asarray(g * scale, case.spec.dtype) for g in case.grads)
    return case.but(grads=grads, bound=1.0)


def _not_finite(_: MeasuredClipper, case: ClipCase) -> ClipCase:
    first = case.grads[0].copy()
    first.flat[0] = np.nan if case.bound < 1 else np.inf
    return case.but(grads=(first, *case.grads[1:]))


@law(
    "‖g′‖ ≤ m",
    cases=ClipCases(),
    kinds=BY_NORM,
    catches=(
        "each-array-clipped-by-its-own-norm",
        "norm-of-the-last-array-forgotten",
        "nothing-is-clipped",
    ),
)
def clipped_norm_is_at_most_the_bound(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """The step that gradients may take is bounded, whatever they are.

    Source: Pascanu, Mikolov & Bengio (2013), section 3.2.
    """
    found = norm(cell.clip(case).grads, case.spec.norm_type)
    yield at_most("norm", found, np.asarray(case.bound))


@law(
    "‖g‖ + ε < m  ⇒  g′ = g",
    cases=ClipCases(then=_below_the_bound),
    kinds=BY_NORM,
    catches=("always-scaled-to-the-bound",),
)
def small_gradients_pass_untouched(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """Clipping is not scaling: what is within the bound stays as it is."""
    for k, (found, given) in enumerate(
        zip(cell.clip(case).grads, case.grads, strict=True)
    ):
        yield identical(f"gradient {k}", found, given)


@law(
    "g′ / ‖g′‖ = g / ‖g‖",
    cases=ClipCases(),
    kinds=BY_NORM,
    catches=(
        "each-array-clipped-by-its-own-norm",
        "values-clipped-in-place-of-the-norm",
    ),
)
def clipping_keeps_the_direction(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """The norm is that of all arrays together; clipping each by its own turns them."""
    clipped, p = cell.clip(case).grads, case.spec.norm_type
    before, after = norm(case.grads, p), norm(clipped, p)
    for k, (found, given) in enumerate(zip(clipped, case.grads, strict=True)):
        yield equal(f"gradient {k}", found * before, after * given.astype(float))


@law(
    "g′ = k g,  m / (‖g‖ + ε) ≤ k ≤ min(1, m / ‖g‖)",
    cases=ClipCases(),
    kinds=BY_NORM,
    catches=(
        "half-the-bound",
        "always-scaled-to-the-bound",
        "norm-without-its-root",
        "norms-of-arrays-added",
        "norm-is-always-euclidean",
    ),
)
def one_factor(cell: MeasuredClipper, case: ClipCase) -> Iterator[Claim]:
    """The factor is the one that just brings the norm to the bound.

    A small ε may stand beside the norm, against division by zero.
    """
    size = norm(case.grads, case.spec.norm_type)
    clipped = cell.clip(case).grads
    for k, (found, given) in enumerate(zip(clipped, case.grads, strict=True)):
        magnitude, along = abs(given.astype(float)), found * np.sign(given)
        yield at_most(f"gradient {k}", along, magnitude)
        yield at_most(f"gradient {k}, norm", along * size, magnitude * case.bound)
        room = along * (size + EPSILON)
        least = np.minimum(case.bound, float(size.value) + EPSILON)
        yield at_most(f"gradient {k}, least", magnitude * least, room)


@law(
    "clip(clip(g)) = clip(g), up to ε / m",
    cases=ClipCases(),
    kinds=BY_NORM,
    catches=("half-the-bound",),
)
def clipping_twice_is_clipping_once(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """What was brought to the bound is not brought down again."""
    once = cell.clip(case).grads
    twice = cell.clip(case.but(grads=tuple(g.value for g in once))).grads
    least = case.bound / (case.bound + EPSILON)
    for k, (second, first) in enumerate(zip(twice, once, strict=True)):
        sign = np.sign(first.value)
        yield at_most(f"gradient {k}", second * sign, first * sign)
        yield at_most(f"gradient {k}, least", first * sign * least, second * sign)


@law(
    "the norm returned = ‖g‖",
    cases=ClipCases(),
    kinds=BY_NORM,
    requires=Capability.RETURNS_NORM,
    catches=("norm-after-clipping-returned",),
)
def the_norm_returned_is_the_norm_before(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """The norm is logged to see gradients explode; after clipping it says nothing."""
    yield equal("norm", cell.clip(case).norm, cell.textbook(case).norm)


@law(
    "clip(0) = 0",
    cases=ClipCases(then=_all_zero),
    kinds=BY_NORM | BY_VALUE,
    catches=("zero-norm-divides",),
)
def zero_stays_zero(cell: MeasuredClipper, case: ClipCase) -> Iterator[Claim]:
    """Without ε a zero norm divides zero by zero."""
    for k, (found, given) in enumerate(
        zip(cell.clip(case).grads, case.grads, strict=True)
    ):
        yield identical(f"gradient {k}", found, given)


@law(
    "‖g‖² overflows  ⇒  g′ = k g all the same",
    cases=ClipCases(then=_huge),
    kinds=BY_NORM,
    strict=True,
    catches=("norm-overflows",),
)
def huge_gradients_do_not_overflow(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """Gradients that explode are what clipping is for; their squares may overflow.

    A scaled norm (Blue 1978) has no such limit.  PyTorch's sets them to zero.
    """
    unit = max((float(np.max(abs(g), initial=0.0)) for g in case.grads), default=0.0)
    scaled = case.but(grads=tuple(g.astype(float) / (unit or 1.0) for g in case.grads))
    clipped, right = cell.clip(case).grads, cell.textbook(scaled).grads
    for k, (found, wanted) in enumerate(zip(clipped, right, strict=True)):
        yield at_most(
            f"gradient {k}",
            wanted * np.sign(wanted.value) * 0.5,
            found * np.sign(wanted.value),
        )


@law(
    "inf and NaN give what the contract says",
    cases=ClipCases(then=_not_finite),
    kinds=BY_NORM,
    requires=Capability.NONFINITE,
    catches=("nan-set-to-zero",),
)
def non_finite_gradients_follow_the_contract(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """PyTorch's: the formula as it stands, so that one NaN makes every entry NaN."""
    clipped, right = cell.clip(case).grads, cell.textbook(case).grads
    for k, (found, wanted) in enumerate(zip(clipped, right, strict=True)):
        yield identical(f"gradient {k}", found, wanted.value.astype(case.spec.dtype))


@law(
    "g′ = min(max(g, −m), m)",
    cases=ClipCases(),
    kinds=BY_VALUE,
    catches=(
        "only-clipped-from-above",
        "values-clipped-to-their-size",
        "values-beyond-the-bound-dropped",
    ),
)
def values_are_clipped_into_the_interval(
    cell: MeasuredClipper, case: ClipCase
) -> Iterator[Claim]:
    """Each entry is brought to the nearest end; signs and order are kept."""
    clipped, right = cell.clip(case).grads, cell.textbook(case).grads
    for k, (found, wanted) in enumerate(zip(clipped, right, strict=True)):
        yield identical(f"gradient {k}", found, wanted.value.astype(case.spec.dtype))


LAWS = (
    clipped_norm_is_at_most_the_bound,
    small_gradients_pass_untouched,
    clipping_keeps_the_direction,
    one_factor,
    clipping_twice_is_clipping_once,
    the_norm_returned_is_the_norm_before,
    zero_stays_zero,
    huge_gradients_do_not_overflow,
    non_finite_gradients_follow_the_contract,
    values_are_clipped_into_the_interval,
)
