"""ONNX models: one operator built to order, or a user's file with its weights exposed.

Whatever a case decides is an input of the graph: X, the weights, sequence_lens and the
initial state.  An input that a case does not give is left out of the graph.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import onnx
from onnx import TensorProto, helper

from refcheck.adapters.onnx_operator import Operator, slots

OPSET, IR = 22, 10
TENSORS = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}
OPERATORS = ("RNN", "LSTM", "GRU")
WEIGHTS = ("W", "R", "B", "P")


class Model(NamedTuple):
    """A serialised model, and where a case's arrays enter it."""

    serialised: bytes
    names: Mapping[str, str]  # slot of the node -> input of the graph
    batch_first: bool = False  # of X and Y
    states_too: bool = False  # ... and of the states: layout = 1
    demanded: frozenset[str] = (
        frozenset()
    )  # slots that a file's graph cannot do without


class Opened(NamedTuple):
    """A user's file: its model, its node, and the shapes of its weights."""

    model: Model
    operator: Operator
    shapes: Mapping[str, tuple[int, ...]]  # by slot: W, R, B, P


def built(
    operator: Operator, given: set[str], dtype: str, attributes: Mapping[str, Any]
) -> Model:
    """Return a model of one node, each of the slots ``given`` an input of the graph."""
    names = [slot if slot in given else "" for slot in slots(operator.op)]
    while not names[-1]:
        names.pop()
    outputs = ["Y", "Y_h", *(["Y_c"] if operator.op == "LSTM" else [])]
    node = helper.make_node(operator.op, names, outputs, **attributes)
    types = dict.fromkeys(filter(None, names), TENSORS[dtype])
    if "sequence_lens" in types:
        types["sequence_lens"] = TensorProto.INT32
    graph = helper.make_graph(
        [node],
        f"one {operator.op}",
        [_value(name, kind) for name, kind in types.items()],
        [_value(name, TENSORS[dtype]) for name in outputs],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
    first = bool(attributes.get("layout"))
    return Model(model.SerializeToString(), {n: n for n in types}, first, first)


def opened(path: str) -> Opened:
    """Return the model in the file ``path``, its weights turned into inputs.

    Raises:
        ValueError: if it does not hold exactly one RNN, LSTM or GRU that reads the
            graph's input, with weights that are stored in the file.
    """
    model = onnx.load(path)
    graph = model.graph
    node = _only_node(graph)
    wired = dict(zip(slots(node.op_type), node.input, strict=False))
    stored = {tensor.name: tensor for tensor in graph.initializer}
    weights = {slot: wired[slot] for slot in WEIGHTS if wired.get(slot)}
    loose = [name for name in weights.values() if name not in stored]
    if loose:
        message = f"the weights {', '.join(loose)} are not stored as initializers"
        raise ValueError(message)
    turned = _transposed(graph, wired["X"])
    names = _inputs(graph, wired | {"X": turned or wired["X"]}, set(stored))
    declared = {value.name for value in graph.input}
    for name in set(weights.values()) - declared:
        graph.input.append(_value(name, stored[name].data_type))
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    operator = Operator(node.op_type, attributes, peepholes="P" in weights)
    layout = bool(attributes.get("layout"))
    return Opened(
        Model(
            model.SerializeToString(),
            names | weights,
            layout or bool(turned),
            layout,
            frozenset(names),
        ),
        operator,
        {slot: tuple(stored[name].dims) for slot, name in weights.items()},
    )


def _only_node(graph: Any) -> Any:
    nodes = [node for node in graph.node if node.op_type in OPERATORS]
    if len(nodes) != 1:
        found = ", ".join(node.op_type for node in nodes) or "none"
        message = (
            f"it holds {found}, expected one RNN, LSTM or GRU; "
            "export one layer at a time"
        )
        raise ValueError(message)
    return nodes[0]


def _transposed(graph: Any, name: str) -> str:
    """Return what a Transpose of the first two axes makes ``name`` of, or nothing."""
    for node in graph.node:
        if node.op_type == "Transpose" and list(node.output) == [name]:
            perm = next(list(a.ints) for a in node.attribute if a.name == "perm")
            return node.input[0] if perm == [1, 0, 2] else ""
    return ""


def _inputs(graph: Any, wired: Mapping[str, str], stored: set[str]) -> dict[str, str]:
    """Return the graph's inputs by slot: X, sequence_lens, initial_h, initial_c."""
    own = {value.name for value in graph.input} - stored
    names = {slot: name for slot, name in wired.items() if name in own}
    if "X" not in names or own != set(names.values()):
        message = (
            f"the graph has the inputs {', '.join(sorted(own))}, expected each of them "
            "to be X, sequence_lens or an initial state of its recurrent node"
        )
        raise ValueError(message)
    return names


def _value(name: str, kind: int) -> Any:
    return helper.make_tensor_value_info(name, kind, None)
