"""The one place that finds the decoder of a payload, by its kind and version.

What a payload is, it says itself, at its very beginning:

    map      {"payload_version": 1, "schema": "cornerman.step@1.0.0", …}     step, episode, run_manifest, …
    array    [1, "cornerman.chunk@1.0.0", …]                                  chunk, frame_chunk
    frame    ["grid", …]            a kind without a number is version 1; a later one is written as "grid@2"
    JSON     {"payload_version": 1, …}; without a version, or with 0, it is legacy

A reader refuses what contradicts itself (a version that is not its schema's MAJOR), what is of another kind than asked
for, and what is newer than it knows. The bytes are left alone: whoever holds them keeps them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ..errors import PayloadError, PayloadTooNew

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "cornerman.payloads"
LEGACY = 0
_FILE = re.compile(r"([a-z]\w*)_v(\d+)")
_SCHEMA = re.compile(r"([\w.-]+)@(\d+)\.\d+\.\d+")


class Codec(NamedTuple):
    """One version of one kind of payload. `upcast` takes what the version before decodes to; None for the first."""

    kind: str
    version: int
    schema: str
    decode: Callable[[bytes | memoryview], Any]
    upcast: Callable[[Any], Any] | None


class _MapHead(msgspec.Struct):
    payload_version: Any = LEGACY
    schema: Any = ""


class _ArrayHead(msgspec.Struct, array_like=True):
    first: Any
    schema: Any = ""


_MAP = msgspec.msgpack.Decoder(_MapHead)
_ARRAY = msgspec.msgpack.Decoder(_ArrayHead)
_JSON = msgspec.json.Decoder(_MapHead)
_BLANKS = (b"{", b" ", b"\n", b"\t", b"\r")
"""What JSON may begin with; none of them begins a msgpack map or array."""


def identify(payload: bytes | memoryview) -> tuple[str, int]:
    """Kind and version that a payload claims; the kind is '' where it names no schema. PayloadError for other bytes."""
    head = bytes(payload[:1])
    try:
        if head in _BLANKS:
            return _claim(*_json_head(payload))
        if head and (head[0] >> 4 == 8 or head in (b"\xde", b"\xdf")):
            return _claim(*msgspec.structs.astuple(_MAP.decode(payload)))
        if head and (head[0] >> 4 == 9 or head in (b"\xdc", b"\xdd")):
            found = _ARRAY.decode(payload)
            return _frame(found.first) if isinstance(found.first, str) else _claim(found.first, found.schema)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise PayloadError(f"Bytes that are no payload: {error}.") from error
    raise PayloadError("Bytes that are no payload: neither a map nor an array.")


def read(payload: bytes | memoryview, kind: str) -> Any:
    """What a payload of this kind holds, as the newest version has it.

    PayloadError where it is another kind or does not decode, PayloadTooNew where it is newer than what is known.
    """
    found, version = identify(payload)
    if found and found != kind:
        raise PayloadError(f"A {kind} was expected; the payload says it is a {found}.")
    value = codec(kind, version).decode(payload)
    for newer in versions(kind):
        if newer > version:
            step = codec(kind, newer).upcast
            if step is None:
                raise PayloadError(f"Version {newer} of the {kind} does not say how version {newer - 1} becomes it.")
            value = step(value)
    return value


def codec(kind: str, version: int) -> Codec:
    """The version's module. PayloadTooNew for one beyond those known, PayloadError for one that never was."""
    known = _modules().get(kind, {})
    if version not in known:
        if added := _added(kind, version):
            return _load(kind, version, added)
        if known and version > max(known):
            raise PayloadTooNew(kind, version, max(known))
        what = f"version {version} of the {kind}" if known else f"payload called {kind!r}"
        raise PayloadError(f"There is no {what}; known are {', '.join(map(str, sorted(known) or kinds()))}.")
    return _load(kind, version, known[version])


def kinds() -> list[str]:
    """The kinds of payload there are, by name."""
    return sorted(_modules())


