"""`cornerman run`: with it or without it, the outcome of a command is the same; beside that, everything is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Cornerman
from pty_program import PtyProgram
from waiting import wait_until

from cornerman.core.errors import NotFound, StoreNotFound
from cornerman.core.log_lines import original
from cornerman.core.logs import LogFilter
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.core.run_command import RunCommand
from cornerman.store import commands
from cornerman.store.api import open_store
from cornerman.store.logs import open_writer

PYTHON = sys.executable


@pytest.fixture
def cornerman(tmp_path: Path) -> Iterator[Cornerman]:
    command = Cornerman(tmp_path / "store", tmp_path)
    yield command
    command.stop()


def bridge(cornerman: Cornerman, *command: str, options: tuple[str, ...] = (), **more: Any) -> Any:
    """The outcome of a command under the bridge, as bytes."""
    return subprocess.run(
        [PYTHON, "-m", "cornerman", "run", *options, "--", *command],
        capture_output=True, timeout=120, cwd=cornerman.folder, env=cornerman.environment(), **more,
    )  # fmt: skip


def start(cornerman: Cornerman, *command: str, options: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [PYTHON, "-m", "cornerman", "run", *options, "--", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cornerman.folder,
        env=cornerman.environment(), start_new_session=True,
    )  # fmt: skip


def python(text: str) -> tuple[str, str, str]:
    return PYTHON, "-c", text


def records(cornerman: Cornerman, chosen: str = "-source:emitted") -> list[LogRecordV1]:
    open_writer(cornerman.store).close()  # whoever comes next brings in what a killed one left
    with open_store(cornerman.store) as store:
        return [entry.record for entry in store.logs.page(LogFilter.parse(chosen), limit=100_000)]


def run_of(cornerman: Cornerman) -> Any:
    with open_store(cornerman.store) as store:
        return store.run("latest").summary()


def command_of(cornerman: Cornerman) -> RunCommand:
    found = run_of(cornerman).command
    assert isinstance(found, RunCommand)
    return found


MIXED = (
    "import sys, os\n"
    "for i in range(300):\n"
    "    os.write(1, b'out %d \\xff\\x00\\r\\n' % i); os.write(2, b'\\x1b[31merr %d\\x1b[0m\\n' % i)\n"
    "os.write(1, b'no newline')"
)


def test_pipes_see_what_was_written_byte_for_byte(cornerman: Cornerman) -> None:
    """Invalid UTF-8, NULs, escapes, carriage returns, a last line without an end: on each output the same bytes."""
    alone = subprocess.run(python(MIXED), capture_output=True)
    with_us = bridge(cornerman, *python(MIXED))
    assert (with_us.stdout, with_us.stderr, with_us.returncode) == (alone.stdout, alone.stderr, 0)


@pytest.mark.parametrize("output", [1, 2], ids=["stdout", "stderr"])
def test_a_terminal_sees_what_was_written_byte_for_byte(cornerman: Cornerman, monkeypatch: Any, output: int) -> None:
    """Each output is a terminal to the command, of the same size, and its bytes arrive unchanged."""
    text = (
        f"import os\nfor i in range(300): os.write({output}, b'\\x1b[31mline %d \\xff\\x00\\r\\n' % i)\n"
        f"os.write({output}, repr((os.isatty({output}), *os.get_terminal_size({output}))).encode())"
    )
    for name, value in cornerman.environment().items():
        monkeypatch.setenv(name, value)
    seen = []
    for command in ([*python(text)], [PYTHON, "-m", "cornerman", "run", "--", *python(text)]):
        program = PtyProgram(command)
        assert program.wait() == 0
        program.close()
        seen.append(program.sent)
    assert seen[0] == seen[1]
    assert seen[1].endswith(b"(True, 100, 30)")


def test_every_line_is_kept_in_the_order_of_its_output(cornerman: Cornerman) -> None:
    """Two outputs written by turns: each is whole and in order, with run, pid and output."""
    bridge(cornerman, *python(MIXED))
    found = records(cornerman)
    out = [original(record) for record in found if record.output == "stdout"]
    err = [original(record) for record in found if record.output == "stderr"]
    assert out == [b"out %d \xff\x00" % i for i in range(300)] + [b"no newline"]
    assert err == [b"\x1b[31merr %d\x1b[0m" % i for i in range(300)]
    command = command_of(cornerman)
    assert {record.run_id for record in found} == {command.run_id}
    assert {record.pid for record in found} == {command.pid}
    assert command.lines == {"stdout": 301, "stderr": 300}


@pytest.mark.parametrize("code", [0, 1, 3, 77, 255])
def test_exit_codes_are_passed_on(cornerman: Cornerman, code: int) -> None:
    """Also where they are none of ours, and they are in the store."""
    assert bridge(cornerman, "sh", "-c", f"exit {code}").returncode == code
    summary = run_of(cornerman)
    assert (summary.command.exit_code, summary.state) == (code, "failed" if code else "done")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGINT])
def test_we_die_of_what_the_command_died_of(cornerman: Cornerman, number: signal.Signals) -> None:
    """A shell sees the same signal, and the lines before it are kept."""
    done = bridge(cornerman, "sh", "-c", f"echo before; kill -{int(number)} $$")
    assert done.returncode == -number
    assert command_of(cornerman).signal == number.name
    assert [record.message for record in records(cornerman)] == ["before"]


def test_a_command_that_is_not_there(cornerman: Cornerman) -> None:
    """127 and 126, as a shell has them, with a sentence; the run says so."""
    (cornerman.folder / "plain.txt").write_text("text")
    missing, plain = bridge(cornerman, "no-such-program"), bridge(cornerman, "./plain.txt")
    assert (missing.returncode, plain.returncode) == (127, 126)
    assert b"no-such-program cannot be run: No such file" in missing.stderr
    assert "Permission denied" in command_of(cornerman).ended


def test_signals_are_passed_on_once(cornerman: Cornerman) -> None:
    """SIGINT, SIGTERM and SIGHUP reach the command; a second one too; it decides when it ends."""
    text = (
        "import signal, time\nseen = []\n"
        "for n in (1, 2, 15):\n    signal.signal(n, lambda n, f: (seen.append(n), print('got', n, flush=True)))\n"
        "print('ready', flush=True)\nwhile len(seen) < 4: time.sleep(0.01)\nraise SystemExit(9)"
    )
    child = start(cornerman, *python(text))
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        child.send_signal(number)
        assert child.stdout.readline() == b"got %d\n" % number
    assert child.wait(20) == 9
    child.communicate()


def test_ctrl_c_at_the_terminal_arrives_once(cornerman: Cornerman, monkeypatch: Any) -> None:
    """It goes to the whole group; we do not pass it on a second time."""
    for name, value in cornerman.environment().items():
        monkeypatch.setenv(name, value)
    text = (
        "import signal, time\nsignal.signal(2, lambda n, f: print('INT', flush=True))\nprint('ready', flush=True)\n"
        "end = time.monotonic() + 1.5\nwhile time.monotonic() < end: time.sleep(0.05)\nprint('over', flush=True)"
    )
    program = PtyProgram([PYTHON, "-m", "cornerman", "run", "--", *python(text)])
    program.wait_for(b"ready")
    program.send(b"\x03")
    assert program.wait() == 0
    program.close()
    assert program.sent.count(b"INT") == 1
    assert b"over" in program.sent


def test_a_command_that_ignores_sigterm_can_be_killed_after_a_while(cornerman: Cornerman) -> None:
    """`--kill-after` sends SIGKILL; without it the command would go on, as it does without us."""
    text = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(60)"
    child = start(cornerman, *python(text), options=("--kill-after", "0.3"))
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == -signal.SIGKILL
    child.communicate()


def test_the_keyboard_is_the_commands(cornerman: Cornerman) -> None:
    """Standard input passes through."""
    done = bridge(cornerman, *python("print(input()[::-1])"), input=b"olleh\n")
    assert done.stdout == b"hello\n"


def test_children_that_outlive_the_command_do_not_hold_us(cornerman: Cornerman) -> None:
    """Somebody still has the output: what was written is kept, and we go with the command."""
    began = time.monotonic()
    done = bridge(cornerman, "sh", "-c", "echo first; (sleep 30; echo late) & echo last; exit 4")
    assert (done.returncode, done.stdout) == (4, b"first\nlast\n")
    assert time.monotonic() - began < 15
    assert [record.message for record in records(cornerman, "output:stdout")] == ["first", "last"]


def test_nothing_is_lost_when_the_worker_dies(cornerman: Cornerman) -> None:
    """Whatever it wrote before SIGKILL is there, to the last byte, and the traceback of another is one record."""
    text = "import os\nfor i in range(20000): print('line', i)\nimport sys; sys.stdout.flush()\nos.kill(os.getpid(), 9)"
    assert bridge(cornerman, *python(text)).returncode == -signal.SIGKILL
    found = records(cornerman)
    assert [record.message for record in found] == [f"line {i}" for i in range(20000)]
    bridge(cornerman, *python("def f(): 1/0\nf()"))
    (fault,) = records(cornerman, "level:ERROR")
    assert (fault.message, "traceback" in fault.flags) == ("ZeroDivisionError: division by zero", True)


def test_what_was_read_before_the_bridge_was_killed_is_in_the_store(cornerman: Cornerman) -> None:
    """SIGKILL of the bridge: what it had read is there afterwards, the run is interrupted, not running for ever."""
    child = start(cornerman, "sh", "-c", "for i in 1 2 3; do echo line $i; done; sleep 30")
    assert child.stdout is not None
    assert [child.stdout.readline() for _ in range(3)][-1] == b"line 3\n"
    time.sleep(0.5)
    pid = command_of(cornerman).pid
    assert run_of(cornerman).state == "live"
    child.kill()
    child.communicate()
    assert [record.message for record in records(cornerman)] == ["line 1", "line 2", "line 3"]
    assert run_of(cornerman).state == "interrupted"
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)


def test_a_locked_store_does_not_hold_the_command_up(cornerman: Cornerman) -> None:
    """Its lines wait in the spool, its run is there, and the next who comes brings them in."""
    bridge(cornerman, "true")
    with_lock = (
        "import apsw, sys\nfor name in ('store.db', 'logs.db'):\n"
        f"    c = apsw.Connection({str(cornerman.store)!r} + '/' + name); c.execute('begin exclusive')\n"
        "    globals()[name] = c\nprint('locked', flush=True)\nsys.stdin.read()"
    )
    holder = subprocess.Popen(python(with_lock), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"locked\n"
    began = time.monotonic()
    done = bridge(cornerman, "sh", "-c", "echo hello; exit 5")
    took = time.monotonic() - began
    holder.communicate()
    assert (done.returncode, done.stdout) == (5, b"hello\n")
    assert took < 20
    assert [record.message for record in records(cornerman, "output:stdout")] == ["hello"]
    assert command_of(cornerman).exit_code == 5


def test_a_store_that_cannot_be_written_is_said_at_the_end(cornerman: Cornerman) -> None:
    """The command runs, its outcome is the same, and the lines that are lost are counted."""
    cornerman.store.write_text("a file where the folder should be")
    done = bridge(cornerman, "sh", "-c", "echo hello; exit 6")
    assert (done.returncode, done.stdout) == (6, b"hello\n")
    assert b"LOG1702" in done.stderr or b"LOG1711" in done.stderr


@pytest.mark.mounts
def test_a_full_disk_does_not_stop_the_command(cornerman: Cornerman) -> None:
    """Its output passes whole; what the disk does not take is counted, in a line at the end."""
    cornerman.store.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(cornerman.store)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        text = "import sys\nfor i in range(60000): print('a line that is not like the one before', i)\nsys.exit(6)"
        done = bridge(cornerman, *python(text))
        assert (done.returncode, done.stdout.count(b"\n")) == (6, 60000)
        assert b"LOG1702" in done.stderr
    finally:
        subprocess.run(["umount", "-l", str(cornerman.store)], check=False)


def test_a_line_of_a_hundred_megabytes_passes_whole(cornerman: Cornerman) -> None:
    """The terminal gets all of it; a mebibyte is kept, and how much was not."""
    text = "import sys\nfor _ in range(100): sys.stdout.write('x' * (1 << 20))\nsys.stdout.write('\\nend\\n')"
    done = bridge(cornerman, *python(text))
    assert len(done.stdout) == (100 << 20) + 5
    long, end = records(cornerman)
    assert (len(original(long)), long.extra["cut_bytes"], end.message) == (1 << 20, 99 << 20, "end")


RECORDING = """
import gymnasium, cornerman, sys
env = cornerman.record(gymnasium.make("CartPole-v1"), job="the script's own")
env.reset(seed=1)
print("run", env.cornerman.run_id, flush=True)
for step in range(200):
    if env.step(env.action_space.sample())[2]:
        env.reset()
