"""What a schema refused, as quarantine keeps it: the bytes as they came, why, and from where."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from .. import values
from .step_document import as_json
from .validate import Problem
from .walk import too_deep

JSON, STEP, BYTES = "application/json", "application/vnd.cornerman.step+msgpack", "application/octet-stream"
"""What the raw bytes are: a JSON document, a recorded step with its dtypes, or anything else."""

State = Literal["held", "accepted", "discarded"]


class Refused(NamedTuple):
    """A record that is to be put into quarantine. Steps say which they are; others leave that out."""

    raw: bytes
    errors: tuple[Problem, ...]
    place: str = ""
    media: str = JSON
    row: int | None = None
    t: int | None = None
    env: int | None = None


class Quarantined(NamedTuple):
    """A record in quarantine."""

    id: int
    at_us: int
    source: str
    place: str
    schema: str
    errors: tuple[Problem, ...]
    media: str
    raw: bytes
    run_id: str | None
    stream_id: int | None
    row: int | None
    t: int | None
    env: int | None
    state: State
    changed_us: int
    changed_by: str
    note: str
    edited: bytes | None = None
    """What was made of it before it was accepted: a step as a step, all else as JSON."""

    def document(self) -> Any:
        """The record as JSON, as it came; None where its bytes are none."""
        return document_of(self.raw, self.media)

    def result(self) -> Any:
        """The record as it was accepted: as it was edited, else as it came."""
        return self.document() if self.edited is None else document_of(self.edited, edited_media(self.media))


class Admitted(NamedTuple):
    """A record that is allowed now: by which version, and as what, where it was edited."""

    record: Quarantined
    pin: str
    content: bytes


class RecordEdit(NamedTuple):
    """One change that was made of a record, by whom and when. The record itself stays as it came."""

    id: int
    record: int
    at_us: int
    who: str
    what: str
    note: str
    schema: str
    """The pin that allows the result."""
    raw: bytes


def edited_media(media: str) -> str:
    """What the bytes of an edited record are: what was no JSON was written anew as JSON."""
    return STEP if media == STEP else JSON


class ErrorGroup(NamedTuple):
    """Records that were refused for the same reason; one that has several reasons is in several groups."""

    schema: str
    path: str
    rule: str
    expected: str
    records: int
    first_us: int
    last_us: int
    example: int
    """The number of one of them."""
    got: str
    """What that one had."""


def step_bytes(step: dict[str, Any]) -> bytes:
    """A step with its exact values, as quarantine keeps it."""
    return values.encode(step)


def document_of(raw: bytes, media: str) -> Any:
    """The JSON document of raw bytes; None where they are none."""
    if media == STEP:
        return as_json(values.decode(raw))
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return None if too_deep(found, raw) else found
