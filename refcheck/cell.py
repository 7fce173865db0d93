"""What a recurrent cell is: its kind, its sizes, what it can do, and how it is called.

Canonical form, time-major as in PyTorch: inputs (T, N, D), outputs (T, N, O) with O
the hidden size times the number of directions, each state (L, N, H) with L layers
times directions, lengths (N,).  Gates are stacked i f g o (LSTM) and r z n (GRU).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, Flag, auto
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from refcheck.case import Case
    from refcheck.layout import Layout

HALVES = ("float16", "bfloat16")  # the dtypes of 16 bits

# A NumPy array, or one that dispatches like it: Measured values, dual numbers.  No type
# of NumPy says this, and the whole reference runs on both.
Array = Any
State = tuple[Array, ...]


GATES = {"lstm": 4, "gru": 3}  # in the names of kinds


class Kind(Enum):
    """The textbook equations that a cell claims to follow."""

    RNN_TANH = "rnn-tanh"
    RNN_RELU = "rnn-relu"
    LSTM = "lstm"
    GRU = "gru"
    GRU_RESET_BEFORE = "gru-reset-before"
    ONNX_RNN = "onnx-rnn"  # ONNX's cells with options that no other kind has
    ONNX_LSTM = "onnx-lstm"
    ONNX_GRU = "onnx-gru"
    CLIP_NORM = "clip-norm"  # not a cell: a function that clips gradients
    CLIP_VALUE = "clip-value"

    @property
    def recurrent(self) -> bool:
        """Whether this is a kind of cell, rather than of clipping function."""
        return self not in (Kind.CLIP_NORM, Kind.CLIP_VALUE)

    @property
    def textbook(self) -> bool:
        """Whether it is a cell whose equations no options change."""
        return self.recurrent and not self.value.startswith("onnx-")

    @property
    def gates(self) -> int:
        """Blocks of H rows that are stacked in weight_ih and weight_hh."""
        return next((n for name, n in GATES.items() if name in self.value), 1)

    @property
    def states(self) -> int:
        """Arrays that make up the state: (h, c) for an LSTM, else (h,)."""
        return 2 if self in (Kind.LSTM, Kind.ONNX_LSTM) else 1


class Padding(Enum):
    """What stands in the outputs past the length of a row, where a target says so."""

    ZEROS = "zeros"
    REPEATED = "repeated"  # the last output before the end
    UNTOUCHED = "untouched"  # as if no lengths had been given


class Capability(Flag):
    """What a target offers; a law that requires more is skipped with the reason."""

    FORWARD = auto()  # every cell
    SEQUENCE = auto()  # loops over time itself; otherwise the adapter does
    STEPS = auto()  # a step call of its own
    BATCH = auto()  # rows (N) beside one another
    BACKWARD = auto()  # gradients of parameters, inputs and initial state
    INITIAL_STATE = auto()  # a state can be passed in
    DEFAULT_STATE = auto()  # the state can be left out
    FINAL_STATE = auto()  # the final state is returned
    PARAMETERS = auto()  # parameters can be set
    LAYOUT = auto()  # ... and mapped to the textbook's
    RESIZABLE = auto()  # can be built with other sizes
    BIAS = auto()  # has biases
    LENGTHS = auto()  # accepts lengths
    MASKS = auto()  # accepts a mask
    PADDING_CONTRACT = auto()  # declares what outputs past the length are
    BATCH_FIRST = auto()  # can be built with the batch axis first
    STACKS = auto()  # can be built with several layers
    DIRECTIONS = auto()  # can be built with both directions
    NO_BIAS = auto()  # can be built without biases
    FLOAT64 = auto()  # computes in double precision
    STRIDES = auto()  # is handed arrays with the strides that a case asks for
    MUTABLE = auto()  # parameters are updated in place, in one live object
    TRAINS = auto()  # has a training mode, and a seed
    REPEATABLE_TRAINING = auto()  # ... in which it draws nothing at random by itself
    DROPOUT = auto()  # can be built with dropout between layers
    COPIES = auto()  # can be copied, saved, and loaded
    CHAINS = auto()  # accumulates gradients over calls, detaches states
    NORMS = auto()  # a clipper that takes norms other than 2
    RETURNS_NORM = auto()  # a clipper that returns the norm it found
    WATCHING = auto()  # arguments and raw results can be looked at after a call
    WATCHING_BACKWARD = auto()  # ... at arguments after a backward call
    PADS = auto()  # fills outputs past the end of a row itself, as it likes
    NONFINITE = auto()  # a clipper that declares what inf and NaN give


@dataclass(frozen=True)
class Spec:
    """The sizes and options that a cell is built with."""

    input_size: int
    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    batch_first: bool = False
    dropout: float = 0.0
    dtype: str = "float64"

    @property
    def directions(self) -> int:
        """1, or 2 if the cell reads the sequence both ways."""
        return 2 if self.bidirectional else 1

    @property
    def depth(self) -> int:
        """The first axis of each state: layers times directions."""
        return self.num_layers * self.directions


class Shapes(NamedTuple):
    """The shapes that a cell has for one spec, found by building it and one call."""

    params: Mapping[str, tuple[int, ...]]
    states: int  # arrays that make up the state
    output_size: int  # the last axis of the outputs


@dataclass(frozen=True)
class Signature:
    """What is known of a target before the first law is asked."""

    name: str
    kind: Kind | None
    capabilities: Capability
    dtypes: tuple[str, ...] = ("float64", "float32")
    fixed: Spec | None = None  # what it is built with, but for what can be chosen
    layout: "Layout | None" = None
    notes: tuple[str, ...] = ()  # what the adapter assumed, for the report
    padding: Padding | None = None  # with Capability.PADDING_CONTRACT
    compiled: bool = False  # anew for each shape, which takes longer than a call
    equations: Any = None  # of the textbook, where the kind's own depend on options
    by_adapter: Mapping[str, str] = field(default_factory=dict)  # law -> why not asked
    unread: str = ""  # gates whose weights these equations do not read

    def offers(self, required: Capability) -> bool:
        """Whether the target has every capability in ``required``."""
        return required in self.capabilities

    @property
    def usual(self) -> "Signature":
        """The same with the dtypes of a run that names none: not those of 16 bits."""
        wide = tuple(dtype for dtype in self.dtypes if dtype not in HALVES)
        return replace(self, dtypes=wide or self.dtypes)


class Params(NamedTuple):
    """The textbook's parameters of one layer and direction; biases may be None."""

    weight_ih: Array  # (G*H, D)
    weight_hh: Array  # (G*H, H)
    bias_ih: Array | None = None  # (G*H,)
    bias_hh: Array | None = None  # (G*H,)
    peephole: Array | None = None  # (G*H,) in ONNX's LSTM alone, that of g unused


