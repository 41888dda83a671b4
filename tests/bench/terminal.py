"""The terminal as a person meets it: first paint, keys under a live feed, how old what is shown is, idle, pictures.

Parts: `paint`, `idle`, `keys`, `age`, `pictures`, `history`. The first ones are taken on a store of ten million steps
and on one of five hundred runs: nothing here may depend on how much was recorded.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .figures import Figure, Skipped
from .pseudo_terminal import Terminal, cornerman, environ
from .reading import QUICK_STEPS, STEPS, recording

RUNS = 500
BUDGET = 300.0
"""kB a second that pictures may send, as the settings have it."""

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare app")
Bare().run()
"""

MANY = """
import sys
import gymnasium, cornerman
for number in range(int(sys.argv[2])):
    env = cornerman.record(gymnasium.make("CartPole-v1"), job=f"job-{number:03}", store=sys.argv[1])
    env.reset(seed=number)
    for _ in range(60):
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    env.close()
"""


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    steps = QUICK_STEPS if quick else STEPS
    programs: dict[str, Callable[[], Iterator[Figure | Skipped]]] = {
        "paint": lambda: _paint(steps, scratch, 3 if quick else 9),
        "idle": lambda: _idle(steps, scratch, 5 if quick else 15),
        "keys": lambda: _keys(scratch, 20 if quick else 80),
        "age": lambda: _age(scratch, 3 if quick else 10),
        "pictures": lambda: _pictures(scratch, 4 if quick else 12),
        "history": lambda: _history(steps, 20 if quick else 80),
    }
    for name, program in programs.items():
        if part in name:
            yield from program()


def _stores(steps: int, scratch: Path) -> Iterator[tuple[str, Path, bytes]]:
    """What is opened, and what is read on the screen once its list of runs is there."""
    yield f"{steps // 1_000_000}M steps", recording(steps)[0], b"walk"
    many = scratch / "many"
    if not many.exists():
        subprocess.run([sys.executable, "-c", MANY, str(many), str(RUNS)], check=True, env=environ())
    yield f"{RUNS} runs", many, b"job-"


def _paint(steps: int, scratch: Path, rounds: int) -> Iterator[Figure]:
    """The first round does not count: it compiles. The turns alternate, so that both meet the same machine."""
    for name, store, listed in _stores(steps, scratch):
        bare, frame, runs = [], [], []
        spent: dict[str, list[float]] = {"a bare app's first paint": [], "first paint": []}
        for _ in range(rounds + 1):
            with Terminal([sys.executable, "-c", BARE]) as terminal:
                bare.append(1000 * (terminal.until(b"bare app") - terminal.started))
                spent["a bare app's first paint"].append(1000 * terminal.cpu())
            with Terminal(cornerman(store)) as terminal:
                frame.append(1000 * (terminal.until(b"cornerman ") - terminal.started))
                spent["first paint"].append(1000 * terminal.cpu())
                runs.append(1000 * (terminal.until(listed) - terminal.started))
        over = [ours - base for ours, base in zip(frame, bare, strict=True)]
        yield Figure(part=name, name="first paint", unit="ms", values=tuple(frame[1:]), limit=300.0)
        yield Figure(part=name, name="first paint over a bare app's", unit="ms", values=tuple(over[1:]), limit=60.0)
        yield Figure(part=name, name="the list of runs is there", unit="ms", values=tuple(runs[1:]))
        for what, used in spent.items():
            note = "says more where others work"
            yield Figure(part=name, name=f"processor time until {what}", unit="ms", values=tuple(used[1:]), note=note)


def _idle(steps: int, scratch: Path, seconds: float) -> Iterator[Figure]:
    for name, store, listed in _stores(steps, scratch):
        for what, more in (("list", ()), ("run", ("--run", "latest"))):
            with Terminal(cornerman(store, *more)) as terminal:
                terminal.until(listed, 30)
                terminal.watch(3)
                before = terminal.cpu()
                octets = terminal.watch(seconds)
                used = 100 * (terminal.cpu() - before) / seconds
            yield Figure(part=name, name=f"idle, {what}: bytes sent", unit="B", values=(float(octets),), limit=0.0)
            yield Figure(part=name, name=f"idle, {what}: processor", unit="%", values=(used,), limit=0.5)


