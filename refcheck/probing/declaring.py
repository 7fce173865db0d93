"""What to type, or to write down, so that a target is taken for what was found."""

from collections.abc import Iterator

from refcheck.cell import Signature, Spec
from refcheck.conventions import PARTS
from refcheck.layout import Layout
from refcheck.onnx_layout import OnnxLayout
from refcheck.probing.setting import Setting, told

ONE = Spec(3, 2)  # of any sizes: names alone are compared


def conventions(setting: Setting, known: Signature | None) -> tuple[str, ...]:
    """Return the conventions that state a setting beside its kind.

    Args:
        setting: what was found.
        known: what an adapter makes of the target under this kind; None if nothing.
    """
    there = _taken(setting, known)
    if there is not None:
        return tuple(_rest(setting, there))
    onnx = isinstance(setting.layout, OnnxLayout)
    plain = OnnxLayout() if onnx else Layout("", "", "", "")
    return (*_names(setting), *_rest(setting, Setting(setting.kind, plain)))


def _taken(setting: Setting, known: Signature | None) -> Setting | None:
    """Return what an adapter takes the target for, if it has the same arrays."""
    if known is None or known.layout is None:
        return None
    there = Setting(setting.kind, known.layout)
    return there if _placed_alike(setting, there) else None


def _placed_alike(one: Setting, other: Setting) -> bool:
    """Whether two settings say the same of which array is which."""
    mine, its = told(one), told(other)
    return all(mine[item] == its[item] for item in ("matrices", "biases"))


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


def _rest(setting: Setting, usual: Setting) -> Iterator[str]:
    """Yield what is not as it is taken to be otherwise."""
    mine, its = setting.layout, usual.layout
    added = f"{mine.added.get('f', 0.0):g}"
    unlike = {
        f"gates={setting.gates}": setting.gates != usual.gates,
        "gates=interleaved": mine.blocks.interleaved > its.blocks.interleaved,
        "update-gate=new": mine.blocks.negated > its.blocks.negated,
        "recurrent=transposed": mine.blocks.transposed > its.blocks.transposed,
        f"forget-bias={added}": mine.added != its.added,
        "state=ch": mine.cell_first > its.cell_first,
    }
    return (name for name, is_so in unlike.items() if is_so)
