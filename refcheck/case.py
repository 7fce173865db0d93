"""The one currency: what a cell is called with, and what a law drew beside it.

A case is data.  It serves as counterexample, witness, regression and test vector,
and travels as one JSON document in which arrays are exact (base64, little-endian)
with readable values beside them.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np

from refcheck.cell import Array, Spec, State
from refcheck.errors import RefcheckError

SCHEMA = 1
READABLE = 64  # arrays of up to this many entries are also written as numbers


@dataclass(frozen=True, eq=False)
class Case:
    """The arguments of a forward and a backward call; arrays are never written to."""

    spec: Spec
    params: Mapping[str, Array]  # in the target's own names and shapes
    inputs: Array  # (T, N, D)
    state: State | None  # each (L, N, H)
    lengths: Array | None  # (N,)
    grad_outputs: Array  # (T, N, O)
    grad_state: State  # each (L, N, H)
    extra: Mapping[str, Any] = field(default_factory=dict)
    strides: str = "contiguous"
    masked: bool = False  # lengths are handed over as a mask
    carried: Mapping[str, Any] = field(default_factory=dict)  # see starting_at

    @property
    def time(self) -> int:
        """Steps (T), padding included."""
        return int(self.inputs.shape[0])

    @property
    def batch(self) -> int:
        """Rows (N)."""
        return int(self.inputs.shape[1])

    def but(self, **changes: Any) -> "Case":
        """Return the case with some fields replaced."""
        return replace(self, **changes)

    def split(self, cut: int) -> tuple["Case", "Case"]:
        """Cut in time: the first ``cut`` steps, and the rest with no state of its own.

        The early part gets no gradient at its final state, the late part keeps it.
        Rows end at or after the cut, so lengths concern the late part alone.
        """
        early = self.but(
            inputs=self.inputs[:cut],
            lengths=None,
            grad_outputs=self.grad_outputs[:cut],
            grad_state=tuple(np.zeros_like(g) for g in self.grad_state),
            carried={n: v for n, v in self.carried.items() if n == "state"},
        )
        late = self.but(
            inputs=self.inputs[cut:],
            lengths=None if self.lengths is None else self.lengths - cut,
            grad_outputs=self.grad_outputs[cut:],
            carried={n: v for n, v in self.carried.items() if n == "grad_state"},
        )
        return early, late

    def until(self, time: int) -> "Case":
        """Return the case with its first ``time`` steps; longer rows end there."""
        return self.but(
            inputs=self.inputs[:time],
            lengths=None if self.lengths is None else np.minimum(self.lengths, time),
            grad_outputs=self.grad_outputs[:time],
        )

    def starting_at(self, state: Any) -> "Case":
        """Return the case with another initial state, such as a final state returned.

        The allowances of Measured arrays are carried along: what starts from a rounded
        state is compared with what never left the target.
        """
        return self._carrying("state", state)

    def receiving(self, grad_state: Any) -> "Case":
        """Return the case with another gradient of the final state, likewise."""
        return self._carrying("grad_state", grad_state)

    def _carrying(self, name: str, arrays: Any) -> "Case":
        plain = tuple(np.asarray(getattr(a, "value", a)) for a in arrays)
        carried = dict(self.carried) | {name: arrays}
        return self.but(**{name: plain, "carried": carried})

    def rows(self, which: Any) -> "Case":
        """Return the case with the rows ``which`` (indices or a slice) alone."""
        return self.but(
            inputs=self.inputs[:, which],
            state=None
            if self.state is None
            else tuple(s[:, which] for s in self.state),
            carried={n: tuple(a[:, which] for a in v) for n, v in self.carried.items()},
            lengths=None if self.lengths is None else self.lengths[which],
            grad_outputs=self.grad_outputs[:, which],
            grad_state=tuple(g[:, which] for g in self.grad_state),
        )

    def document(self) -> dict[str, Any]:
        """Return the JSON document of this case."""
        return encoded(parts(self))


@dataclass(frozen=True)
class ClipSpec:
    """How a clipping function is called."""

    norm_type: float = 2.0  # p of the norm; unused by clipping by value
    dtype: str = "float64"


@dataclass(frozen=True, eq=False)
class ClipCase:
    """The arguments of a clipping function."""

    spec: ClipSpec
    grads: State  # arrays of any shape
    bound: float  # of the norm, or of each value
    extra: Mapping[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> "ClipCase":
        """Return the case with some fields replaced."""
        return replace(self, **changes)

    def document(self) -> dict[str, Any]:
        """Return the JSON document of this case."""
        return encoded(parts(self))


Subject = Case | ClipCase
SUBJECTS = {"cell": (Case, Spec), "clipper": (ClipCase, ClipSpec)}


def parts(case: Subject) -> dict[str, Any]:
    """Return the fields that a case's document holds, arrays as they are."""
    fields = {name: value for name, value in vars(case).items() if name != "carried"}
    subject = "cell" if isinstance(case, Case) else "clipper"
    tags = {"schema": SCHEMA, "subject": subject}
    return tags | fields | {"spec": msgspec.to_builtins(case.spec)}


def case_of(document: Mapping[str, Any]) -> Subject:
    """Return the case that ``document`` describes.

    Raises:
        RefcheckError: if it is not a case document of a schema known here.
    """
    if document.get("schema") != SCHEMA:
        found = document.get("schema")
        message = f"the case has schema {found!r}, expected {SCHEMA}."
        raise RefcheckError(message)
    tags = {"schema", "subject", "spec"}
    fields = {k: _decoded(v) for k, v in document.items() if k not in tags}
    try:
        subject, spec = SUBJECTS[document["subject"]]
        made: Subject = subject(spec=msgspec.convert(document["spec"], spec), **fields)
    except (TypeError, KeyError, ValueError, msgspec.ValidationError) as error:
        message = f"the case document cannot be read: {error}."
        raise RefcheckError(message) from error
    return made


def encoded(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: arrays exact, small ones readable too."""
    if isinstance(value, np.ndarray):
        little = value.astype(value.dtype.newbyteorder("<"))
        data = base64.b64encode(np.ascontiguousarray(little).tobytes()).decode()
        exact = {"dtype": value.dtype.name, "shape": list(value.shape), "data": data}
        return exact | ({"values": value.tolist()} if value.size <= READABLE else {})
    if isinstance(value, tuple | list):
        return [encoded(v) for v in value]
    if isinstance(value, Mapping):
        return {k: encoded(v) for k, v in value.items()}
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(v) for v in value)
    if not isinstance(value, dict):
        return value
    if not {"dtype", "shape", "data"} <= value.keys():
        return {k: _decoded(v) for k, v in value.items()}
    dtype = np.dtype(value["dtype"]).newbyteorder("<")
    flat = np.frombuffer(base64.b64decode(value["data"]), dtype=dtype)
    return flat.reshape(value["shape"]).astype(dtype.newbyteorder("="))
