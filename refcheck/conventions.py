"""Conventions: cells that are right by themselves, and not the textbook as it stands.

Each is a value.  What it declares turns the signature of a target that follows it into
one under which the target conforms; the same declaration makes the textbook behave as
such a target does, which is how a diagnosis recognises it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import permutations
from typing import Any

from refcheck.blocks import Blocks
from refcheck.cell import Capability, Kind, Padding, Signature
from refcheck.errors import RefcheckError
from refcheck.layout import CANONICAL_GATES, KINDS, Layout

GRUS = frozenset({Kind.GRU, Kind.GRU_RESET_BEFORE})
GATED = GRUS | {Kind.LSTM}
ORDERS = {  # whose order of the gates it is, where somebody's
    "ifog": "CoreML's documentation",
    "iofg": "ONNX",
    "igfo": "TensorFlow 1",
    "zrn": "Keras and ONNX",
}
LAYER = re.compile(r"_l0$")  # how PyTorch ends the names of a first layer
NUMBER = re.compile(r"-?\d+(\.\d+)?")
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")  # that may be named
Declare = Callable[[Signature], Signature]


@dataclass(frozen=True)
class Convention:
    """One way to be right that is not the textbook's."""

    id: str  # name=value, as --convention takes it; or like=KIND
    says: str  # one sentence, of the cell
    kinds: frozenset[Kind]
    declare: Declare
    needs: Capability = Capability.LAYOUT

    @property
    def setting(self) -> str:
        """What to type, so that a cell that follows it conforms."""
        if self.id.startswith("like="):
            return self.id.replace("like=", "--like ")
        return f"--convention {self.id}"

    def applies_to(self, signature: Signature) -> bool:
        """Whether such a cell could follow it."""
        return signature.kind in self.kinds and signature.offers(self.needs)


def named(name: str) -> Convention:
    """Return the convention that --convention calls ``name``.

    Raises:
        RefcheckError: if there is none.
    """
    if name in CONVENTIONS and not name.startswith("like="):
        return CONVENTIONS[name]
    word, _, value = name.partition("=")
    if word in PARTS and value:
        return _place(word, value)
    if word == "forget-bias" and NUMBER.fullmatch(value):
        return _forget_bias(float(value))
    if name in FORMS:
        return FORMS[name]
    known = [c for c in CONVENTIONS if not c.startswith("like=")]
    likely = [c for c in known if c.startswith(f"{word}=")] or known
    listed = ", ".join(likely[:6]) + (" …" if len(likely) > 6 else "")
    message = f"no convention is called {name!r}, expected one of {listed}."
    raise RefcheckError(message)


def placing(names: Sequence[str]) -> bool:
    """Whether these conventions say by name where the weights are."""
    return any(name.partition("=")[0] in PARTS for name in names)


def placed(signature: Signature, kind: Kind | None) -> Signature:
    """Return the signature of a cell whose layout conventions are about to tell.

    Raises:
        RefcheckError: if it is not said what kind of cell it is.
    """
    if kind is None:
        message = (
            "--convention weight_ih=… places the parameters of a known kind; give "
            f"--like KIND too, one of {', '.join(k.value for k in KINDS)}."
        )
        raise RefcheckError(message)
    offered = signature.capabilities | Capability.LAYOUT
    layout = Layout("as declared", "", "", "")
    return replace(signature, kind=kind, capabilities=offered, layout=layout)


def declared(signature: Signature, names: Sequence[str]) -> Signature:
    """Return the signature with every convention in ``names`` declared.

    Raises:
        RefcheckError: if one is unknown, or cannot be followed by such a cell.
    """
    for name in names:
        convention = named(name)
        if not convention.applies_to(signature):
            kind = signature.kind.value if signature.kind else "unknown kind"
            visible = signature.offers(convention.needs)
            why = f"of {kind}" if visible else "whose parameters are not mapped"
            message = f"--convention {name} says nothing of a cell {why}."
            raise RefcheckError(message)
        signature = convention.declare(signature)
    return signature


def _layout(**changes: Any) -> Declare:
    """Declare another layout."""

    def declare(signature: Signature) -> Signature:
        layout = signature.layout
        has = {f.name for f in fields(layout)} if layout else changes.keys()
        if not changes.keys() <= has:
            message = f"the layout of {layout and layout.name} leaves no such choice."
            raise RefcheckError(message)
        return replace(signature, layout=layout and replace(layout, **changes))

    return declare


