"""Version 1 of the alert: that one began, or is over, as a line of the alert file has it."""

from __future__ import annotations

from typing import Literal

import msgspec

from .boundary import Form

VERSION = 1
SCHEMA = "cornerman.alert@1.0.0"


class AlertV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """An alert of a run that began or is over."""

    schema: str = SCHEMA
    """Id and version of this schema."""
    time_us: int
    """When that was seen, since 1970, UTC. Unit: microseconds."""
    event: Literal["raised", "cleared"]
    """Whether it began or is over."""
    run_id: str
    """Of this run."""
    job: str = ""
    """Of this job."""
    t: int = 0
    """How many vector steps the run had then."""
    rule: str
    """The rule that says so."""
    code: str
    """The log constant that has its words."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    """How serious it is."""
    message: str
    """The constant's words."""
    detail: str = ""
    """The figures."""

    @property
    def payload_version(self) -> int:
        return VERSION


FORM = Form("alert", VERSION, AlertV1, ())
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json