def versions(kind: str) -> list[int]:
    """The versions of a kind that can be read, oldest first."""
    return sorted(_modules().get(kind, {}))


def decoded(decoder: Any, payload: bytes | memoryview, kind: str, version: int) -> Any:
    """What a version's own decoder makes of a payload that says it is of this kind and version.

    For the version files: the same refusals, in the same words, whichever of them is called.
    """
    found, claimed = identify(payload)
    if found not in (kind, ""):
        raise PayloadError(f"A {kind} was expected; the payload says it is a {found}.")
    if claimed != version:
        if claimed > max(versions(kind), default=version):
            raise PayloadTooNew(kind, claimed, max(versions(kind), default=version))
        raise PayloadError(f"The {kind} has version {claimed}, where version {version} was expected.")
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise PayloadError(f"The {kind} does not decode: {error}.") from error


def is_json(payload: bytes | memoryview) -> bool:
    """Whether a payload is written as JSON rather than msgpack."""
    return bytes(payload[:1]) in _BLANKS


def _json_head(payload: bytes | memoryview) -> tuple[Any, Any]:
    """The two fields of a JSON object. Old JSON has words that JSON does not know, NaN above all: Python reads them."""
    try:
        head = _JSON.decode(payload)
        return head.payload_version, head.schema
    except msgspec.DecodeError:
        try:
            content = json.loads(bytes(payload))
        except (ValueError, RecursionError) as error:
            raise PayloadError(f"Bytes that are no payload: {error}.") from error
        if not isinstance(content, dict):
            raise PayloadError("Bytes that are no payload: JSON, but no object.") from None
        return content.get("payload_version", LEGACY), content.get("schema", "")


def _claim(version: Any, schema: Any) -> tuple[str, int]:
    """Kind and version out of the two fields that say so; they must agree."""
    if type(version) is not int or version < 0 or not isinstance(schema, str):
        raise PayloadError(f"A payload has the version {version!r} and the schema {schema!r}: these are neither.")
    if not schema:
        return "", version
    kind, major = _named(schema)
    if major != version:
        raise PayloadError(f"A payload has version {version} and the schema {schema}: it contradicts itself.")
    return kind, version


@lru_cache(maxsize=256)
def _named(schema: str) -> tuple[str, int]:
    """The kind of payload whose schema this is, and its MAJOR. There are few, and each chunk names one."""
    named = _SCHEMA.fullmatch(schema)
    if named is None:
        raise PayloadError(f"A payload names the schema {schema!r}, which is not of the form id@1.2.0.")
    return named[1].rpartition(".")[2], int(named[2])


def _frame(tag: str) -> tuple[str, int]:
    number = tag.partition("@")[2] or "1"
    if not number.isdecimal():
        raise PayloadError(f"A frame is of the kind {tag!r}, which is not of the form grid or grid@2.")
    return "frame", int(number)


def _modules() -> dict[str, dict[int, str]]:
    """The module of each version in this folder. It is looked through once, and again when it is another folder."""
    return _scanned(tuple(import_module(__package__ or "").__path__))


@cache
def _scanned(folders: tuple[str, ...]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for module in iter_modules(folders):
        if named := _FILE.fullmatch(module.name):
            found.setdefault(named[1], {})[int(named[2])] = f"{__package__}.{module.name}"
    return found


@cache
def _added(kind: str, version: int) -> EntryPoint | None:
    """Somebody's entry point for a version that this folder does not have: looked for only then, it costs 15 ms."""
    from importlib.metadata import entry_points

    return next(iter(entry_points(group=GROUP, name=f"{kind}_v{version}")), None)


@cache
def _load(kind: str, version: int, place: str | EntryPoint) -> Codec:
    module: Any = import_module(place) if isinstance(place, str) else place.load()
    if version != module.VERSION:
        raise PayloadError(f"{module.__name__} says that it is version {module.VERSION} of the {kind}, not {version}.")
    return Codec(kind, version, module.SCHEMA, module.decode, getattr(module, "upcast", None))
