"""What a program that we start does with its lines: levels, folding, context, and several sinks."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cornerman.log_catalog import (
    CatalogError,
    LineWithoutRun,
    LogConstant,
    add_sink,
    bound,
    conclude,
    configure,
    held,
    list_known_components,
    log,
    parse_levels,
    set_level,
)
from cornerman.log_catalog.fan_out import BURST, FanOut
from cornerman.log_catalog.recorder import LOG_CHUNK_SEALED, LOG_STEPS_DROPPED, LOG_STREAM_STARTED
from cornerman.log_catalog.store import LOG_SQLITE_WRITE_FAILED, LOG_STORE_CREATED

Said = list[tuple[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Whatever a test configures, the next finds the private writer."""
    yield
    import structlog

    conclude()
    structlog.reset_defaults()


@pytest.fixture
def said() -> Iterator[Said]:
    """What one more sink of a configured program was told."""
    configure("DEBUG", "json", io.StringIO())
    lines: Said = []
    remove = add_sink(lambda constant, fields: lines.append((constant.code, dict(fields))))
    yield lines
    remove()


def test_every_sink_hears_every_line(said: Said) -> None:
    """A second one takes nothing from the first, and one that is removed hears no more."""
    more: Said = []
    remove = add_sink(lambda constant, fields: more.append((constant.code, dict(fields))), "WARNING")
    log(LOG_STORE_CREATED, path="/data")
    log(LOG_STEPS_DROPPED, cause="disk")
    remove()
    log(LOG_STEPS_DROPPED, cause="disk")
    assert [code for code, _ in said] == ["LOG1201", "LOG1110", "LOG1110"]
    assert [code for code, _ in more] == ["LOG1110"]


def test_a_sink_that_fails_harms_no_other(said: Said) -> None:
    """Nor the program that logs; and what a sink logs itself does not come back to it."""

    def store(constant: LogConstant, fields: Mapping[str, Any]) -> None:
        log(LOG_SQLITE_WRITE_FAILED, reason="full")
        raise OSError("full")

    remove = add_sink(store)
    log(LOG_STORE_CREATED, path="/data")
    remove()
    assert sorted(code for code, _ in said) == ["LOG1201", "LOG622"]


def test_lines_know_run_environment_episode_and_step(said: Said) -> None:
    """What is bound reaches every line inside, in nested blocks too, and is gone afterwards; a field wins over it."""
    with bound(run="R1", env_index=3, episode=7):
        with bound(step=12):
            log(LOG_STEPS_DROPPED, cause="disk")
        log(LOG_STEPS_DROPPED, run="R2")
    log(LOG_STEPS_DROPPED)
    inner, outer, after = (fields for _, fields in said)
    pid = os.getpid()
    assert inner == {"pid": pid, "run": "R1", "env_index": 3, "episode": 7, "step": 12, "cause": "disk"}
    assert outer == {"pid": pid, "run": "R2", "env_index": 3, "episode": 7}
    assert after == {"pid": pid, "inferred": True}


def test_a_line_without_a_run_is_attributed_by_its_process() -> None:
    """And marked, so that nobody takes the conclusion for the writer's own word."""
    stream = io.StringIO()
    configure("INFO", "json", stream, process={"run": "R9"})
    log(LOG_STORE_CREATED, path="/data")
    line = json.loads(stream.getvalue())
    assert (line["run"], line["inferred"], line["pid"]) == ("R9", True, os.getpid())


