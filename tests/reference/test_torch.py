"""The textbook agrees with PyTorch in double precision, with every option."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from refcheck.cell import Kind, Params  # noqa: E402 - PyTorch may be absent
from tests.reference.networks import (  # noqa: E402
    Network,
    close,
    named,
    network,
    run,
    with_options,
)

MODULES = {
    Kind.RNN_TANH: (torch.nn.RNN, {"nonlinearity": "tanh"}),
    Kind.RNN_RELU: (torch.nn.RNN, {"nonlinearity": "relu"}),
    Kind.LSTM: (torch.nn.LSTM, {}),
    Kind.GRU: (torch.nn.GRU, {}),
}


@with_options
@pytest.mark.parametrize("kind", MODULES, ids=lambda kind: kind.value)
def test_outputs_states_and_all_gradients_agree(
    kind: Kind, options: dict[str, Any]
) -> None:
    net = network(kind, **options)
    reply, grads = run(net)

    outputs, state, expected = pytorch(net)

    time = len(outputs)
    close(reply.outputs[:time], outputs)
    for ours, theirs in zip(reply.state, state, strict=True):
        close(ours, theirs)
    assert named(*grads).keys() == expected.keys()
    for name, grad in named(*grads).items():
        close(grad, expected[name], name)


def pytorch(net: Network) -> tuple[Any, Any, dict[str, Any]]:
    """Return outputs, final state, and the gradients by name, as PyTorch has them."""
    module = as_module(net)
    inputs = torch.tensor(net.inputs, requires_grad=True)
    state = tuple(torch.tensor(s, requires_grad=True) for s in net.state)
    outputs, final = call(module, inputs, state, net.lengths)
    grads = [
        torch.tensor(g) for g in (net.grad_outputs[: len(outputs)], *net.grad_state)
    ]
    torch.autograd.backward([outputs, *final], grads)
    flat = [p.grad.numpy() for p in module.parameters()]
    each = 4 if module.bias else 2
    params = [Params(*flat[k : k + each]) for k in range(0, len(flat), each)]
    by_name = named(params, inputs.grad.numpy(), tuple(s.grad.numpy() for s in state))
    return outputs.detach(), [s.detach() for s in final], by_name


def as_module(net: Network) -> Any:
    """Return the module of PyTorch with the parameters of the network."""
    build, options = MODULES[net.kind]
    module = build(
        net.inputs.shape[2],
        net.params[0].weight_hh.shape[1],
        len(net.params) // net.directions,
        bidirectional=net.directions == 2,
        bias=net.params[0].bias_ih is not None,
        dtype=torch.float64,
        **options,
    )
    values = [array for layer in net.params for array in layer if array is not None]
    with torch.no_grad():
        for weight, value in zip(module.parameters(), values, strict=True):
            weight.copy_(torch.tensor(value))
    return module


def call(module: Any, inputs: Any, state: Any, lengths: Any) -> tuple[Any, Any]:
    """Return outputs, as long as the longest row, and the final state as a tuple."""
    start = state if len(state) == 2 else state[0]
    if lengths is None:
        outputs, final = module(inputs, start)
    else:
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            inputs, torch.tensor(np.asarray(lengths)), enforce_sorted=False
        )
        packed, final = module(packed, start)
        outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    return outputs, final if len(state) == 2 else (final,)
