"""What an output sends becomes records: in order, nothing lost, floods folded, tracebacks whole."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core.log_lines import CAP, Context, OutputLines, original
from cornerman.core.payloads import log_record_v1
from cornerman.core.payloads.log_record_v1 import LogRecordV1

NOW = 1_764_140_611_000_000

CHAINED = b"""Traceback (most recent call last):
  File "a.py", line 1, in f
    1 / 0
    ~~^~~
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise ValueError("two\\nlines")
ValueError: two
"""


def records(*pieces: bytes) -> list[LogRecordV1]:
    lines = OutputLines(Context(output="stderr"))
    found = [record for piece in pieces for record in lines.feed(piece, NOW)]
    return found + lines.close(NOW)


def test_a_chained_traceback_is_one_record() -> None:
    """At ERROR, under the words of its exception, with all lines as they came, wherever the pieces are cut."""
    for cut in (1, 7, 40):
        pieces = [CHAINED[at : at + cut] for at in range(0, len(CHAINED), cut)]
        before, found, after = records(b"one\n", *pieces, b"two\n")
        assert (found.level, found.message, found.fields) == ("ERROR", "ValueError: two", {"exception": "ValueError"})
        assert "traceback" in found.flags
        assert original(found) == CHAINED.rstrip(b"\n")
        assert (before.message, after.message) == ("one", "two")


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    """What waits for a moment does not wait for an hour: a progress bar, a traceback, a line that is repeated."""
    back = NOW - 3_600_000_000
    for data in (b"10%\r20%\r", CHAINED, b"same\nsame\n"):
        lines = OutputLines(Context(output="stderr"))
        lines.feed(data, NOW)
        assert [record.level for record in lines.tick(back)] or data.endswith(b"\r")
        assert lines.feed(b"30%\rmore\n", back)


def test_two_tracebacks_are_two_records() -> None:
    """What follows an exception's line without being chained is another one."""
    first, second = records(CHAINED[: CHAINED.index(b"Zero")] + b"KeyError: 1\n" + CHAINED)
    assert (first.message, second.message) == ("KeyError: 1", "ValueError: two")


def test_a_traceback_that_stops_is_not_held_for_ever() -> None:
    """After a second without another line it is let go, exception or not."""
    lines = OutputLines(Context())
    assert not lines.feed(b"Traceback (most recent call last):\n  File", NOW)
    assert not lines.tick(NOW + 100_000)
    (record,) = lines.tick(NOW + 1_100_000)
    assert "traceback" in record.flags


