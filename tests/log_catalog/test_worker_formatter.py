"""What the optional formatter makes of a worker's records: one line each, nothing lost."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from cornerman.core.log_lines.output import Context, OutputLines
from cornerman.log_catalog import get_constant_by_code
from cornerman.log_catalog.worker_formatter import WorkerFormatter


@pytest.fixture
def worker() -> Iterator[tuple[logging.Logger, io.StringIO, WorkerFormatter]]:
    """A worker's logger, and what it wrote."""
    stream, formatter = io.StringIO(), WorkerFormatter(bare=True)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("worker.ppo")
    logger.addHandler(handler)
    yield logger, stream, formatter
    handler.close()


Worker = tuple[logging.Logger, io.StringIO, WorkerFormatter]


def test_a_record_with_a_code_is_a_log_line(worker: Worker) -> None:
    """Code, message and all that the worker gave beside it."""
    logger, stream, _ = worker
    logger.info("rollout %d collected", 3, extra={"log_code": "LOG2001", "episode": 7, "reward": 21.5})
    assert stream.getvalue() == 'LOG2001 | rollout 3 collected | extra={"episode": 7, "reward": 21.5}\n'


def test_time_level_and_logger_stand_before_it(worker: Worker) -> None:
    """So that nothing has to be concluded; `bare` leaves them out."""
    logger, stream, formatter = worker
    formatter.bare = False
    logger.warning("slow", extra={"code": "LOG934"})
    time, level, name, line = stream.getvalue().split(" ", 3)
    assert time.endswith("+00:00")
    assert (level, name, line) == ("WARNING", "worker.ppo:", "LOG934 | slow\n")


def test_a_constant_of_the_catalogue_can_be_logged_itself(worker: Worker) -> None:
    """Its code and words are used."""
    logger, stream, _ = worker
    logger.debug(get_constant_by_code("LOG512"), extra={"step": 4})
    assert stream.getvalue() == 'LOG512 | steps were summed up | extra={"step": 4}\n'


def test_a_record_without_a_code_is_a_json_line(worker: Worker) -> None:
    """With level, logger and time, and the traceback in the same line."""
    logger, stream, _ = worker
    try:
        raise ValueError("no")
    except ValueError:
        logger.exception("two\nlines", extra={"epoch": 2})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["logger"], line["message"], line["epoch"]) == ("ERROR", "worker.ppo", "two\nlines", 2)
    assert "ValueError: no" in line["exception"]


def test_no_value_stops_a_worker_or_breaks_its_line(worker: Worker) -> None:
    """Keys that JSON has no word for, values that hold themselves, messages of several lines."""
    logger, stream, _ = worker
    circle: list[object] = []
    circle.append(circle)
    logger.info("two\nlines", extra={"log_code": "LOG2001", "facts": {(1, 2): 3}})
    logger.info("circle", extra={"log_code": "LOG2001", "circle": circle})
    assert [line[:7] for line in stream.getvalue().splitlines()] == ["LOG2001", "LOG2001"]


def test_the_bridge_reads_all_of_it(worker: Worker) -> None:
    """Code, level, logger, time, episode and fields arrive as the worker gave them, and nothing is concluded."""
    logger, stream, formatter = worker
    formatter.bare = False
    logger.warning("slow", extra={"log_code": "LOG934", "episode": 7, "milliseconds": 310})
    lines = OutputLines(Context(run_id="R1", output="stderr"))
    (record,) = [*lines.feed(stream.getvalue().encode(), 1), *lines.close(1)]
    assert (record.code, record.level, record.message, record.logger) == ("LOG934", "WARNING", "slow", "worker.ppo")
    assert (record.component, record.episode, record.fields) == ("Service", 7, {"milliseconds": 310})
    assert record.flags == ()
