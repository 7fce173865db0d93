"""Recipes: a case as a few small integers, which Hypothesis draws and shrinks.

Each array of a case is made from one integer, its seed.  Small seeds make simple
arrays, so that shrinking a seed simplifies a whole array at once: 0 zeros, then a
single 1, then all ones, then few simple numbers, then numbers with all their bits,
between −1.5 and 1.5.  Sizes come first, so that they shrink first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Shapes, Spec

SIMPLE = np.array([0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 0.25, -2.0])
ONE_HOT, ONES, PLAIN = 1, 33, 64  # first seeds of: one-hot, constant, simple numbers
GENERIC = 256  # first seed of arrays with all their bits
SEEDS = 2**16
SCALES = (1.0, 0.5, 2.0, 2.0**-6, 8.0)  # of weights, simplest first
SALTS = {"inputs": 1, "state": 2, "lengths": 3, "outputs": 4, "final": 5, "params": 6}


@dataclass(frozen=True)
class Recipe:
    """What a case is made from; every field shrinks towards its default."""

    time: int = 1
    batch: int = 1
    input_size: int = 1
    hidden_size: int = 1
    num_layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    batch_first: bool = False
    with_state: bool = False
    with_lengths: bool = False
    single: bool = False  # float32, in place of the first dtype offered
    scale: int = 0  # index into SCALES
    input_scale: int = 0
    zero_rows: bool = False  # every other row reads zeros at the middle step
    strides: str = "contiguous"
    seeds: Mapping[str, int] = field(default_factory=dict)  # 0 where none is given
    extra: tuple[int, ...] = ()

    def spec(self, dtypes: tuple[str, ...]) -> Spec:
        """Return the sizes and options that the cell is built with."""
        return Spec(
            self.input_size,
            self.hidden_size,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            bias=self.bias,
            batch_first=self.batch_first,
            dtype=dtypes[-1] if self.single else dtypes[0],
        )

    def but(self, **changes: Any) -> "Recipe":
        """Return the recipe with some fields replaced."""
        return replace(self, **changes)


def case_from(recipe: Recipe, spec: Spec, shapes: Shapes) -> Case:
    """Return the case that ``recipe`` describes, for a cell of these shapes."""
    t, n, depth = recipe.time, recipe.batch, spec.depth
    dtype = spec.dtype
    seeds = recipe.seeds
    one_state = (depth, n, spec.hidden_size)

    def some(name: str, shape: tuple[int, ...], k: int = 0) -> Array:
        seed = seeds.get(name, 0)
        return array(seed, shape, salt=SALTS.get(name, 9) * 64 + k).astype(dtype)

    states = range(shapes.states)
    inputs = some("inputs", (t, n, spec.input_size)) * SCALES[recipe.input_scale]
    if recipe.zero_rows:
        inputs[t // 2, ::2] = 0
    return Case(
        spec=spec,
        params={
            name: (
                array(seeds.get("params", 0), shape, salt=1000 + k)
                * SCALES[recipe.scale]
                * _fan(shape)
            ).astype(dtype)
            for k, (name, shape) in enumerate(shapes.params.items())
        },
        inputs=inputs.astype(dtype),
        state=tuple(some("state", one_state, k) for k in states)
        if recipe.with_state
        else None,
        lengths=lengths(seeds.get("lengths", 0), t, n) if recipe.with_lengths else None,
        grad_outputs=some("outputs", (t, n, shapes.output_size)),
        grad_state=tuple(some("final", one_state, k) for k in states),
        strides=recipe.strides,
    )


def array(seed: int, shape: tuple[int, ...], *, salt: int = 0) -> Array:
    """Return the array that ``seed`` stands for; simple seeds make simple arrays."""
    size = int(np.prod(shape))
    if seed < ONE_HOT or size == 0:
        return np.zeros(shape)
    if seed < ONES:
        return (np.arange(size) == (seed - ONE_HOT) % size).astype(float).reshape(shape)
    if seed < PLAIN:
        return np.full(shape, SIMPLE[1 + (seed - ONES) % (len(SIMPLE) - 1)])
    bits = _hashed(seed, salt, size)
    if seed < GENERIC:
        return SIMPLE[(bits % np.uint64(len(SIMPLE))).astype(int)].reshape(shape)
    return ((bits >> np.uint64(11)).astype(float) * 2.0**-53 * 3 - 1.5).reshape(shape)


def lengths(seed: int, time: int, batch: int) -> Array:
    """Return a length for each row: T for seed 0, else unequal, 1 and T among them.

    One row alone may end anywhere.
    """
    if seed == 0:
        return np.full(batch, time)
    bits = _hashed(seed, 77, batch)
    found = 1 + (bits % np.uint64(time)).astype(int)
    if batch > 1:
        first = int(bits[0] >> np.uint64(32)) % batch
        found[first] = time
        found[(first + 1) % batch] = 1
    return found


def _fan(shape: tuple[int, ...]) -> float:
    """Scale matrices down by a power of two near the root of their fan-in."""
    fan = shape[-1] if len(shape) > 1 else 1
    return float(2.0 ** -round(np.log2(max(fan, 1)) / 2))


def _hashed(seed: int, salt: int, size: int) -> Array:
    """Return 64 scrambled bits an entry (splitmix64: Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        z = np.arange(1, size + 1, dtype=np.uint64)
        z += np.uint64((seed << 20) + salt) * np.uint64(0x5851F42D4C957F2D)
        z *= np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))
