"""Cases for clipping functions: a few arrays, a bound below, at or above their norm."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

from refcheck.case import ClipCase, ClipSpec
from refcheck.cell import Capability, Signature
from refcheck.recipe import GENERIC, SEEDS, array
from refcheck.reference.clipping import total_norm

SHAPES = ((3,), (2, 3), (), (4, 1), (1,), (5, 2))
NORMS = (2.0, 1.0, float("inf"))
MAGNITUDES = (1.0, 2.0**-6, 2.0**10, 2.0**-14)
RATIOS = (0.5, 0.125, 2.0**-8, 1.0, 2.0, 1.0 - 2.0**-10, 16.0, 1.0 + 2.0**-10)


@dataclass(frozen=True)
class ClipRecipe:
    """What a case is made from; every field shrinks towards its default."""

    arrays: int = 1
    norm: int = 0  # index into NORMS
    magnitude: int = 0  # index into MAGNITUDES
    ratio: int = 0  # index into RATIOS: the bound as a share of the norm
    unit_bound: bool = False  # the bound is 1 instead
    single: bool = False
    seed: int = 0
    extra: tuple[int, ...] = ()


@dataclass(frozen=True)
class ClipCases:
    """The cases of one law about clipping."""

    then: Callable[[Any, ClipCase], ClipCase] | None = None
    planted: bool = False
    most: int = 1000
    thorough: bool = True  # clipping is cheap
    extra: Mapping[str, Any] = field(default_factory=dict)

    def applies_to(self, _: Signature) -> str:
        """Return an empty string: every clipping function has such cases."""
        return ""

    def plain(self, recipe: ClipRecipe, cell: Any) -> ClipCase:
        """Return the case of a recipe."""
        signature: Signature = cell.signature
        dtype = signature.dtypes[-1 if recipe.single else 0]
        p = NORMS[recipe.norm] if signature.offers(Capability.NORMS) else 2.0
        scale = MAGNITUDES[recipe.magnitude]
        grads = tuple(
            np.asarray(array(recipe.seed, SHAPES[k], salt=k) * scale, dtype)
            for k in range(recipe.arrays)
        )
        found = float(total_norm([g.astype(float) for g in grads], p))
        bound = 1.0 if recipe.unit_bound or found == 0 else found * RATIOS[recipe.ratio]
        return ClipCase(ClipSpec(p, dtype), grads, float(np.dtype(dtype).type(bound)))

    def finished(self, case: ClipCase, _: Sequence[int], cell: Any) -> ClipCase:
        """Return what the law makes of the case."""
        return case if self.then is None else self.then(cell, case)

    def landmarks(self, signature: Signature, seed: int) -> Iterator[ClipRecipe]:
        """Yield every ratio, norm, magnitude and dtype at least once."""
        base = ClipRecipe(arrays=3, seed=GENERIC + seed * 7919 % (SEEDS - GENERIC))
        yield base
        for k in range(1, len(RATIOS)):
            yield replace(base, ratio=k, seed=base.seed + k)
        for k in range(1, len(NORMS)):
            yield replace(base, norm=k, single=len(signature.dtypes) > 1)
        for k in range(1, len(MAGNITUDES)):
            yield replace(base, magnitude=k, unit_bound=bool(k % 2), arrays=6)
        yield replace(base, unit_bound=True, single=len(signature.dtypes) > 1)
        yield replace(base, arrays=1)
        yield ClipRecipe(arrays=2)

    def varied(self, recipe: ClipRecipe, _: Signature, dice: Random) -> ClipRecipe:
        """Return a landmark in another dtype, as the dice say."""
        return replace(recipe, single=recipe.single or dice.random() < 0.5)

    def easier(self, recipe: ClipRecipe, _: Signature) -> Iterator[ClipRecipe]:
        """Yield the recipe alone: clipping has no steps that errors grow with."""
        yield recipe

    def handful(self, signature: Signature) -> Iterator[ClipRecipe]:
        """Yield the landmarks: no law about clipping is existential."""
        return self.landmarks(signature, 0)

    def recipes(self, signature: Signature, met: Any = ()) -> Any:  # noqa: ARG002
        """Return a strategy of recipes: a clipper is compiled for no shapes."""
        # not at the top: a quick run draws nothing, and Hypothesis takes long to import
        from hypothesis import strategies as st  # noqa: PLC0415

        return st.builds(
            ClipRecipe,
            arrays=st.integers(1, len(SHAPES)),
            norm=st.integers(0, len(NORMS) - 1),
            magnitude=st.integers(0, len(MAGNITUDES) - 1),
            ratio=st.integers(0, len(RATIOS) - 1),
            unit_bound=st.booleans(),
            single=st.booleans() if len(signature.dtypes) > 1 else st.just(False),
            seed=st.integers(0, SEEDS - 1),
        )
