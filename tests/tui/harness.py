"""Measures the terminal in a pseudo-terminal: first paint, keys under a live feed, idle bytes, age of a shown step.

    python tests/tui/harness.py [--json]

Everything runs as a person runs it: the installed command in a terminal of 120 x 40, with compiled bytecode. The
terminal's side stamps bytes as they come and answers no query. Times are reported, never asserted: machines differ.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

SIZE = (40, 120)

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare app")
Bare().run()
"""

RECORD = """
import sys, time
import gymnasium, numpy, cornerman

class Stamped(gymnasium.Wrapper):
    def step(self, action):
        *rest, info = self.env.step(action)
        return *rest, {**info, "stamp": int(time.monotonic() * 1000)}

store, pace, steps, mode = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
env = gymnasium.make("CartPole-v1", render_mode=mode if mode != "none" else None)
env = cornerman.record(Stamped(env), job="bench", store=store, frames="auto" if mode != "none" else "none")
env.reset(seed=1)
env.step(env.action_space.sample())
print("ready", flush=True)
due = time.monotonic()
for _ in range(steps):
    *_, terminated, truncated, info = env.step(env.action_space.sample())
    if terminated or truncated:
        env.reset()
    if pace:
        due += pace
        time.sleep(max(0, due - time.monotonic()))
env.close()
"""


class Terminal:
    """A program in a pseudo-terminal, and every byte it sends with the time it came."""

    def __init__(self, command: list[str], environ: dict[str, str] | None = None) -> None:
        self.started = time.monotonic()
        self.chunks: list[tuple[float, bytes]] = []
        self._fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(slave)
            os.execvpe(command[0], command, {**_environ(), **(environ or {})})
        os.close(slave)

    def read(self, seconds: float) -> bool:
        """Take what comes within so many seconds, at the first bytes; False at the end of the program."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        if not ready:
            return True
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return False
        self.chunks.append((time.monotonic(), data))
        return bool(data)

    def until(self, marker: bytes, seconds: float = 15.0, since: int = 0) -> float | None:
        """When a text first arrived, counted from the chunk `since`; None if it does not."""
        deadline, seen = time.monotonic() + seconds, since
        tail = b""
        while time.monotonic() < deadline:
            for at, data in self.chunks[seen:]:
                tail = (tail + data)[-65_536:]
                if marker in tail:
                    return at
            seen = len(self.chunks)
            if not self.read(deadline - time.monotonic()):
                return None
        return None

    def watch(self, seconds: float) -> int:
        """The bytes that come within a time."""
        before, deadline = len(self.chunks), time.monotonic() + seconds
        while time.monotonic() < deadline and self.read(deadline - time.monotonic()):
            pass
        return sum(len(data) for _, data in self.chunks[before:])

    def send(self, keys: bytes) -> float:
        at = time.monotonic()
        os.write(self._fd, keys)
        return at

    def cpu(self) -> float:
        """Seconds of processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        try:
            os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + 5
            while os.waitpid(self.pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
                self.read(0.05)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self._fd)


def _environ() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "PYTHONDONTWRITEBYTECODE", "TMUX")}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}


def cornerman(store: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "cornerman", "--store", store, *more]


