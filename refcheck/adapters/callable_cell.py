"""A NumPy callable behind the protocol of Cell."""

from collections.abc import Mapping
from dataclasses import replace

from refcheck.adapters.callable_live import Live, Target
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


class CallableCell:
    """A function, an object, or a class of objects, as a cell.

    One live object serves all calls of one spec, its parameters updated in place, so
    that a stale cache or a leaking state shows.
    """

    def __init__(
        self, target: Target, signature: Signature, *, states: int, width: int | None
    ) -> None:
        """Call ``target``; O is ``width``, or H if that is None."""
        self.signature = signature
        self._target, self._states, self._width = target, states, width
        self._live: dict[Spec, Live] = {}

    def fresh(self) -> "CallableCell":
        """Return the same target with no live object carried over."""
        return CallableCell(
            self._target, self.signature, states=self._states, width=self._width
        )

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``: the kind's own, where the kind is known.

        Raises:
            Unsupported: if it cannot be built so.
        """
        live = self._at(spec)
        kind, layout = self.signature.kind, self.signature.layout
        params = live.shapes()
        if kind is not None and layout is not None:
            params = layout.shapes(kind, spec)
        return Shapes(params, self._states, self._width or spec.hidden_size)

    def forward(self, case: Case) -> Reply:
        """Call the target once, or once for each step."""
        live = self._at(case.spec)
        return live.run(live.begin(case)).reply

    def forward_watching(self, case: Case) -> Watched:
        """Call as ``forward`` does, and keep the arguments and the raw results."""
        live = self._at(case.spec)
        given = live.begin(case)
        answer = live.run(given)
        left = live.left(case, given)
        return Watched(answer.reply, left, lambda: self._target.call.reread(answer))

    def backward(self, case: Case) -> Gradients:
        """Pull gradients back by the target's own backward pass."""
        live = self._at(case.spec)
        return live.pull(live.begin(case), live.pulls(case))

    def backward_watching(self, case: Case) -> Mapping[str, Array]:
        """Call as ``backward`` does; return the arguments as the target left them."""
        live = self._at(case.spec)
        given, pulls = live.begin(case), live.pulls(case)
        live.pull(given, pulls)
        return live.left(case, given) | live.left_pulls(pulls)

    def _at(self, spec: Spec) -> Live:
        if spec not in self._live:
            self._require(spec)
            self._live[spec] = self._target.live(spec)
        return self._live[spec]

    def _require(self, spec: Spec) -> None:
        plain = Spec(spec.input_size, spec.hidden_size, dtype=spec.dtype)
        known = self.signature.fixed or plain
        if not plain == spec == replace(known, dtype=spec.dtype):
            message = f"{self.signature.name} cannot be built as {spec}."
            raise Unsupported(message)
