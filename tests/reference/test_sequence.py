"""Stacks, directions, lengths and states, in every precision."""

from typing import Any

import numpy as np
import pytest

from refcheck.cell import Kind
from refcheck.errors import RefcheckError
from refcheck.reference.sequence import backward, forward, zeros
from tests.reference.networks import (
    close,
    named,
    network,
    run,
    with_kinds,
    with_options,
)


@with_options
@with_kinds
def test_padding_is_never_used(kind: Kind, options: dict[str, Any]) -> None:
    net = network(kind, **options)
    time, batch, _ = net.inputs.shape
    lengths = np.full(batch, time) if net.lengths is None else net.lengths
    padding = np.arange(time)[:, None] >= lengths
    poisoned = net._replace(
        inputs=net.inputs.copy(), grad_outputs=net.grad_outputs.copy()
    )
    poisoned.inputs[padding] = np.nan
    poisoned.grad_outputs[padding] = np.nan

    (reply, grads), (expected, expected_grads) = run(poisoned), run(net)

    assert not reply.outputs[padding].any()
    assert not grads.inputs[padding].any()
    np.testing.assert_equal(reply, expected)
    np.testing.assert_equal(named(*grads), named(*expected_grads))


@with_kinds
def test_a_row_of_length_0_hands_its_state_through(kind: Kind) -> None:
    net = network(kind, directions=2, lengths=[3, 0, 4])

    reply, grads = run(net)

    np.testing.assert_equal(
        [s[:, 1] for s in reply.state], [s[:, 1] for s in net.state]
    )
    np.testing.assert_equal(
        [s[:, 1] for s in grads.state], [s[:, 1] for s in net.grad_state]
    )
    assert not reply.outputs[:, 1].any()
    assert not grads.inputs[:, 1].any()


@with_kinds
def test_a_row_does_not_depend_on_the_padding_beside_it(kind: Kind) -> None:
    net = network(kind, layers=2, directions=2, lengths=[2, 4, 3])
    alone = net._replace(
        inputs=net.inputs[:2, :1],
        state=tuple(s[:, :1] for s in net.state),
        lengths=None,
        grad_outputs=net.grad_outputs[:2, :1],
        grad_state=tuple(s[:, :1] for s in net.grad_state),
    )

    (reply, grads), (expected, expected_grads) = run(net), run(alone)

    close(reply.outputs[:2, :1], expected.outputs)
    close(grads.inputs[:2, :1], expected_grads.inputs)
    for state, expected_state in zip(
        reply.state + grads.state, expected.state + expected_grads.state, strict=True
    ):
        close(state[:, :1], expected_state)


@with_kinds
def test_a_reversed_layer_reads_each_row_from_its_end(kind: Kind) -> None:
    net = network(kind, lengths=[2, 4, 3])
    flipped = net.inputs.copy()
    for n, length in enumerate([2, 4, 3]):
        flipped[:length, n] = net.inputs[:length, n][::-1]

    reply, tapes = forward(
        kind, net.params, net.inputs, net.state, net.lengths, reverse=True
    )
    grads = backward(kind, net.params, tapes, net.grad_outputs * 0, net.grad_state)

    expected, tapes = forward(kind, net.params, flipped, net.state, net.lengths)
    expected_grads = backward(
        kind, net.params, tapes, net.grad_outputs * 0, net.grad_state
    )
    np.testing.assert_equal(reply.state, expected.state)
    np.testing.assert_equal(reply.outputs[:2, 0], expected.outputs[:2, 0][::-1])
    close(grads.inputs[:3, 2], expected_grads.inputs[:3, 2][::-1])
    close(grads.params[0].weight_ih, expected_grads.params[0].weight_ih)
    assert reply.outputs.flags.c_contiguous
    assert grads.inputs.flags.c_contiguous


@with_kinds
def test_a_network_starts_from_zeros_unless_told(kind: Kind) -> None:
    net = network(kind, layers=2, directions=2)

    reply, _ = forward(kind, net.params, net.inputs, directions=2)

    state = zeros(kind, net.params, net.inputs)
    expected, _ = forward(kind, net.params, net.inputs, state, directions=2)
    np.testing.assert_equal(reply, expected)
    assert [s.shape for s in state] == [s.shape for s in net.state]


@with_kinds
def test_tapes_serve_for_any_number_of_calls(kind: Kind) -> None:
    net = network(kind, sizes=(100, 3, 2, 5))
    _, tapes = forward(kind, net.params, net.inputs, net.state)

    first, second = (
        backward(kind, net.params, tapes, net.grad_outputs, net.grad_state)
        for _ in range(2)
    )

    np.testing.assert_equal(named(*first), named(*second))


@pytest.mark.parametrize("dtype", [np.float32, np.longdouble])
@with_options
@with_kinds
def test_every_precision_is_kept_and_agrees(
    kind: Kind, options: dict[str, Any], dtype: Any
) -> None:
    net = network(kind, dtype=dtype, **options)
    (reply, grads), (expected, expected_grads) = run(net), run(network(kind, **options))

    arrays = named(*grads) | {"outputs": reply.outputs}
    assert {array.dtype for array in arrays.values()} == {np.dtype(dtype)}
    assert {array.dtype for array in reply.state} == {np.dtype(dtype)}
    if dtype is np.longdouble:
        for name, array in named(*expected_grads).items():
            close(arrays[name], array, name)
        close(reply.outputs, expected.outputs)


def test_an_input_without_steps_is_refused() -> None:
    net = network(Kind.LSTM)

    with pytest.raises(
        RefcheckError, match=r"shape \(0, 3, 2\), expected at least one"
    ):
        forward(Kind.LSTM, net.params, net.inputs[:0])
