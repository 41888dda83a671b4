"""Import of recordings from before there were payload versions: files of JSON steps become runs like any other.

    done = import_legacy(store, "steps.jsonl")
    done.runs[0].run_id, done.runs[0].steps, done.fields        # and what became of each field

A step that version 1 can hold is mapped; what it has no field for travels beside it, and a step that could not be read
whole keeps its bytes as well. Lines that are no steps (episodes, events, broken ones) stay beside the step they stood
next to. Nothing is thrown away, and the same file is never imported twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import CornermanError, InvalidOption, PayloadError, PayloadTooNew
from cornerman.core.ids import new_ulid
from cornerman.core.payloads import episode_v0, read, step_v0, step_v1
from cornerman.core.payloads.legacy_fields import FieldReport
from cornerman.core.payloads.legacy_json import read_object, snake
from cornerman.core.payloads.legacy_upcast import first_observation, upcast_step
from cornerman.core.payloads.step_v1 import StepV1
from cornerman.log_catalog import log
from cornerman.log_catalog.legacy import LOG_LEGACY_IMPORTED, LOG_LEGACY_REFUSED
from cornerman.store.imported import ImportedRun, insert_runs, known_imports
from cornerman.store.location import store_path

from .legacy_episodes import Claims
from .legacy_file import Line, digest, lines
from .legacy_rows import Step, Streams

if TYPE_CHECKING:
    from cornerman.store.api import Store

_RUN_ID = re.compile(r"[\w.:@+-]{1,128}")
KEPT_REFUSALS = 100
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 and 9999: what a calendar knows."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that could not be read as what it claims to be. Its bytes are in the store, beside its neighbour."""

    line: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class ImportedLegacyRun:
    """One run of an imported file. `new` is False where the store had it already."""

    run_id: str
    job: str
    new: bool
    streams: int
    steps: int
    episodes: int
    duplicates: int
    conflicts: int


@dataclass
class Imported:
    """What became of a file. Everything is counted: lines = steps + duplicates + conflicts + beside + refused.

    Of a file that the store has already only `runs` are told: it is not read again.
    """

    file: str
    sha256: str
    runs: list[ImportedLegacyRun] = field(default_factory=list)
    lines: int = 0
    beside: int = 0
    """Lines that are no steps: episodes, events."""
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)
    """The first of them."""
    whole: int = 0
    """Steps that were mapped without loss."""
    as_they_came: int = 0
    """Steps that were not, and keep their bytes."""
    versions: Counter[int] = field(default_factory=Counter)
    fields: Counter[FieldReport] = field(default_factory=Counter)
    """What became of each field, and how often."""
    claims: Claims = field(default_factory=Claims)
    """The episodes that the file tells of, and where they differ from what their steps add up to."""


def is_legacy(file: Path | str) -> bool:
    """Whether one of a file's first records is a legacy step. InvalidOption where it cannot be read."""
    for number, line in enumerate(lines(Path(file))):
        try:
            if step_v0.is_step(snake(read_object(line.raw).fields, step_v0.NAMES)):
                return True
        except PayloadError:
            pass
        if number >= 50:
            break
    return False


def import_legacy(
    store: Store | Path | str,
    file: Path | str,
    *,
    job: str | None = None,
    dry_run: bool = False,
    on_refused: Callable[[Refused], None] | None = None,
) -> Imported:
    """Import a file of legacy steps into a store; with `dry_run` only say what would become of it.

    `job` is the file's name without it. Raises InvalidOption where the file holds no steps, and the store's own errors;
    the store is then as it was.
    """
    path = Path(file)
    place = store_path(store) if isinstance(store, (str, Path)) else store.path
    if known := _imported_before(place, path):
        return known
    reader = _Reader(path, job or path.stem or "imported", on_refused)
    for line in lines(path):
        reader.read(line)
    runs = reader.finished()
    if not runs:
        raise InvalidOption(
            f"{path} holds no steps: {reader.done.lines} lines, {reader.done.refused} of them not readable.",
            "A step is a JSON object with a reward and an action, an observation or a step number.",
        )
    outcomes = [(run.run_id, True) for run in runs] if dry_run else insert_runs(place, runs)
    for run, (run_id, new) in zip(runs, outcomes, strict=True):
        reader.done.runs.append(_summary(run, run_id, new))
    if not dry_run:
        log(LOG_LEGACY_IMPORTED, file=str(path), runs=[run.run_id for run in reader.done.runs], lines=reader.done.lines)
    if reader.done.refused:
        log(LOG_LEGACY_REFUSED, file=str(path), lines=reader.done.refused)
    return reader.done


def _imported_before(place: Path, path: Path) -> Imported | None:
    """What the store has of this very file, where it has all of it; nothing is read then but its digest."""
    done = Imported(path.name, digest(path))
    known = known_imports(place, f"import:{done.sha256}:")
    if not known or len(known) < known[0].runs:
        return None
    for run_id, job, _, *counts in known:
        done.runs.append(ImportedLegacyRun(run_id, job, False, *counts))
    return done


def _summary(run: ImportedRun, run_id: str, new: bool) -> ImportedLegacyRun:
    counts: Counter[str] = Counter()
    for stream in run.streams:
        counts.update(stream.counts)
    return ImportedLegacyRun(
        run_id, run.job, new, len(run.streams), sum(stream.transitions for stream in run.streams),
        sum(stream.packer.episodes for stream in run.streams), counts["duplicate"], counts["quarantined"],
    )  # fmt: skip


