"""What the payloads that travel one by one have in common: a map as msgpack, and the same map as JSON.

Step, episode, run manifest and log record are msgspec structs whose first two keys are the version and the schema. Most
fields are typed; those named in `values` hold whatever an environment returned, as `core.values` and `core.json_values`
write it. Floats that JSON does not know are the words of `NonFinite` there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from .. import values
from ..errors import PayloadError
from ..json_values import from_json, to_json
from .codecs import decoded, is_json

NonFinite: TypeAlias = Literal["NaN", "Infinity", "-Infinity"]
"""How the JSON form writes them; decoded they are floats again."""
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Payload = TypeVar("Payload", bound=msgspec.Struct)


class Form(Generic[Payload]):
    """How one version of one kind is written and read.

    `open_fields` hold values of any type; a name with a dot is a field of the structs in a list. `floats` are numbers.
    """

    def __init__(
        self, kind: str, version: int, type: type[Payload], open_fields: tuple[str, ...], floats: tuple[str, ...] = ()
    ) -> None:
        self.kind, self.version, self.type, self.floats = kind, version, type, floats
        self._open = [name for name in open_fields if "." not in name]
        self._parts = [tuple(name.split(".")) for name in open_fields if "." in name]
        self._encoder = msgspec.msgpack.Encoder()
        self._msgpack = msgspec.msgpack.Decoder(type, ext_hook=values.decode_extension)
        self._json = msgspec.json.Decoder(type)

    def encode(self, payload: Payload) -> bytes:
        """The msgpack bytes; PayloadError where a typed field holds what its type does not allow."""
        return self._written(self._encoder, self._with(payload, lambda value: msgspec.Raw(values.encode(value))))

    def to_json(self, payload: Payload) -> bytes:
        """The JSON form of the same payload."""
        words = {name: _word(getattr(payload, name)) for name in self.floats}
        return self._written(msgspec.json, msgspec.structs.replace(self._with(payload, to_json), **words))

    def decode(self, payload: bytes | memoryview) -> Payload:
        """The payload of its bytes, msgpack or JSON; PayloadError where they are not one of this kind and version."""
        if is_json(payload):
            found = self._with(decoded(self._json, payload, self.kind, self.version), from_json)
        else:
            found = decoded(self._msgpack, payload, self.kind, self.version)
        words = {name: _WORDS[word] for name in self.floats if isinstance(word := getattr(found, name), str)}
        return msgspec.structs.replace(found, **words) if words else found

    def _with(self, payload: Payload, convert: Callable[[Any], Any]) -> Payload:
        """The payload with every open field converted."""
        fields = {name: convert(getattr(payload, name)) for name in self._open}
        for name, inner in self._parts:
            items = fields.get(name, getattr(payload, name))
            fields[name] = [msgspec.structs.replace(item, **{inner: convert(getattr(item, inner))}) for item in items]
        return msgspec.structs.replace(payload, **fields)

    def _written(self, encoder: Any, payload: Payload) -> bytes:
        try:
            written: bytes = encoder.encode(payload)
        except (TypeError, OverflowError, UnicodeEncodeError) as error:
            raise PayloadError(
                f"The {self.kind} cannot be written: {error}.", "Check the fields it was made of."
            ) from error
        return written


def _word(value: Any) -> Any:
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
