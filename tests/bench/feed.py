"""What the terminal is shown while it is measured: a recording at a pace, each step with the moment it happened.

python -m bench.feed STORE ENVIRONMENT SECONDS_A_STEP STEPS
"""

# pyright: reportMissingImports=false
# The libraries that are measured come with the `bench` extra; the checkers run without it.

from __future__ import annotations

import sys
import time
from typing import Any

import gymnasium as gym

import cornerman


class Stamped(gym.Wrapper[Any, Any, Any, Any]):
    """Its info says when the step was over, by the clock that the other side reads too."""

    def step(self, action: Any) -> Any:
        *rest, info = self.env.step(action)
        return (*rest, {**info, "stamp": int(time.monotonic() * 1000)})


def main(store: str, name: str, pace: str, steps: str) -> None:
    """Say `ready` when there is a run to open, then go on until all steps are taken."""
    name, _, mode = name.partition(":")
    if name.startswith("ALE/"):
        import ale_py

        gym.register_envs(ale_py)
    env = cornerman.record(
        Stamped(gym.make(name, render_mode=mode or None)), job="bench", store=store, frames="auto" if mode else None
    )
    env.reset(seed=1)
    env.step(env.action_space.sample())
    print("ready", flush=True)
    due = time.monotonic()
    for _ in range(int(steps)):
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
        if float(pace):
            due += float(pace)
            time.sleep(max(0, due - time.monotonic()))
    env.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
