"""Where modules come from: a class that is built to order, or a user's live object."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from refcheck.adapters.torch_tensors import Snapshot
from refcheck.cell import Spec
from refcheck.errors import Unsupported

SIZES = ("input_size", "hidden_size")  # fields of Spec, and its other options:
CHOICES = ("num_layers", "bidirectional", "bias", "batch_first", "dropout")


class Source(Protocol):
    """What gives out modules."""

    @property
    def takes(self) -> frozenset[str]:
        """The options of Spec that can be chosen, sizes aside."""

    @property
    def resizable(self) -> bool:
        """Whether the sizes can be chosen."""

    def build(self, spec: Spec) -> nn.Module:
        """Return the module that is checked; raise Unsupported if there is none."""

    def scratch(self, spec: Spec) -> nn.Module:
        """Return one like it that trial calls may use up."""

    def fresh(self) -> "Source":
        """Return a source of other modules; raise Unsupported if there is none."""

    def close(self) -> None:
        """Give back what was borrowed."""


@dataclass(frozen=True)
class Blueprint:
    """A class, called as Cls(input_size, hidden_size, **options)."""

    cls: type[nn.Module]
    takes: frozenset[str]
    given: Mapping[str, Any]  # options that the user has fixed
    resizable: bool = True
    by_name: bool = False  # input_size and hidden_size are passed by name
    swallows: frozenset[str] = frozenset()  # options that it may well ignore

    def build(self, spec: Spec) -> nn.Module:
        """Return a new module; random buffers in it are the same each time."""
        taken = [name for name in CHOICES if name in self.takes]
        options = {name: getattr(spec, name) for name in taken} | dict(self.given)
        sizes: tuple[int, ...] = (spec.input_size, spec.hidden_size)
        if self.by_name:
            options |= dict(zip(SIZES, sizes, strict=True))
            sizes = ()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            try:
                module = self.cls(*sizes, **options)
            except Exception as error:
                named = [f"{name}={value!r}" for name, value in options.items()]
                call = f"{self.cls.__name__}({', '.join([*map(str, sizes), *named])})"
                message = f"{call} raised {type(error).__name__}: {error}"
                raise Unsupported(message) from error
        return module.to(getattr(torch, spec.dtype))

    def scratch(self, spec: Spec) -> nn.Module:
        """Return a new module."""
        return self.build(spec)

    def fresh(self) -> "Blueprint":
        """Return itself: it builds new modules anyway."""
        return self

    def close(self) -> None:
        """Do nothing: what was built belongs to nobody else."""


class Live:
    """A user's module: it is itself checked, and given back as it was.

    In its own dtype the very object is called, in other dtypes a copy.  Its parameters
    record gradients until then, frozen ones too.
    """

    takes: frozenset[str] = frozenset()
    resizable = False

    def __init__(self, module: nn.Module, dtype: str) -> None:
        """Remember how ``module`` is; ``dtype`` is its own."""
        named = module.named_parameters()
        self.frozen = tuple(n for n, p in named if not p.requires_grad)
        self._module, self.dtype = module, dtype
        self._snapshot = Snapshot(module)
        self._pristine = _copied(module)
        _thaw(module)

    def build(self, spec: Spec) -> nn.Module:
        """Return the module itself, or a copy of it in another dtype."""
        return self._module if spec.dtype == self.dtype else self.scratch(spec)

    def scratch(self, spec: Spec) -> nn.Module:
        """Return a copy of the module as it was; itself if it cannot be copied."""
        if self._pristine is None and spec.dtype == self.dtype:
            return self._module
        if self._pristine is None:
            message = f"the module cannot be copied, so it stays in {self.dtype}."
            raise Unsupported(message)
        twin = copy.deepcopy(self._pristine)
        _thaw(twin)
        return twin.to(getattr(torch, spec.dtype))

    def fresh(self) -> "Live":
        """Return a copy of the module as it was; itself if it cannot be copied."""
        if self._pristine is None:
            return self
        return Live(copy.deepcopy(self._pristine), self.dtype)

    def notes(self) -> Iterator[str]:
        """Yield what a user may not expect of a live module."""
        if self.frozen:
            yield f"frozen parameters are checked too: {', '.join(self.frozen)}"
        if not self.dtype:
            yield "copies are checked in other dtypes than its own"
        if self._pristine is None:
            yield "it cannot be copied, so where a fresh object is asked for, it serves"

    def close(self) -> None:
        """Give the module back, bit for bit."""
        self._snapshot.restore()


def _copied(module: nn.Module) -> nn.Module | None:
    try:
        return copy.deepcopy(module)
    except Exception:  # noqa: BLE001 - a module may hold what cannot be copied
        return None


def _thaw(module: nn.Module) -> None:
    for parameter in module.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
        parameter.grad = None
