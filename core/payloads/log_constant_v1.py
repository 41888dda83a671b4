"""Version 1 of the log constant: one thing that a program can say, as the catalogue hands it out."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cornerman.log_catalog import LogConstant

from .boundary import Form

VERSION = 1
SCHEMA = "cornerman.log_constant@1.0.0"
Code = Annotated[str, msgspec.Meta(pattern="^LOG[0-9]{2,5}[A-Z]?$")]


class LogConstantV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """One thing that can happen, under a code that never changes its meaning."""

    schema: str = SCHEMA
    """Id and version of this schema."""
    code: Code
    """LOG, a number, perhaps a letter. One code means one thing."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    """How serious it is."""
    component: str
    """Which part of a program says it."""
    subcomponent: str = ""
    """Which part of that part."""
    message: str
    """What happened, without values."""
    tags: tuple[str, ...] = ()
    """Words to find it by."""
    source: Literal["emitted", "known", "registered"] = "emitted"
    """emitted: our own programs say it; known: workers say it; registered: the user said that workers say it."""

    @property
    def payload_version(self) -> int:
        return VERSION


def document(constant: LogConstant) -> LogConstantV1:
    """A constant of the catalogue as a payload."""
    return LogConstantV1(
        code=constant.code,
        level=constant.level,
        component=constant.component,
        subcomponent=constant.subcomponent,
        message=constant.message,
        tags=constant.tags,
        source=constant.source,
    )


FORM = Form("log_constant", VERSION, LogConstantV1, ())
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json
