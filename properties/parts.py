"""What a call returns, part by part, under the names that reports use."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from refcheck.cell import Capability, Gradients, Params, Reply
from refcheck.law import Claim
from refcheck.measured import MeasuredCell

Relates = Callable[[str, Any, Any], Claim]  # equal, identical, differs
STATES = ("h", "c")


def calls(cell: MeasuredCell) -> list[Callable[[Any], Any]]:
    """Return what can be asked of a case: results, and gradients if there are any."""
    backward = cell.signature.offers(Capability.BACKWARD)
    return [cell.forward, cell.backward] if backward else [cell.forward]


def each_part(
    claim: Relates, here: Any, there: Any, *, where: str = ""
) -> Iterator[Claim]:
    """Yield ``claim`` for each part of two replies, or of two sets of gradients.

    They are found by their names: a target may keep its parameters in another order.
    Gradients of a state that was not given may be missing from either.
    """
    others = dict(parts(there))
    for label, left in parts(here):
        if label in others:
            yield claim(label + where, left, others[label])


def each_parameter(
    claim: Relates, here: Sequence[Params], there: Sequence[Params], *, where: str = ""
) -> Iterator[Claim]:
    """Yield ``claim`` for each gradient of the textbook's parameters."""
    for k, (found, right) in enumerate(zip(here, there, strict=True)):
        place = f" {k}" if len(here) > 1 else ""
        for name, gradient in found._asdict().items():
            if gradient is not None:
                label = f"gradient of {name}{place}{where}"
                yield claim(label, gradient, getattr(right, name))


def parts(found: Reply | Gradients) -> Iterator[tuple[str, Any]]:
    """Yield each array of a reply, or of gradients, behind its name."""
    if isinstance(found, Reply):
        yield "outputs", found.outputs
        yield from zip(STATES, found.state, strict=False)
        return
    for name, gradient in found.params.items():
        yield f"gradient of {name}", gradient
    yield "gradient of inputs", found.inputs
    for name, gradient in zip(STATES, found.state, strict=False):
        yield f"gradient of {name}", gradient
