"""What to type, or to write down, so that a target is taken for what was found."""

from collections.abc import Iterator
from typing import Any

from refcheck.cell import Signature, Spec
from refcheck.conventions import PARTS
from refcheck.layout import Layout
from refcheck.onnx_layout import OnnxLayout
from refcheck.probing.setting import Setting

ONE = Spec(3, 2)  # of any sizes: names alone are compared


def conventions(setting: Setting, known: Signature | None) -> tuple[str, ...]:
    """Return the conventions that state a setting beside its kind.

    Args:
        setting: what was found.
        known: what an adapter makes of the target under this kind; None if nothing.
    """
    there = known and known.layout and Setting(setting.kind, known.layout)
    if there and not _placed_alike(setting.layout, there.layout):
        there = None
    return tuple([*(() if there else _names(setting)), *_rest(setting, there)])


def _placed_alike(one: Any, other: Any) -> bool:
    if isinstance(one, OnnxLayout) or isinstance(other, OnnxLayout):
        return type(one) is type(other)
    same = ("transposed", "second")
    return one.names(ONE) == other.names(ONE) and all(
        getattr(one, field) == getattr(other, field) for field in same
    )


def _names(setting: Setting) -> Iterator[str]:
    layout = setting.layout
    (placed,) = layout.names(ONE)
    for part in PARTS:
        if part in placed:
            yield f"{part}={','.join(placed[part])}"
    if layout.transposed:
        yield "matrices=transposed"
    if layout.second:
        yield f"second-bias={layout.second}"


def _rest(setting: Setting, there: Setting | None) -> Iterator[str]:
    """Yield what is not as an adapter takes it to be, or else as the textbook's."""
    onnx = isinstance(setting.layout, OnnxLayout)
    plain = OnnxLayout() if onnx else Layout("", "", "", "")
    usual = there or Setting(setting.kind, plain)
    mine, its = setting.layout, usual.layout
    if setting.gates != usual.gates:
        yield f"gates={setting.gates}"
    if mine.blocks.interleaved and not its.blocks.interleaved:
        yield "gates=interleaved"
    if mine.blocks.negated and not its.blocks.negated:
        yield "update-gate=new"
    if mine.blocks.transposed and not its.blocks.transposed:
        yield "recurrent=transposed"
    if mine.added != its.added:
        yield f"forget-bias={mine.added.get('f', 0.0):g}"
    if mine.cell_first and not its.cell_first:
        yield "state=ch"
