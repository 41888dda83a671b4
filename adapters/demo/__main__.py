"""The demo's child process: trains and records until it is told to stop or whoever started it has gone.

One thread steps whichever environment is due, so that three of them stay light on a small host.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from cornerman.adapters.environments import draw_in_memory
from cornerman.adapters.record import record
from cornerman.adapters.stopping import StopSignals

from .cartpole import CartPole
from .frozenlake import FrozenLake
from .learner import Learner, Record
from .pixels import pixels

_CATCH_UP = 0.25
"""Seconds that the learners may be behind before their clock is put back."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cornerman.adapters.demo", description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    args = parser.parse_args()

    def recorded(env: Any, job: str) -> Any:
        return record(env, job=job, store=args.store)

    draw_in_memory()
    with StopSignals() as stop:
        learners = _learners(recorded, args.seed)
        try:
            train(learners, stop, time.monotonic() + args.seconds)
        finally:
            for learner in learners:
                learner.close()
    return 0


def train(learners: Sequence[Learner], stop: StopSignals, until: float) -> None:
    """Step each learner at its own pace."""
    due = {learner: time.monotonic() for learner in learners}
    parent, orphan_check = os.getppid(), 0.0
    while not stop.received and (now := time.monotonic()) < until:
        learner = min(due, key=due.__getitem__)
        if due[learner] > now:
            time.sleep(min(due[learner] - now, 0.05))
            continue
        learner.step()
        due[learner] += 1 / learner.steps_per_second
        if (late := now - min(due.values()) - _CATCH_UP) > 0:  # a busy host slows all of them alike
            due = {each: moment + late for each, moment in due.items()}
        if now > orphan_check:
            if os.getppid() != parent:
                return
            orphan_check = now + 1.0


def _learners(recorded: Record, seed: int) -> list[Learner]:
    """All three; what takes longest to make comes last, so that the first is on the screen at once."""
    learners: list[Learner] = [FrozenLake(recorded, seed), CartPole(recorded, seed)]
    learner, why = pixels(recorded, seed)
    print(f"pixels: {why}", file=sys.stderr, flush=True)
    return [*learners, learner]


if __name__ == "__main__":
    raise SystemExit(main())
