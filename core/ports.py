"""The ports of the core: what an adapter, a screen or a command may ask of a telemetry store and of a schema registry.

`cornerman.store.api` answers them from SQLite and the open journal. Everything here is read afresh at each call, in a
transaction that ends with it: no reader holds the write-ahead log back, and nothing a caller keeps goes stale silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from .logs.port import LogReader
from .normalization import NormalizationStatistics
from .payloads.frame_v1 import Frame
from .records import EpisodeOrder, EpisodeRollup, RunSummary, StepRecord, StreamSummary
from .schema import SchemaDocument, Validator
from .schema.admission import Judgement, Rules
from .schema.compare import Verdict
from .schema.entries import Drift, Registered, SchemaEntry, SchemaEvent, Synced, VersionEntry


class StreamReader(Protocol):
    """One stream. Rows are counted from 0; the newest is `row_count() - 1`."""

    @property
    def stream_id(self) -> int: ...
    def summary(self) -> StreamSummary: ...
    def row_count(self) -> int:
        """Sealed and open rows; costs one indexed look-up and a look at the journal's tail."""
        ...

    def step(self, row: int, env_index: int = 0, *, frame: bool = True) -> StepRecord: ...
    def steps(self, first: int = 0, stop: int | None = None, env_index: int = 0) -> Iterator[StepRecord]: ...
    def row_at(self, t: int) -> int:
        """The row of vector step `t`."""
        ...

    def frame(self, row: int, env_index: int = 0) -> Frame | None: ...
    def normalization(self, t: int | None = None) -> Mapping[str, NormalizationStatistics]:
        """By kind, the newest statistics of normalizing wrappers at or before step `t`; empty where there are none."""
        ...

    def rewards(self, first: int, stop: int, env_index: int = 0) -> np.ndarray:
        """float64, NaN on reset rows."""
        ...

    def episodes(
        self,
        *,
        env_index: int | None = None,
        order: EpisodeOrder = "oldest",
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[EpisodeRollup]:
        """Episodes in an order; costs what is asked for (offset included), not the history.

        By their end (`oldest`, `newest`) with those under way at the new end; by return or length only those that
        ended.
        """
        ...

    def episode_at(self, row: int, env_index: int = 0) -> EpisodeRollup | None: ...
    def episode(self, env_index: int, episode: int) -> EpisodeRollup: ...


class RunReader(Protocol):
    """One run: its streams, and what they add up to."""

    @property
    def run_id(self) -> str: ...
    def summary(self) -> RunSummary: ...
    def streams(self) -> Sequence[StreamReader]: ...


class TelemetryRepository(Protocol):
    """A store of runs."""

    def runs(self) -> Sequence[RunReader]:
        """Newest first."""
        ...

    def version(self) -> object:
        """Equal to what it was before while no process begins, adds, ends or removes anything. Says nothing of the
        steps that a living process goes on writing."""
        ...

    def run(self, name: str) -> RunReader:
        """By id, a unique beginning or end of it, a job's newest, or `latest`; NotFound otherwise."""
        ...

    def delete(self, run_id: str) -> int:
        """Remove a run in one transaction; the bytes freed. Its writer, if alive, stops recording and counts."""
        ...

    @property
    def logs(self) -> LogReader:
        """The log records of the store; none where nobody has logged."""
        ...


class SchemaRepository(Protocol):
    """A registry of schemas. A registered version never changes; a pin is `id@1.2.0`, or `id` for the highest in force.

    Whoever is asked for what is not there raises NotFound; who may not change anything, a StoreError.
    """

    def list(self) -> Sequence[SchemaEntry]: ...
    def versions(self, schema_id: str) -> Sequence[VersionEntry]:
        """The lowest first, the retired ones too."""
        ...

    def get(self, pin: str) -> SchemaDocument: ...
    def bundle(self, pin: str) -> SchemaDocument:
        """With every schema that it refers to in its own `definitions`."""
        ...

    def validator(self, pin: str) -> Validator: ...
    def rules(self, schema_id: str) -> Rules:
        """Mode and policy."""
        ...

    def mode(self, schema_id: str) -> str: ...
    def set_mode(self, schema_id: str, mode: str | None = None, policy: str | None = None, note: str = "") -> Rules:
        """SchemaRefused where two versions in force do not keep it."""
        ...

    def judge(
        self, document: SchemaDocument, *, mode: str | None = None, policy: str | None = None, search: bool = True
    ) -> Judgement:
        """What `add` would say, and why."""
        ...

    def compat(self, document: SchemaDocument) -> Verdict:
        """The comparison that decides."""
        ...

    def add(
        self,
        document: SchemaDocument,
        *,
        mode: str | None = None,
        policy: str | None = None,
        note: str = "",
        commit: str | None = None,
    ) -> Registered:
        """Register a version; of two callers with the same version one wins. SchemaRefused names the version needed."""
        ...

    def retire(self, pin: str, note: str = "", commit: str | None = None) -> VersionEntry: ...
    def restore(self, pin: str, note: str = "", commit: str | None = None) -> VersionEntry: ...
    def purge(self, pin: str, note: str = "") -> None:
        """Delete a version that nothing names, for good; SchemaInUse says what names it."""
        ...

    def history(self, schema_id: str | None = None) -> Sequence[SchemaEvent]:
        """The oldest first."""
        ...

    def drift(self, folder: Path | str) -> Sequence[Drift]: ...
    def sync(self, folder: Path | str, *, note: str = "") -> Synced: ...
