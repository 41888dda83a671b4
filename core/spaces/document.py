"""A descriptor as strict JSON, its digest, and the way back from JSON that anybody may have written.

    {"dtype": "<f4", "high": [4.800000190734863, "inf"], "low": -1.5, "shape": [2], "type": "Box"}

The canonical form has its members sorted, no white space and ASCII alone; the digest is its SHA-256. What has no
meaning (the order of a set of characters, an integer where a float is meant, a bound repeated a thousand times) is not
in it. The keys of a Dict have an order, which flattening follows: in the usual one, sorted, `spaces` is an object; in
any other it is a list of [key, space] pairs. An object is read as sorted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from cornerman.core.errors import CornermanError

from .bounds import Numbers, compact, endless, spread
from .descriptor import (
    Box,
    Custom,
    Descriptor,
    Dict,
    Discrete,
    Graph,
    Key,
    MultiBinary,
    MultiDiscrete,
    OneOf,
    Sequence,
    Text,
    Tuple,
)

MAX_DEPTH = 64
Result = TypeVar("Result")


class InvalidSpace(CornermanError):
    """What was given as a space's description is none."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"This does not describe a space: {where or 'the document'} {reason}.",
            "`cornerman space dump CartPole-v1` prints two that do.",
        )


# --- to JSON ---------------------------------------------------------------------------------------------------------


def document(descriptor: Descriptor) -> dict[str, Any]:
    """The descriptor as plain data, which strict JSON can say."""
    kind = type(descriptor).__name__
    found: dict[str, Any] = {"type": kind}
    match descriptor:
        case Dict():
            return found | {"spaces": _members(descriptor)}
        case Tuple() | OneOf():
            return found | {"spaces": [document(space) for space in descriptor.spaces]}
        case Sequence():
            return found | {"space": document(descriptor.space), "stacked": descriptor.stacked}
        case Graph():
            edges = None if descriptor.edge_space is None else document(descriptor.edge_space)
            return found | {"node_space": document(descriptor.node_space), "edge_space": edges}
        case Custom():
            return found | _custom(descriptor)
        case _:
            fields = descriptor.__struct_fields__
            return found | {name: _listed(getattr(descriptor, name)) for name in fields}


