"""What the user names, a class or a live layer, as a plan to build it anew."""

from typing import Any

import keras

from refcheck.adapters.keras_layers import ALL, AROUND, Blueprint, state_sizes
from refcheck.cell import Declared, Spec
from refcheck.errors import TargetError

TRIAL = 3  # the input size of a live layer that has not been built


def blueprint(thing: Any, declared: Declared, name: str) -> Blueprint:
    """Return how ``thing`` is built.

    Raises:
        TargetError: if it is no layer or cell that can be built anew.
    """
    for option in ("state_attr", "params", "call"):
        if getattr(declared, option):
            flag = "--" + option.replace("_", "-")
            message = f"{flag} is not for layers of Keras, such as {name}."
            raise TargetError(message)
    options = {n: v for n, v in declared.options.items() if n not in ALL}
    if isinstance(thing, type):
        return Blueprint(thing, options)
    if declared.options:
        message = f"{name} is built already: --set is for classes."
        raise TargetError(message)
    return _of_live(thing, name)


def _of_live(thing: Any, name: str) -> Blueprint:
    both = isinstance(thing, keras.layers.Bidirectional)
    layer = thing.forward_layer if both else thing
    if both and thing.merge_mode != "concat":
        message = (
            f"{name} merges its directions by {thing.merge_mode!r}; refcheck reads "
            "both, so check the layer inside, or merge by 'concat'."
        )
        raise TargetError(message)
    plain = type(layer) is keras.layers.RNN
    core = layer.cell if plain else layer
    units = state_sizes(layer)[0] if hasattr(layer, "state_size") else None
    if not isinstance(units, int):
        message = f"{name} is no recurrent layer with one state_size; name its class."
        raise TargetError(message)
    config = core.get_config() | (
        {k: getattr(layer, k) for k in AROUND} if plain else {}
    )
    fixed = Spec(
        _input_size(layer),
        units,
        bidirectional=both,
        bias=config.get("use_bias", True),
    )
    return Blueprint(type(core), _options(config), fixed)


def _input_size(layer: Any) -> int:
    built = layer.trainable_variables
    return int(built[0].shape[0]) if built else TRIAL


def _options(config: dict[str, Any]) -> dict[str, Any]:
    """Return what the constructor is handed again, beside sizes, biases and dtype."""
    left_out = {*ALL, "units", "use_bias", "dtype", "name", "trainable", "cell"}
    unset = {n for n in AROUND if not config.get(n)}
    return {n: v for n, v in config.items() if n not in left_out | unset}
