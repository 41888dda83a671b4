"""`cornerman demo`: three real environments, recorded by a child process that ends when the demo does."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import Any

import numpy as np
import pytest
from command_line import Cornerman

from cornerman.adapters.demo.__main__ import train
from cornerman.adapters.demo.cartpole import CartPole
from cornerman.adapters.demo.catch import Catch
from cornerman.adapters.demo.frozenlake import FrozenLake
from cornerman.adapters.stopping import StopSignals

pytestmark = pytest.mark.slow


class Returns:
    """Stands in for the recorder: keeps the returns of the episodes, in order."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.returns: list[float] = []
        self._total: Any = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)

    def step(self, action: Any) -> Any:
        result = self.env.step(action)
        self._total = np.atleast_1d(self._total + result[1])
        ended = np.atleast_1d(np.logical_or(result[2], result[3]))
        self.returns += map(float, self._total[ended])
        self._total = np.where(ended, 0.0, self._total)
        return result


@pytest.mark.parametrize(("learner", "steps"), [(FrozenLake, 4000), (CartPole, 6000)])
@pytest.mark.parametrize("seed", [1, 2])
def test_it_visibly_learns(learner: type, steps: int, seed: int) -> None:
    """Within forty seconds at the demo's pace the newest returns are at least twice the first."""
    wrapped: list[Returns] = []

    def record(env: Any, _job: str) -> Any:
        wrapped.append(Returns(env))
        return wrapped[-1]

    acting = learner(record, seed)
    assert steps / acting.steps_per_second <= 40
    for _ in range(steps):
        acting.step()
    returns = wrapped[0].returns
    early, late = np.mean(returns[:40]), np.mean(returns[-40:])
    assert late > 2 * early


def test_the_built_in_game_is_a_proper_environment() -> None:
    """Where pygame is missing it is what shows pixels."""
    from gymnasium.utils.env_checker import check_env

    check_env(Catch(), skip_render_check=True)


def test_headless_it_records_three_runs_and_says_what_next(cornerman: Cornerman) -> None:
    done = cornerman("demo", "--headless", "--seconds", "6", "--json")
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)["runs"]
    assert [run["job"] for run in runs][:2] == ["demo-frozenlake", "demo-cartpole"]
    assert len(runs) == 3
    assert all(run["state"] == "done" and run["ledger"]["balanced"] for run in runs)
    assert "cornerman show demo-frozenlake" in cornerman("demo", "--headless", "--seconds", "2").stderr


def test_its_training_ends_with_it(cornerman: Cornerman) -> None:
    """Also when the demo is killed outright: the child sees that its parent has gone."""
    child = cornerman.start("demo", "--headless")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and cornerman("runs", "--live").stdout.count("demo-") < 2:
        time.sleep(0.3)
    child.kill()
    child.communicate()
    time.sleep(3)
    assert cornerman.json("runs", "--live")["runs"] == []


def test_a_folder_full_of_shadows_does_not_reach_it(cornerman: Cornerman) -> None:
    """The user's own random.py and numpy.py stay theirs."""
    for name in ("random", "numpy", "gymnasium"):
        (cornerman.folder / f"{name}.py").write_text("raise SystemExit('shadowed')")
    script = "import sys; sys.path.pop(0); from cornerman.tui.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, "demo", "--headless", "--seconds", "2"],
        capture_output=True, text=True, cwd=cornerman.folder, env=cornerman.environment(), timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_on_a_terminal_it_shows_a_picture_within_ten_seconds_and_stops_on_q(cornerman: Cornerman) -> None:
    """The first run is listed; after q the training has ended and the next steps are named."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cornerman.folder)
        os.execve(
            sys.executable,
            [sys.executable, "-m", "cornerman", "demo"],
            {**cornerman.environment(), "TERM": "xterm-256color"},
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    started, seen = time.monotonic(), b""
    try:
        while b"FrozenLake" not in seen and time.monotonic() - started < 20:
            seen += os.read(terminal, 65536)
        assert time.monotonic() - started < 10
        time.sleep(1)
        os.write(terminal, b"q")
        seen = _rest(terminal)
    finally:
        os.kill(pid, signal.SIGHUP)
        os.waitpid(pid, 0)
    assert b"What next" in seen
    assert cornerman.json("runs", "--live")["runs"] == []


def _rest(terminal: int) -> bytes:
    seen = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            return seen
        if not part:
            return seen
        seen += part


def test_on_a_busy_host_all_slow_down_alike() -> None:
    """The slow one must not set the pace of the others."""

    class Slow:
        job = ""

        def __init__(self, pace: float, cost: float) -> None:
            self.steps_per_second, self.cost, self.steps = pace, cost, 0

        def step(self) -> None:
            self.steps += 1
            time.sleep(self.cost)

        def close(self) -> None:
            pass

    fast, slow = Slow(200, 0), Slow(50, 0.04)  # the slow one alone needs twice the time there is
    train([fast, slow], StopSignals(), time.monotonic() + 3)
    assert 2 < fast.steps / slow.steps < 8