class _Feed:
    """A recording under way while the terminal is looked at."""

    def __init__(self, store: Path, name: str, pace: float) -> None:
        command = [sys.executable, "-m", "bench.feed", str(store), name, str(pace), "1000000"]
        self._child = subprocess.Popen(command, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._child.stdout is not None
        self.began = self._child.stdout.readline() == b"ready\n"

    def __enter__(self) -> bool:
        return self.began

    def __exit__(self, *_: object) -> None:
        self._child.kill()  # SDL takes a polite signal for an event of its window
        self._child.wait()


def _press(terminal: Terminal, presses: int, words: tuple[tuple[bytes, bytes], tuple[bytes, bytes]]) -> list[float]:
    """Milliseconds from each key to its words, sorted; two keys in turn, at times that share no beat with the feed."""
    waits = []
    for press in range(presses):
        key, marker = words[press % 2]
        since = len(terminal.chunks)
        pressed = terminal.send(key)
        waits.append(1000 * (terminal.until(marker, 5, since) - pressed))
        terminal.watch(0.13 + press % 7 * 0.011)
    return sorted(waits)


_SAYING = ((b"s", b"one stream"), (b"e", b"one environment"))
"""Keys of a run with one environment: each says a word in the status line."""


def waits(part: str, taken: list[float]) -> Iterator[Figure]:
    yield Figure(part=part, name="key to paint", unit="ms", values=tuple(taken), limit=25.0)
    yield Figure(
        part=part, name="key to paint, 95 of 100", unit="ms", values=(taken[int(len(taken) * 0.95)],), limit=60.0
    )


def _keys(scratch: Path, presses: int) -> Iterator[Figure | Skipped]:
    part = "60 pictures a second"
    with _Feed(scratch / "keys", "CartPole-v1:rgb_array", 1 / 60) as began:
        if not began:
            yield Skipped(part, "CartPole draws no pictures here: pygame is missing")
            return
        with Terminal(cornerman(scratch / "keys", "--run", "latest")) as terminal:
            terminal.until(b"FOLLOW", 30)
            terminal.watch(2)
            yield from waits(part, _press(terminal, presses, _SAYING))


def _age(scratch: Path, seconds: float) -> Iterator[Figure]:
    """From a step to its stamp among the fields of one who follows."""
    for name, pace in (("20 steps a second", 0.05), ("as fast as it can", 0.0)):
        store = scratch / f"age-{pace}"
        with _Feed(store, "CartPole-v1", pace), Terminal(cornerman(store, "--run", "latest")) as terminal:
            terminal.until(b"FOLLOW", 30)
            terminal.watch(2)
            first = len(terminal.chunks)
            terminal.watch(seconds)
            chunks = terminal.chunks[first:]
        ages = [1000 * at - int(stamp) for at, data in chunks for stamp in re.findall(rb"stamp: (\d+)\D", data)]
        yield Figure(part=name, name="age of a step on the screen", unit="ms", values=tuple(ages))
        yield Figure(part=name, name="the oldest", unit="ms", values=(max(ages),), limit=500.0)


def _pictures(scratch: Path, seconds: float) -> Iterator[Figure | Skipped]:
    """Photographic frames at full rate: the budget holds, pictures move, and keys are not held up by them."""
    for name, env, pace in (
        ("CarRacing, 50 a second", "CarRacing-v3:rgb_array", 0.02),
        ("Pong, 60 a second", "ALE/Pong-v5:rgb_array", 1 / 60),
    ):
        store = scratch / env.partition("-")[0].replace("/", "")
        with _Feed(store, env, pace) as began:
            if not began:
                yield Skipped(name, "this environment is not installed here")
                continue
            for images in ("half-cells", "kitty", "sixel"):
                part = name if images == "half-cells" else f"{name}, {images}"
                with Terminal(cornerman(store, "--run", "latest"), images) as terminal:
                    terminal.until(b"FOLLOW", 30)
                    terminal.watch(3)
                    yield from _moving(part, terminal, seconds)
                    yield from waits(part, _press(terminal, 40, _SAYING))


def _moving(part: str, terminal: Terminal, seconds: float) -> Iterator[Figure]:
    """What moving pictures cost while nobody types."""
    first, began_at, before = len(terminal.chunks), time.monotonic(), terminal.cpu()
    terminal.watch(seconds)
    took, used = time.monotonic() - began_at, terminal.cpu() - before
    sent = b"".join(data for _, data in terminal.chunks[first:])
    drawn = [int(number) for number in re.findall(rb"drawn (\d+)\b(?![.kM])", sent)]
    pace = (drawn[-1] - drawn[0]) / took
    yield Figure(part=part, name="sent", unit="kB/s", values=(len(sent) / took / 1000,), limit=BUDGET * 1.2)
    yield Figure(part=part, name="pictures drawn", unit="1/s", values=(pace,), limit=12.0, at_least=True)
    yield Figure(part=part, name="processor of the terminal", unit="%", values=(100 * used / took,))


def _history(steps: int, presses: int) -> Iterator[Figure]:
    """Moving about in a long recording: the end of an episode, and the beginning of the one before."""
    part = f"{steps // 1_000_000}M steps"
    with Terminal(cornerman(recording(steps)[0], "--run", "latest")) as terminal:
        terminal.until(b"PAUSED", 30)
        terminal.watch(2)
        waits = []
        for press in range(presses):
            since, pressed = len(terminal.chunks), terminal.send(b"[" if press % 4 else b"g")
            if press % 4 == 0:  # to somewhere else altogether: a vector step by its number
                row = 7_919 * (press + 1) * (steps // 1_000_000) % steps
                terminal.until(b"go to t", 5, since)
                since, pressed = len(terminal.chunks), terminal.send(str(row).encode() + b"\r")
            waits.append(1000 * (terminal.until(b"episode ", 5, since) - pressed))
            terminal.watch(0.2)
    waits.sort()
    yield Figure(part=part, name="jump to another place, to paint", unit="ms", values=tuple(waits), limit=60.0)
    yield Figure(part=part, name="the slowest jump", unit="ms", values=(waits[-1],))
