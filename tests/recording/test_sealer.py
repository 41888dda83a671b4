"""The process that seals: what it is for its recording processes, and that nothing depends on its life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import gymnasium
import pytest
from waiting import wait_until

import cornerman
from cornerman.store import seal, sealer, sealing_process, session
from cornerman.store.location import SEALER
from cornerman.store.segments import Segment
from cornerman.store.session import _close_all


@pytest.fixture(autouse=True)
def leave_nothing_running(tmp_path: Path) -> Iterator[None]:
    yield
    _close_all()
    wait_until(lambda: sealer_of(tmp_path) is None)


def sealer_of(store: Path) -> int | None:
    """The process id of the store's sealer, where there is one."""
    running = sealing_process.SealingProcess(store, True).running()
    return int((store / SEALER).read_text().split()[0]) if running else None


def another_than(store: Path, pid: int) -> bool:
    return sealer_of(store) != pid


def go(env: Any, steps: int) -> None:
    for _ in range(steps):
        if env.step(0)[2]:
            env.reset()


def recorded(store: Path, **options: Any) -> Any:
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=store, **options)
    env.reset(seed=1)
    return env


def assert_whole(store: Path, steps: int) -> None:
    with cornerman.open_store(store) as opened:
        summary = opened.run("latest").summary()
        assert summary.step_count == steps
        assert summary.ledger.balanced, summary.ledger
        assert not summary.ledger.dropped
    assert apsw.Connection(str(store / "store.db")).execute("pragma integrity_check").fetchall() == [("ok",)]
    assert not list((store / "journal").glob("*/*.seg"))


def test_it_seals_while_the_training_goes_on_and_leaves_afterwards(tmp_path: Path) -> None:
    """The training thread only writes: what the database has came from another process, which ends by itself."""
    env = recorded(tmp_path)
    go(env, 20_000)
    connection = apsw.Connection(str(tmp_path / "store.db"))
    wait_until(lambda: connection.execute("select sum(rows) from chunk").fetchall()[0][0])
    connection.close()
    assert sealer_of(tmp_path) not in (None, os.getpid())
    env.close()
    assert_whole(tmp_path, 20_000)


def test_a_training_that_waits_for_its_children_does_not_meet_it(tmp_path: Path) -> None:
    """Once it is there it is nobody's child, and holds no pipe open: a reader of the output is not kept by it."""
    code = (
        "import os, sys, time, gymnasium, cornerman\n"
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=sys.argv[1])\n"
        "env.reset(seed=1)\n"
        "for _ in range(20000):\n"
        "    if env.step(0)[2]: env.reset()\n"
        "def children():\n"
        "    try:\n"
        "        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)\n"
        "    except ChildProcessError:\n"
        "        return False\n"
        "    return True\n"
        "sealer, deadline = sys.argv[1] + '/sealer', time.monotonic() + 30\n"
        "while (not os.path.exists(sealer) or children()) and time.monotonic() < deadline: time.sleep(0.01)\n"
        "def opened(process, *only):\n"
        "    folder = f'/proc/{process}/fd/'\n"
        "    return {os.path.basename(os.path.realpath(folder + name)) for name in only or os.listdir(folder)}\n"
        "print(children(), opened(open(sealer).read().split()[0]) & opened('self', '1', '2'))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert ended.stdout == "False set()\n", ended.stdout + ended.stderr
    assert_whole(tmp_path, 20_000)


