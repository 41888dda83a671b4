"""The stored formats: one file per payload and version, each readable for ever.

A file `<kind>_v<N>.py` of this folder is version N of a payload; nothing else has to know of it. Its module has
`VERSION`, `SCHEMA`, `encode` and `decode`, and from the second version on `upcast`, which takes what the version before
decodes to. Version 0 is what came before there were versions: JSON. Someone else's package adds a version with one
entry point in the group `cornerman.payloads`, named as the file would be (`step_v2`).

    payloads.identify(data)         # ("step", 1): what a payload says it is
    payloads.read(data, "step")     # decoded by its own version, then brought up to the newest
"""

from __future__ import annotations

from .codecs import Codec, codec, identify, kinds, read, versions

__all__ = ["Codec", "codec", "identify", "kinds", "read", "versions"]
