"""When episodes of a run were under way: what `during:12` means to the log records of that run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cornerman.core.errors import NotFound
from cornerman.core.logs.during import During
from cornerman.core.logs.matching import Period

if TYPE_CHECKING:
    from .api import Run, Stream


def period_of(run: Run, during: During) -> Period:
    """From the beginning of the first episode to that of the one after the last. NotFound where there is no first."""
    stream = _stream(run, during.stream)
    first = stream.episode(during.env_index, during.first)
    if during.last is None:
        return Period(first.started_us, None)
    try:
        after = stream.episode(during.env_index, during.last + 1)
    except NotFound:  # it is under way, or was the newest there is
        return Period(first.started_us, None)
    return Period(first.started_us, after.started_us - 1)


def _stream(run: Run, name: str) -> Stream:
    streams = [stream for stream in run.streams() if name in ("", stream.name)]
    if not streams:
        names = ", ".join(dict.fromkeys(stream.name for stream in run.streams()))
        raise NotFound(
            f"The run {run.run_id} has no stream {name!r}." if name else f"The run {run.run_id} recorded no episode.",
            f"It has {names}." if names else "`cornerman logs` takes since:2h and until:1h instead.",
        )
    return streams[0]
