"""Which cases a law is asked on: landmarks, and what Hypothesis draws beside them.

Data that cannot be symmetric finds faults: sizes differ and exceed 1, gate blocks and
rows differ, states and biases are not zero, lengths are unequal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from refcheck.case import Case
from refcheck.cell import Capability, Cell, Signature, Spec
from refcheck.errors import Unsupported
from refcheck.landmarks import BASE, HANDFUL, LANDMARKS, familiar, generic, varied
from refcheck.recipe import SCALES, Recipe, case_from
from refcheck.rounding import FORMATS, is_half

TAME = (1, 3)  # scales below 1
HALF = {"time": 2, "batch": 2, "hidden_size": 3, "input_size": 3, "num_layers": 1}

Extra = Callable[[Case, int], Any]
Then = Callable[[Any, Case], Case]  # (measured cell, case) -> case

CHOSEN = {  # what a cell is built with, and the capability to build it otherwise
    "input_size": Capability.RESIZABLE,
    "hidden_size": Capability.RESIZABLE,
    "num_layers": Capability.STACKS,
    "bidirectional": Capability.DIRECTIONS,
    "bias": Capability.NO_BIAS,
    "batch_first": Capability.BATCH_FIRST,
}


@dataclass(frozen=True)
class Cases:
    """The cases of one law; each restriction keeps a precondition of its statement."""

    extra: Mapping[str, Extra] = field(default_factory=dict)  # drawn beside the case
    then: Then | None = None  # what is made of a drawn case
    planted: bool = False  # only the handful of generic cases: existential laws
    lengths: bool | None = None  # always, never, or both
    state: bool | None = None
    layers: bool | None = None  # always several, never, or both
    directions: bool | None = None
    bias: bool | None = None
    batch_first: bool | None = False
    time: tuple[int, int] = (1, 65)
    batch: tuple[int, int] = (1, 17)
    hidden: tuple[int, int] = (1, 33)
    scales: tuple[int, ...] = tuple(range(len(SCALES)))
    strides: tuple[str, ...] = ("contiguous",)
    single: bool | None = None  # float32: always, never, or both
    half: bool = True  # 16 bits too
    most: int = 1000  # cases at the most in the default profile: for costly laws
    thorough: bool = False  # more landmarks than most laws get, in every profile
    first: tuple[str, ...] = ()  # landmarks to begin with, where ``most`` cuts them off

    def applies_to(self, signature: Signature) -> str:
        """Return why there is no such case for this cell, or an empty string."""
        wanted = {
            "lengths": (self.lengths, Capability.LENGTHS | Capability.MASKS),
            "several layers": (self.layers, Capability.STACKS),
            "both directions": (self.directions, Capability.DIRECTIONS),
            "batch first": (self.batch_first, Capability.BATCH_FIRST),
            "no state": (
                None if self.state is not False else True,
                Capability.DEFAULT_STATE,
            ),
        }
        for what, (asked, capability) in wanted.items():
            if asked and not (signature.capabilities & capability):
                return f"needs {what}, which the target does not offer"
        if self.batch[0] > 1 and not signature.offers(Capability.BATCH):
            return "needs a batch, which the target does not offer"
        if signature.fixed is not None and self._misfit(signature.fixed):
            return self._misfit(signature.fixed)
        return self._unspoken(signature.dtypes)

    def _unspoken(self, dtypes: Sequence[str]) -> str:
        """Return which dtype is missing, or an empty string."""
        needed = {None: "", False: "float64", True: "float32"}[self.single]
        if needed and needed not in dtypes:
            return f"needs {needed}, which the target does not offer"
        halves = all(is_half(FORMATS[dtype]) for dtype in dtypes)
        return "says nothing about 16 bits" if halves and not self.half else ""

    def _misfit(self, fixed: Spec) -> str:
        """Return what is wrong with the one spec that there is, or an empty string."""
        several = fixed.num_layers > 1
        options = {
            "several layers": (self.layers, several),
            "both directions": (self.directions, fixed.bidirectional),
            "biases": (self.bias, fixed.bias),
        }
        for what, (asked, there) in options.items():
            if asked is not None and asked is not there:
                return f"speaks only of cells {'with' if asked else 'without'} {what}"
        return ""

    # recipes -----------------------------------------------------------------------

    def fitted(self, recipe: Recipe, signature: Signature) -> Recipe:
        """Return the recipe nearest to ``recipe`` that this law and cell allow."""
        has = signature.offers
        lengthy = has(Capability.LENGTHS) or has(Capability.MASKS)
        changes: dict[str, Any] = {
            "time": _clamped(recipe.time, self.time),
            "batch": _clamped(recipe.batch, self.batch) if has(Capability.BATCH) else 1,
            "hidden_size": _clamped(recipe.hidden_size, self.hidden),
            "num_layers": _layers(recipe, self.layers, has(Capability.STACKS)),
            "bidirectional": _chosen(
                recipe.bidirectional, self.directions, has(Capability.DIRECTIONS)
            ),
            "bias": _chosen(recipe.bias, self.bias, True)
            or not has(Capability.NO_BIAS),
            "batch_first": _chosen(
                recipe.batch_first, self.batch_first, has(Capability.BATCH_FIRST)
            ),
            "with_state": _chosen(
                recipe.with_state, self.state, has(Capability.INITIAL_STATE)
            )
            or not has(Capability.DEFAULT_STATE),
            "with_lengths": _chosen(recipe.with_lengths, self.lengths, lengthy),
            "scale": recipe.scale if recipe.scale in self.scales else self.scales[0],
            "single": _chosen(recipe.single, self.single, len(signature.dtypes) > 1),
        }
        if signature.fixed is not None:
            live = not has(Capability.RESIZABLE)  # nothing of it can be chosen
            both = signature.fixed.bidirectional
            changes |= {
                name: getattr(signature.fixed, name)
                for name, capability in CHOSEN.items()
                if live or not has(capability) or (both and name == "bidirectional")
            }
        fitting = recipe.but(**changes)
        half = is_half(FORMATS[fitting.spec(signature.dtypes).dtype])
        return self._tamed(fitting, signature) if half else fitting

    def _tamed(self, recipe: Recipe, signature: Signature) -> Recipe:
        """Return a recipe for 16 bits, where an allowance soon says nothing."""
        least = {"time": self.time[0], "batch": self.batch[0]}
        least |= {"hidden_size": self.hidden[0], "num_layers": 2 if self.layers else 1}
        changes = {
            name: max(least.get(name, 1), min(getattr(recipe, name), most))
            for name, most in HALF.items()
            if signature.fixed is None or name in ("time", "batch")
        }
        tame = recipe.but(scale=1, input_scale=0)
        return (recipe if recipe.scale in TAME else tame).but(**changes)

    def plain(self, recipe: Recipe, cell: Any) -> Case | None:
        """Return the case of a recipe, or None if this cell cannot be built so."""
        signature: Signature = cell.signature
        recipe = self.fitted(recipe, signature)
        spec = recipe.spec(signature.dtypes)
        if signature.fixed is not None:
            spec = replace(spec, dropout=signature.fixed.dropout)
        shapes = shapes_of(cell.cell, spec)
        return (
            None if shapes is None else _settled(case_from(recipe, spec, shapes), cell)
        )

    def finished(self, case: Case, numbers: Sequence[int], cell: Any) -> Case:
        """Return the case with what the law draws beside it and makes of it."""
        drawn = (*numbers, *(0,) * len(self.extra))
        extra = {
            name: f(case, k)
            for (name, f), k in zip(self.extra.items(), drawn, strict=False)
        }
        case = case.but(extra=extra)
        return case if self.then is None else self.then(cell, case)

    def build(self, recipe: Recipe, cell: Any) -> Case | None:
        """Return the whole case of a recipe, or None if there is none."""
        case = self.plain(recipe, cell)
        return None if case is None else self.finished(case, recipe.extra, cell)

    def landmarks(self, signature: Signature, seed: int) -> Iterator[Recipe]:
        """Yield the recipes that are asked of every law, without repetition."""
        seen = set()
        numbers = {name: k for k, name in enumerate(LANDMARKS)}
        for name in dict.fromkeys((*self.first, *LANDMARKS)):
            recipe = self.fitted(BASE.but(**LANDMARKS[name]), signature)
            key = repr(recipe)
            if key not in seen:
                seen.add(key)
                yield generic(recipe, seed + numbers[name])

    def varied(self, recipe: Recipe, signature: Signature, dice: Random) -> Recipe:
        """Return a landmark with other options, as far as this law and cell allow."""
        return self.fitted(varied(recipe, dice), signature)

    def easier(self, recipe: Recipe, signature: Signature) -> Iterator[Recipe]:
        """Yield the recipe, then with half its steps, then in the first dtype too."""
        shorter = recipe.but(time=(recipe.time + 1) // 2)
        every = (recipe, shorter, shorter.but(single=False))
        fitted = {repr(r): r for r in (self.fitted(r, signature) for r in every)}
        yield from fitted.values()

    def handful(self, signature: Signature) -> Iterator[Recipe]:
        """Yield the planted generic cases on which differences must show."""
        seen = set()
        for k, changes in enumerate(({}, {}, {}, {}, *HANDFUL)):
            recipe = BASE.but(time=4 + k % 2, batch=3, hidden_size=3 if k else 2)
            recipe = self.fitted(generic(recipe.but(**changes), 7 * k), signature)
            if k < 4 or recipe.spec(signature.dtypes) not in seen:
                yield recipe
            seen.add(recipe.spec(signature.dtypes))

    def recipes(self, signature: Signature, met: Sequence[Recipe] = ()) -> Any:
        """Return a strategy of recipes that this law and cell allow.

        What is compiled is drawn in the shapes that it was ``met`` in, if any.
        """
        # not at the top: a quick run draws nothing, and Hypothesis takes long to import
        from refcheck.drawing import recipes  # noqa: PLC0415

        drawn = recipes(self.strides, len(self.extra))
        if signature.compiled and met:
            drawn = drawn.map(lambda recipe: familiar(recipe, met))
        return drawn.map(lambda recipe: self.fitted(recipe, signature))


def shapes_of(cell: Cell, spec: Any) -> Any:
    """Return the cell's shapes for ``spec``, or None if it cannot be built so."""
    try:
        return cell.shapes(spec)
    except Unsupported:
        return None


def _settled(case: Case, cell: Any) -> Case:
    """Return the case as this cell can be asked it.

    A final state that is not returned has no gradient.  Where the target's code adds
    to a bias, parameters are such that they convert there and back bit for bit: of
    b + 1 the last bits of b are lost.
    """
    signature: Signature = cell.signature
    if not signature.offers(Capability.FINAL_STATE):
        case = case.but(grad_state=tuple(0 * g for g in case.grad_state))
    added = signature.layout is not None and signature.layout.added
    return cell.planted(case, cell.canonical(case)) if added else case


def _clamped(value: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(bounds[1], value))


def _chosen(drawn: bool, rule: bool | None, possible: bool) -> bool:
    return possible and (drawn if rule is None else rule)


def _layers(recipe: Recipe, rule: bool | None, possible: bool) -> int:
    if not possible or rule is False:
        return 1
    return max(2, recipe.num_layers) if rule else recipe.num_layers