def test_context_costs_nothing_in_a_training_process() -> None:
    """There it does nothing at all, and loads nothing."""
    program = (
        "import sys; from cornerman.log_catalog import bound\n"
        "with bound(run='R1'): pass\n"
        "print('structlog' in sys.modules, 'logging' in sys.modules, bound(run='R1') is bound(step=2))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert answer.stdout == "False False True\n"


def test_a_flood_is_folded_and_its_size_said() -> None:
    """Of one code a burst comes through; the rest is counted and said by the next line of any code, once it is over."""
    now, lines = [0.0], []
    program = FanOut(lambda: now[0])
    program.add(lambda constant, fields: lines.append((constant.code, fields.get("repeats", 1))), 10)
    for _ in range(5000):
        program(LOG_STEPS_DROPPED, {})
    assert len(lines) == BURST
    now[0] = 11
    program(LOG_STORE_CREATED, {})
    assert lines[BURST:] == [("LOG1110", 5000 - BURST), ("LOG1201", 1)]
    assert sum(count for code, count in lines if code == "LOG1110") == 5000


def test_what_is_held_back_is_said_when_the_program_ends(said: Said) -> None:
    """Nothing is lost in silence."""
    for _ in range(BURST + 7):
        log(LOG_STREAM_STARTED)
    conclude()
    assert sum(fields.get("repeats", 1) for _, fields in said) == BURST + 7


def test_a_level_for_each_component_can_be_set_while_it_runs(said: Said) -> None:
    """The nearest part decides: a part of a component, the component, all."""
    set_level("ERROR")
    set_level("WARNING", "Store")
    set_level("DEBUG", "Recorder/Journal")
    log(LOG_STORE_CREATED)
    log(LOG_STREAM_STARTED)
    log(LOG_CHUNK_SEALED)
    set_level("INFO", "Store")
    log(LOG_STORE_CREATED)
    assert [code for code, _ in said] == ["LOG1112", "LOG1201"]


def test_the_policy_is_ours_from_info_on() -> None:
    """A program that says nothing else: details are not written, what happened is."""
    stream = io.StringIO()
    configure(render="line", stream=stream)
    log(LOG_CHUNK_SEALED)
    log(LOG_STREAM_STARTED, run="R1")
    assert [line[:7] for line in stream.getvalue().splitlines()] == ["LOG1103"]


def test_the_stream_may_be_quieter_than_the_other_sinks() -> None:
    """A command's stderr is for warnings, while the store keeps what happened."""
    stream, kept = io.StringIO(), []
    configure("INFO", "line", stream, heard="WARNING")
    remove = add_sink(lambda constant, _: kept.append(constant.code))
    log(LOG_STREAM_STARTED)
    remove()
    assert (stream.getvalue(), kept) == ("", ["LOG1103"])


def test_a_stream_that_is_quiet_may_hear_one_component() -> None:
    """What `log.levels` asks for is written, and nothing else that was not before."""
    stream = io.StringIO()
    configure("INFO", "line", stream, heard="WARNING", levels={"Recorder/Journal": "DEBUG"})
    for constant in (LOG_STREAM_STARTED, LOG_CHUNK_SEALED, LOG_STORE_CREATED):
        log(constant)
    assert [line[:7] for line in stream.getvalue().splitlines()] == ["LOG1112"]


def test_lines_wait_while_a_screen_has_the_terminal() -> None:
    """They are written when it is given back, and none between its pictures."""
    stream = io.StringIO()
    configure("INFO", "line", stream)
    with held():
        log(LOG_STREAM_STARTED, run="R1")
        assert stream.getvalue() == ""
    assert stream.getvalue().startswith("LOG1103")


def test_what_other_libraries_warn_of_is_a_line_of_ours() -> None:
    """In a process of ours, from WARNING on, with the logger's name; below that they are not heard."""
    program = (
        "import logging; from cornerman.log_catalog import configure\n"
        "configure(render='json')\n"
        "logging.getLogger('grpc').info('connected'); logging.getLogger('grpc').warning('%d lost', 3)\n"
        "logging.getLogger('grpc').error('gone')"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    lines = [json.loads(line) for line in answer.stderr.splitlines()]
    assert [(line["code"], line["logger"], line["text"]) for line in lines] == [
        ("LOG1901", "grpc", "3 lost"),
        ("LOG1902", "grpc", "gone"),
    ]


def test_ending_leaves_logging_as_it_was() -> None:
    """A second program in the same process, a test for instance, finds nothing of the first."""
    before = list(logging.getLogger().handlers)
    stream = io.StringIO()
    configure("INFO", "line", stream)
    conclude()
    log(LOG_STREAM_STARTED)
    assert stream.getvalue() == ""
    assert logging.getLogger().handlers == before


def test_levels_are_read_from_text_and_checked() -> None:
    """What an option or a variable says; a misspelt component is refused with the nearest name."""
    known = list_known_components()
    assert parse_levels("Store=debug, Recorder/Journal=ERROR", known) == {"Store": "DEBUG", "Recorder/Journal": "ERROR"}
    assert parse_levels("", known) == {}
    with pytest.raises(CatalogError, match=r"Store\?"):
        parse_levels("Stoer=DEBUG", known)
    with pytest.raises(CatalogError, match="no level"):
        parse_levels("Store=LOUD", known)


def test_where_it_is_strict_a_line_without_its_run_is_refused(said: Said) -> None:
    """Every sink has it first. Lines of ours are exempt, and so is what is written inside a run."""
    mine = LogConstant("LOG9001", "INFO", "Mine", "Rollout", "a rollout was collected")
    log(mine)
    configure("INFO", "json", io.StringIO(), strict=True)
    with pytest.raises(LineWithoutRun, match=r"LOG9001.*run=…"):
        log(mine)
    with bound(run="R1"):
        log(mine)
    log(LOG_STORE_CREATED)
    assert [fields.get("inferred") for code, fields in said if code == "LOG9001"] == [True, True, None]
