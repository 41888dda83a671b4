"""Each format that programs write is recognised, and what cannot be recognised is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from cornerman.core.log_lines import Context, OutputLines, names, original
from cornerman.core.payloads.log_record_v1 import LogRecordV1

NOON = int(datetime(2026, 11, 26, 12, 0, 1).timestamp() * 1e6)
SAID = int(datetime(2026, 11, 26, 7, 3, 31).timestamp() * 1e6)
UTC_SAID = int(datetime.fromisoformat("2026-11-26T07:03:31+00:00").timestamp() * 1e6)


def records(data: bytes | str, **context: Any) -> list[LogRecordV1]:
    lines = OutputLines(Context(run_id="R", output="stdout", pid=7, **context))
    content = data.encode() if isinstance(data, str) else data
    return lines.feed(content, NOON) + lines.close(NOON)


def one(line: str) -> LogRecordV1:
    (record,) = records(line + "\n")
    assert original(record) == line.encode()
    return record


CONSTANT = "LOG512 | step summary | extra="

LINES = [
    # line, level, message, logger, time
    ("2026-11-26 07:03:31,250 - a.b - INFO - it went", "INFO", "it went", "a.b", SAID + 250_000),
    ("[2026-11-26 07:03:31,250][a.b][WARNING] - it went", "WARNING", "it went", "a.b", SAID + 250_000),
    ("2026-11-26 07:03:31.250 | INFO     | m.x:run:17 - it went", "INFO", "it went", "m.x:run:17", SAID + 250_000),
    ("2026-11-26 07:03:31,250 [ERROR] a.b: it went", "ERROR", "it went", "a.b", SAID + 250_000),
    ("2026-11-26 07:03:31,250 WARNING a.b it went", "WARNING", "a.b it went", "", SAID + 250_000),
    ("2026-11-26 07:03:31,250\tINFO worker.py:12 -- it went", "INFO", "it went", "worker.py:12", SAID + 250_000),
    ("[07:03:31] INFO     it went", "INFO", "it went", "", SAID),
    ("[11/26/26 07:03:31] WARNING  it went          train.py:24", "WARNING", "it went", "", SAID),
    ("                    ERROR    it went          train.py:25", "ERROR", "it went", "", NOON),
    ("2026-11-26T07:03:31Z it went", "DEBUG", "it went", "", UTC_SAID),
    ("2026-11-26 07:03:31 failed with ERROR 3", "DEBUG", "failed with ERROR 3", "", SAID),
    ("WARNING:a.b:it went", "WARNING", "it went", "a.b", NOON),
    ("INFO:     it went", "INFO", "it went", "", NOON),
    ("[error] it went", "ERROR", "it went", "", NOON),
    ("W1126 07:03:31.250000  42 a.cc:17] it went", "WARNING", "it went", "a.cc", SAID + 250_000),
    ('time=2026-11-26T07:03:31Z level=warn msg="it \\"went\\"" n=3', "WARNING", 'it "went"', "", UTC_SAID),
    ("2026-11-26 07:03:31 [info     ] it went    [a.b] n=3 k='x y'", "INFO", "it went", "a.b", SAID),
    ("\x1b[2m2026-11-26T07:03:31Z\x1b[0m [\x1b[32mwarning  \x1b[0m] \x1b[1mit went\x1b[0m", "WARNING", "it went", "",
     UTC_SAID),
    ('{"event": "it went", "level": "warning", "logger": "a.b", "timestamp": "2026-11-26T07:03:31Z"}', "WARNING",
     "it went", "a.b", UTC_SAID),
    ('{"name":"a.b","hostname":"h","pid":9,"level":40,"msg":"it went","time":"2026-11-26T07:03:31Z","v":0}', "WARNING",
     "it went", "a.b", UTC_SAID),
    (f'{{"level":50,"time":{UTC_SAID // 1000},"pid":9,"msg":"it went"}}', "ERROR", "it went", "", UTC_SAID),
    (f'{{"__REALTIME_TIMESTAMP":"{UTC_SAID}","PRIORITY":"3","MESSAGE":"it went","SYSLOG_IDENTIFIER":"a.b"}}', "ERROR",
     "it went", "a.b", UTC_SAID),
    ("Nov 26 07:03:31 host a.b[42]: it went", "DEBUG", "it went", "a.b", SAID),
    ("a.py:12: UserWarning: it went", "WARNING", "it went", "warnings", NOON),
    ("2026-11-26 07:03:31,250 INFO a.b: LOG512 | it went", "INFO", "it went", "a.b", SAID + 250_000),
    ("cornerman: warning: LOG1110 | it went", "WARNING", "it went", "cornerman", NOON),
    ("what is this? level 3", "DEBUG", "what is this? level 3", "", NOON),
]  # fmt: skip


@pytest.mark.parametrize(("line", "level", "message", "logger", "time_us"), LINES, ids=[each[0][:40] for each in LINES])
def test_a_line_keeps_its_writers_words(line: str, level: str, message: str, logger: str, time_us: int) -> None:
    """Level, message, logger and time are the writer's own; the line itself is kept byte for byte."""
    record = one(line)
    assert (record.level, record.message, record.logger, record.time_us) == (level, message, logger, time_us)
    assert (record.run_id, record.output, record.pid) == ("R", "stdout", 9 if '"pid":9' in line else
                                                          42 if "[42]" in line else 7)  # fmt: skip


