"""PyTorch modules behind the protocol of Cell.

One live object serves all calls of one spec, its parameters updated in place, so that
a stale cache or a leaking state shows.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from refcheck.adapters.torch_build import CHOICES, SIZES, Source
from refcheck.adapters.torch_calls import Call
from refcheck.adapters.torch_copies import COPIES
from refcheck.adapters.torch_runs import Placed, Run, started
from refcheck.adapters.torch_samples import attempt, sample
from refcheck.adapters.torch_training import seeded
from refcheck.case import Case
from refcheck.cell import (
    Array,
    Gradients,
    Reply,
    Shapes,
    Signature,
    Spec,
    Watched,
)
from refcheck.errors import Unsupported


class TorchCell:
    """A module, or a class of modules, as a cell."""

    def __init__(
        self, source: Source, call: Call, signature: Signature, base: Spec, width: int
    ) -> None:
        """Call what ``source`` builds; built as ``base``, O is ``width``."""
        self.signature = signature
        self._source, self._call = source, call
        self._base, self._width = base, width
        self._live: dict[Spec, Placed] = {}

    @property
    def batch_first(self) -> bool:
        """Whether sequences are handed over as (N, T, D)."""
        return self._call.batch_first

    def fresh(self) -> "TorchCell":
        """Return the same target with no live object carried over."""
        source = self._source.fresh()
        return TorchCell(source, self._call, self.signature, self._base, self._width)

    def close(self) -> None:
        """Give a user's live module back as it was."""
        self._source.close()

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``: the kind's own, where the kind is known.

        Raises:
            Unsupported: if it cannot be built so.
        """
        placed = self._place(spec)
        kind, layout = self.signature.kind, self.signature.layout
        if kind is not None and layout is not None:
            width = spec.hidden_size * spec.directions
            return Shapes(layout.shapes(kind, spec), kind.states, width)
        params = {name: tuple(p.shape) for name, p in placed.params.items()}
        return Shapes(params, placed.call.states, self._output_size(spec, placed.call))

    def forward(self, case: Case) -> Reply:
        """Call the module in evaluation mode, recording no gradients."""
        with torch.no_grad():
            return self._run(case).reply()

    def with_gradients(self, case: Case) -> Reply:
        """Call as ``forward`` does, but recording gradients."""
        with torch.enable_grad():
            return self._run(case, leaves=True).reply()

    def forward_watching(self, case: Case) -> Watched:
        """Call as ``forward`` does, and keep the arguments and the raw results."""
        with torch.no_grad():
            run = self._run(case)
            return Watched(run.reply(), run.left(case), run.reply)

    def backward(self, case: Case) -> Gradients:
        """Pull gradients back through a call in evaluation mode."""
        with torch.enable_grad():
            return self._run(case, leaves=True).pulled(case)

    def backward_watching(self, case: Case) -> Mapping[str, Array]:
        """Call as ``backward`` does; return the arguments as the module left them."""
        with torch.enable_grad():
            run = self._run(case, leaves=True)
            run.pulled(case)
            return run.left(case)

    def train_forward(self, case: Case, seed: int) -> Reply:
        """Call in training mode, random numbers seeded."""
        with self._trained(case, seed) as run:
            return run.reply()

    def train_backward(self, case: Case, seed: int) -> tuple[Reply, Gradients]:
        """Call in training mode, random numbers seeded, and pull gradients back."""
        with self._trained(case, seed) as run:
            return run.reply(), run.pulled(case)

    def chain_backward(self, early: Case, late: Case) -> Gradients:
        """Run ``early``, detach its state, run ``late`` from it; gradients of late."""
        with torch.enable_grad():
            state = self._run(early, leaves=True).answer.state
            carried = tuple(s.detach() for s in state)
            return self._run(late, leaves=True, carried=carried).pulled(late)

    def accumulated(self, case: Case, times: int) -> Gradients:
        """Return what ``times`` backward passes leave in ``grad`` of the parameters.

        As in training, the inputs and the state need no gradient.
        """
        with torch.enable_grad():
            return self._run(case).accumulated(case, times)

    def copied(self, case: Case, way: str) -> Reply:
        """Call a copy of the module, made in this way after a call."""
        with torch.no_grad():
            placed, given, _ = self._run(case)
            twin = COPIES[way](placed.module)
            return Run(placed, given, placed.call.run(twin, given)).reply()

    def pulled_again(self, case: Case, other: Case) -> Gradients:
        """Pull what ``other`` pulls through one call, then what ``case`` does."""
        with torch.enable_grad():
            run = self._run(case, leaves=True)
            run.pulled(other, retain=True)
            return run.pulled(case)

    @contextmanager
    def _trained(self, case: Case, seed: int) -> Iterator[Run]:
        """Call in training mode, which is left when the context is."""
        module = self._place(case.spec).module
        with seeded(seed), torch.enable_grad():
            module.train()
            try:
                yield self._run(case, leaves=True)
            finally:
                module.eval()

    def _run(
        self,
        case: Case,
        *,
        leaves: bool = False,
        carried: tuple[Tensor, ...] | None = None,
    ) -> Run:
        placed = self._place(case.spec)
        if placed.complaint:
            raise TypeError(placed.complaint)
        return started(placed, case, leaves=leaves, carried=carried)

    def _place(self, spec: Spec) -> Placed:
        if spec not in self._live:
            self._require(spec)
            call = self._call
            if "batch_first" in self._source.takes:
                call = replace(call, batch_first=spec.batch_first)
            module = self._source.build(spec).eval()
            params = dict(module.named_parameters())
            self._live[spec] = Placed(
                module, call, params, self._unmapped(spec, params)
            )
        return self._live[spec]

    def _require(self, spec: Spec) -> None:
        choosable = self._source.takes | set(SIZES if self._source.resizable else ())
        for name in (*SIZES, *CHOICES):
            asked, known = getattr(spec, name), getattr(self._base, name)
            if asked != known and name not in choosable:
                message = f"{self.signature.name} has {name}={known!r}, not {asked!r}."
                raise Unsupported(message)

    def _unmapped(self, spec: Spec, params: Mapping[str, nn.Parameter]) -> str:
        kind, layout = self.signature.kind, self.signature.layout
        if kind is None or layout is None:
            return ""
        why = layout.matches(kind, spec, {n: tuple(p.shape) for n, p in params.items()})
        taken = [name for name in CHOICES if name in self._source.takes]
        built = ", ".join(f"{name}={getattr(spec, name)!r}" for name in taken)
        return why and f"built with {built}: {why.partition(';')[0]}"

    def _output_size(self, spec: Spec, call: Call) -> int:
        if spec == replace(self._base, dtype=spec.dtype):
            return self._width
        case = sample(spec, None if call.default else call.states)
        reply = attempt(call, self._source.scratch(spec).eval(), case)
        if isinstance(reply, Exception) or reply.outputs.ndim != 3:
            return self._width
        return int(reply.outputs.shape[-1])
