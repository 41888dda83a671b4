"""Launched programs: checked before they start, alive without us, stopped from anywhere, remembered as they were."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import wait_until

import cornerman
from cornerman.adapters import launches, launching
from cornerman.adapters.launches import Launch
from cornerman.adapters.launching import Wanted
from cornerman.core.errors import CornermanError, InvalidOption, NotFound

SLEEP = (sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store's folder; what was launched from it does not outlive the test."""
    yield tmp_path / "store"
    for launch in launches.launches(tmp_path / "store"):
        if launch.alive:
            launching.kill(tmp_path / "store", launch)


def ended(store: Path, launch: Launch) -> Launch:
    assert launching.wait(store, launch, 20)
    return launches.named(store, launch.id)


def lines_of(store: Path, launch: Launch) -> list[str]:
    """What it wrote, from the log records of its run."""
    found = launches.LaunchedRuns(store).by_launch().get(launch.id)
    return launches.last_lines(store, found.run_id, 50) if found else []


def test_a_launched_program_outlives_who_launched_it(store: Path) -> None:
    """It is in a session of its own, nobody's child, and its exit code is known when its launcher is gone."""
    program = "import sys; from cornerman.tui.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "launch", "start", "--store", str(store), "--json", "--", *SLEEP]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True)
    pid = json.loads(answer.stdout)["pid"]
    assert os.getsid(pid) == pid
    launch = launches.named(store, "latest")
    assert (launch.pid, launch.state) == (pid, "running")
    os.kill(pid, signal.SIGHUP)
    assert ended(store, launch).exit_code == 128 + signal.SIGHUP


def test_stop_asks_and_kill_takes_all_that_it_started(store: Path) -> None:
    """A program that does not listen to SIGTERM is still killed, with its children."""
    deaf = "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deaf += "child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True); child.wait()"
    launch = launching.start(store, Wanted((sys.executable, "-c", deaf)))
    wait_until(lambda: lines_of(store, launch))
    lines = lines_of(store, launch)
    launching.stop(store, launch)
    assert not launching.wait(store, launch, 0.3)
    launching.kill(store, launch)
    assert ended(store, launch).stopped_by == "SIGKILL"
    wait_until(lambda: launches.born(int(lines[0])) == "")
    with pytest.raises(NotFound, match="does not run"):
        launching.stop(store, launch)


def test_restart_is_the_same_again_with_what_changed(store: Path) -> None:
    """Command, folder, variables and settings stay; the old one ends first."""
    wanted = Wanted(SLEEP, job="night", environment={"A": "b"}, settings={"resources.cpus": "1"})
    first = launching.start(store, wanted)
    second = launching.restart(store, first, {"log.level": "INFO"})
    assert not launches.named(store, first.id).alive
    assert (second.command, second.cwd, second.job) == (first.command, first.cwd, first.job)
    assert second.settings == {"resources.cpus": "1", "log.level": "INFO"}
    environ = dict(line.split("=", 1) for line in Path(f"/proc/{second.pid}/environ").read_text().split("\0") if line)
    assert [environ[name] for name in ("A", "CORNERMAN_JOB", "CORNERMAN_LOG_LEVEL")] == ["b", "night", "INFO"]


def test_a_launch_is_found_by_the_job_that_its_run_has(store: Path, tmp_path: Path) -> None:
    """Also where nobody named one; and it is started again by itself as its policy says."""
    (tmp_path / "train.py").write_text("import time; time.sleep(60)")
    wanted = Wanted((sys.executable, "train.py"), cwd=str(tmp_path), restart="on-failure:2")
    launch = launching.start(store, wanted)
    assert launches.named(store, "train").id == launch.id
    assert launch.started[launch.started.index("--restart") + 1] == "on-failure:2"


def test_limits_hold_for_the_program(store: Path) -> None:
    """One processor, its threads, no GPU, and memory that runs out inside the program."""
    program = "import os; print(len(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'],"
    program += "repr(os.environ['CUDA_VISIBLE_DEVICES'])); bytearray(300 << 20)"
    settings = {"resources.cpus": "1", "resources.gpus": "none", "resources.memory_bytes": "128 MiB"}
    launch = ended(store, launching.start(store, Wanted((sys.executable, "-c", program), settings=settings)))
    assert {"1 1 ''", "MemoryError"} <= set(lines_of(store, launch))
    assert launch.state == "failed"


