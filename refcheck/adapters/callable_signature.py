"""What a callable offers, and what was assumed of it, once a trial call went well."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from refcheck.adapters.callable_axes import Axes
from refcheck.adapters.callable_backward import convention, understood
from refcheck.adapters.callable_live import Target
from refcheck.adapters.callable_params import layout_of
from refcheck.adapters.callable_trials import Found, attempt, scored
from refcheck.cell import Capability, Kind, Signature, Spec
from refcheck.layout import Layout


class Known(NamedTuple):
    """What signature and trial calls have told."""

    target: Target
    found: Found
    name: str
    kind: Kind | None
    dtypes: tuple[str, ...]
    fixed: Spec | None
    written: tuple[str, ...]  # attributes that calls write to

    @property
    def states(self) -> int:
        """Arrays of the state that can be seen: handed over, or handed back."""
        call, memory = self.target.call, self.target.memory
        seen = call.takes("state") or memory.attributes or self.found.reply.state
        return call.states if seen else 0

    @property
    def width(self) -> int | None:
        """The last axis of the outputs; None if that is H."""
        shape = self.found.reply.outputs.shape
        usual = not shape or shape[-1] == self.found.size.spec.hidden_size
        return None if usual else int(shape[-1])


def signature_of(known: Known) -> Signature:
    """Return the signature of the target.

    Raises:
        TargetError: if a kind was declared that its parameters do not fit.
    """
    spec = known.fixed or Spec(5, 4)
    target, live = known.target, known.target.live(spec)
    shapes = live.shapes()
    layout, guess = None, ""
    if known.kind is not None and shapes:
        layout, guess = layout_of(known.kind, spec, shapes, known.name)
    backward = target.source.backward(live.thing)
    notes = [*_notes(known, layout), *_about(known, backward, tuple(shapes)), guess]
    return Signature(
        known.name,
        known.kind,
        _capabilities(known, layout, backward, has_params=bool(shapes)),
        known.dtypes,
        fixed=known.fixed,
        layout=layout,
        notes=tuple(note for note in notes if note),
    )


def _capabilities(
    known: Known, layout: Layout | None, backward: Any, *, has_params: bool
) -> Capability:
    target, found = known.target, known.found
    call, memory = target.call, target.memory
    hidden = not call.takes("state")
    offered = {
        Capability.SEQUENCE: not call.step,
        Capability.STEPS: call.step,
        Capability.BATCH: found.size.rows > 1,
        Capability.BACKWARD: not hidden and backward and understood(call, backward),
        Capability.INITIAL_STATE: not hidden or memory.attributes,
        Capability.DEFAULT_STATE: hidden or _optional(known),
        Capability.FINAL_STATE: known.states,
        Capability.PARAMETERS | Capability.MUTABLE: has_params,
        Capability.LAYOUT: layout,
        Capability.RESIZABLE: known.fixed is None,
        Capability.BIAS: layout and layout.bias_ih,
        Capability.LENGTHS: call.takes("lengths"),
        Capability.FLOAT64: "float64" in known.dtypes,
    }
    has = Capability.FORWARD | Capability.STRIDES
    for capability, offers in offered.items():
        has |= capability if offers else Capability(0)
    return has


def _optional(known: Known) -> bool:
    """Whether None is a state: by default, or as a trial call shows."""
    target, found = known.target, known.found
    if all(a.optional for a in target.call.arguments if a.role == "state"):
        return True
    reply = attempt(target, found.size, state=False)
    return not isinstance(reply, Exception) and (
        scored(reply, target.call, found.size) + 1 == found.score
    )


def _notes(known: Known, layout: Layout | None) -> Iterator[str]:
    call, size = known.target.call, known.found.size
    yield f"called with one {'step' if call.step else 'sequence'} at a time"
    if call.axes is not Axes.ROWS:
        yield f"called with {call.axes.value}"
    if size.rows == 1 and call.axes is not Axes.VECTORS:
        yield "called with one row at a time: a trial call with several failed"
    if known.fixed is None and size.spec.input_size == size.spec.hidden_size:
        yield "a trial call went well only where input_size = hidden_size"
    if known.kind is not None and layout is None:
        yield (
            "its parameters cannot be set, so it is not compared with the textbook; "
            "let it take them as params, or keep them in attributes"
        )


def _about(known: Known, backward: Any, names: tuple[str, ...]) -> Iterator[str]:
    """Yield what is missing, and how to add it."""
    call, memory = known.target.call, known.target.memory
    if not call.takes("state"):
        yield "no gradients: a target that hides its state has no backward"
    elif backward is None:
        yield f"no gradients: it has no {convention(call, names)}"
    elif not understood(call, backward):
        yield f"no gradients: its backward is not {convention(call, names)}"
    if known.written and not memory.resets and not memory.attributes:
        kept = ", ".join(known.written)
        yield (
            f"it keeps {kept} from call to call; if that is its state, give it a "
            f"reset() or declare --state-attr {known.written[0]}"
        )
