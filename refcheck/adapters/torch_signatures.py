"""What the signatures of a module tell: of ``__init__``, and of ``forward``."""

import inspect
from typing import NamedTuple

from torch import nn

from refcheck.adapters.torch_build import SIZES

RESETS = ("reset", "reset_state", "reset_states", "reset_hidden")
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Constructor(NamedTuple):
    """What the signatures along the bases tell."""

    own: tuple[str, ...]  # parameters that the class itself names, in order
    required: tuple[str, ...]  # those of them that have no default
    names: frozenset[str]  # all that can be passed by name, to bases too
    swallows: bool  # takes options whose names no signature tells

    @property
    def sizes(self) -> tuple[str, ...]:
        """What it calls input_size and hidden_size, as far as it says."""
        return SIZES if set(SIZES) <= set(self.own) else self.own[:2]


def constructor(cls: type[nn.Module]) -> Constructor:
    """Read ``cls.__init__``, and those of its bases as long as they get its options."""
    own: list[inspect.Parameter] = []
    names = {"nonlinearity"} if issubclass(cls, nn.RNN) else set()
    swallows = False
    for k, taken in enumerate(_signatures(cls)):
        named = [p for p in taken if p.kind in NAMED]
        own = own if k else named
        names |= {p.name for p in named if not k or p.default is not p.empty}
        swallows = any(p.kind is p.VAR_KEYWORD for p in taken)
        if not swallows:
            break
    required = tuple(p.name for p in own if p.default is p.empty)
    return Constructor(tuple(p.name for p in own), required, frozenset(names), swallows)


def takes_nothing(cls: type[nn.Module]) -> bool:
    """Whether ``cls()`` is the only way to build it."""
    return not any(_signatures(cls)[:1])


class Slots(NamedTuple):
    """Which arguments of ``forward`` take what."""

    state: tuple[str, ...] = ()
    positional: bool = True  # the state comes straight after the inputs
    optional: bool = False  # the state is None unless given
    lengths: str = ""
    mask: str = ""
    reset: str = ""  # the method that forgets a state that the module keeps


def slots(module: nn.Module) -> Slots:
    """Return what the signature of ``module.forward`` tells."""
    parameters = list(inspect.signature(module.forward).parameters.values())
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return Slots(("hx",), optional=True)
    resets = [name for name in RESETS if callable(getattr(module, name, None))]
    others = [p for p in parameters[1:] if p.kind is not p.VAR_KEYWORD]
    mask = [p.name for p in others if "mask" in p.name]
    lengths = [p.name for p in others if "len" in p.name and p.name not in mask]
    state = [
        p
        for p in others
        if p.name not in {*lengths, *mask}
        and (p.default is None or p.default is p.empty)
    ]
    return Slots(
        tuple(p.name for p in state[:2]),
        positional=state[:1] == others[:1],
        optional=bool(state) and state[0].default is None,
        lengths="".join(lengths[:1]),
        mask="".join(mask[:1]),
        reset="" if state else "".join(resets[:1]),
    )


def _signatures(cls: type[nn.Module]) -> list[list[inspect.Parameter]]:
    """Return the parameters of each ``__init__`` below nn.Module, nearest first."""
    below = cls.__mro__[: cls.__mro__.index(nn.Module)]
    inits = [vars(base)["__init__"] for base in below if "__init__" in vars(base)]
    return [list(inspect.signature(f).parameters.values())[1:] for f in inits]
