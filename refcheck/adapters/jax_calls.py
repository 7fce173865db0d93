"""Pure functions of JAX, compiled: one call, and the gradients pulled back through it.

    run(params, kept, inputs, state, lengths) -> (outputs, state, kept)

All of it is in canonical form, but ``kept``, whatever else the target keeps from call
to call.  Arrays are converted by the caller, and nothing is cast.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from refcheck.cell import Array

Run = Callable[..., tuple[Any, tuple[Any, ...], Any]]

# XLA's own passes over the program are as they always are; what is left out is LLVM's
# work on speed, which takes longer than all that a check computes.
QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,  # one thread: programs are small
}


class Answer(NamedTuple):
    """What a call returned: arrays of JAX, the outputs of each step or of all."""

    outputs: Sequence[Any]
    state: Sequence[Any]


class Pulled(NamedTuple):
    """The gradients of a call's arguments, as arrays of JAX."""

    params: dict[str, Any]
    inputs: Any
    state: Sequence[Any]


def precision(dtype: str) -> Any:
    """Return the context in which a target computes in ``dtype``.

    What it makes without saying of which dtype is double there, or single.
    """
    return jax.enable_x64(dtype == "float64")


class Whole:
    """A target that loops over time itself."""

    def __init__(self, run: Run, kept: Any) -> None:
        """Compile ``run`` for each shape that it is called with."""
        self._run, self._pull = _compiled(run)
        self._kept = kept

    def forward(self, params: Any, inputs: Any, state: Any, lengths: Any) -> Answer:
        """Return what the target answers."""
        outputs, state, self._kept = self._run(
            params, self._kept, inputs, state, lengths
        )
        return Answer([outputs], state)

    def pull(
        self, params: Any, inputs: Any, state: Any, lengths: Any, seeds: Any
    ) -> Pulled:
        """Return the gradients, where ``seeds`` enter at outputs and final state."""
        d_params, d_inputs, d_state, self._kept = self._pull(
            params, self._kept, inputs, state, lengths, seeds
        )
        return Pulled(d_params, d_inputs, d_state or ())


class Steps:
    """A target that takes one step; time is looped over here, and gradients summed."""

    def __init__(self, run: Run, kept: Any) -> None:
        """Compile ``run``, which takes inputs (N, D), for each shape."""
        self._run, self._pull = _compiled(run)
        self._kept = kept

    def forward(self, params: Any, inputs: Any, state: Any, _: Any = None) -> Answer:
        """Return what the target answers, step by step."""
        outputs = []
        for x in inputs:
            y, state, self._kept = self._run(params, self._kept, x, state, None)
            outputs.append(y)
        return Answer(outputs, () if state is None else state)

    def pull(self, params: Any, inputs: Any, state: Any, _: Any, seeds: Any) -> Pulled:
        """Return the gradients, each step pulled back from the one after it."""
        states, d_outputs, d_state = [state], seeds[0], tuple(seeds[1])
        for x in inputs[:-1]:
            _, state, self._kept = self._run(params, self._kept, x, state, None)
            states.append(state)
        d_inputs, total = [], dict[str, Array]()
        for t in reversed(range(len(inputs))):
            part, d_x, d_state, self._kept = self._pull(
                params, self._kept, inputs[t], states[t], None, (d_outputs[t], d_state)
            )
            total = {
                n: total[n] + np.array(d) if total else np.array(d)
                for n, d in part.items()
            }
            d_inputs.append(np.array(d_x))
        return Pulled(total, np.stack(d_inputs[::-1]), d_state or ())


def _compiled(run: Run) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return ``run`` and what pulls back through it; both share what is traced."""
    traced = jax.jit(run)
    programs = (traced, _pulling(traced))
    run, pull = (jax.jit(program, compiler_options=QUICK) for program in programs)
    return run, pull


def _pulling(run: Run) -> Callable[..., tuple[Any, ...]]:
    """Return the vector-Jacobian product of ``run``: parameters, inputs and state."""

    def pull(
        params: Any, kept: Any, inputs: Any, state: Any, lengths: Any, seeds: Any
    ) -> tuple[Any, ...]:
        def answer(params: Any, inputs: Any, state: Any, kept: Any) -> Any:
            outputs, final, after = run(params, kept, inputs, state, lengths)
            return (outputs, final), after

        _, back, after = jax.vjp(answer, params, inputs, state, kept, has_aux=True)
        return *back(seeds)[:3], after

    return pull
