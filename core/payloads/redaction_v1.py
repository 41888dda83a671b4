"""Version 1 of the redaction rules: what a user wants hidden before anything is stored, and what not."""

from __future__ import annotations

import msgspec

from .boundary import Form

VERSION = 1
SCHEMA = "cornerman.redaction@1.0.0"


class RedactionV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """Rules beside those that are built in: values under some names, and texts of some form."""

    schema: str = SCHEMA
    """Id and version of this schema."""
    names: tuple[str, ...] = ()
    """Names whose values are hidden, in any case; * stands for any characters: wandb_*."""
    patterns: tuple[str, ...] = ()
    """Regular expressions, in Python's form: what they match is hidden, wherever it stands in a line."""
    keep: tuple[str, ...] = ()
    """Names that look like secrets and are none; * stands for any characters."""

    @property
    def payload_version(self) -> int:
        return VERSION


FORM = Form("redaction", VERSION, RedactionV1, ())
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json