class Reply(NamedTuple):
    """What a forward call returns."""

    outputs: Array  # (T, N, O)
    state: State  # each (L, N, H)


class Gradients(NamedTuple):
    """What a backward call returns: one gradient for each argument."""

    params: Mapping[str, Array]  # in the target's own names and shapes
    inputs: Array  # (T, N, D)
    state: State  # each (L, N, H)


class Textbook(NamedTuple):
    """Gradients of the textbook: parameters for each layer and direction."""

    params: Sequence[Params]
    inputs: Array  # (T, N, D)
    state: State  # each (L, N, H)


class Cell(Protocol):
    """An implementation under test, behind its adapter."""

    signature: Signature

    def shapes(self, spec: Spec) -> Shapes:
        """Return the shapes for ``spec``; raise Unsupported if it cannot be built."""

    def forward(self, case: "Case") -> Reply:
        """Run the whole sequence without recording gradients."""

    def backward(self, case: "Case") -> Gradients:
        """Pull ``case.grad_outputs`` and ``case.grad_state`` back to the arguments."""

    def fresh(self) -> "Cell":
        """Return the same target with no live object carried over."""


class Watched(NamedTuple):
    """A forward call seen from outside: for laws about purity."""

    reply: Reply
    after: Mapping[str, Array]  # each argument as the target left it: "inputs", …
    reread: Callable[[], Reply]  # converts the raw results of this call once more


class Watchable(Protocol):
    """A cell whose calls can be seen from outside; an adapter may offer either."""

    def forward_watching(self, case: "Case") -> Watched:
        """Call as ``forward`` does, and keep the arguments and the raw results."""

    def backward_watching(self, case: "Case") -> Mapping[str, Array]:
        """Call as ``backward`` does; return the arguments as the target left them."""


class Trains(Protocol):
    """What ``Capability.TRAINS`` adds."""

    def train_forward(self, case: "Case", seed: int) -> Reply:
        """Run in training mode, random numbers seeded."""

    def train_backward(self, case: "Case", seed: int) -> tuple[Reply, Gradients]:
        """Run in training mode, random numbers seeded, and pull gradients back."""


class Chains(Protocol):
    """What ``Capability.CHAINS`` adds."""

    def with_gradients(self, case: "Case") -> Reply:
        """Call as ``forward`` does, but recording gradients."""

    def chain_backward(self, early: "Case", late: "Case") -> Gradients:
        """Run ``early``, detach its state, run ``late`` from it; gradients of late."""

    def accumulated(self, case: "Case", times: int) -> Gradients:
        """Return what ``times`` backward passes for parameters alone leave behind."""

    def pulled_again(self, case: "Case", other: "Case") -> Gradients:
        """Run ``case`` once, pull back what ``other`` pulls, then what ``case`` does.

        Raises whatever the target raises where a recorded call is pulled only once.
        """


class Copies(Protocol):
    """What ``Capability.COPIES`` adds."""

    def copied(self, case: "Case", way: str) -> Reply:
        """Call a copy made by "deepcopy", "saving" or "state_dict" after a call.

        Raises whatever the target raises where it cannot be copied in this way.
        """


@dataclass(frozen=True)
class Declared:
    """What the user says of a target on the command line or in ``refcheck.check``."""

    like: Kind | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # --set NAME=VALUE
    state_attr: str = ""  # --state-attr: where a stateful object keeps its state
    params: Any = None  # --params: a mapping or a function (input_size, hidden_size)
    call: str = ""  # --call step|sequence, where a trial call cannot tell
    call_timeout: float | None = None  # seconds for a worker; None: others watch it
    conventions: Sequence[str] = ()  # --convention NAME=VALUE
