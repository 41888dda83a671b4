"""Log records for the benchmarks: of a few runs that train, with words, numbers and levels as such programs have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal, NamedTuple

from cornerman.core.payloads.log_record_v1 import LogRecordV1

BEGAN_US = 1_790_000_000_000_000
COMPONENTS = [
    (component, part)
    for component in ("Worker", "Runtime", "Policy", "Buffer", "Environment", "Checkpoint", "Network", "Store")
    for part in ("Lifecycle", "Step", "Queue", "Memory", "Io")
]
TEMPLATES = (
    "step {step} reward {x:.4f} loss {y:.6f}",
    "episode {episode} ended after {n} steps with return {x:.3f}",
    "replay buffer holds {n} transitions of {m}",
    "gradient norm {x:.5f} clipped to {y:.3f}",
    "checkpoint written to /data/runs/model-{step}.pt in {n} ms",
    "queue depth {n} worker {m} waits",
    "learning rate now {y:.8f}",
    "received frame {m} of environment {n}",
    "evaluation score {x:.3f} over {n} episodes",
    "cuda memory {n} MiB of {m} MiB in use",
)
LEVELS = ("DEBUG",) * 55 + ("INFO",) * 38 + ("WARNING",) * 6 + ("ERROR",)
TAGS = ((), (), ("step",), ("loss",), ("step", "reward"), ("io",), ("eval",))
NEEDLE = "segmentation fault in libneedle"
"""One record in five million says it, so that what is rare is there."""


class Site(NamedTuple):
    """A place in the programs that writes lines."""

    component: str
    part: str
    code: str
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    tags: tuple[str, ...]
    template: int


def _sites(count: int = 400) -> list[Site]:
    rng = random.Random(0)
    return [
        Site(
            *rng.choice(COMPONENTS), f"LOG{500 + at}" if rng.random() < 0.7 else "", rng.choice(LEVELS),  # type: ignore[arg-type]
            rng.choice(TAGS), rng.randrange(len(TEMPLATES)),
        )
        for at in range(count)
    ]  # fmt: skip


def records(count: int, *, seed: int = 1, runs: int = 6) -> Iterator[LogRecordV1]:
    """The same records for the same seed. A millisecond lies between two of them, about; the runs overlap."""
    number, sites = random.Random(seed).random, _sites()
    ids = [f"01BENCH{run:04d}" + "X" * 15 for run in range(runs)]
    for at in range(count):
        run = min(at * runs // count, runs - 1) if number() < 0.8 else int(number() * runs)
        site = sites[int(number() ** 2 * len(sites))]
        step, episode = at // 3, at // 700
        x, y, n, m = number() * 200 - 100, number(), int(number() * 500), int(number() * 100_000)
        message = TEMPLATES[site.template].format(step=step, episode=episode, x=x, y=y, n=n, m=m)
        if at % 5_000_000 == 1_234_567 or (count < 5_000_000 and at == count // 9):
            message = f"{NEEDLE} at 0x{m:08x}"
        yield LogRecordV1(
            time_us=BEGAN_US + at * 1000 + int(number() * 900), code=site.code, level=site.level,
            component=site.component, subcomponent=site.part, message=message, tags=site.tags, run_id=ids[run],
            episode=episode, step=step, source="known" if site.code else "other",
            output="stdout" if site.template else "stderr", pid=1000 + run,
            fields={"loss": y, "device": f"cuda:{n % 4}"} if site.template == 0 else {},
        )  # fmt: skip
