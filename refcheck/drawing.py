"""What Hypothesis draws, and how it is asked to."""

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from refcheck.recipe import SALTS, SCALES, SEEDS, Recipe

FLAGS = (
    "no_bias",
    "bidirectional",
    "batch_first",
    "single",
    "zero_rows",
    "with_lengths",
    "with_state",
)
# scales of weights and of inputs; plain ones come first and most often
SCALE_PAIRS = (
    *[(0, 0)] * 4,
    *((k, 0) for k in range(1, len(SCALES))),
    *((0, k) for k in range(1, len(SCALES))),
)


class Broken(Exception):  # noqa: N818 - tells Hypothesis that a case is of interest
    """Raised by what ``explored`` asks, where the law does not hold."""


def explored(asked: Callable[[Any], None], recipes: Any, most: int, seed: int) -> None:
    """Ask at most ``most`` drawn recipes, and smaller ones once one is broken.

    Raises:
        Broken: on the smallest recipe, if ``asked`` raised it on any.
    """
    quiet = hypothesis.settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    drawn: Any = hypothesis.given(recipes)
    hypothesis.seed(seed)(quiet(drawn(asked)))()


def climb(ratio: float) -> None:
    """Tell Hypothesis how near the case came to its allowance."""
    if 0 < ratio < float("inf"):
        hypothesis.target(ratio)


def recipes(strides: Sequence[str], extra: int) -> Any:
    """Return a strategy of recipes, with as many ``extra`` numbers."""
    number = st.integers(0, SEEDS - 1)
    size = st.integers(1, 6)
    return st.builds(
        _recipe,
        st.tuples(size, size, size, size, st.integers(1, 3)),
        st.integers(0, 2 ** len(FLAGS) - 1),
        st.sampled_from(SCALE_PAIRS),
        st.sampled_from(strides),
        st.tuples(*[number] * (len(SALTS) + extra)),
    )


def _recipe(
    sizes: tuple[int, ...],
    flags: int,
    scales: tuple[int, int],
    strides: str,
    numbers: tuple[int, ...],
) -> Recipe:
    """Return the recipe of what Hypothesis draws: few draws, since each takes time."""
    time, batch, input_size, hidden_size, num_layers = sizes
    chosen = {name: bool(flags >> k & 1) for k, name in enumerate(FLAGS)}
    return Recipe(
        time,
        batch,
        input_size,
        hidden_size,
        num_layers,
        bias=not chosen.pop("no_bias"),
        **chosen,
        scale=scales[0],
        input_scale=scales[1],
        strides=strides,
        seeds=dict(zip(SALTS, numbers, strict=False)),
        extra=numbers[len(SALTS) :],
    )