def test_a_killed_sealer_is_replaced_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed again and again at moments of its own choosing: a new one goes on where it was."""
    monkeypatch.setattr(sealing_process, "STARTING_SECONDS", 0.5)
    env = recorded(tmp_path)
    steps = killed = 0
    deadline = time.monotonic() + 30
    while killed < 3 and time.monotonic() < deadline:
        go(env, 1000)
        steps += 1000
        pid = sealer_of(tmp_path)
        if pid is not None and steps % 7000 == 0:
            os.kill(pid, signal.SIGKILL)
            killed += 1
            wait_until(partial(another_than, tmp_path, pid))
    assert killed == 3
    env.close()
    assert_whole(tmp_path, steps)


class _Killed(BaseException):
    """Stands for a kill: nothing of ours catches it."""


def around(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, after: bool) -> None:
    """Die before or after the next call."""
    original = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if after:
            original(*arguments, **named)
        raise _Killed

    monkeypatch.setattr(owner, name, dying)


def training_without_sealer(store: Path) -> subprocess.Popen[str]:
    """A child that has recorded 20,000 steps, and goes on for as many for each line it is sent."""
    code = (
        "import sys, gymnasium, cornerman, cornerman.store.sealing_process as sealing_process\n"
        "sealing_process.SealingProcess.ensure = lambda self: None\n"
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=sys.argv[1])\n"
        "env.reset(seed=1)\n"
        "while True:\n"
        "    for _ in range(20000):\n"
        "        if env.step(0)[2]: env.reset()\n"
        "    print('there', flush=True)\n"
        "    if not sys.stdin.readline(): break\n"
    )
    pipe = subprocess.PIPE
    training = subprocess.Popen([sys.executable, "-c", code, str(store)], stdin=pipe, stdout=pipe, text=True)
    assert training.stdout is not None
    assert training.stdout.readline() == "there\n"
    return training


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "name"), [(seal, "pack_segment"), (seal, "commit"), (Segment, "set_sealed")])
def test_it_may_die_between_any_two_of_its_effects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, after: bool
) -> None:
    """Before and after packing, commit and the mark in the segment: the next one adds what is missing, once."""
    training = training_without_sealer(tmp_path)
    with monkeypatch.context() as dying:
        around(dying, owner, name, after)
        with pytest.raises(_Killed):
            sealer.Sealer(tmp_path).turn()
    another = sealer.Sealer(tmp_path)
    another.turn()
    another.close()
    training.communicate()
    assert_whole(tmp_path, 20_000)


def test_it_makes_the_next_segment_before_it_is_needed(tmp_path: Path) -> None:
    """And what it made is used, and nothing of it is left behind."""
    training = training_without_sealer(tmp_path)
    journal = tmp_path / "journal"
    first = sealer.Sealer(tmp_path)
    first._meet()
    for neighbour in first._neighbours.values():
        for segments in first._streams(neighbour.folder):
            first._provide(neighbour.folder, segments)
    (spare,) = journal.glob("*/*.spare")
    made = spare.stat().st_ino
    assert training.stdin is not None
    assert training.stdout is not None
    training.stdin.write("go on\n")
    training.stdin.flush()
    training.stdout.readline()
    assert made in {segment.stat().st_ino for segment in journal.glob("*/*.seg")}
    training.communicate()
    assert_whole(tmp_path, 40_000)
    assert not list(journal.iterdir())


@pytest.mark.parametrize("broken", [lambda path: 1 / 0, lambda path: None])
def test_without_a_sealer_the_training_seals_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Path], None]
) -> None:
    """It cannot be started, or starts and does not come: the store gets everything all the same, while it goes on."""

    def start(path: Path) -> None:
        try:
            broken(path)
        except ZeroDivisionError as error:
            raise OSError("no such interpreter") from error

    monkeypatch.setattr(sealing_process, "_start", start)
    monkeypatch.setattr(sealing_process, "STARTING_SECONDS", 0.0)
    env = recorded(tmp_path)
    connection = apsw.Connection(str(tmp_path / "store.db"))
    steps = 0
    deadline = time.monotonic() + 20
    while not connection.execute("select count(*) from chunk").fetchall()[0][0] and time.monotonic() < deadline:
        go(env, 1000)
        steps += 1000
        time.sleep(0.01)
    connection.close()
    env.close()
    assert_whole(tmp_path, steps)


def test_a_sealer_that_does_not_take_it_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another version, or of another user: it is there, and seals for others only."""
    monkeypatch.setattr(sealing_process.SealingProcess, "ensure", lambda self: None)
    monkeypatch.setattr(session, "IGNORED_SECONDS", 0.2)
    env = recorded(tmp_path)
    go(env, 20_000)
    connection = apsw.Connection(str(tmp_path / "store.db"))
    wait_until(lambda: connection.execute("select sum(rows) from chunk").fetchall()[0][0])
    connection.close()
    env.close()
    assert_whole(tmp_path, 20_000)


def test_a_program_that_is_not_python_is_not_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a frozen program `sys.executable` is that program: it must not be run for a sealer."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not sealing_process.SealingProcess(tmp_path, True).usable
    monkeypatch.undo()
    monkeypatch.setattr(sys, "executable", "/usr/bin/blender")
    assert not sealing_process.SealingProcess(tmp_path, True).usable


def test_what_a_killed_training_left_is_brought_in_by_it(tmp_path: Path) -> None:
    """Nobody has to open the store: the sealer outlives the training for the moment that takes."""
    code = (
        "import os, sys, time, gymnasium, cornerman\n"
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=sys.argv[1])\n"
        "env.reset(seed=1)\n"
        "for _ in range(20000):\n"
        "    if env.step(0)[2]: env.reset()\n"
        "while not os.path.exists(sys.argv[1] + '/sealer'): time.sleep(0.01)\n"
        "time.sleep(0.5)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == -9
    wait_until(lambda: not list((tmp_path / "journal").iterdir()))
    assert_whole(tmp_path, 20_000)