class _Reader:
    """Goes through the lines of a file and sorts them into runs and streams."""

    def __init__(self, path: Path, job: str, on_refused: Callable[[Refused], None] | None) -> None:
        self.done = Imported(path.name, digest(path))
        self.job = job
        self._on_refused = on_refused
        self._bytes = path.stat().st_size
        self._time_us = path.stat().st_mtime_ns // 1000
        """Of the step before, or when the file was written: for steps that do not say."""
        self._runs: dict[str, Streams] = {}
        self._current = ""
        self._env_ids: dict[str, str] = {}
        """What the event of a run's beginning says its environment is."""
        self._waiting: list[bytes] = []

    def read(self, line: Line) -> None:
        self.done.lines += 1
        try:
            step = self._step(line)
        except CornermanError as error:
            self._refuse(line, str(error.what))
            return
        if step is None:
            self.done.beside += 1
            self.done.claims.note(line.number, line.raw)
            self._beside(line.raw)
            return
        self._current = step.payload.run_id
        streams = self._runs.setdefault(self._current, Streams())
        step.lines, self._waiting = self._waiting, []
        self._time_us = step.time_us
        fate = streams.add(step)
        if fate == "conflict":
            self._refuse(line, "another step with the same run, stream, episode and number holds something else", False)

    def finished(self) -> list[ImportedRun]:
        """The runs, packed."""
        for key in list(self._runs):
            self._runs[key].finish(self._waiting if key == self._current else [])
        self.done.claims.compare(each for streams in self._runs.values() for each in streams.derived())
        return [self._run(key, streams) for key, streams in self._runs.items()]

    def _run(self, key: str, streams: Streams) -> ImportedRun:
        origin = {
            "file": self.done.file, "sha256": self.done.sha256, "bytes": self._bytes, "lines": self.done.lines,
            "refused": self.done.refused, "run_id": key, "runs": len(self._runs),
            "payload_versions": {str(version): count for version, count in sorted(self.done.versions.items())},
        }  # fmt: skip
        imported = streams.imported(self.done.file, self._env_ids.get(key, ""))
        if self.done.refused:
            imported[0].notes.append(f"{self.done.refused} lines of {self.done.file} were not steps that could be read")
        if (differing := self.done.claims.differing) > 0:
            imported[0].notes.append(f"{differing} episodes of {self.done.file} say what their steps do not add up to")
        return ImportedRun(
            key if _RUN_ID.fullmatch(key) else new_ulid(), self.job, f"import:{self.done.sha256}:{key}",
            {"import": origin}, imported,
        )  # fmt: skip

    def _step(self, line: Line) -> Step | None:
        """The line's step; None for an episode or an event, PayloadError for what cannot be read."""
        found = read_object(line.raw)
        fields = snake(found.fields, step_v0.NAMES)
        version = fields.get("payload_version") or 0
        if type(version) is not int or version < 0:
            raise PayloadError(f"The payload version is {version!r}, which is no version.")
        if version > step_v1.VERSION:
            raise PayloadTooNew("step", version, step_v1.VERSION)
        if version == step_v1.VERSION and "schema" in fields:
            return self._typed(line) if str(fields["schema"]).startswith("cornerman.step@") else None
        if not step_v0.is_step(fields):
            if episode_v0.is_episode(fields) or "event" in fields or isinstance(fields.get("type"), str):
                self._note_environment(fields)
                return None
            raise PayloadError(f"A JSON object with the fields {', '.join(list(fields)[:8]) or '(none)'} is no step.")
        return self._legacy(step_v0.StepV0(fields, line.raw, found.exact))

    def _note_environment(self, event: dict[str, Any]) -> None:
        payload, run = event.get("payload"), event.get("run_id")
        named = payload.get("env_id") if isinstance(payload, dict) else None
        if isinstance(named, str) and named.isprintable() and isinstance(run, str):
            self._env_ids.setdefault(run, named)

    def _typed(self, line: Line) -> Step:
        payload = step_v1.decode(line.raw)
        if not FIRST_US <= payload.time_us <= LAST_US:
            raise PayloadError(f"The time of the step, {payload.time_us} microseconds, is none.")
        if payload.frame is not None:
            read(payload.frame, "frame")
        self.done.versions[1] += 1
        self.done.whole += 1
        return Step(payload, payload.time_us, 1, line.raw)

    def _legacy(self, old: step_v0.StepV0) -> Step:
        mapped = upcast_step(old)
        self.done.versions[0] += 1
        self.done.fields.update(mapped.fields)
        self.done.whole += mapped.lossless
        self.done.as_they_came += not mapped.lossless
        timed = not any(report.to == "time_us" and report.how in ("missing", "unread") for report in mapped.fields)
        payload: StepV1 = mapped.payload
        time_us = payload.time_us if timed else self._time_us
        return Step(payload, time_us, 0, old.raw, mapped.note, not mapped.lossless, first_observation(old), timed)

    def _refuse(self, line: Line, reason: str, beside: bool = True) -> None:
        refused = Refused(line.number, reason, line.raw)
        if beside:
            self.done.refused += 1
        if len(self.done.refusals) < KEPT_REFUSALS:
            self.done.refusals.append(refused)
        if self._on_refused is not None:
            self._on_refused(refused)
        self._beside(line.raw)

    def _beside(self, raw: bytes) -> None:
        self._waiting.append(raw)