def test_a_progress_bar_is_one_record() -> None:
    """A thousand states of a bar: the newest, and how many there were."""
    bar = b"".join(b"\r %3d%%|####    | %d/1000" % (at // 10, at) for at in range(1000)) + b"\n"
    before, found, after = records(b"start\n", bar, b"end\n")
    assert (found.repeats, found.message) == (1000, "  99%|####    | 999/1000")
    assert "progress" in found.flags
    assert (before.message, after.message) == ("start", "end")


BAR = b"\r 30%|###    | 30/100 [00:00<00:01, 49.53it/s]"


@pytest.mark.parametrize(
    ("written", "level", "message"),
    [
        (b"/a/train.py:7: UserWarning: careful\n", "WARNING", "careful"),
        (b"2026-11-26 07:03:31,123 agent WARNING careful\n", "WARNING", "careful"),
        (b"ERROR:agent:bad thing\n", "ERROR", "bad thing"),
        (b"LOG903 | dropped | extra={}\n", "ERROR", "dropped"),
        (b'{"level":"error","msg":"boom"}\n', "ERROR", "boom"),
        (CHAINED, "ERROR", "ValueError: two"),
        (b"[11/26/26 07:03:31] WARNING  careful  a.py:24\n", "WARNING", "careful"),
        (b"hello\n", "DEBUG", "hello"),
    ],
)
def test_what_is_written_behind_a_progress_bar_keeps_its_level(written: bytes, level: str, message: str) -> None:
    """A bar leaves the cursor at its end; the warning that follows is a record of its own, and the bar is one too."""
    bar, found, *_ = records(BAR * 3 + written + BAR)
    assert (bar.repeats, bar.message) == (3, BAR[1:].decode())
    assert (found.level, found.message) == (level, message)
    assert original(found) == written.rstrip(b"\n")


def test_a_warning_behind_a_bar_of_another_kind_keeps_its_level() -> None:
    """Whatever drew it, and where nothing but a level says that the rest is a line of its own."""
    for bar in (b"\r 51% ####  51/100 [ret=32]", b"\rstep 51 ", b"\r    \r", b"\r\x1b[2K"):
        *_, found = records(bar + b"WARNING:agent:careful\n")
        assert (found.level, found.message, "progress" in found.flags) == ("WARNING", "careful", False)


def test_a_line_that_rich_writes_above_its_bar_keeps_its_level() -> None:
    """With colours between time, level and message, in the place of a bar that was cleared."""
    drawn = b"\r\x1b[2Ktrain \x1b[32m----\x1b[0m 50%"
    coloured = b"\r\x1b[2K\x1b[2;36m[11/26/26 07:03:31]\x1b[0m\x1b[2;36m \x1b[0m\x1b[31mWARNING \x1b[0m careful\n"
    bar, found, *_ = records(drawn + coloured + drawn)
    assert ("progress" in bar.flags, found.level, found.message) == (True, "WARNING", "careful")


def test_a_bar_that_speaks_of_levels_or_times_is_a_bar() -> None:
    """What only looks like the beginning of a line is a state of what is drawn."""
    for bar in (b'\r5 of 9 {"', b"\r2026-11-26 07:03:31 step 5", b"\rWARNING 3 of 5", BAR + b"\x1b[A", BAR + b"  "):
        (found,) = records(bar + b"\n")
        assert "progress" in found.flags


def test_a_display_that_moves_the_cursor_is_progress() -> None:
    """As rich's live display and nested bars write it."""
    (found,) = records(b"".join(b"\x1b[1A\x1b[2Kstate %d\n" % at for at in range(500)))
    assert (found.repeats, found.message) == (500, "state 499")


def test_equal_lines_are_counted() -> None:
    """Only neighbours, and only where they are equal byte for byte."""
    found = records(b"a\n" * 1000 + b"b\na\na\n")
    assert [(record.message, record.repeats) for record in found] == [("a", 1000), ("b", 1), ("a", 2)]


def test_the_first_of_many_equal_lines_is_seen_at_once() -> None:
    """A flood is shown when it begins, and again every few seconds with its count."""
    lines = OutputLines(Context())
    assert not lines.feed(b"a\n", NOW)
    assert [record.repeats for record in lines.tick(NOW + 200_000)] == [1]
    lines.feed(b"a\n" * 50, NOW + 300_000)
    assert not lines.tick(NOW + 400_000)
    assert [record.repeats for record in lines.tick(NOW + 5_400_000)] == [50]


def test_a_line_of_a_hundred_megabytes_is_cut_and_counted() -> None:
    """A mebibyte is kept, the rest is counted, the neighbours are whole, and memory does not grow."""
    piece = b"x" * (1 << 20)
    before, found, after = records(b"one\n", *[piece] * 100, b"\ntwo")
    assert (len(original(found)), found.extra, "cut" in found.flags) == (CAP, {"cut_bytes": 99 << 20}, True)
    assert (before.message, after.message) == ("one", "two")
    assert len(found.message) < 20_000


def test_what_is_no_text_is_kept_byte_for_byte() -> None:
    """Invalid UTF-8 and NULs."""
    bad, nul = records(b"caf\xe9 \xff\nnul\x00 here\n")
    assert (original(bad), original(nul)) == (b"caf\xe9 \xff", b"nul\x00 here")
    assert bad.message == "caf� �"


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [b"LOG512 | m | extra={", b'{"a":' * 40, b'{"level":"error","msg":"x","time":1e400}', b"\x1b[",
             b"2026-11-26 ",
             b"level=info msg=", b'"', b"Traceback (most recent call last):\n", b"  File\n", b"\n\n", b"[info     ] ",
             b'{"message":"\\ud800","level":"info","n":99999999999999999999999}\n', b"I1126 07:03:31.1 1 a:1] ",
             b"9999-12-31 23:59:59 x", b"Nov 31 07:03:31 h p[1]: x", b"a=1 " * 20, b"x" * 300]
        ),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(pieces=PIECES)
def test_whatever_comes_is_kept_in_order(pieces: list[bytes]) -> None:
    """No bytes make it fail; without carriage returns and cursor moves, each line is there byte for byte, in order."""
    whole = b"".join(pieces).replace(b"\r", b"").replace(b"\x1b", b"^")
    cuts = [piece.replace(b"\r", b"").replace(b"\x1b", b"^") for piece in pieces]
    found = records(*cuts)
    kept = [line for record in found for line in [original(record)] * record.repeats]
    assert b"\n".join(kept) == whole.removesuffix(b"\n")
    for record in found:
        assert log_record_v1.decode(log_record_v1.encode(record)).message == record.message


@settings(max_examples=300, deadline=None)
@given(pieces=PIECES)
def test_no_bytes_make_it_fail(pieces: list[bytes]) -> None:
    """Carriage returns and escape sequences included, and the records can be stored."""
    for record in records(*pieces, b"\r", *pieces):
        log_record_v1.encode(record)


HOSTILE = [
    b"2026-11-26 07:03:31 " + b"a-" * 30_000,
    b"2026-11-26 07:03:31 " + b"a:" * 30_000 + b"INFO",
    b"[" * 60_000,
    b"a=" * 30_000 + b" level=info",
    b"level=info " + b'a="' * 20_000,
    b"2026-11-26 07:03:31 [info     ] " + b"a=b c" * 12_000,
    b"{" * 60_000,
    b'{"a":' * 12_000,
    b"LOG512 | " * 7_000,
    b"LOG512 | x | extra={" * 3_000,
    b"\x1b[" * 30_000,
    b"\x1b]" * 30_000,
    b"a" * 60_000 + b": Warning: ",
    b"Nov 26 07:03:31 " + b"h" * 60_000,
]


@pytest.mark.parametrize("line", HOSTILE, ids=[str(line[:24]) for line in HOSTILE])
def test_no_line_takes_more_than_its_length(line: bytes) -> None:
    """No regular expression goes astray: 60 kilobytes made to provoke it take milliseconds."""
    began = time.thread_time()
    records(line + b"\n")
    assert time.thread_time() - began < 0.25
