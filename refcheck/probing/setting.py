"""A setting: everything about a cell that its equations and its storage leave open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from refcheck.bugs.steps import STEPS
from refcheck.cell import Array, Kind, Params, Signature, State
from refcheck.layout import CANONICAL_GATES
from refcheck.onnx_layout import GATES as OF_ONNX
from refcheck.onnx_layout import OnnxLayout
from refcheck.reference.activation import relu, sigmoid
from refcheck.reference.equations import Equations

Activation = Callable[[Array], Array]
SIGMAS: Mapping[str, Activation] = {
    "sigmoid": sigmoid,
    "hard sigmoid (a/5 + 1/2)": lambda a: np.clip(a * 0.2 + 0.5, 0, 1),
    "hard sigmoid (a/6 + 1/2)": lambda a: np.clip(a * (1 / 6) + 0.5, 0, 1),
}
SQUASHES: Mapping[str, Activation] = {
    "tanh": np.tanh,
    "ReLU": relu,
    "hard tanh": lambda a: np.clip(a, -1, 1),
    "sigmoid": sigmoid,
    "nothing": lambda a: a,
}
GRUS = (Kind.GRU, Kind.GRU_RESET_BEFORE)


@dataclass(frozen=True)
class Setting:
    """One thing that a cell may be: equations, and where its parameters are."""

    kind: Kind
    layout: Any  # a Layout, or ONNX's
    sigma: str = "sigmoid"  # of the gates
    phi: str = "tanh"  # of the candidate, or of a simple cell
    psi: str = "tanh"  # of what an LSTM shows of its cell state

    @property
    def usual(self) -> bool:
        """Whether its activations are the textbook's."""
        return (self.sigma, self.phi, self.psi) == ("sigmoid", "tanh", "tanh")

    @property
    def gates(self) -> str:
        """The gates in the order in which their blocks are stacked."""
        own = OF_ONNX if isinstance(self.layout, OnnxLayout) else CANONICAL_GATES
        found: str = self.layout.gates.get(self.kind, own[self.kind.gates])
        return found

    def signature(self, known: Signature) -> Signature:
        """Return what is known of a target, with this said of it."""
        equations = None if self.usual else self._equations()
        return replace(known, kind=self.kind, layout=self.layout, equations=equations)

    def placed(self, **changes: Any) -> "Setting":
        """Return the setting with another layout."""
        return replace(self, layout=replace(self.layout, **changes))

    def turned(self, **changes: Any) -> "Setting":
        """Return the setting with other blocks of its layout."""
        return self.placed(blocks=replace(self.layout.blocks, **changes))

    def _equations(self) -> Equations:
        parts: dict[str, Any] = {"squash": SQUASHES[self.phi], "heard": _as_it_is}
        if self.kind.gates > 1:
            parts |= {"sigma": SIGMAS[self.sigma]}
        if self.kind is Kind.LSTM:
            psi = SQUASHES[self.psi]
            parts |= {"show": lambda o, c_next, _: o * psi(c_next)}
        run = partial(STEPS[self.kind], **parts)

        def step(params: Params, a_x: Array, state: State) -> tuple[State, None]:
            return run(params, a_x, state), None

        return Equations(step, _forward_alone, _forward_alone)


def _as_it_is(_: Params, a_x: Array) -> Array:
    return a_x


def _forward_alone(*_: Any) -> Any:
    message = "settings are compared by what they compute going forward"
    raise NotImplementedError(message)


def told(setting: Setting) -> dict[str, str]:
    """Return what the setting says, item by item, in words."""
    kind, layout = setting.kind, setting.layout
    items = {"kind": kind.value, "matrices": _matrices(layout)}
    if kind.gates > 1:
        items["gates"] = _gates(setting)
    items["recurrent blocks"] = "transposed" if layout.blocks.transposed else "as usual"
    items["biases"] = _biases(kind, layout)
    if kind in GRUS:
        before = kind is Kind.GRU_RESET_BEFORE
        kept = not layout.blocks.negated
        items["reset gate"] = f"{'before' if before else 'after'} the recurrent product"
        items["update gate"] = f"says how much is {'kept' if kept else 'new'}"
    if kind is Kind.LSTM:
        added = layout.added.get("f", 0.0)
        items["forget bias"] = f"its code adds {added:g}" if added else "nothing added"
        items["state order"] = "(c, h)" if layout.cell_first else "(h, c)"
    return items | {"activations": _activations(setting)}


def _matrices(layout: Any) -> str:
    if isinstance(layout, OnnxLayout):
        return "W (1, G*H, D), R (1, G*H, H), as in ONNX"
    if layout.joined:
        shape = "(D + H, G*H)" if layout.transposed else "(G*H, D + H)"
        return f"{_own(layout, layout.weight_ih)} {shape}, both weights side by side"
    names = [_own(layout, n) for n in (layout.weight_ih, layout.weight_hh)]
    rows = "H" if " " in layout.weight_ih else "G*H"
    shapes = [f"(D, {rows})", f"(H, {rows})"]
    if not layout.transposed:
        shapes = [f"({rows}, D)", f"({rows}, H)"]
    return "; ".join(f"{n} {s}" for n, s in zip(names, shapes, strict=True))


def _gates(setting: Setting) -> str:
    order = " ".join(setting.gates)
    if setting.layout.blocks.interleaved:
        return f"{order}, unit by unit"
    several = " " in getattr(setting.layout, "weight_ih", "")
    return f"{order}, an array each" if several else order


def _biases(kind: Kind, layout: Any) -> str:
    if isinstance(layout, OnnxLayout):
        return "two, side by side in B"
    if not layout.bias_ih:
        return "none"
    first, second = (_own(layout, n) for n in (layout.bias_ih, layout.bias_hh))
    if layout.second:
        return f"one: {first}; and {second} of the candidate alone"
    if second and kind is Kind.GRU:
        return f"two: {first}; {second}, which the reset gate is applied to"
    if second:
        return f"two that are added: {'; '.join(sorted((first, second)))}"
    return f"one: {first}"


def _activations(setting: Setting) -> str:
    if setting.kind.gates == 1:
        return "ReLU" if setting.kind is Kind.RNN_RELU else setting.phi
    shown = f", output {setting.psi}" if setting.kind is Kind.LSTM else ""
    return f"gates {setting.sigma}, candidate {setting.phi}{shown}"


def _own(layout: Any, names: str) -> str:
    """Return the names of the arrays of a first layer, which a template stands for."""
    own = [layout.prefix + n.format(layer=0, suffix="") for n in names.split()]
    return " ".join(own)


def kinds(states: int) -> tuple[Kind, ...]:
    """Return the kinds with so many arrays of state; all of them if none is seen."""
    tried = (Kind.RNN_TANH, Kind.GRU, Kind.LSTM)
    return tuple(kind for kind in tried if states in (0, kind.states))


def named(setting: Setting) -> Setting:
    """Return the setting under the name of its kind: a simple cell's is its own φ."""
    if setting.kind is Kind.RNN_TANH and setting.phi == "ReLU":
        return replace(setting, kind=Kind.RNN_RELU, phi="tanh")
    return setting