def canonical(descriptor: Descriptor) -> bytes:
    """The one JSON text of a descriptor."""
    return json.dumps(document(descriptor), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(descriptor: Descriptor) -> str:
    """The SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(descriptor)).hexdigest()


def _members(descriptor: Dict) -> Any:
    keys = [key for key, _ in descriptor.spaces]
    if all(isinstance(key, str) for key in keys) and keys == sorted(keys):
        return {key: document(space) for key, space in descriptor.spaces}
    return [[_listed(key), document(space)] for key, space in descriptor.spaces]


def _custom(descriptor: Custom) -> dict[str, Any]:
    found: dict[str, Any] = {"class": descriptor.class_, "text": descriptor.text}
    if descriptor.like is not None:
        found["like"] = document(descriptor.like)
    if descriptor.data is not None:
        found["data"] = descriptor.data
    return found


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


# --- from JSON -------------------------------------------------------------------------------------------------------


def parse(source: Any, where: str = "", depth: int = 0) -> Descriptor:
    """The descriptor of JSON text or of plain data; InvalidSpace says which part is wrong, and how."""
    if isinstance(source, (str, bytes, bytearray)):
        try:
            source = json.loads(source)
        except ValueError as error:
            raise InvalidSpace(where, f"is not JSON: {error}") from error
    if not isinstance(source, dict):
        raise InvalidSpace(where, f"is {_said(source)}, not an object")
    if depth > MAX_DEPTH:
        raise InvalidSpace(where, f"is nested deeper than {MAX_DEPTH} spaces")
    kind = source.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None and isinstance(kind, str) and "repr" in source:  # how version 0 named a class of somebody's own
        return Custom(class_=kind, text=str(source["repr"]))
    if read is None:
        raise InvalidSpace(where, f"has the type {kind!r}, which is none of {', '.join(_READERS)}")
    return read(_Part(source, where, depth))


class _Part:
    """One object of the document, and where it stands."""

    def __init__(self, content: dict[str, Any], where: str, depth: int) -> None:
        self.content, self.where, self.depth = content, where, depth

    def at(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def get(self, name: str, kind: type[Result] | tuple[type, ...], default: Any = ...) -> Result:
        found = self.content.get(name, default)
        if found is ... or (not isinstance(found, kind) and found is not default):
            raise InvalidSpace(self.at(name), "is missing" if found is ... else f"is {_said(found)}")
        return cast(Result, found)

    def whole(self, name: str, default: Any = ...) -> int:
        found: Any = self.get(name, (int, float), default)
        if isinstance(found, bool) or int(found) != found:
            raise InvalidSpace(self.at(name), f"is {_said(found)}, not a whole number")
        return int(found)

    def shape(self, name: str = "shape") -> tuple[int, ...]:
        found: Any = self.get(name, (list, tuple))
        if not all(type(size) is int and size >= 0 for size in found):
            raise InvalidSpace(self.at(name), f"is {found}, not a list of sizes")
        return tuple(found)

    def dtype(self, default: Any = ...) -> np.dtype[Any]:
        name: Any = self.get("dtype", str, default)
        try:
            found: np.dtype[Any] = np.dtype(name)
        except TypeError as error:
            raise InvalidSpace(self.at("dtype"), f"is {name!r}, which NumPy does not know") from error
        if found.kind not in "biuf":
            raise InvalidSpace(self.at("dtype"), f"is {name!r}, which is no number")
        return found

    def numbers(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], default: Any = ...) -> Numbers:
        """Bounds in the one form that they have, whatever form they came in."""
        given = self.content.get(name, default)
        if given is ...:
            raise InvalidSpace(self.at(name), "is missing")
        try:
            array = spread(given, dtype, shape)
            if dtype.kind != "i":
                return compact(array)
            return compact(array, endless(given, shape), "-inf" if name == "low" else "inf")
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise InvalidSpace(self.at(name), f"does not fit {dtype} of the shape {shape}: {error}") from error

    def space(self, name: str, source: Any = ...) -> Descriptor:
        found = self.get(name, dict) if source is ... else source
        return parse(found, self.at(name), self.depth + 1)

    def spaces(self) -> tuple[Descriptor, ...]:
        found: Any = self.get("spaces", (list, tuple))
        return tuple(self.space(f"spaces[{index}]", space) for index, space in enumerate(found))


def _box(part: _Part) -> Box:
    dtype, shape = part.dtype(), part.shape()
    low, high = part.numbers("low", dtype, shape), part.numbers("high", dtype, shape)
    return Box(dtype=dtype.str, shape=shape, low=low, high=high)


def _discrete(part: _Part) -> Discrete:
    n, start, dtype = part.whole("n"), part.whole("start", 0), part.dtype("<i8")
    if n < 1:
        raise InvalidSpace(part.at("n"), f"is {n}: there is no value to choose")
    return Discrete(n=n, start=start, dtype=dtype.str)


def _multi_binary(part: _Part) -> MultiBinary:
    if "n" not in part.content:  # version 0 knew the shape alone
        shape = part.shape()
        return MultiBinary(n=shape[0] if len(shape) == 1 else shape)
    listed = isinstance(part.content["n"], (list, tuple))
    return MultiBinary(n=part.shape("n") if listed else part.whole("n"))


def _multi_discrete(part: _Part) -> MultiDiscrete:
    dtype, shape = part.dtype("<i8"), part.shape()
    return MultiDiscrete(
        nvec=part.numbers("nvec", dtype, shape), shape=shape, dtype=dtype.str,
        start=part.numbers("start", dtype, shape, 0),
    )  # fmt: skip


def _text(part: _Part) -> Text:
    characters = "".join(sorted(set(part.get("characters", str))))
    return Text(min_length=part.whole("min_length", 1), max_length=part.whole("max_length"), characters=characters)


def _dict(part: _Part) -> Dict:
    found: Any = part.get("spaces", (dict, list, tuple))
    if isinstance(found, dict):
        found = sorted(found.items())
    try:
        pairs = [(_key(key), space) for key, space in found]
    except (ValueError, TypeError) as error:
        raise InvalidSpace(part.at("spaces"), "is no list of [key, space] pairs") from error
    if len({key for key, _ in pairs}) != len(pairs):
        raise InvalidSpace(part.at("spaces"), "has a key twice")
    return Dict(spaces=tuple((key, part.space(f"spaces[{key!r}]", space)) for key, space in pairs))


def _key(key: Any) -> Key:
    """A list stands for a tuple: JSON has no other, and a list is no key."""
    if isinstance(key, (list, tuple)):
        return tuple(map(_key, key))
    if isinstance(key, dict):
        raise TypeError(f"{key} is no key")
    return key


def _graph(part: _Part) -> Graph:
    edges = part.content.get("edge_space")
    return Graph(node_space=part.space("node_space"), edge_space=None if edges is None else part.space("edge_space"))


def _other(part: _Part) -> Custom:
    like = part.content.get("like")
    return Custom(
        class_=part.get("class", str),
        text=part.get("text", str, ""),
        like=None if like is None else part.space("like"),
        data=part.content.get("data"),
    )


def _said(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) < 40 else f"{text[:40]}…"


_READERS: dict[str, Callable[[_Part], Descriptor]] = {
    "Box": _box,
    "Discrete": _discrete,
    "MultiBinary": _multi_binary,
    "MultiDiscrete": _multi_discrete,
    "Text": _text,
    "Dict": _dict,
    "Tuple": lambda part: Tuple(spaces=part.spaces()),
    "OneOf": lambda part: OneOf(spaces=part.spaces()),
    "Sequence": lambda part: Sequence(space=part.space("space"), stacked=bool(part.content.get("stacked"))),
    "Graph": _graph,
    "Custom": _other,
}