def test_a_policy_on_an_environment_is_launched_and_its_run_is_found(store: Path) -> None:
    """The run says which launch it is of, and with which settings it was recorded."""
    command = ("cornerman", "record", "CartPole-v1", "--steps", "50")
    settings = {"storage.rows_per_chunk": "64", "resources.cpus": "1"}
    launch = ended(store, launching.start(store, Wanted(command, settings=settings)))
    assert launch.exit_code == 0, lines_of(store, launch)
    with cornerman.open_store(store) as opened:
        told = opened.run("latest").summary().provenance
    assert told["launch"] == launch.id
    assert told["settings"] == {"storage": {"rows_per_chunk": 64}, "resources": {"cpus": 1}}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(()), "no command"),
        (Wanted(SLEEP, restart="often"), "--restart often means nothing"),
        (Wanted(("no-such-program",)), "no program no-such-program"),
        (Wanted((sys.executable, "no_such_script.py")), "no_such_script.py"),
        (Wanted((sys.executable, "x.py"), cwd="/no/such/folder"), "/no/such/folder"),
        (Wanted(SLEEP, settings={"resources.cpuz": "1"}), "resources.cpuz"),
        (Wanted(SLEEP, settings={"storage.rows_per_chunk": "1"}), "from --set storage.rows_per_chunk"),
        (Wanted(SLEEP, settings={"storage.max_store_bytes": "1 MiB"}), "recording stops almost at once"),
        (Wanted(SLEEP, settings={"storage.min_free_bytes": "900 TB"}), "nothing is recorded"),
        (Wanted(("cornerman", "record", "CartPol-v1")), "no environment CartPol-v1"),
        (Wanted(("cornerman", "record", "CartPole-v1", "--policy", "nowhere:act")), "no module nowhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_before_anything_starts(store: Path, wanted: Wanted, words: str) -> None:
    """The sentences that the command line has; nothing is remembered, for nothing was launched."""
    with pytest.raises(InvalidOption, match=words):
        launching.start(store, wanted)
    assert launches.launches(store) == []


def test_a_program_that_cannot_begin_says_why(store: Path, tmp_path: Path) -> None:
    """Found only when it is tried: an executable that is none."""
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    with pytest.raises(CornermanError, match="could not begin"):
        launching.start(store, Wanted((str(broken),)))
    assert launches.named(store, "latest").state == "failed"


def test_a_killed_keeper_loses_only_the_exit_code(store: Path) -> None:
    """The program goes on, and can be stopped; how it ended is then not known."""
    launch = launching.start(store, Wanted(SLEEP))
    os.kill(int(launches.named(store, launch.id).keeper.partition("@")[0]), signal.SIGKILL)
    assert launches.named(store, launch.id).state == "running"
    launching.stop(store, launch)
    assert launching.wait(store, launch, 20)
    assert launches.named(store, launch.id).state == "lost"


def test_secrets_of_a_command_are_for_its_owner(store: Path) -> None:
    """The file that remembers it can be read by nobody else; what is shown has stars."""
    from cornerman.tui.launch_words import shown_command

    launch = launching.start(store, Wanted((*SLEEP, "--api-key=hunter2")))
    assert launches.file_of(store, launch.id).stat().st_mode & 0o077 == 0
    assert "hunter2" not in shown_command(launch)


def test_ended_ones_are_forgotten_and_others_are_not(store: Path) -> None:
    """A pid that belongs to somebody else by now is no launch of ours."""
    launch = launching.start(store, Wanted((sys.executable, "-c", "")))
    launches.update(
        launches.file_of(store, ended(store, launch).id), exit_code=None, pid=os.getpid(), birth="other", keeper=""
    )
    assert launches.named(store, launch.id).state == "lost"
    running = launching.start(store, Wanted(SLEEP))
    with pytest.raises(InvalidOption, match="Stop it first"):
        launching.forget(store, running)
    launching.forget(store, launch)
    assert [one.id for one in launches.launches(store)] == [running.id]
