"""Version 1 of the log record: one line that a program wrote, of ours or of a worker's, with what it was about."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from .boundary import Form

VERSION = 1
SCHEMA = "cornerman.log_record@1.1.0"


class LogRecordV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """One log line. The constant's words never change; what it was about is in `fields`."""

    schema: str = SCHEMA
    """Id and version of this schema."""
    time_us: int
    """When it was written, since 1970, UTC. Unit: microseconds."""
    code: str = ""
    """The log constant's code; empty for a line that names none."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    """How serious it is: the writer's own word, not that of its constant."""
    component: str = ""
    """Which part of the program wrote it."""
    subcomponent: str = ""
    """Which part of that part."""
    message: str
    """What happened, in the words it was written in."""
    tags: tuple[str, ...] = ()
    """Words to find it by."""
    fields: dict[str, Any] = {}
    """What it was about."""
    run_id: str = ""
    """The run it belongs to, where it belongs to one."""
    stream: str = ""
    """The stream's name within the run."""
    agent: str = ""
    """Which agent, in an environment of several."""
    episode: int | None = None
    """The episode it was written in."""
    step: int | None = None
    """The step it was written at."""
    source: Literal["emitted", "known", "other"] = "emitted"
    """emitted: ours; known: a worker's with a known code; other: any other line."""
    raw: str = ""
    """The line as it came, where it was not ours."""
    extra: dict[str, Any] = {}
    """What its writer sent that has no field here."""
    output: Literal["", "stdout", "stderr"] = ""
    """Which output of a worker it was read from; empty for a line that was not read from one."""
    pid: int | None = None
    """The process that wrote it, where that is known."""
    env_index: int | None = None
    """Which sub-environment, in a vector environment."""
    logger: str = ""
    """The name of its logger, where the line tells."""
    flags: tuple[str, ...] = ()
    """malformed: it has an extra that cannot be read; inferred: run, level or time are concluded, not said by its
    writer; traceback: several lines, one record; progress: a progress bar's newest state; cut: too long to be kept
    whole; capped: component or tags are kept in `extra` only, for the store had too many different ones."""
    repeats: int = 1
    """How many equal lines, one after the other, this record stands for."""
    raw_bytes: bytes = b""
    """The line as it came, byte for byte, where it is not text in UTF-8."""

    @property
    def payload_version(self) -> int:
        return VERSION


FORM = Form("log_record", VERSION, LogRecordV1, ("fields", "extra"))
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json
