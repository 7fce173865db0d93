"""What a target of JAX offers, and the cell that is made of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax

from refcheck.adapters.jax_calls import precision
from refcheck.adapters.jax_carry import Built, Form
from refcheck.adapters.jax_cell import Build, JaxCell, outputs_of
from refcheck.cell import Capability, Declared, Kind, Padding, Signature, Spec
from refcheck.errors import RefcheckError, TargetError, Unsupported
from refcheck.layout import Layout, recognised

TRIAL = Spec(4, 5)  # what is first built
DTYPES = ("float64", "float32")
ALWAYS = Capability.FORWARD | Capability.BACKWARD


@dataclass(frozen=True)
class Facts:
    """What a library's adapter has found out about a target."""

    name: str
    declared: Declared
    kind: Kind | None  # of the class
    build: Build
    form: Callable[[Spec], Form]
    layouts: Sequence[Layout]
    base: Spec = TRIAL
    resizable: bool = True
    bias: bool = False  # it can be built without biases
    dtypes: tuple[str, ...] = DTYPES
    padding: Padding | None = None  # where the library says what it leaves there
    notes: tuple[str, ...] = ()


class Trial(NamedTuple):
    """What was built for one spec, and found to answer in this form."""

    built: Built
    form: Form


def adapted(facts: Facts) -> JaxCell:
    """Return the cell.

    Raises:
        TargetError: if the target cannot be built or called, or is not what was
            declared.
    """
    require_sensible(facts)
    works, failed = dict[str, Trial](), dict[str, Exception]()
    for dtype in facts.dtypes:
        try:
            works[dtype] = _tried(facts, replace(facts.base, dtype=dtype))
        except Exception as error:  # noqa: BLE001 - whatever the target raises
            failed[dtype] = error
    if not works:
        raise _refused(facts, failed)
    base = replace(facts.base, dtype=next(iter(works)))
    built, form = works[base.dtype]
    if facts.declared.call and (facts.declared.call == "step") != form.step:
        found = "one step" if form.step else "a sequence"
        message = f"{facts.name} takes {found}; leave out --call {facts.declared.call}."
        raise TargetError(message)
    layout, kind, notes = _layout(facts, base, built.params)
    notes += [f"{dtype} is not checked: {_said(e)}" for dtype, e in failed.items()]
    notes += list(_assumed(facts, form))
    plain = facts.resizable and replace(base, dtype=TRIAL.dtype) == TRIAL
    signature = Signature(
        facts.name,
        kind,
        _capabilities(facts, form, layout, works),
        tuple(works),
        fixed=None if plain else base,
        layout=layout,
        notes=(*facts.notes, *notes),
        padding=facts.padding,
        compiled=True,
    )
    return JaxCell(facts.build, form, signature)


def _tried(facts: Facts, spec: Spec) -> Trial:
    with precision(spec.dtype):
        trial = Trial(facts.build(spec), facts.form(spec))
        outputs_of(*trial, spec)
    return trial


def _layout(
    facts: Facts, base: Spec, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Layout | None, Kind | None, list[str]]:
    like = facts.declared.like
    kind = like or facts.kind
    if kind is None:
        return None, None, []
    layout, why = recognised(kind, base, shapes, facts.layouts)
    if why and like:
        message = f"{facts.name} cannot be held to {like.value}: {why}."
        raise TargetError(message)
    if why:
        return (
            None,
            None,
            [f"its class says what it is, but {why}: its kind is unknown"],
        )
    return layout, kind, []


def _capabilities(
    facts: Facts, form: Form, layout: Layout | None, works: Mapping[str, Trial]
) -> Capability:
    built, _ = next(iter(works.values()))
    has_bias = layout is None or bool(layout.bias_ih)
    offered = {
        Capability.SEQUENCE: not form.step,
        Capability.STEPS: form.step,
        Capability.BATCH: not form.vmapped,
        Capability.INITIAL_STATE | Capability.FINAL_STATE: form.states,
        Capability.DEFAULT_STATE: form.default,
        Capability.PARAMETERS: built.params,
        Capability.LAYOUT: layout,
        # what is resized is built in one direction too, as these modules are not
        Capability.RESIZABLE: facts.resizable and not form.both,
        Capability.BIAS: facts.base.bias and has_bias,
        Capability.NO_BIAS: facts.bias,
        Capability.LENGTHS: form.lengths,
        Capability.PADDING_CONTRACT: facts.padding,
        Capability.DIRECTIONS: form.both,
        Capability.FLOAT64: "float64" in works,
    }
    has = ALWAYS
    for capability, offers in offered.items():
        has |= capability if offers else Capability(0)
    return has


def _assumed(facts: Facts, form: Form) -> Iterator[str]:
    if not jax.config.jax_enable_x64 and "float64" in facts.dtypes:
        yield "jax_enable_x64 is off; it is on while float64 is checked"
    if form.step:
        yield "it is one step: the loop over time is refcheck's, and not judged"
    if form.both and form.lengths:
        yield "its outputs past the end of a row are not judged: refcheck cuts them off"
    if form.vmapped:
        yield "it takes one row: jax.vmap over rows is refcheck's, and not judged"


def require_sensible(facts: Facts) -> None:
    """Refuse what is declared of no module of JAX.

    Raises:
        TargetError: if the target is said to be, or to have, what it cannot.
    """
    declared = facts.declared
    for option in ("state_attr", "params"):
        if getattr(declared, option):
            flag = "--" + option.replace("_", "-")
            message = f"{flag} is for functions and objects; {facts.name} is neither."
            raise TargetError(message)
    if declared.call not in {"", "step", "sequence"}:
        message = f"--call is {declared.call!r}, expected step or sequence."
        raise RefcheckError(message)


def _refused(facts: Facts, failed: Mapping[str, Exception]) -> TargetError:
    error = next(iter(failed.values()))
    if isinstance(error, Unsupported | TargetError):
        return TargetError(str(error))
    spec = facts.base
    sizes = f"input_size={spec.input_size}, hidden_size={spec.hidden_size}"
    return TargetError(f"{facts.name} failed when called with {sizes}: {_said(error)}")


def _said(error: Exception) -> str:
    """Return the first line of what JAX says, which may go on for a page."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0].rstrip('.:')}"
