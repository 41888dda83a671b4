"""Legacy steps sorted into streams and episodes, and those into rows.

Their writers interleave workers, agents and episodes in one file, now and then out of order, now and then twice. A
stream here is one worker's one agent in one sub-environment. Steps of an episode are put in order once it is over;
episodes follow one another as they end. A row for the reset is only made where something is known of it (its seed, its
observation), or where the episode before it never ended: otherwise the first observation was simply not kept.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from cornerman.core.payloads import frame_v1, read
from cornerman.core.payloads.step_v1 import StepV1
from cornerman.core.plain_rows import ROWS, PlainRow
from cornerman.store.imported import ImportedStream

CHUNK_BYTES = 6 << 20
Fate = Literal["new", "duplicate", "conflict"]


@dataclass(slots=True)
class Step:
    """A step out of a file: its payload, the version it came as, and what it came in."""

    payload: StepV1
    time_us: int
    payload_version: int
    raw: bytes
    note: str = ""
    keep_raw: bool = False
    first_observation: Any = None
    timed: bool = True
    lines: list[bytes] = field(default_factory=list)
    """Lines before it that are no steps."""


class Derived(NamedTuple):
    """An episode as its steps add up, under the name by which they called it."""

    run_id: str
    stream: str
    agent: str
    name: Any
    length: int
    total_reward: float


class Streams:
    """The streams of one run."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str, int], _Stream] = {}
        self._last: _Stream | None = None

    def add(self, step: Step) -> Fate:
        payload = step.payload
        key = (payload.stream, payload.agent, payload.env_index)
        self._last = self._streams.get(key) or self._streams.setdefault(key, _Stream(key))
        return self._last.add(step)

    def finish(self, lines: list[bytes]) -> None:
        """The file is over; `lines` stood behind its last step."""
        for stream in self._streams.values():
            stream.finish(lines if stream is self._last else [])

    def derived(self) -> Iterator[Derived]:
        """Every episode, once the file is over."""
        for stream in self._streams.values():
            yield from stream.derived

    def imported(self, file: str, env_id: str) -> list[ImportedStream]:
        return [stream.imported(file, env_id) for stream in self._streams.values()]


