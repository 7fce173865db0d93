"""A plain case for the smoke test of a worker: small numbers, all sizes different."""

import math

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Shapes, Spec


def sample(spec: Spec, shapes: Shapes, *, stated: bool) -> Case:
    """Return a case of three steps and two rows, with a state if ``stated``."""
    time, batch = 3, 2
    state = (spec.depth, batch, spec.hidden_size)

    def some(*shape: int) -> Array:
        size = math.prod(shape)
        return (0.5 * np.sin(1.0 + np.arange(size))).astype(spec.dtype).reshape(shape)

    states = tuple(some(*state) for _ in range(shapes.states))
    return Case(
        spec=spec,
        params={name: some(*shape) for name, shape in shapes.params.items()},
        inputs=some(time, batch, spec.input_size),
        state=states if stated else None,
        lengths=None,
        grad_outputs=some(time, batch, shapes.output_size),
        grad_state=states,
    )
