"""Where MLX and the libraries on top of JAX keep the textbook's parameters, as data.

What each row says was read in the source of flax 0.12.8, equinox 0.13.8, dm-haiku
0.0.17 and mlx 0.32.4, and the tests hold each released layer to the textbook by it.
"""

from dataclasses import replace

from refcheck.blocks import Blocks
from refcheck.cell import Kind
from refcheck.layout import CANONICAL, TORCH, Layout

ONE_BIAS = replace(CANONICAL, name="the canonical form, one bias", bias_hh="")
WITHOUT_BIAS = replace(ONE_BIAS, bias_ih="")
PLAIN = (CANONICAL, ONE_BIAS, WITHOUT_BIAS, TORCH)  # as a user may well call them

FLAX_SIMPLE = Layout(
    "flax's SimpleCell", "i.kernel", "h.kernel", "i.bias", transposed=True
)
LINEN_LSTM = Layout(
    "flax.linen's LSTMCell",
    "ii.kernel if.kernel ig.kernel io.kernel",
    "hi.kernel hf.kernel hg.kernel ho.kernel",
    "hi.bias hf.bias hg.bias ho.bias",
    transposed=True,
)
LINEN_GRU = Layout(
    "flax.linen's GRUCell",
    "ir.kernel iz.kernel in.kernel",
    "hr.kernel hz.kernel hn.kernel",
    "ir.bias iz.bias in.bias",
    "hn.bias",
    second="n",
    transposed=True,
)
NNX_DENSE = Layout(
    "flax.nnx's SimpleCell and GRUCell",
    "dense_i.kernel",
    "dense_h.kernel",
    "dense_i.bias",
    transposed=True,
)
NNX_LSTM = replace(
    LINEN_LSTM,
    name="flax.nnx's LSTMCell",
    weight_ih="ii.kernel if_.kernel ig.kernel io.kernel",
)
NNX_OPTIMIZED_LSTM = replace(
    NNX_DENSE, name="flax.nnx's OptimizedLSTMCell", bias_ih="dense_h.bias"
)

EQUINOX_LSTM = Layout("equinox's LSTMCell", "weight_ih", "weight_hh", "bias")
EQUINOX_GRU = replace(
    EQUINOX_LSTM, name="equinox's GRUCell", bias_hh="bias_n", second="n"
)

HAIKU_RNN = Layout(
    "haiku's VanillaRNN",
    "linear.w",
    "linear_1.w",
    "linear.b",
    "linear_1.b",
    transposed=True,
)
HAIKU_RNN_ONE_BIAS = replace(HAIKU_RNN, name="haiku's, one bias", bias_hh="")
HAIKU_LSTM = Layout(
    "haiku's LSTM",
    "linear.w",
    "linear.w",
    "linear.b",
    gates={Kind.LSTM: "igfo"},
    added={"f": 1.0},
    transposed=True,
)
HAIKU_GRU = Layout(  # (1 − z) h + z n: its z is the textbook's 1 − z
    "haiku's GRU",
    "w_i",
    "w_h",
    "b",
    gates={Kind.GRU_RESET_BEFORE: "zrn"},
    blocks=Blocks(negated="z"),
    transposed=True,
)

MLX_RNN = Layout("mlx's RNN", "Wxh", "Whh", "bias")
MLX_LSTM = Layout("mlx's LSTM", "Wx", "Wh", "bias")
MLX_GRU = Layout("mlx's GRU", "Wx", "Wh", "b", "bhn", second="n")


def _both_ways(layout: Layout) -> Layout:
    """Return the layout of flax's Bidirectional over cells of this layout."""

    def suffixed(names: str) -> str:
        return " ".join("{suffix}" + name for name in names.split())

    return replace(
        layout,
        name=f"{layout.name} in Bidirectional",
        weight_ih=suffixed(layout.weight_ih),
        weight_hh=suffixed(layout.weight_hh),
        bias_ih=suffixed(layout.bias_ih),
        bias_hh=suffixed(layout.bias_hh),
        forward="forward_rnn.cell.",
        reverse="backward_rnn.cell.",
    )


_LINEN = (FLAX_SIMPLE, LINEN_LSTM, LINEN_GRU)
_NNX = (NNX_DENSE, NNX_LSTM, NNX_OPTIMIZED_LSTM)
LINEN = (*_LINEN, *map(_both_ways, _LINEN), *PLAIN)
NNX = (*_NNX, *map(_both_ways, _NNX), *PLAIN)
EQUINOX = (EQUINOX_LSTM, EQUINOX_GRU, *PLAIN)
HAIKU = (HAIKU_RNN, HAIKU_RNN_ONE_BIAS, HAIKU_LSTM, HAIKU_GRU, *PLAIN)
MLX = (MLX_RNN, MLX_LSTM, MLX_GRU, *PLAIN)
