"""Frames: the observation itself, the family's own drawing, or render(); equal ones once, lossless, none on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import gymnasium
import numpy as np
import pytest

import cornerman
from cornerman.core.payloads.frame_v1 import Grid, Rgb, Text
from cornerman.log_catalog import captured
from cornerman.log_catalog.recorder import LOG_RENDER_FAILED


def stored_frames(store: Path) -> int:
    connection = apsw.Connection(str(store / "store.db"))
    rows: list[Any] = connection.execute("select coalesce(sum(frames), 0) from frame_chunk").fetchall()
    return int(rows[0][0])


def play(env: Any, steps: int, seed: int = 1) -> None:
    env.action_space.seed(seed)
    env.reset(seed=seed)
    for _ in range(steps):
        step = env.step(env.action_space.sample())
        if not hasattr(env, "num_envs") and (step[2] or step[3]):
            env.reset()
    env.close()


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"])
def test_toy_text_is_drawn_as_a_grid_without_rendering(tmp_path: Path, env_id: str) -> None:
    """A grid whose agent stands where the state says; each distinct one is stored once."""
    env = gymnasium.make(env_id)
    play(cornerman.record(env, store=tmp_path), 600)
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        states = {int(stream.step(row).observation) for row in range(stream.row_count())}
        frames = [stream.frame(row) for row in range(0, stream.row_count(), 7)]
        assert all(isinstance(frame, Grid) for frame in frames)
        if env_id == "FrozenLake-v1":
            for row in range(0, stream.row_count(), 7):
                frame = stream.frame(row)
                assert isinstance(frame, Grid)
                assert frame.agent == divmod(int(stream.step(row).observation), 4)
        assert stream.summary().frame_kind == "grid"
    assert stored_frames(tmp_path) <= len(states)


def test_blackjack_is_told_in_words(tmp_path: Path) -> None:
    play(cornerman.record(gymnasium.make("Blackjack-v1"), store=tmp_path), 50)
    with cornerman.open_store(tmp_path, read_only=True) as store:
        assert isinstance(store.run("latest").streams()[0].frame(0), Text)


class Picture(gymnasium.Env):
    """Observes pixels."""

    observation_space: Any = gymnasium.spaces.Box(0, 255, (32, 40, 3), np.uint8)
    action_space: Any = gymnasium.spaces.Discrete(2)

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self._next(), {}

    def step(self, action: Any) -> Any:
        return self._next(), 0.0, False, False, {}

    def _next(self) -> Any:
        self.seen.append(self.np_random.integers(0, 256, (32, 40, 3), np.uint8))
        return self.seen[-1]


def test_pixel_observations_are_the_frames_and_not_stored_twice(tmp_path: Path) -> None:
    """The frame of a row is its observation's picture, byte for byte."""
    inner = Picture()
    play(cornerman.record(inner, store=tmp_path), 40)
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        for row, picture in enumerate(inner.seen):
            frame = stream.frame(row)
            assert isinstance(frame, Rgb)
            assert np.array_equal(frame.array, picture)
    assert stored_frames(tmp_path) == 0


class Drawn(Picture):
    """Observes numbers, and can be rendered."""

    observation_space = gymnasium.spaces.Discrete(100)
    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}
    render_mode = "rgb_array"

    def _next(self) -> Any:
        self.seen.append(len(self.seen))
        return self.seen[-1] % 5

    def render(self) -> Any:
        return np.full((20, 30, 3), self.seen[-1] % 5, np.uint8)


def test_render_is_asked_where_nothing_else_shows_the_environment(tmp_path: Path) -> None:
    """Lossless; five distinct pictures are stored five times, and the time spent in render() is told apart."""
    env = cornerman.record(Drawn(), store=tmp_path)
    play(env, 40)
    assert env.cornerman.status()["render_seconds"] > 0  # type: ignore[attr-defined]
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        for row in range(41):
            frame = stream.frame(row)
            assert isinstance(frame, Rgb)
            assert (frame.array == row % 5).all()
    assert stored_frames(tmp_path) == 5


def test_frames_may_be_rarer_or_absent(tmp_path: Path) -> None:
    """`every=N` and `none` change what is drawn, never what is stored of the steps."""
    for frames in ("every=10", "none"):
        play(cornerman.record(Drawn(), store=tmp_path / frames, frames=frames), 40)
        with cornerman.open_store(tmp_path / frames, read_only=True) as store:
            stream = store.run("latest").streams()[0]
            shown = [row for row in range(41) if stream.frame(row) is not None]
            assert shown == (list(range(0, 41, 10)) if frames == "every=10" else [])
            assert stream.row_count() == 41


def test_frames_of_chosen_sub_environments(tmp_path: Path) -> None:
    """`envs=[…]`: the others have none."""
    env = gymnasium.vector.SyncVectorEnv([Drawn, Drawn, Drawn])
    play(cornerman.record(env, store=tmp_path, frames="envs=0,2"), 20)
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        assert [stream.frame(5, index) is not None for index in range(3)] == [True, False, True]


def test_frames_are_readable_before_they_are_sealed(tmp_path: Path) -> None:
    """A viewer sees the newest frame while it is in the journal only."""
    env = cornerman.record(Drawn(), store=tmp_path)
    env.reset(seed=1)
    for _ in range(3):
        env.step(0)
    with cornerman.open_store(tmp_path, read_only=True) as store:
        frame = store.run("latest").streams()[0].frame(3)
        assert isinstance(frame, Rgb)
        assert (frame.array == 3).all()
    env.close()


class Broken(Drawn):
    """Its picture fails from the fourth on: by raising, or by not coming."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.asked = how, 0

    def render(self) -> Any:
        self.asked += 1
        if self.asked < 4:
            return super().render()
        if self.how == "raise":
            raise RuntimeError("no display")
        return None


@pytest.mark.parametrize("how", ["raise", "none"])
def test_a_picture_that_fails_costs_no_step(tmp_path: Path, how: str) -> None:
    """It is said and noted once, frames are off for the stream, and every step is there."""
    inner = Broken(how)
    with captured() as events:
        play(cornerman.record(inner, store=tmp_path), 40)
    assert [event.constant for event in events].count(LOG_RENDER_FAILED) == 1
    assert inner.asked == 4
    with cornerman.open_store(tmp_path, read_only=True) as store:
        run = store.run("latest")
        stream = run.streams()[0]
        assert [stream.frame(row) is not None for row in (0, 2, 3, 30)] == [True, True, False, False]
        assert run.step_count == 40
        assert any("frames are off" in note for note in run.summary().notes)
        assert not run.summary().ledger.dropped
