"""Recording is never throttled by a view: what is stored is the same under any view setting, and without a view."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gymnasium as gym
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from screens import settle

import cornerman
from cornerman.core.payloads import frame_v1
from cornerman.core.records import StepRecord
from cornerman.store.api import open_store
from cornerman.tui.app import CornermanApp
from cornerman.tui.options import Options

STEPS = 120
APART = {"stream_id", "time_us"}
"""What two recordings of the same steps differ in."""


def loop(env: Any, steps: int) -> None:
    for _ in range(steps):
        if any(env.step(env.action_space.sample())[2:4]):
            env.reset()


def recorded(store: Path) -> Any:
    env = cornerman.record(gym.make("FrozenLake-v1"), store=store, job="watched", frames="auto")
    env.action_space.seed(7)
    env.reset(seed=7)
    return env


def stored(store: Path) -> list[Any]:
    """Every row with its frame, and what the ledger says."""
    with open_store(store) as opened:
        stream = opened.run("watched").streams()[0]
        rows = [stream.step(row) for row in range(stream.row_count())]
        ledger = stream.summary().ledger
    names = [each.name for each in fields(StepRecord) if each.name not in APART]
    found = [[repr(getattr(row, name)) for name in names] for row in rows]
    frames = [None if row.frame is None else frame_v1.encode(row.frame) for row in rows]
    return [found, frames, ledger]


async def watched(store: Path, options: Options, keys: list[str]) -> None:
    """Record while a screen follows, and somebody presses keys."""
    env = recorded(store)
    app = CornermanApp(
        lambda read_only: open_store(store, read_only=read_only), str(store), options=options, run="latest"
    )
    async with app.run_test(size=(100, 30)) as pilot:
        for key in [*keys, ""]:
            loop(env, STEPS // (len(keys) + 1))
            await (pilot.press(key) if key else settle(pilot))
            await pilot.pause(0.05)
        loop(env, STEPS - STEPS // (len(keys) + 1) * (len(keys) + 1))
        env.close()


options = st.builds(
    Options,
    frames_per_second=st.sampled_from((1.0, 30.0)),
    bytes_per_second=st.sampled_from((10_000, 1_000_000)),
    every=st.sampled_from((1, 7, 1_000_000)),
    rendering=st.booleans(),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(options, st.lists(st.sampled_from(("p", "w", "space", "f", "z", "left")), max_size=3))
def test_what_is_stored_is_the_same_under_any_view_setting(chosen: Options, keys: list[str]) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        env = recorded(Path(first))
        loop(env, STEPS)
        env.close()
        asyncio.run(watched(Path(second), chosen, keys))
        assert stored(Path(second)) == stored(Path(first))