print("done", flush=True)
env.close()
if len(sys.argv) > 1: raise SystemExit(int(sys.argv[1]))
"""


def test_steps_and_lines_belong_to_the_same_run(cornerman: Cornerman) -> None:
    """What the command records joins the run that was made for it, whatever job its script names."""
    (cornerman.folder / "train.py").write_text(RECORDING)
    assert bridge(cornerman, PYTHON, "train.py", options=("--job", "mine")).returncode == 0
    summary = run_of(cornerman)
    assert (summary.job, summary.step_count, summary.state) == ("mine", 200, "done")
    first, *_ = records(cornerman, "output:stdout")
    assert first.message == f"run {summary.run_id}"
    assert first.run_id == summary.run_id
    with open_store(cornerman.store) as store:
        assert len(store.runs()) == 1
        manifest = store.run("latest").manifest()
    assert manifest is not None
    assert "script" in manifest.inputs
    assert cornerman("verify").returncode == 0


def test_a_script_whose_reader_was_killed_has_not_ended_well(cornerman: Cornerman) -> None:
    """SIGKILL of the bridge, and the script dies of its next print: its recorder saw that, so the run is no `done`."""
    (cornerman.folder / "train.py").write_text(
        RECORDING.replace("range(200)", "range(10**9)").replace("    if env", "    print(step)\n    if env")
    )
    child = start(cornerman, PYTHON, "train.py")
    assert child.stdout is not None
    child.stdout.readline()
    child.kill()
    child.communicate()
    wait_until(lambda: run_of(cornerman).state == "failed")
    assert "BrokenPipeError" in command_of(cornerman).ended


def test_a_command_that_is_started_again_is_another_run_of_the_job(cornerman: Cornerman) -> None:
    """Each attempt has a run of its own, which says which it follows."""
    (cornerman.folder / "train.py").write_text(RECORDING)
    done = bridge(cornerman, PYTHON, "train.py", "7", options=("--restart", "on-failure:1"))
    assert done.returncode == 7
    with open_store(cornerman.store) as store:
        second, first = (run.summary() for run in store.runs())
    assert (first.job, second.job, first.step_count, second.step_count) == ("train", "train", 200, 200)
    assert second.command is not None
    assert (second.command.attempt, second.command.after) == (2, first.run_id)
    assert second.run_id.startswith(first.run_id)
    assert b"a command is started again" in done.stderr


def test_frames_that_nobody_wants_are_not_taken(cornerman: Cornerman) -> None:
    """`--frames none` outweighs what the script says."""
    text = RECORDING.replace('"CartPole-v1")', '"CartPole-v1", render_mode="rgb_array")').replace(
        'job="the script\'s own"', 'frames="every=10"'
    )
    (cornerman.folder / "train.py").write_text(text)
    kinds = []
    for options in ((), ("--frames", "none")):
        assert bridge(cornerman, PYTHON, "train.py", options=options).returncode == 0
        with open_store(cornerman.store) as store:
            kinds.append(store.run("latest").streams()[0].summary().frame_kind)
    assert kinds == ["rgb", "none"]


def test_settings_for_one_command_are_checked_and_obeyed(cornerman: Cornerman) -> None:
    """Whatever language it is written in: they are variables; one that cannot be used starts nothing."""
    show = python("import os; print(os.environ['CORNERMAN_STORAGE_ROWS_PER_CHUNK'])")
    done = bridge(cornerman, *show, options=("--set", "storage.rows_per_chunk=64"))
    assert (done.returncode, done.stdout) == (0, b"64\n")
    done = bridge(cornerman, *show, options=("--set", "storage.rows_per_chunk=1"))
    assert done.returncode == 2
    assert b"16 to 65,536" in done.stderr


def test_secrets_are_not_stored(cornerman: Cornerman) -> None:
    """Not in the command line, not among its variables, in no file of the store; the command gets them."""
    text = "import os, sys; print(os.environ['HF_TOKEN'][:4], sys.argv[1:] == ['--api-key', f'hush-{1 + 1}'])"
    options = ("--env", "HF_TOKEN=hush-1", "--env", "SEED=7")
    done = bridge(cornerman, *python(text), "--api-key", "hush-2", options=options)
    assert done.stdout == b"hush True\n"
    command = command_of(cornerman)
    assert command.environment == {"HF_TOKEN": "***", "SEED": "7"}
    assert command.command[-2:] == ("--api-key", "***")
    found = [path for path in cornerman.store.rglob("*") if path.is_file() and b"hush-2" in path.read_bytes()]
    assert found == []


@pytest.mark.parametrize("wrong", ["--memory=lots", "--kill-after=nan"])
def test_what_cannot_be_given_is_refused(cornerman: Cornerman, wrong: str) -> None:
    """As `launch` does, before anything starts, with an example of what can."""
    done = cornerman("run", wrong, "--", "touch", "started")
    assert (done.returncode, wrong.split("=")[0] in done.stderr.splitlines()[1]) == (2, True)
    assert not (cornerman.folder / "started").exists()


def test_what_it_used_is_measured(cornerman: Cornerman) -> None:
    """Processor and memory of the whole tree of processes; `show` has mean and peak."""
    busy = "import os\nx = bytearray(64 << 20)\nwhile not os.path.exists('measured'): pass"
    running = start(cornerman, "sh", "-c", f'"{PYTHON}" -c "{busy}"; true', options=("--gpus", "1", "--note", "trial"))
    wait_until(lambda: _memory_seen(cornerman) > 64 << 20)
    (cornerman.folder / "measured").touch()
    running.communicate(timeout=60)
    shown = cornerman.json("show", "latest")
    assert shown["usage"]["memory_bytes"]["peak"] > 64 << 20
    assert shown["usage"]["cpu_percent"]["peak"] > 0
    assert (shown["command"]["resources"], shown["command"]["note"]) == ({"gpus": "1"}, "trial")
    text = cornerman("show", "latest").stdout
    assert "used\n" in text
    assert "exited with code 0" in text


def _memory_seen(cornerman: Cornerman) -> float:
    """The most that was measured of the newest run so far; 0 where there is none yet."""
    try:
        with open_store(cornerman.store) as store:
            store.ingest_logs()
            samples = store.logs.samples(store.run("latest").run_id)
    except (StoreNotFound, NotFound):
        return 0.0
    return max((sample.values.get("memory_bytes", 0.0) for sample in samples), default=0.0)


def test_json_says_at_the_end_which_run_it_was(cornerman: Cornerman) -> None:
    """After the command's own lines, so that a script finds the run by the last one."""
    done = cornerman("run", "--json", "--job", "bare", "--", "sh", "-c", "echo hello; exit 3")
    first, last = done.stdout.splitlines()
    facts = json.loads(last)
    assert (first, facts["exit_code"], facts["job"], done.returncode) == ("hello", 3, "bare", 3)
    assert cornerman("show", facts["run_id"]).returncode == 0


