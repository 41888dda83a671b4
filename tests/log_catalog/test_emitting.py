"""Where a line goes: nowhere, to a private writer, through structlog, or to a test."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cornerman.log_catalog import CatalogError, captured, conclude, configure, log, set_private_level
from cornerman.log_catalog.emitting import PrivateWriter
from cornerman.log_catalog.recorder import LOG_CHUNK_SEALED, LOG_STEPS_DROPPED, LOG_STREAM_STARTED


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Whatever a test configures, the next finds the private writer."""
    yield
    import structlog

    conclude()
    structlog.reset_defaults()


def run(program: str) -> subprocess.CompletedProcess[str]:
    header = "from cornerman.log_catalog import *\nfrom cornerman.log_catalog.recorder import *\n"
    command = [sys.executable, "-c", header + program]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)


def test_a_training_process_hears_warnings_only_and_once() -> None:
    """Below WARNING nothing; above it one line, and at the end how often it came again."""
    answer = run("log(LOG_STREAM_STARTED)\nfor n in range(500): log(LOG_STEPS_DROPPED, cause='disk full', count=1)")
    assert answer.stdout == ""
    assert answer.stderr.splitlines() == [
        'cornerman: error: LOG1110 | steps were not recorded | extra={"cause": "disk full", "count": 1}',
        "cornerman: error: LOG1110 | steps were not recorded (and 499 more like it)",
    ]


def test_the_users_logging_is_never_touched() -> None:
    """Neither the root logger nor structlog is configured, or even imported, by a line of ours."""
    answer = run("import sys; log(LOG_STEPS_DROPPED); print('structlog' in sys.modules, 'logging' in sys.modules)")
    assert answer.stdout == "False False\n"


def test_repeats_are_counted_and_said_after_a_minute() -> None:
    """A code is written again when its minute is over, with the number of lines that were held back."""
    now, stream = [0.0], io.StringIO()
    writer = PrivateWriter(stream, clock=lambda: now[0])
    for second in (0, 1, 2, 61):
        now[0] = second
        writer(LOG_STEPS_DROPPED, {})
    assert stream.getvalue().splitlines() == [
        "cornerman: error: LOG1110 | steps were not recorded",
        "cornerman: error: LOG1110 | steps were not recorded (and 2 more like it)",
    ]


def test_a_field_that_cannot_be_written_does_not_stop_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that a caller puts into a field may raise, and no line breaks in two."""

    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

    log(LOG_STEPS_DROPPED, cause=Hostile())
    PrivateWriter()(LOG_STEPS_DROPPED, {"path": "two\nlines"})
    assert capsys.readouterr().err.count("\n") == 1


def test_a_closed_stderr_does_not_stop_a_program() -> None:
    """Daemons close it."""
    run("import sys; sys.stderr.close(); log(LOG_STEPS_DROPPED)\nsys.stderr = None; log(LOG_STEPS_DROPPED)")


def test_a_full_pipe_does_not_hold_a_program_up() -> None:
    """Nobody reads the other end: the line is counted, the program goes on."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 65536):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    with os.fdopen(reader, "rb"), os.fdopen(writer, "w", closefd=False) as stream:
        private = PrivateWriter(stream)
        private(LOG_STEPS_DROPPED, {})
        assert private.repeats.holding(LOG_STEPS_DROPPED) == 1
    os.close(writer)


def test_the_level_of_the_private_writer_is_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """`log.level` holds in a training process too."""
    set_private_level("INFO")
    log(LOG_STREAM_STARTED)
    set_private_level("WARNING")
    log(LOG_STREAM_STARTED)
    assert capsys.readouterr().err == "cornerman: info: LOG1103 | recording of a stream started\n"
    with pytest.raises(CatalogError):
        set_private_level("LOUD")  # type: ignore[arg-type]


def test_captured_collects_every_level() -> None:
    """What the tests of the other folders assert on: constants and fields, no text."""
    with captured() as events:
        log(LOG_CHUNK_SEALED, rows=3)
    assert [(event.constant, event.fields) for event in events] == [(LOG_CHUNK_SEALED, {"rows": 3})]


def test_json_lines_carry_the_constant(capsys: pytest.CaptureFixture[str]) -> None:
    """Code, component, subcomponent, tags, level and time stand beside the fields."""
    stream = io.StringIO()
    configure("INFO", "json", stream)
    log(LOG_STEPS_DROPPED, cause="budget", level="mine")
    log(LOG_CHUNK_SEALED)
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("pid") == os.getpid()
    assert line == {
        "event": "steps were not recorded",
        "code": "LOG1110",
        "level": "error",
        "component": "Recorder",
        "subcomponent": "Ledger",
        "tags": ["loss"],
        "cause": "budget",
        "level_": "mine",
        "inferred": True,
    }


def test_the_line_format_is_the_one_that_workers_write() -> None:
    """Code, message and extra, separated by bars."""
    stream = io.StringIO()
    configure("INFO", "line", stream)
    log(LOG_STEPS_DROPPED, cause="budget", run="R1", pid=7)
    line = 'LOG1110 | steps were not recorded | extra={"pid": 7, "cause": "budget", "run": "R1"}\n'
    assert stream.getvalue() == line


def test_the_console_format_is_for_people() -> None:
    """No colour where the stream is no terminal."""
    stream = io.StringIO()
    configure("INFO", "console", stream)
    log(LOG_STREAM_STARTED, job="baseline")
    assert "recording of a stream started" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_configuring_leaves_the_root_logger_alone() -> None:
    """Programs of ours may run inside somebody's process too, in a test or a notebook."""
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    configure("DEBUG", "json", io.StringIO())
    log(LOG_STEPS_DROPPED)
    assert (list(logging.getLogger().handlers), logging.getLogger().level) == (handlers, level)
    with pytest.raises(CatalogError):
        configure("LOUD")  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_writes_for_itself() -> None:
    """A lock that another thread held at the fork is held by nobody in the child: it must start with a new one."""
    program = (
        "import os; from cornerman.log_catalog import emitting\n"
        "import threading\n"
        "holder = threading.Thread(target=emitting._private.lock.acquire)\n"
        "holder.start(); holder.join()\n"
        "child = os.fork()\n"
        "if not child:\n    log(LOG_STEPS_DROPPED); os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0; os._exit(0)"
    )
    assert "LOG1110" in run(program).stderr
