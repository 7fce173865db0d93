"""What a module tells of itself: its kind, its sizes, its options."""

import ast
from dataclasses import replace
from typing import Any

from torch import nn

from refcheck.adapters.torch_build import CHOICES, SIZES, Live
from refcheck.cell import Declared, Kind, Spec
from refcheck.errors import TargetError

DTYPES = ("float64", "float32")


def kind_of(module: nn.Module) -> Kind | None:
    """Return the kind that torch's own base class says."""
    if isinstance(module, nn.LSTM | nn.LSTMCell):
        return Kind.LSTM
    if isinstance(module, nn.GRU | nn.GRUCell):
        return Kind.GRU
    if isinstance(module, nn.RNN | nn.RNNCell):
        return Kind.RNN_RELU if module.nonlinearity == "relu" else Kind.RNN_TANH
    return None


def modes(module: nn.Module, declared: Declared) -> tuple[bool, ...]:
    """Return what to try first, whole sequences (True) or single steps."""
    if declared.call:
        return (declared.call == "sequence",)
    if isinstance(module, nn.RNNBase):
        return (True,)
    if isinstance(module, nn.RNNCellBase):
        return (False,)
    name = type(module).__name__.lower()
    return (False, True) if "cell" in name or "step" in name else (True, False)


def shapes_of(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters."""
    return {name: tuple(p.shape) for name, p in module.named_parameters()}


def observed(module: nn.Module, spec: Spec, known: frozenset[str]) -> Spec:
    """Return ``spec`` with the options that are not ``known`` as the module has them.

    A module inside the module tells them as well as the module itself.
    """
    seen = {
        "num_layers": attribute(module, "num_layers", int),
        "bidirectional": attribute(module, "bidirectional", bool),
        "bias": any("bias" in name for name in shapes_of(module)),
        "batch_first": attribute(module, "batch_first", bool),
        "dropout": attribute(module, "dropout", float),
    }
    return replace(
        spec, **{k: v for k, v in seen.items() if k not in known and v is not None}
    )


def live(module: nn.Module, declared: Declared, name: str) -> tuple[Live, Spec]:
    """Return a user's module as a source, and the spec that it has.

    Raises:
        TargetError: if its sizes cannot be told, or it is not on the CPU.
    """
    given = {key: literal(value) for key, value in declared.options.items()}
    surplus = [key for key in given if key not in SIZES + CHOICES]
    if surplus:
        message = f"{name} is built already: --set {surplus[0]} comes too late."
        raise TargetError(message)
    sizes = _sizes(module) | {key: given[key] for key in SIZES if key in given}
    if len(sizes) < len(SIZES):
        message = (
            f"{name} does not tell its sizes: expected attributes input_size and "
            "hidden_size; give them with --set input_size=… --set hidden_size=…"
        )
        raise TargetError(message)
    dtypes = {str(p.dtype).removeprefix("torch.") for p in module.parameters()}
    dtype = min(dtypes & set(DTYPES), default="float32")
    spec = Spec(sizes["input_size"], sizes["hidden_size"], dtype=dtype)
    stated = {key: given[key] for key in CHOICES if key in given}
    return Live(module, dtype if dtypes == {dtype} else ""), replace(spec, **stated)


def _sizes(module: nn.Module) -> dict[str, int]:
    """Return what attributes say of the sizes, failing that the parameters' shapes."""
    stated = {size: attribute(module, size, int) for size in SIZES}
    shapes = shapes_of(module)
    matrices = {
        "input_size": [s[1] for n, s in shapes.items() if "weight_ih" in n],
        "hidden_size": [s[1] for n, s in shapes.items() if "weight_hh" in n],
    }
    found = {
        k: next(iter(matrices[k]), None) if v is None else v for k, v in stated.items()
    }
    return {k: v for k, v in found.items() if v is not None}


def attribute(module: nn.Module, name: str, kind: type) -> Any:
    """Return the first such attribute of the module and those in it, else None."""
    values = (getattr(part, name, None) for part in module.modules())
    return next((v for v in values if type(v) is kind), None)


def literal(value: Any) -> Any:
    """Return what ``--set name=value`` means: a Python literal, else the text."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def require_sensible(thing: Any, declared: Declared, name: str) -> None:
    """Refuse what is no module, and what is declared of no module."""
    is_class = isinstance(thing, type)
    if not (issubclass(thing, nn.Module) if is_class else isinstance(thing, nn.Module)):
        message = f"cannot adapt {name}: expected a torch.nn.Module, found {thing!r}."
        raise TargetError(message)
    if declared.like is not None and not declared.like.recurrent:
        message = f"{name} is a module, and {declared.like.value} a clipping function."
        raise TargetError(message)
    for option in ("state_attr", "params"):
        if getattr(declared, option):
            flag = "--" + option.replace("_", "-")
            message = f"{flag} is for NumPy callables; {name} is a torch module."
            raise TargetError(message)


def require_checkable(module: nn.Module, name: str) -> None:
    """Refuse a module with nothing to set, out of reach, or with a projection."""
    parameters = list(module.parameters())
    if not parameters:
        message = f"{name} has no parameters; weights are kept as torch.nn.Parameter."
        raise TargetError(message)
    elsewhere = [p for p in parameters if p.device.type != "cpu"]
    if elsewhere:
        message = f"{name} is on {elsewhere[0].device}; call .cpu() first."
        raise TargetError(message)
    width = attribute(module, "proj_size", int)
    if width:
        message = (
            f"{name} has proj_size={width}: h and c of unequal width are not known."
        )
        raise TargetError(message)


def built(cls: type[nn.Module], name: str) -> nn.Module:
    """Return the module that a class without sizes makes."""
    try:
        return cls()
    except Exception as error:
        message = f"{name}() raised {type(error).__name__}: {error}"
        raise TargetError(message) from error
