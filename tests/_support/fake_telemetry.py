"""A telemetry repository in memory, with the same data each time: what the screens' tests and snapshots look at.

It answers the ports as the store does (rows with resets, independent sub-environments, episodes by the row of their
end) and refuses what the store refuses. The rows are made by arithmetic, not drawn at random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from memory_logs import MemoryLogs

from cornerman.core.errors import NotFound
from cornerman.core.normalization import NormalizationStatistics
from cornerman.core.payloads.frame_v1 import Frame, Grid, Rgb, Text, Vector
from cornerman.core.records import (
    EpisodeOrder,
    EpisodeRollup,
    LedgerRow,
    RunState,
    RunSummary,
    StepRecord,
    StreamFlow,
    StreamSummary,
)

NOW = 1_795_219_200.0
"""The clock of the fake: 2026-11-21 00:00 UTC."""

LAKE = ("SFFF", "FHFH", "FFFH", "HFFG")
LEGEND = {"S": "start", "F": "frozen", "H": "hole", "G": "goal"}
PATH = ((0, 0), (1, 0), (2, 0), (2, 1), (3, 1), (3, 2), (3, 3))


_RANKS: dict[str, Callable[[EpisodeRollup], float]] = {
    "best": lambda e: -e.total_reward,
    "worst": lambda e: e.total_reward,
    "longest": lambda e: -e.length,
}


@dataclass
class FakeStream:
    """One stream: `lengths[env]` are the lengths of its episodes; the last one of each may be under way."""

    stream_id: int
    run_id: str
    env_id: str
    lengths: Sequence[Sequence[int]]
    kind: str = "none"
    name: str = "train"
    vector: bool = False
    state: RunState = "done"
    open_last: bool = False
    period_us: int = 20_000
    ledger: LedgerRow | None = None
    manifest: dict[str, Any] = field(default_factory=dict)
    _places: list[list[tuple[int, int]]] = field(default_factory=list)
    _rows: int = 0

    def __post_init__(self) -> None:
        for lengths in self.lengths:
            self._places.append([(n, s) for n, length in enumerate(lengths) for s in range(-1, length)])
        self._rows = min(map(len, self._places))

    # ---- the port ----

    def summary(self) -> StreamSummary:
        ended = [e for e in self.episodes() if e.ended != "open"]
        transitions = sum(1 for places in self._places for _, step in places[: self._rows] if step >= 0)
        return StreamSummary(
            stream_id=self.stream_id,
            run_id=self.run_id,
            name=self.name,
            env_id=self.env_id,
            num_envs=len(self.lengths) if self.vector else 0,
            autoreset_mode="NextStep" if self.vector else "",
            rows=self._rows,
            step_count=self._rows - 1,
            transition_count=transitions,
            episode_count=len(ended),
            reward_sum=float(sum(e.total_reward for e in self.episodes())),
            state=self.state,
            started_us=self._time(0),
            last_us=self._time(self._rows - 1),
            bytes=transitions * 19 + 4096,
            frame_kind=self.kind,
            frame_envs=(0,) if self.kind != "none" else (),
            ledger=self.ledger or LedgerRow(transitions, transitions - 12, 12),
            manifest=self.manifest,
            flow=StreamFlow() if self.ledger else StreamFlow(12, self._time(self._rows - 12)),
        )

    def row_count(self) -> int:
        return self._rows

    def step(self, row: int, env_index: int = 0, *, frame: bool = True) -> StepRecord:
        if not 0 <= row < self._rows or not 0 <= env_index < len(self.lengths):
            raise NotFound(f"There is no row {row} of sub-environment {env_index}.")
        episode, step = self._places[env_index][row]
        reset, length = step < 0, self.lengths[env_index][episode]
        last = step == length - 1
        truncated = last and length >= 200
        return StepRecord(
            stream_id=self.stream_id,
            row=row,
            t=self._t(row),
            env_index=env_index,
            episode=episode,
            step=step,
            time_us=self._time(row),
            observation=self._observation(episode, step, env_index),
            action=None if reset else np.int64((episode + step) % 2),
            reward=None if reset else self._reward(episode, step, env_index),
            terminated=last and not truncated,
            truncated=truncated,
            reset=reset,
            info={"prob": 1.0} if self.kind == "grid" else {},
            frame=self.frame(row, env_index) if frame else None,
            seed=42 if row == 0 else None,
        )

    def steps(self, first: int = 0, stop: int | None = None, env_index: int = 0) -> Iterator[StepRecord]:
        for row in range(first, self._rows if stop is None else min(stop, self._rows)):
            yield self.step(row, env_index)

    def row_at(self, t: int) -> int:
        for row in range(max(0, t), self._rows):
            if self._t(row) == t and self._places[0][row][1] >= 0:
                return row
        raise NotFound(f"There is no vector step {t}.")

    def normalization(self, t: int | None = None) -> dict[str, NormalizationStatistics]:
        return {}

    def frame(self, row: int, env_index: int = 0) -> Frame | None:
        episode, step = self._places[env_index][row]
        if env_index != 0:
            return None
        makers: dict[str, Callable[[int, int], Frame]]
        makers = {"grid": self._grid, "rgb": _road, "vector": _numbers, "text": _board}
        return makers[self.kind](episode, step) if self.kind in makers else None

    def rewards(self, first: int, stop: int, env_index: int = 0) -> np.ndarray:
        places = self._places[env_index][first : min(stop, self._rows)]
        return np.array([math.nan if s < 0 else self._reward(e, s, env_index) for e, s in places])

    def episodes(
        self,
        *,
        env_index: int | None = None,
        order: EpisodeOrder = "oldest",
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[EpisodeRollup]:
        envs = range(len(self.lengths)) if env_index is None else [env_index]
        every = [self.episode(env, n) for env in envs for n in range(self._places[env][self._rows - 1][0] + 1)]
        every.sort(key=lambda e: (e.ended == "open", e.last_row, e.env_index))
        if order != "oldest":
            every.reverse()
        if order in _RANKS:
            every = sorted((e for e in every if e.ended != "open"), key=_RANKS[order])
        return every[offset : None if limit is None else offset + limit]

    def episode_at(self, row: int, env_index: int = 0) -> EpisodeRollup | None:
        return self.episode(env_index, self._places[env_index][row][0])

    def episode(self, env_index: int, episode: int) -> EpisodeRollup:
        rows = [r for r, (e, _) in enumerate(self._places[env_index][: self._rows]) if e == episode]
        if not rows:
            raise NotFound(f"There is no episode {episode}.")
        length = self._places[env_index][rows[-1]][1] + 1
        whole = length == self.lengths[env_index][episode]
        under_way = not whole or (self.open_last and episode == len(self.lengths[env_index]) - 1)
        truncated = not under_way and length >= 200
        ended = "open" if under_way else "truncated" if truncated else "terminated"
        if under_way and self.state == "interrupted":
            ended = "interrupted"
        return EpisodeRollup(
            stream_id=self.stream_id,
            env_index=env_index,
            episode=episode,
            first_row=rows[0],
            last_row=rows[-1],
            first_t=self._t(rows[0]),
            last_t=self._t(rows[-1]),
            length=length,
            total_reward=float(sum(self._reward(episode, s, env_index) for s in range(length))),
            ended=ended,  # type: ignore[arg-type]
            seed=42 + env_index if episode == 0 else 42,
            seed_source="given" if episode == 0 else "continued",
            started_us=self._time(rows[0]),
            ended_us=self._time(rows[-1]),
            terminated=ended == "terminated",
            truncated=truncated,
        )

    # ---- the data ----

    def grow(self, rows: int) -> None:
        """The run goes on: its last episode gets so many steps more."""
        for env, places in enumerate(self._places):
            episode, step = places[-1]
            places.extend((episode, step + 1 + at) for at in range(rows))
            self.lengths[env][-1] += rows  # type: ignore[index]
        self._rows += rows

    def _t(self, row: int) -> int:
        if self.vector:
            return max(0, row - 1)
        return row - self._places[0][row][0] - (1 if self._places[0][row][1] >= 0 else 0)

    def _time(self, row: int) -> int:
        return int(NOW * 1e6) - (self._rows - row) * self.period_us

    def _reward(self, episode: int, step: int, env: int) -> float:
        if self.kind == "grid":
            return 1.0 if episode % 3 != 1 and step == self.lengths[env][episode] - 1 and step > 4 else 0.0
        if self.kind == "rgb":
            return round(-0.1 + (3.2 if step % 9 == 4 else 0.0), 3)
        return 1.0

    def _observation(self, episode: int, step: int, env: int) -> Any:
        if self.kind == "grid":
            row, column = PATH[min(max(step + 1, 0), len(PATH) - 1)]
            return np.int64(row * 4 + column)
        if self.kind == "rgb":
            return np.frombuffer(_road(episode, step).pixels, np.uint8).reshape(96, 96, 3)
        return np.array([math.sin(step / 9 + at + env) * (at + 1) / 4 for at in range(4)], np.float32)

    def _grid(self, episode: int, step: int) -> Grid:
        return Grid(
            LAKE,
            LEGEND,
            PATH[min(max(step + 1, 0), len(PATH) - 1)],
            (),
            "action: Right" if step % 2 else "action: Down",
        )


def _road(episode: int, step: int) -> Rgb:
    y, x = np.mgrid[0:96, 0:96]
    middle = 48 + 20 * np.sin((y + step * 3) / 18)
    road = np.abs(x - middle) < 14
    grass = np.stack([100 + x // 8, 190 + (y // 6) % 2 * 14, 90 + 0 * x], -1)
    picture = np.where(road[..., None], np.array([104, 104, 104]), grass)
    picture[66:78, 45:52] = (204, 30, 30)
    return Rgb(96, 96, picture.astype(np.uint8).tobytes())


def _numbers(episode: int, step: int) -> Vector:
    names = ("cart position", "cart velocity", "pole angle", "pole velocity")
    return Vector(names, tuple(round(math.sin(step / 9 + at) * (at + 1) / 4, 5) for at in range(4)))


def _board(episode: int, step: int) -> Text:
    return Text("+---------+\n|\x1b[43mR\x1b[0m: | : :G|\n| : | : : |\n+---------+\n  (South)\n")


@dataclass
class FakeRun:
    """One run."""

    run_id: str
    job: str
    fake_streams: list[FakeStream]
    returns: tuple[float, ...]
    state: RunState = "done"
    steps_per_second: float = 50.0
    bytes_per_hour: float | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def summary(self) -> RunSummary:
        parts = [stream.summary() for stream in self.fake_streams]
        ledger = parts[0].ledger
        for part in parts[1:]:
            ledger = ledger + part.ledger
        lengths = [e.length for s in self.fake_streams for e in s.episodes() if e.ended != "open"][-100:]
        return RunSummary(
            run_id=self.run_id,
            job=self.job,
            state=self.state,
            env_ids=tuple(dict.fromkeys(part.env_id for part in parts)),
            started_us=min(part.started_us for part in parts),
            last_us=max(part.last_us for part in parts),
            step_count=sum(part.step_count for part in parts),
            transition_count=sum(part.transition_count for part in parts),
            episode_count=sum(part.episode_count for part in parts),
            steps_per_second=self.steps_per_second,
            last_return=self.returns[-1] if self.returns else None,
            returns=self.returns,
            mean_length=sum(lengths) / len(lengths) if lengths else None,
            bytes=sum(part.bytes for part in parts),
            bytes_per_hour=self.bytes_per_hour,
            ledger=ledger,
            provenance=self.provenance,
            notes=self.notes,
        )

    def streams(self) -> Sequence[FakeStream]:
        return self.fake_streams


class FakeRepository:
    """A store of fake runs; `broken` makes every question fail with that error."""

    def __init__(self, runs: list[FakeRun]) -> None:
        self.fake_runs = runs
        self.broken: Exception | None = None
        self.asked = 0
        self.deleted: list[str] = []
        self.logs = MemoryLogs()

    def runs(self) -> Sequence[FakeRun]:
        self.asked += 1
        if self.broken is not None:
            raise self.broken
        return tuple(self.fake_runs)

    def version(self) -> object:
        return object()

    def run(self, name: str) -> FakeRun:
        if self.broken is not None:
            raise self.broken
        for run in self.fake_runs:
            if name in (run.run_id, run.job, "latest"):
                return run
        raise NotFound(f"There is no run {name!r}.")

    def delete(self, run_id: str) -> int:
        run = self.run(run_id)
        self.fake_runs.remove(run)
        self.deleted.append(run_id)
        return run.summary().bytes


def lake(run_id: str = "01KAH8YQ3T4LAKE0", state: RunState = "live") -> FakeRun:
    """FrozenLake, learning: boards, a reward at the end of most episodes."""
    lengths = [6 + (n * 7) % 5 for n in range(40)] + [5]
    stream = FakeStream(1, run_id, "FrozenLake-v1", [lengths], "grid", state=state, open_last=True, period_us=250_000)
    stream.manifest = {
        "observation_space": "Discrete(16)",
        "action_space": "Discrete(4)",
        "render_fps": 4,
        "frames": {"source": "adapter", "envs": [0], "every": 1},
    }
    returns = tuple(0.02 * n + (0.1 if n % 4 else -0.1) for n in range(40))
    command = "python train_lake.py --alpha 0.8"
    return FakeRun(
        run_id, "q-learning", [stream], returns, state, 4.0, 280_000.0, {"command": command, "host": "gpu-07"}
    )


def poles(run_id: str = "01KAH7C0DEPOLES8", state: RunState = "done") -> FakeRun:
    """CartPole x8: no frames, two streams."""
    lengths = [[18 + (n * 13 + env * 5) % 60 + n * 3 for n in range(9)] for env in range(8)]
    train = FakeStream(1, run_id, "CartPole-v1", lengths, vector=True, state=state)
    train.manifest = {
        "observation_space": "Box(-inf, inf, (4,), float32)",
        "action_space": "Discrete(2)",
        "frames": {"source": "none", "envs": [], "every": 1},
    }
    evaluation = FakeStream(2, run_id, "CartPole-v1", [[60, 120, 200]], "vector", "eval", state=state)
    returns = tuple(20 + n * 2.5 + 9 * math.sin(n) for n in range(60))
    return FakeRun(
        run_id, "ppo-baseline", [train, evaluation], returns, state, 41_200.0, None, {"command": "python ppo.py"}
    )


def race(run_id: str = "01KAH5XM77RACE42", state: RunState = "interrupted") -> FakeRun:
    """CarRacing: pictures; its process was killed, and a full disk had cost it some steps."""
    stream = FakeStream(1, run_id, "CarRacing-v3", [[220, 180, 90]], "rgb", state=state, open_last=True)
    rows = 490
    stream.ledger = LedgerRow(rows + 37, rows, 0, dropped={"disk full": 37})
    stream.manifest = {
        "observation_space": "Box(0, 255, (96, 96, 3), uint8)",
        "action_space": "Box(-1, 1, (3,), float32)",
    }
    return FakeRun(run_id, "pixels", [stream], (-30.0, -12.5), state, 48.7, None, {"command": "python race.py"})


def uneven() -> FakeRun:
    """A run whose ledger does not add up."""
    stream = FakeStream(
        1, "01KAH4BADLEDGER0", "Taxi-v3", [[20, 20]], "text", state="stale", ledger=LedgerRow(50, 40, 0)
    )
    return FakeRun("01KAH4BADLEDGER0", "taxi", [stream], (-200.0, -180.0), "stale", 0.0)


def repository() -> FakeRepository:
    """Four runs, one of each state."""
    return FakeRepository([lake(), poles(), race(), uneven()])


def with_state(run: FakeRun, state: RunState) -> FakeRun:
    return replace(run, state=state)
