"""What refcheck and a worker in any language say to each other, one JSON line each.

Requests carry the tag ``op``; every reply repeats the ``id`` of its request.  Fields
are written in the order in which they stand here, without spaces, and ``params`` comes
last, so that a worker needs no JSON library to find what it wants.  docs/worker.md
tells it all, and docs/protocol/ holds the schemas, which are made from these classes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from refcheck.cell import Capability, Spec

VERSION = 1
PAYLOAD_FROM = 4096  # bytes of an array that is sent raw to a worker that takes that
OFFERS = {  # what a worker may say that it can do
    "forward": Capability.SEQUENCE,
    "step": Capability.STEPS,
    "vjp": Capability.BACKWARD,
    "batch": Capability.BATCH,
    "initial-state": Capability.INITIAL_STATE,
    "default-state": Capability.DEFAULT_STATE,
    "final-state": Capability.FINAL_STATE,
    "resizable": Capability.RESIZABLE,
    "lengths": Capability.LENGTHS,
    "stacks": Capability.STACKS,
    "directions": Capability.DIRECTIONS,
    "no-bias": Capability.NO_BIAS,
    "binary": Capability(0),  # of the conversation, not of the cell
}
Offer = Literal[
    "forward",
    "step",
    "vjp",
    "batch",
    "initial-state",
    "default-state",
    "final-state",
    "resizable",
    "lengths",
    "stacks",
    "directions",
    "no-bias",
    "binary",
]
KindName = Literal["rnn-tanh", "rnn-relu", "lstm", "gru", "gru-reset-before"]
Dtype = Literal["float64", "float32", "float16", "int64"]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class Numbers(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An array, its entries row by row: exactly one of the last three fields."""

    dtype: Dtype
    shape: list[Count]
    data: bytes | None = None  # base64 of little-endian bytes
    values: list[Any] | None = None  # numbers, and "nan", "inf", "-inf"; 17 digits
    at: Count | None = None  # where its bytes begin in the payload


Params = Mapping[str, Numbers]


class Names(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the textbook's parameters are: templates over {layer} and {suffix}."""

    weight_ih: str
    weight_hh: str
    bias_ih: str = ""  # none: there is no such parameter
    bias_hh: str = ""
    reverse: str = "_reverse"  # the suffix of the backward direction


# requests ---------------------------------------------------------------------------


class Hello(Struct, frozen=True, tag_field="op", tag="hello"):
    """The first request: who is there?"""

    id: int
    protocol: int
    refcheck: str  # its version


class Build(Struct, frozen=True, tag_field="op", tag="build"):
    """Make a cell with these sizes, to be known by the number ``cell``."""

    id: int
    cell: int
    spec: Spec


class Forward(Struct, frozen=True, tag_field="op", tag="forward"):
    """Run a whole sequence."""

    id: int
    cell: int
    inputs: Numbers  # (T, N, D)
    state: list[Numbers] | None  # each (L, N, H); None: no state is given
    lengths: Numbers | None  # (N,)
    payload: int  # bytes that follow the line
    params: Params


class Step(Struct, frozen=True, tag_field="op", tag="step"):
    """Run one step."""

    id: int
    cell: int
    inputs: Numbers  # (N, D)
    state: list[Numbers] | None  # each (L, N, H)
    payload: int
    params: Params


class Vjp(Struct, frozen=True, tag_field="op", tag="vjp"):
    """Run a sequence, and pull the gradients of its results back to its arguments."""

    id: int
    cell: int
    inputs: Numbers  # (T, N, D)
    state: list[Numbers] | None  # each (L, N, H)
    lengths: Numbers | None  # (N,)
    grad_outputs: Numbers  # (T, N, O)
    grad_state: list[Numbers]  # each (L, N, H)
    payload: int
    params: Params


class Free(Struct, frozen=True, tag_field="op", tag="free"):
    """Forget a cell."""

    id: int
    cell: int


class Bye(Struct, frozen=True, tag_field="op", tag="bye"):
    """The last request: answer, and leave."""

    id: int


Request = Hello | Build | Forward | Step | Vjp | Free | Bye

# replies ----------------------------------------------------------------------------


class Welcome(Struct, frozen=True, forbid_unknown_fields=True):
    """To ``hello``: what the worker is, and can do."""

    id: int
    protocol: int
    name: str
    language: str
    capabilities: list[Offer]
    kind: KindName | None = None  # none: unknown, held to what needs no textbook
    dtypes: Annotated[tuple[Dtype, ...], Meta(min_length=1)] = ("float64",)
    gates: str = ""  # their order, if not i f g o or r z n
    transposed: bool = False  # matrices are (D, G*H), not (G*H, D)
    names: Names | None = None  # none: named as by torch.nn
    padding: Literal["zeros", "repeated", "untouched"] | None = None
    fixed: Spec | None = None  # the one spec that can be built, if not "resizable"


class Built(Struct, frozen=True, forbid_unknown_fields=True):
    """To ``build``: the shapes that the cell has."""

    id: int
    params: Mapping[str, list[Positive]]
    states: Count  # arrays that make up the state
    output_size: Positive


class Answered(Struct, frozen=True, forbid_unknown_fields=True):
    """To ``forward`` and ``step``."""

    id: int
    outputs: Numbers  # (T, N, O), or (N, O) for a step
    state: list[Numbers]  # each (L, N, H)
    payload: Count = 0


class Pulled(Struct, frozen=True, forbid_unknown_fields=True):
    """To ``vjp``: one gradient for each argument."""

    id: int
    params: Params
    inputs: Numbers
    state: list[Numbers]  # may be empty where no state was given
    payload: Count = 0


class Done(Struct, frozen=True, forbid_unknown_fields=True):
    """To ``free`` and ``bye``."""

    id: int


class Problem(Struct, frozen=True, forbid_unknown_fields=True):
    """What went wrong, as the worker tells it."""

    kind: Literal["unsupported", "refused", "failed"]
    message: str


class Failed(Struct, frozen=True, forbid_unknown_fields=True):
    """To any request: no answer."""

    id: int
    error: Problem


class Head(Struct, frozen=True):
    """What is read of a reply first, whatever it is."""

    id: int
    payload: int = 0
    protocol: int | None = None
    error: Any = None


REPLIES = {
    "hello": Welcome,
    "build": Built,
    "forward": Answered,
    "step": Answered,
    "vjp": Pulled,
    "free": Done,
    "bye": Done,
}


def schemas() -> dict[str, Mapping[str, Any]]:
    """Return the JSON Schema of requests and of replies, by the name of its file."""
    sides = {
        "request": list(Request.__args__),
        "reply": [*dict.fromkeys(REPLIES.values()), Failed],
    }
    found: dict[str, Mapping[str, Any]] = {}
    for side, types in sides.items():
        refs, parts = msgspec.json.schema_components(
            types, ref_template="#/$defs/{name}"
        )
        found[f"{side}.json"] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"A {side} of the worker protocol, version {VERSION}",
            "anyOf": list(refs),
            "$defs": parts,
        }
    return found