def record(store: str, pace: float, steps: int, mode: str = "none") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RECORD, store, str(pace), str(steps), mode]
    recorder = subprocess.Popen(command, env=_environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert recorder.stdout is not None
    recorder.stdout.readline()  # the first step is recorded: there is a run to open
    return recorder


def first_paint(store: str, rounds: int) -> dict[str, float]:
    """Milliseconds until the first words of a bare app, of our frame, and of our list of runs; turn and turn about."""
    times: dict[str, list[float]] = {"bare": [], "frame": [], "runs": []}
    for _ in range(rounds + 1):
        for command, markers in (
            ([sys.executable, "-c", BARE], [("bare", b"bare app")]),
            (cornerman(store), [("frame", b"cornerman "), ("runs", b"CartPole-v1")]),
        ):
            terminal = Terminal(command)
            for key, marker in markers:
                at = terminal.until(marker)
                times[key].append(1000 * (at - terminal.started) if at else float("nan"))
            terminal.close()
    medians = {key: statistics.median(values[1:]) for key, values in times.items()}  # the first round compiled bytecode
    return {f"{key}_ms": round(value, 1) for key, value in medians.items()}


def idle(store: str, seconds: float) -> dict[str, float]:
    """Bytes sent and processor used by the list of runs when nothing happens."""
    terminal = Terminal(cornerman(store))
    terminal.until(b"CartPole-v1")
    terminal.watch(3)
    before = terminal.cpu()
    octets = terminal.watch(seconds)
    used = terminal.cpu() - before
    terminal.close()
    return {"seconds": seconds, "bytes": octets, "cpu_percent": round(100 * used / seconds, 2)}


def keys(store: str, presses: int) -> dict[str, float]:
    """Milliseconds from a key to its words on the screen, while sixty pictures a second are recorded and followed."""
    recorder = record(store, 1 / 60, 100_000, "rgb_array")
    try:
        terminal = Terminal(cornerman(store, "--run", "latest"))
        terminal.until(b"FOLLOW", 30)
        terminal.watch(2)
        began, before = time.monotonic(), terminal.cpu()
        waits, first = [], len(terminal.chunks)
        for press in range(presses):
            key, marker = (b"e", b"one environment") if press % 2 else (b"s", b"one stream")
            since = len(terminal.chunks)
            pressed = terminal.send(key)
            at = terminal.until(marker, 5, since)
            waits.append(1000 * (at - pressed) if at else 5000.0)
            terminal.watch(0.13 + press % 7 * 0.011)
        took, used = time.monotonic() - began, terminal.cpu() - before
        octets = sum(len(data) for _, data in terminal.chunks[first:])
        terminal.close()
    finally:
        recorder.kill()  # SDL takes a polite signal for an event of its window
        recorder.wait()
    waits.sort()
    return {
        "median_ms": round(statistics.median(waits), 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
        "max_ms": round(waits[-1], 1),
        "kB_per_s": round(octets / took / 1000, 1),
        "cpu_percent": round(100 * used / took, 1),
    }


def age(store: str, pace: float, seconds: float) -> dict[str, float]:
    """Milliseconds from a step to its stamp on the screen of one who follows."""
    recorder = record(store, pace, 1_000_000)
    try:
        terminal = Terminal(cornerman(store, "--run", "latest"))
        terminal.until(b"FOLLOW", 30)
        terminal.watch(2)
        first = len(terminal.chunks)
        terminal.watch(seconds)
        ages = [
            1000 * at - int(stamp)
            for at, data in terminal.chunks[first:]
            for stamp in re.findall(rb"stamp: (\d+)", data)
        ]
        terminal.close()
    finally:
        recorder.kill()  # SDL takes a polite signal for an event of its window
        recorder.wait()
    ages.sort()
    if not ages:
        return {"shown": 0}
    return {"shown": len(ages), "median_ms": round(statistics.median(ages), 1), "max_ms": round(ages[-1], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=100_000, help="of the store that is opened")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/store"
        record(store, 0, options.steps).wait()
        results = {
            "load": round(os.getloadavg()[0], 1),
            "first_paint": first_paint(store, options.rounds),
            "idle": idle(store, 10),
            "keys_under_60_hz_pictures": keys(f"{folder}/keys", 60),
            "age_at_20_steps_per_s": age(f"{folder}/slow", 0.05, 8),
            "age_at_full_speed": age(f"{folder}/fast", 0.0, 8),
        }
    if options.json:
        print(json.dumps(results))
        return
    for name, values in results.items():
        print(f"{name}: {values}")


if __name__ == "__main__":
    main()
