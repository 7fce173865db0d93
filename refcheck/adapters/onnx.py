"""ONNX targets: an operator by its name, or a file that holds one.

    onnx:LSTM, onnx:GRU, onnx:RNN    built to order; attributes by --set NAME=VALUE
    model.onnx                       its own node, with the weights that cases ask for

Runtimes run models and compute no gradients: laws about those are skipped.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from refcheck.adapters.onnx_cell import OnnxCell, Source
from refcheck.adapters.onnx_models import OPERATORS, Opened, opened
from refcheck.adapters.onnx_operator import Operator
from refcheck.adapters.onnx_runtimes import built_in
from refcheck.cell import Capability, Declared, Signature, Spec
from refcheck.errors import RefcheckError, TargetError
from refcheck.onnx_layout import OnnxLayout

ALWAYS = (
    Capability.FORWARD
    | Capability.SEQUENCE
    | Capability.BATCH
    | Capability.FINAL_STATE
    | Capability.PARAMETERS
    | Capability.STRIDES
)
BUILT = (
    ALWAYS
    | Capability.INITIAL_STATE
    | Capability.DEFAULT_STATE
    | Capability.LENGTHS
    | Capability.RESIZABLE
    | Capability.BIAS
    | Capability.NO_BIAS
)
ATTRIBUTES = (
    "activations",
    "activation_alpha",
    "activation_beta",
    "clip",
    "direction",
    "input_forget",
    "linear_before_reset",
)
OURS = ("backend", "peepholes")  # options that are no attributes
GIVEN_LENGTHS = {
    "full-lengths-equal-no-lengths": "its graph demands lengths, and gets T for each "
    "row where a case has none"
}
LISTS = ("activations", "activation_alpha", "activation_beta")


def load(name: str, declared: Declared, backend: Any = None) -> OnnxCell:
    """Return the cell that ``name`` says.

    Args:
        name: ``onnx:LSTM`` or the path of a file.
        declared: what the user says of it.
        backend: a class with the methods of Runtime, or None.

    Raises:
        TargetError: if there is no such operator or file, or no runtime runs it.
        RefcheckError: if an option makes no sense.
    """
    runtime = backend or built_in(declared.options.get("backend"))
    place, _, op = name.rpartition(":")
    if place == "onnx":
        source, signature = _operator(op, declared, name, runtime)
    else:
        source, signature = _file(name, declared, runtime)
    kind = signature.kind
    if declared.like not in {None, kind}:
        message = (
            f"{name} is of the kind {kind.value if kind else 'unknown'} by its "
            f"attributes; leave out --like."
        )
        raise TargetError(message)
    return _tried(source, signature)


def _operator(
    op: str, declared: Declared, name: str, runtime: Any
) -> tuple[Source, Signature]:
    if op not in OPERATORS:
        message = f"ONNX has no recurrent operator {op!r}, only {', '.join(OPERATORS)}."
        raise TargetError(message)
    attributes = _attributes(declared.options)
    operator = Operator(op, attributes, bool(declared.options.get("peepholes")))
    return Source(operator, runtime), _signature(name, operator, BUILT, None)


def _attributes(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes among the options, as ``onnx.helper`` takes them."""
    for word in options:
        if word not in (*ATTRIBUTES, *OURS):
            known = ", ".join((*ATTRIBUTES, *OURS))
            message = f"--set {word} is no attribute, expected one of {known}."
            raise RefcheckError(message)
    found = {n: v for n, v in options.items() if n in ATTRIBUTES}
    for name in LISTS:
        if isinstance(found.get(name), str):
            found[name] = [part.strip() for part in found[name].split(",")]
    return found | ({"clip": float(found["clip"])} if "clip" in found else {})


def _file(name: str, declared: Declared, runtime: Any) -> tuple[Source, Signature]:
    if declared.options.keys() - {"backend"}:
        message = f"{name} is what its file says: --set takes backend alone."
        raise RefcheckError(message)
    try:
        found = opened(name)
    except Exception as error:
        message = f"{name} cannot be checked: {error}."
        raise TargetError(message) from error
    there, fixed = ALWAYS, _fixed(found)
    given = "initial_h" in found.model.names
    there |= Capability.INITIAL_STATE if given else Capability.DEFAULT_STATE
    there |= Capability.LENGTHS if "sequence_lens" in found.model.names else ALWAYS
    there |= Capability.BIAS if fixed.bias else ALWAYS
    signature = _signature(name, found.operator, there, fixed)
    if "sequence_lens" in found.model.names:
        signature = replace(signature, by_adapter=GIVEN_LENGTHS)
    return Source(found.operator, runtime, found.model), signature


def _fixed(found: Opened) -> Spec:
    directions, _, input_size = found.shapes["W"]
    return Spec(
        input_size,
        found.shapes["R"][2],
        bidirectional=directions == 2,
        bias="B" in found.shapes,
        batch_first=found.model.batch_first,
        dtype="float32",
    )


def _signature(
    name: str, operator: Operator, there: Capability, fixed: Spec | None
) -> Signature:
    notes = []
    if operator.kind is None:
        notes.append(f"no textbook here has all of {', '.join(operator.activations)}")
    if operator.reverse:
        notes.append(
            "it reads from the end: the adapter turns rows about, up to their lengths, "
            "so that laws see its mirror image"
        )
    layout: Any = OnnxLayout(peepholes=operator.peepholes) if operator.kind else None
    return Signature(
        name,
        operator.kind,
        there | (Capability.LAYOUT if layout else ALWAYS),
        fixed=fixed,
        layout=layout,
        notes=tuple(notes),
        equations=operator.equations,
        unread="f" if operator.attributes.get("input_forget") else "",
    )


def _tried(source: Source, signature: Signature) -> OnnxCell:
    """Return the cell with the dtypes and options that its runtime runs."""
    cell = OnnxCell(source, signature)
    state = Capability.INITIAL_STATE in signature.capabilities
    plain = signature.fixed or Spec(3, 2)
    why = {
        dtype: cell.complaint(replace(plain, dtype=dtype), state=state)
        for dtype in ("float64", "float32")
    }
    dtypes = tuple(dtype for dtype, complaint in why.items() if not complaint)
    if not dtypes:
        message = f"{signature.name} does not run: {why['float32']}."
        raise TargetError(message)
    there = signature.capabilities
    there |= Capability.FLOAT64 if "float64" in dtypes else ALWAYS
    fixed = signature.fixed and replace(signature.fixed, dtype=dtypes[0])
    if fixed is None:
        plain = replace(plain, dtype=dtypes[0])
        if not cell.complaint(replace(plain, batch_first=True)):
            there |= Capability.BATCH_FIRST
        both = replace(plain, bidirectional=True)
        if not source.operator.reverse and not cell.complaint(both):
            there |= Capability.DIRECTIONS
    tried = replace(signature, capabilities=there, dtypes=dtypes, fixed=fixed)
    return OnnxCell(source, tried)
