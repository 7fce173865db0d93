"""The cases that are asked of every law before any is drawn, most telling first.

What breaks only in rare coincidences (D = H, T = N, one row, one step, more steps or
rows than a vector register holds) is not left to chance.  Sizes differ otherwise, and
numbers have all their bits.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from refcheck.recipe import GENERIC, SALTS, SEEDS, Recipe

# name -> changes to the generic recipe; the order is that of catches per second
LANDMARKS: Mapping[str, Mapping[str, Any]] = {
    "generic": {},
    "no state, no lengths": {"with_state": False, "with_lengths": False},
    "one row": {"batch": 1},
    "one unit": {"hidden_size": 1, "input_size": 1},
    "T = N": {"time": 3, "batch": 3},
    "one step": {"time": 1},
    "D = H": {"input_size": 3, "hidden_size": 3},
    "17 steps": {"time": 17, "batch": 2},
    "no state": {"with_state": False},
    "no lengths": {"with_lengths": False},
    "float32": {"single": True},
    "two layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "no bias": {"bias": False},
    "batch first": {"batch_first": True},
    "batch first, T = N": {"batch_first": True, "time": 3, "batch": 3},
    "rows of zeros": {"zero_rows": True, "with_lengths": False, "time": 4, "batch": 3},
    "D = H = N": {"input_size": 3, "hidden_size": 3, "batch": 3},
    "9 rows": {"batch": 9, "time": 3, "scale": 2},
    "5 units": {"hidden_size": 5, "input_size": 6, "batch": 5},
    "saturating": {"scale": 4},
    "small": {"scale": 3},
    "large inputs": {"input_scale": 4},
    "33 steps": {"time": 33, "batch": 2, "scale": 1},
    "three layers, D = H": {"num_layers": 3, "batch": 3, "time": 4, "input_size": 2},
    "17 units": {"hidden_size": 17, "input_size": 9, "batch": 2, "time": 3},
    "17 rows": {"batch": 17, "time": 2},
    "65 steps": {"time": 65, "batch": 2, "scale": 1, "hidden_size": 2},
    "130 rows": {"batch": 130, "time": 2},
    "33 units": {"hidden_size": 33, "input_size": 33, "batch": 2, "time": 2},
}
FEWEST = 2  # asked of every law in every profile, as they are
VARIED = 5  # with further options at the most, where a run affords few
HANDFUL: tuple[Mapping[str, Any], ...] = (  # a difference may only show in these
    {"num_layers": 3},
    {"num_layers": 2, "bidirectional": True},
)
VALUES = ("scale", "input_scale", "zero_rows", "strides", "seeds")
BASE = Recipe(
    time=5, batch=4, input_size=3, hidden_size=2, with_state=True, with_lengths=True
)


def generic(recipe: Recipe, seed: int) -> Recipe:
    """Return the recipe with numbers that have all their bits."""
    span = SEEDS - GENERIC
    seeds = {
        name: GENERIC + (seed * 7919 + 104729 * k) % span for name, k in SALTS.items()
    }
    extra = tuple(GENERIC + (seed * 31 + 1009 * k) % span for k in range(4))
    return recipe.but(seeds=seeds, extra=extra)


def familiar(recipe: Recipe, met: Sequence[Recipe]) -> Recipe:
    """Return a recipe that has been met, with the values of ``recipe``.

    For targets that are compiled anew for each shape: shapes are few, values many.
    What a law draws beside a case, and lengths, may shape what it makes of it.
    """
    small = sorted(met, key=lambda r: r.time * r.batch * r.input_size * r.hidden_size)
    found = small[(recipe.time + recipe.batch - 2) % len(small)]
    seeds = {**recipe.seeds, "lengths": found.seeds["lengths"]}
    values = {name: getattr(recipe, name) for name in VALUES}
    return found.but(**{**values, "seeds": seeds})


def varied(recipe: Recipe, dice: Random) -> Recipe:
    """Return the recipe with further options, as the dice say."""
    return recipe.but(
        single=recipe.single or dice.random() < 0.5,
        batch_first=recipe.batch_first or dice.random() < 0.5,
        bias=recipe.bias and dice.random() < 0.75,
        bidirectional=recipe.bidirectional or dice.random() < 0.25,
        num_layers=max(recipe.num_layers, dice.choice((1, 1, 1, 2, 3))),
    )


def chosen(cases: Any, law: str, signature: Any, *, seed: int, most: int) -> list[Any]:
    """Return ``most`` of the landmarks of a law: half are always the first ones.

    The others are any of the rest, with further options, so that a run that can
    afford few of them for each law still meets all of them in some law.  What such a
    run asks is asked by one that affords more too: it catches all that the other does.
    Where a target is compiled for each shape, a landmark has the same further options
    for all laws.
    """
    every = list(cases.landmarks(signature, seed))
    always = every[: most - most // 2]
    dice = Random(f"{law} {seed}")  # noqa: S311 - chance, not secrecy
    left, taken = every[FEWEST:], 0
    others: list[Any] = []

    def thrown(recipe: Any) -> Random:
        return Random(str(recipe.seeds)) if signature.compiled else dice  # noqa: S311

    while left and len(others) < most // 2:
        plain = left.pop(dice.randrange(len(left)))
        recipe = cases.varied(plain, signature, thrown(plain))
        taken += 1
        if recipe not in always and (taken <= VARIED or plain not in always):
            others.append(recipe)
    return always + others
