"""Observations on the other side of a wrapper that normalizes, on the screen of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.wrappers import NormalizeObservation

import cornerman
from cornerman.tui import run_view
from cornerman.tui.look import Look
from cornerman.tui.moves import Move
from cornerman.tui.queries import Reading, ViewAnswer, ViewQuery


def lines(view: ViewAnswer) -> str:
    return "\n".join("".join(part for part, _ in line) for line in run_view.fields(view, 60, Look()))


def test_an_observation_is_shown_as_it_was_before_the_wrapper(tmp_path: Path) -> None:
    """With the wrapper below the recorder, marked as such; who does not ask sees what was recorded."""
    env: Any = cornerman.record(NormalizeObservation(gymnasium.make("CartPole-v1")), store=tmp_path, frames="none")
    env.reset(seed=1)
    env.step(1)
    truth = float(env.unwrapped.state[1])
    env.close()
    with cornerman.open_store(tmp_path) as store:
        query = ViewQuery(store.run("latest").run_id, 0, 0, Move("row", 1))
        reading = Reading(store, lambda: store)
        plain, other = (replace(query, normalization=asked).answer(reading) for asked in (False, True))
    assert "observation, denormalized" in lines(other)
    assert f"{truth:.4f}"[:6] in lines(other)
    assert "denormalized" not in lines(plain)
