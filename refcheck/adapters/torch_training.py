"""A module's training mode: what it draws at random there, and how it is repeated."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from refcheck.adapters.torch_build import Source
from refcheck.adapters.torch_calls import Call
from refcheck.adapters.torch_samples import attempt, sample
from refcheck.cell import Spec
from refcheck.errors import Unsupported


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Start the generators of torch, NumPy and Python at ``seed``; restore them after.

    A module may draw from any of them.
    """
    numpy, python = np.random.get_state(), random.getstate()  # noqa: NPY002 - theirs
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy)  # noqa: NPY002
            random.setstate(python)


def draws(source: Source, base: Spec, call: Call) -> bool:
    """Return whether calls in training mode draw random numbers, dropout at 0.

    Such a module adds noise or drops units by itself, which no equation forbids.
    """
    chosen: dict[str, Any] = {"num_layers": 2, "bidirectional": True}
    deep = replace(base, **{k: v for k, v in chosen.items() if k in source.takes})
    told = bool(call.lengths or call.mask)
    return any(
        _draws(source, spec, call, lengths=lengths)
        for spec in dict.fromkeys((base, deep))
        for lengths in {False, told}
    )


def _draws(source: Source, spec: Spec, call: Call, *, lengths: bool) -> bool:
    try:
        module = source.scratch(spec).train()
    except Unsupported:  # two options that work alone need not work together
        return False
    case = sample(spec, None if call.default else call.states, lengths=lengths)
    with seeded(0):
        before = _drawn()
        attempt(call, module, case)
        after = _drawn()
    module.eval()
    return before != after


def _drawn() -> tuple[Any, ...]:
    """Return where the generators stand."""
    torchs = torch.default_generator.get_state().numpy().tobytes()
    _, keys, *place = np.random.get_state()  # noqa: NPY002
    return torchs, np.asarray(keys).tobytes(), place, random.getstate()