def test_what_a_line_does_not_say_is_marked() -> None:
    """`inferred` stands where time or level are concluded, and only there."""
    assert "inferred" in one("epoch 3").flags
    assert "inferred" in one("INFO: no time").flags
    assert one("2026-11-26 07:03:31 INFO all there").flags == ()


def test_a_constant_of_the_catalogue_brings_its_component() -> None:
    """Component, subcomponent and tags come from the catalogue, the message stays the worker's."""
    record = one('LOG1110 | my own words | extra={"episode": 3, "step": 14, "env_index": 1, "loss": 0.5}')
    assert (record.source, record.component, record.code) == ("known", "Recorder", "LOG1110")
    assert record.message == "my own words"
    assert (record.episode, record.step, record.env_index, record.fields) == (3, 14, 1, {"loss": 0.5})


def test_a_workers_own_name_for_its_run_is_kept_beside_ours() -> None:
    """The record belongs to the run that is in the store."""
    record = one('{"event": "went", "level": "info", "run_id": "theirs"}')
    assert (record.run_id, record.fields) == ("R", {"run_id": "theirs"})


def test_an_unknown_code_is_kept() -> None:
    """A code that nobody registered stays findable: source `other`, with the code."""
    record = one("LOG9987B | something new | extra={}")
    assert (record.source, record.code, record.level, record.message) == ("other", "LOG9987B", "DEBUG", "something new")


def test_a_broken_extra_is_kept_and_flagged() -> None:
    """Message and code are read all the same, the text of the extra is kept."""
    record = one("2026-11-26 07:03:31 ERROR a: LOG602 | bad | extra={'single': quotes")
    assert "malformed" in record.flags
    assert (record.code, record.level, record.message) == ("LOG602", "ERROR", "bad")
    assert record.extra == {"extra_unread": "{'single': quotes"}


def test_critical_is_an_error_that_says_so() -> None:
    """There are four levels; the word is kept."""
    record = one("CRITICAL:root:out of memory")
    assert (record.level, record.extra) == ("ERROR", {"level": "CRITICAL"})


def test_json_that_is_no_log_line_is_a_print() -> None:
    """Metrics that a program prints as JSON are kept as they came."""
    record = one('{"loss": 0.5, "acc": NaN}')
    assert (record.level, record.message) == ("DEBUG", '{"loss": 0.5, "acc": NaN}')


def test_every_recogniser_is_found() -> None:
    """The folder is the list: nothing hidden, and a forgotten file shows here."""
    assert names() == (
        "journald", "json_line", "glog", "structlog_console", "syslog", "bare_level", "rich_console",
        "time_stamped", "logfmt", "python_warning",
    )  # fmt: skip