def _blocks(**changes: Any) -> Declare:
    """Declare other blocks of the layout."""

    def declare(signature: Signature) -> Signature:
        layout = signature.layout
        blocks = replace(layout.blocks if layout else Blocks(), **changes)
        return replace(signature, layout=layout and replace(layout, blocks=blocks))

    return declare


def _place(part: str, names: str) -> Convention:
    """Declare which parameters are the textbook's ``part``: one, or one for each gate.

    Arrays of a first layer that end in _l0 have others beside them, as in PyTorch.
    """
    template = " ".join(map(template_of, names.split(",")))

    def declare(signature: Signature) -> Signature:
        found = _layout(**{part: template})(signature)
        bias = Capability.BIAS if part == "bias_ih" else Capability.LAYOUT
        return replace(found, capabilities=found.capabilities | bias)

    says = f"The textbook's {part} is {names.replace(',', ', ')}."
    return Convention(f"{part}={names}", says, frozenset(KINDS), declare)


def template_of(name: str) -> str:
    """Return the name of a first layer's parameter as a template over all layers."""
    return LAYER.sub("_l{layer}{suffix}", name)


def _forget_bias(added: float) -> Convention:
    return Convention(
        f"forget-bias={added:g}",
        f"Its code adds {added:g} to the sum of the forget gate.",
        frozenset({Kind.LSTM}),
        _layout(added={"f": added}),
    )


def _kind(kind: Kind) -> Declare:
    return lambda signature: replace(signature, kind=kind)


def _order(kinds: frozenset[Kind], order: str) -> Convention:
    whose = f", the order of {ORDERS[order]}" if order in ORDERS else ""
    return Convention(
        f"gates={order}",
        f"The blocks are stacked as {', '.join(order)}{whose}.",
        kinds,
        _layout(gates=dict.fromkeys(kinds, order)),
    )


def _padding(padding: Padding) -> Convention:
    def declare(signature: Signature) -> Signature:
        offered = signature.capabilities | Capability.PADDING_CONTRACT
        return replace(signature, padding=padding, capabilities=offered)

    told = {
        Padding.ZEROS: "are zeros",
        Padding.REPEATED: "repeat the last one before it",
        Padding.UNTOUCHED: "are what they would be without lengths",
    }
    return Convention(
        f"padding={padding.value}",
        f"Outputs past the end of a row {told[padding]}.",
        frozenset(KINDS),
        declare,
        Capability.LENGTHS,
    )


def _like(kind: Kind, others: frozenset[Kind], says: str) -> Convention:
    return Convention(f"like={kind.value}", says, others, _kind(kind))


def _all() -> Iterator[Convention]:
    lstm = frozenset({Kind.LSTM})
    before = "The reset gate is applied before the recurrent product."
    after = "The reset gate is applied after the recurrent product."
    yield _like(Kind.GRU_RESET_BEFORE, frozenset({Kind.GRU}), before)
    yield _like(Kind.GRU, frozenset({Kind.GRU_RESET_BEFORE}), after)
    yield _like(
        Kind.RNN_RELU, frozenset({Kind.RNN_TANH}), "The activation is a ReLU, not tanh."
    )
    yield _like(
        Kind.RNN_TANH, frozenset({Kind.RNN_RELU}), "The activation is tanh, not a ReLU."
    )
    for kinds in (lstm, GRUS):
        gates = CANONICAL_GATES[next(iter(kinds)).gates]
        for order in map("".join, permutations(gates)):
            if order != gates:
                yield _order(kinds, order)
    yield Convention(
        "gates=interleaved",
        "The rows of the gates take turns, unit by unit.",
        GATED,
        _blocks(interleaved=True),
    )
    yield Convention(
        "update-gate=new",
        "The update gate says how much is new, not how much is kept.",
        GRUS,
        _blocks(negated="z"),
    )
    yield Convention(
        "recurrent=transposed",
        "The recurrent block of each gate is transposed.",
        frozenset(KINDS),
        _blocks(transposed=True),
    )
    yield Convention(
        "state=ch",
        "The state is (c, h), not (h, c).",
        lstm,
        _layout(cell_first=True),
    )
    yield from map(_padding, Padding)


CONVENTIONS: Mapping[str, Convention] = {c.id: c for c in _all()}
FORMS: Mapping[str, Convention] = {  # in which the shapes differ, too
    c.id: c
    for c in (
        Convention(
            "matrices=transposed",
            "Matrices are (D, G*H), to stand behind the inputs.",
            frozenset(KINDS),
            _layout(transposed=True),
        ),
        Convention(
            "second-bias=n",
            "Only the candidate has a second bias.",
            GRUS,
            _layout(second="n"),
        ),
    )
}
