"""Spaces of other people's classes: who describes them, and how their values become bytes.

One line in the packaging of whoever made the space, and nothing is to be imported or called:

    [project.entry-points."cornerman.spaces"]
    "minigrid.core.mission.MissionSpace" = "mypackage.recording:MissionCodec"

or, in a script, `cornerman.core.spaces.register(MissionSpace, MissionCodec())`. The name is the class's, with its
module; the plugin is loaded when a space of that class is met. One that fails is said once and left out: the space is
then described by its name, and its values are recorded as any others are.
"""

from __future__ import annotations

from importlib import metadata
from typing import Any, Protocol, cast

from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import LOG_SPACE_CODEC_FAILED

GROUP = "cornerman.spaces"


class SpaceCodec(Protocol):
    """What a plugin has. `encode`, `decode` and `value_type` may be missing: values are then packed by what they are.

    With `value_type`, values of that class are kept wherever they come, in `info` too.
    """

    def describe(self, space: Any) -> Any:
        """Plain data, which JSON can say, from which the space can be made again."""
        ...

    def rebuild(self, data: Any) -> Any:
        """The space that `describe` said this of."""
        ...

    # value_type: type
    # def encode(self, value: Any) -> bytes
    # def decode(self, content: bytes) -> Any


def register(space: type | str, codec: SpaceCodec) -> None:
    """Have `codec` describe spaces of this class, given itself or as "module.Name"; the last one counts."""
    name = space if isinstance(space, str) else name_of(space)
    _REGISTERED[name] = codec
    _note_value_type(name, codec)


def registered(name: str) -> SpaceCodec | None:
    """The codec for a class, None where there is none or where it cannot be loaded."""
    if name not in _REGISTERED:
        entry = _entry_points().get(name)
        codec = None if entry is None else attempt(name, lambda: _made(entry.load()))
        _REGISTERED[name] = codec
        if codec is not None:
            _note_value_type(name, codec)
    return _REGISTERED[name]


def attempt(name: str, call: Any) -> Any:
    """What a plugin answers; None where it fails, which is said once."""
    try:
        return call()
    except Exception as error:
        if name not in _SAID:
            _SAID.add(name)
            log(LOG_SPACE_CODEC_FAILED, space=name, reason=f"{type(error).__name__}: {str(error)[:200]}")
        return None


def encoded(name: str, codec: Any, value: Any) -> bytes | None:
    """The bytes of a value by its codec; None where it has no `encode`, or where that fails."""
    if not hasattr(codec, "encode"):
        return None
    found = attempt(name, lambda: bytes(codec.encode(value)))
    return found if isinstance(found, bytes) else None


def value_codec(kind: type, *, search: bool = False) -> tuple[str, SpaceCodec] | None:
    """The codec that asks for values of this type, with its name; of those not loaded yet, with `search`."""
    global _all_loaded
    if search and not _all_loaded:
        _all_loaded = True
        for name in _entry_points():
            registered(name)
    return _BY_VALUE_TYPE.get(kind)


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _made(found: Any) -> SpaceCodec:
    """A plugin may be a class, or an object of one."""
    codec: SpaceCodec = found() if isinstance(found, type) else found
    return codec


def _note_value_type(name: str, codec: SpaceCodec) -> None:
    kind = getattr(codec, "value_type", None)
    if isinstance(kind, type):
        _BY_VALUE_TYPE[kind] = (name, codec)


def _entry_points() -> dict[str, metadata.EntryPoint]:
    global _entries
    if _entries is None:
        found = attempt(GROUP, lambda: {entry.name: entry for entry in metadata.entry_points(group=GROUP)})
        _entries = cast("dict[str, metadata.EntryPoint]", found or {})
    return _entries


_REGISTERED: dict[str, SpaceCodec | None] = {}
_BY_VALUE_TYPE: dict[type, tuple[str, SpaceCodec]] = {}
_SAID: set[str] = set()
_entries: dict[str, metadata.EntryPoint] | None = None
_all_loaded = False