def test_a_run_without_a_step_is_a_run(cornerman: Cornerman) -> None:
    """It is listed, shown, and can be deleted, with its folder."""
    bridge(cornerman, "sh", "-c", "exit 3", options=("--job", "bare"))
    (run,) = cornerman.json("runs")["runs"]
    assert (run["job"], run["state"], run["command"]["exit_code"]) == ("bare", "failed", 3)
    assert cornerman("show", "bare").returncode == 0
    assert cornerman("delete", "bare", "--yes").returncode == 0
    assert cornerman.json("runs")["runs"] == []
    assert commands.commands(cornerman.store, {}) == {}
    assert not (cornerman.store / "runs" / "bare").exists()


def test_a_run_that_is_deleted_while_it_lives_stays_deleted(cornerman: Cornerman) -> None:
    """Its command goes on; its end does not bring it back."""
    child = start(cornerman, "sh", "-c", "echo ready; sleep 4")
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    wait_until(lambda: (cornerman.store / "store.db").exists())
    assert cornerman("delete", "latest", "--yes").returncode == 0
    assert child.wait(30) == 0
    child.communicate()
    assert cornerman.json("runs")["runs"] == []
    assert list((cornerman.store / "commands").iterdir()) == []


def test_what_is_typed_wrongly_is_said(cornerman: Cornerman) -> None:
    """And nothing is run."""
    for wrong in (["run"], ["run", "--env", "X", "--", "true"], ["run", "--restart", "x", "--", "true"]):
        done = cornerman(*wrong)
        assert (done.returncode, done.stdout) == (2, "")
    assert not (cornerman.store / "commands").exists()


def test_whoever_stops_reading_stops_the_command(cornerman: Cornerman) -> None:
    """As in a pipe without us: `cornerman run -- yes | head -1` ends."""
    shell = f"{PYTHON} -m cornerman run -- yes | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, env=cornerman.environment(), timeout=30)
    assert done.stdout == b"y\n"


def test_the_launch_file_is_json(cornerman: Cornerman) -> None:
    """For people and scripts: one file a run."""
    bridge(cornerman, "true")
    (file,) = (cornerman.store / "commands").glob("*.json")
    assert json.loads(file.read_text())["exit_code"] == 0
    wait_until(lambda: not list((cornerman.store / "journal").glob("*.lock")))