class _Stream:
    def __init__(self, key: tuple[str, str, int]) -> None:
        self.key = key
        self.out = ImportedStream("", {})
        self._episodes: dict[Any, list[Step]] = {}
        """Those that are not over, by what their steps call them."""
        self._seen: dict[tuple[Any, int], bytes] = {}
        self._rows: list[PlainRow] = []
        self._size = 0
        self._ended = True
        self._unnamed = 0
        self._untimed = 0
        self._env_id = ""
        self._kind = ""
        self._waiting: list[bytes] = []
        self.derived: list[Derived] = []

    def add(self, step: Step) -> Fate:
        payload = step.payload
        self._waiting += step.lines
        name = self._name_of(payload)
        if payload.step >= 0:
            digest = hashlib.blake2b(step.raw, digest_size=8).digest()
            known = self._seen.get((name, payload.step))
            if known is not None:
                return self._again(known == digest)
            self._seen[name, payload.step] = digest
        named = str(payload.extra.get("game_id") or "")
        self._env_id = self._env_id or (named if named.isprintable() else "")
        self._untimed += not step.timed
        step.lines, self._waiting = self._waiting, []
        steps = self._episodes.setdefault(name, [])
        steps.append(step)
        if (payload.terminated or payload.truncated) and _is_whole(steps):
            self._close(name)
        return "new"

    def _again(self, equal: bool) -> Fate:
        """A step with a key that was there before: counted, and not stored twice."""
        cause = "duplicate" if equal else "quarantined"
        self.out.counts[cause] = self.out.counts.get(cause, 0) + 1
        return "duplicate" if equal else "conflict"

    def _name_of(self, payload: StepV1) -> Any:
        """What tells this step's episode from others: its ordinal, its id, else its place after the last end."""
        if payload.episode >= 0:
            return payload.episode
        named = payload.extra.get("episode_id")
        if isinstance(named, (str, int)):
            return str(named)
        under_way = self._episodes.get(("unnamed", self._unnamed))
        if under_way and (_over(under_way[-1]) or 0 <= payload.step <= under_way[-1].payload.step):
            self._unnamed += 1
        return ("unnamed", self._unnamed)

    def _close(self, name: Any) -> None:
        """An episode is over, as far as this file goes: its steps in order become rows."""
        steps = self._episodes.pop(name)
        if any(a.payload.step > b.payload.step >= 0 for a, b in itertools.pairwise(steps)):
            steps.sort(key=lambda step: step.payload.step)
        first = steps[0]
        if isinstance(name, tuple):
            self._unnamed += 1
        if not first.payload.reset:
            self._reset(first)
        for step in steps:
            self._rows.append(_row(step))
            if step.payload.frame is not None and not self._kind:
                self._kind = frame_v1.kind(read(step.payload.frame, "frame"))
            self._size += len(step.raw)
            if len(self._rows) > ROWS or self._size > CHUNK_BYTES:
                self._flush(len(self._rows) - 1)
        self._ended = _over(steps[-1])
        rewards = [float(step.payload.reward or 0) for step in steps if not step.payload.reset]
        stream, agent, _ = self.key
        self.derived.append(Derived(first.payload.run_id, stream, agent, name, len(rewards), sum(rewards)))

    def _reset(self, first: Step) -> None:
        """The reset before an episode's first step, where there is something to say of it."""
        payload = first.payload
        observation = first.first_observation if payload.step in (0, -1) else None
        seed = payload.seed
        if observation is None and seed is None and self._ended:
            return
        row = PlainRow(first.time_us, observation, reset=True, seed=seed, payload_version=first.payload_version)
        if observation is None:
            row.beside["note"] = "the import knows of no observation of this reset"
        self._rows.append(row)

    def _flush(self, count: int) -> None:
        if count > 0:
            self.out.chunks.append(self.out.packer.pack(self._rows[:count]))
            del self._rows[:count]
            self._size = 0

    def finish(self, lines: list[bytes]) -> None:
        for name in list(self._episodes):
            self._close(name)
        self._waiting += lines
        if self._rows and self._waiting:
            self._rows[-1].beside.setdefault("lines", []).extend(self._waiting)
        self._flush(len(self._rows))

    def imported(self, file: str, env_id: str) -> ImportedStream:
        self._env_id = self._env_id or env_id
        stream, agent, env = self.key
        parts = [stream, agent, f"env {env}" if env else ""]
        self.out.name = " / ".join(part for part in parts if part) or self._env_id or "imported"
        frames = {"source": "import", "envs": [0], "every": 1, "column": None, "kind": self._kind}
        self.out.manifest = {
            "env_id": self._env_id, "imported_from": file, "worker_id": stream, "agent_id": agent, "vector_index": env,
            "frames": frames if self.out.packer.frames else {"source": "none", "envs": [], "every": 1},
        }  # fmt: skip
        if self._untimed:
            self.out.notes.append(
                f"{self._untimed} imported steps do not say when they were: each has the time before it"
            )
        return self.out


def _over(step: Step) -> bool:
    return step.payload.terminated or step.payload.truncated


def _is_whole(steps: list[Step]) -> bool:
    """Whether an episode that has its end has every step before it, too."""
    numbers = [step.payload.step for step in steps if not step.payload.reset]
    return min(numbers, default=-1) < 0 or len(numbers) == max(numbers) - min(numbers) + 1


def _row(step: Step) -> PlainRow:
    payload = step.payload
    beside = {name: value for name, value in _beside(step).items() if value}
    reward = payload.reward if payload.reward is None or payload.reset else float(payload.reward)
    return PlainRow(
        step.time_us, payload.observation, None if payload.reset else payload.action, reward, payload.terminated,
        payload.truncated, payload.reset, payload.info, payload.seed if payload.reset else None, payload.frame,
        step.payload_version, beside,
    )  # fmt: skip


def _beside(step: Step) -> dict[str, Any]:
    """What travels with a row under names of its own: `store/steps.py` reads it."""
    payload, extra = step.payload, dict(step.payload.extra)
    for name in ("final_observation", "space"):  # of vector environments, and of the store it was sent from
        if getattr(payload, name) is not None:
            extra[name] = getattr(payload, name)
    return {
        "extra": extra, "raw": step.raw if step.keep_raw else b"", "lines": step.lines,
        "note": payload.note or step.note, "options": payload.options,
    }  # fmt: skip
