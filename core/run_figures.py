"""The figures that conditions compare, read from one run at one moment: nothing that no condition names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .errors import NotFound
from .ledger_words import lost
from .records import EpisodeRollup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .ports import RunReader, StreamReader
    from .records import RunSummary, StreamSummary

_PAGE = 256
ENDED = ("terminated", "truncated")


class RunFigures:
    """A run's figures, or of one of its streams: NotFound, when a figure is asked for, where it has no such stream.
    Episodes that an ending program broke off are none."""

    def __init__(self, run: RunReader, summary: RunSummary, stream: str = "") -> None:
        self._run, self._summary, self._name = run, summary, stream
        self._newest: list[EpisodeRollup] = []

    def value(self, name: str, newest: int) -> float | None:
        """See `Figures`: a quantity of `QUANTITIES`."""
        if newest or name in ("return", "length"):
            return self._of_episodes(name, newest or 1)
        source = self._stream_summary if self._name else self._summary
        if source is None:
            return None
        if name == "seconds":
            return max(0.0, (source.last_us - source.started_us) / 1e6)
        if name == "steps_per_second":
            return self._summary.steps_per_second
        if name == "lost":
            return float(lost(source.ledger))
        return float({
            "episodes": source.episode_count,
            "steps": source.step_count,
            "transitions": source.transition_count,
            "bytes": source.bytes,
        }[name])  # fmt: skip

    def _of_episodes(self, name: str, newest: int) -> float | None:
        found = self._newest_episodes(newest)
        if len(found) < newest:
            return None
        values = [float(one.length if name.endswith("length") else one.total_reward) for one in found]
        if name.startswith("min"):
            return min(values)
        return max(values) if name.startswith("max") else sum(values) / len(values)

    def _newest_episodes(self, count: int) -> list[EpisodeRollup]:
        """The newest that ended, of all streams; fewer where there are no more."""
        if len(self._newest) < count:
            each = [episode for stream in self._streams for episode in _ended(stream, count)]
            self._newest = sorted(each, key=lambda episode: episode.ended_us, reverse=True)
        return self._newest[:count]

    @cached_property
    def _streams(self) -> Sequence[StreamReader]:
        streams = self._run.streams()
        if not self._name or not streams:
            return streams
        names = {stream.summary().name: stream for stream in streams}
        if self._name not in names:
            raise NotFound(
                f"The run {self._run.run_id} has no stream {self._name!r}.", f"It has {', '.join(sorted(names))}."
            )
        return [names[self._name]]

    @cached_property
    def _stream_summary(self) -> StreamSummary | None:
        return self._streams[0].summary() if self._streams else None


def _ended(stream: StreamReader, count: int) -> list[EpisodeRollup]:
    """The newest of a stream that ended: those under way come before them, one for each sub-environment."""
    found: list[EpisodeRollup] = []
    at = 0
    while len(found) < count:
        page = stream.episodes(order="newest", limit=max(count + 1, _PAGE), offset=at)
        found += [episode for episode in page if episode.ended in ENDED]
        at += len(page)
        if len(page) < max(count + 1, _PAGE):
            break
    return found[:count]
