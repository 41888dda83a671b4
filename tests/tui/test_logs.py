"""The Logs screen: what a person can do with log records, and what never happens to the place where they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fake_telemetry import FakeRepository, repository
from hostile_logs import hostile_records
from memory_logs import MemoryLogs, some_records
from screens import app_on, press, settle, text_of, watching
from textual.pilot import Pilot
from textual.widgets import Input

from cornerman.core.errors import StoreLocked, StoreUnreadable
from cornerman.core.logs import LogFilter
from cornerman.core.logs.saved import save_filter, saved_filters
from cornerman.log_catalog import component_of_logger, get_constant_by_code
from cornerman.tui.app import CornermanApp
from cornerman.tui.log_window import Place
from cornerman.tui.look import Look
from cornerman.tui.screens.logs import LogsScreen
from cornerman.tui.screens.run import RunScreen
from cornerman.tui.screens.runs import RunsScreen


def store_of(logs: MemoryLogs | None = None) -> FakeRepository:
    store = repository()
    store.logs = MemoryLogs(some_records()) if logs is None else logs
    return store


@asynccontextmanager
async def reading(
    logs: MemoryLogs | None = None, *keys: str, size: tuple[int, int] = (80, 24), look: Look | None = None
) -> AsyncIterator[Pilot[int]]:
    """The Logs screen, settled, after some keys."""
    async with watching(app_on(store_of(logs), look=look), "l", *keys, size=size) as pilot:
        yield pilot


def screen_of(pilot: Pilot[int]) -> LogsScreen:
    assert isinstance(pilot.app.screen, LogsScreen)
    return pilot.app.screen


def shown(pilot: Pilot[int]) -> str:
    assert isinstance(pilot.app, CornermanApp)
    return text_of(pilot.app)


def under_cursor(pilot: Pilot[int]) -> int:
    entry = screen_of(pilot).cursor.entry
    assert entry is not None
    return entry.id


async def typed(pilot: Pilot[int], text: str) -> None:
    """Type into the line at the bottom and take it."""
    pilot.app.screen.query_one(Input).value = text
    await press(pilot, "enter")


async def filtered(pilot: Pilot[int], text: str) -> None:
    await press(pilot, "slash")
    await typed(pilot, text)


# ---- the list ----


async def test_it_opens_at_the_newest_and_follows() -> None:
    logs = MemoryLogs(some_records(500))
    async with reading(logs) as pilot:
        assert under_cursor(pilot) == 500
        assert "FOLLOW" in shown(pilot)
        logs.append(*some_records(3))
        await pilot.pause(0.6)
        assert under_cursor(pilot) == 503


async def test_a_paused_list_stays_where_it_is_while_records_come() -> None:
    logs = MemoryLogs(some_records(500))
    async with reading(logs, "up", "up") as pilot:
        before = shown(pilot).split("\n")[4:20]
        logs.append(*some_records(40))
        await pilot.pause(2.5)
        assert under_cursor(pilot) == 498
        after = shown(pilot).split("\n")[4:20]
        assert [line[:60] for line in before if "▸" in line] == [line[:60] for line in after if "▸" in line]
        assert "42 newer" in shown(pilot)


async def test_the_very_first_record_is_always_within_reach() -> None:
    """Nothing is cut off: by paging, by Home, under a filter, from anywhere."""
    async with reading(None, "home") as pilot:
        assert under_cursor(pilot) == 1
        await press(pilot, "end", *["pageup"] * 130)
        assert under_cursor(pilot) == 1
        await filtered(pilot, "level:ERROR")
        await press(pilot, "home")
        assert under_cursor(pilot) == 61


async def test_a_filter_never_loses_the_record_under_the_cursor() -> None:
    """Hidden by a filter, the nearest is shown, and said; shown again by another, the cursor is on it again."""
    async with reading(None, "g") as pilot:
        await typed(pilot, "19:00:01")
        await press(pilot, "down")
        here = under_cursor(pilot)
        assert here == 603
        await filtered(pilot, "level:ERROR")
        assert under_cursor(pilot) == 643 or under_cursor(pilot) == 546
        assert "nearest" in shown(pilot)
        await filtered(pilot, "level:ERROR level:WARNING")
        await press(pilot, "0")
        assert under_cursor(pilot) == here


async def test_a_bookmark_survives_every_filter_and_the_program() -> None:
    store = store_of()
    async with watching(app_on(store), "l", "up", "up", "m", "home") as pilot:
        await filtered(pilot, "level:ERROR")
        await press(pilot, "0", "b")
        assert under_cursor(pilot) == 1998
    async with watching(app_on(store), "l", "home", "M", "enter") as pilot:
        assert under_cursor(pilot) == 1998
        assert "◆" in shown(pilot)


# ---- filters ----


async def test_filters_come_from_the_data_with_live_counts() -> None:
    async with reading(size=(120, 40)) as pilot:
        text = " ".join(shown(pilot).split())
        assert "ERROR 20" in text
        assert "Policy 386" in text
        await press(pilot, "3")
        assert "Queue 49" in " ".join(shown(pilot).split())


async def test_include_exclude_and_only_this_from_the_record() -> None:
    async with reading() as pilot:
        screen = screen_of(pilot)
        await press(pilot, "equals_sign")
        assert str(screen.cursor.chosen) == "component:Worker/Runtime"
        await press(pilot, "right", "right", "minus")
        assert str(screen.cursor.chosen) == "component:Worker/Runtime -code:LOG512"
        assert not any(entry.record.code == "LOG512" for entry in screen.cursor.entries)
        await press(pilot, "u", "u")
        assert not screen.cursor.chosen


async def test_include_exclude_and_only_this_from_the_counts() -> None:
    """On a field's name there is nothing to take, and that is said."""
    async with reading(None, "tab", "equals_sign") as pilot:
        assert "no value is marked" in shown(pilot)
        await press(pilot, "down", "equals_sign")
        screen = screen_of(pilot)
        assert str(screen.cursor.chosen) == "level:ERROR"
        await press(pilot, "down", "plus")
        assert str(screen.cursor.chosen) == "level:ERROR level:WARNING"
        await press(pilot, "plus", "minus")
        assert str(screen.cursor.chosen) == "level:ERROR -level:WARNING"


@pytest.mark.parametrize(
    ("key", "text"), [("1", ""), ("2", "level>=INFO"), ("3", "level>=WARNING"), ("4", "level>=ERROR")]
)
async def test_a_number_chooses_the_least_severity(key: str, text: str) -> None:
    async with reading(None, "4", key) as pilot:
        assert str(screen_of(pilot).cursor.chosen) == text
        assert "1,951" not in shown(pilot)


async def test_what_is_wrong_with_a_typed_filter_is_said_where_it_is_typed() -> None:
    async with reading(None, "slash") as pilot:
        await pilot.press(*"color:red", "enter")
        await settle(pilot)
        assert "no field 'color'" in shown(pilot)
        await press(pilot, "escape")
        assert not screen_of(pilot).cursor.chosen


async def test_fields_and_values_are_completed_from_the_data() -> None:
    async with reading(None, "slash") as pilot:
        await pilot.press(*"comp", "tab", *"Serv", "tab", "tab")
        await settle(pilot)
        assert pilot.app.screen.query_one(Input).value.strip() == "component:Service/Telemetry"


async def test_the_last_filter_is_restored_and_saved_ones_have_names() -> None:
    save_filter("nans", LogFilter.parse("tag:nan"))
    store = store_of()
    async with watching(app_on(store), "l", "3", "P") as pilot:
        await typed(pilot, "bad")
        assert str(saved_filters()["bad"]) == "level>=WARNING"
    async with watching(app_on(store), "l") as pilot:
        assert "bad: [level>=WARNING]" in shown(pilot)
        await press(pilot, "p", "down", "enter")
        assert "nans: [tag:nan]" in shown(pilot)


# ---- searching and jumping ----


async def test_search_goes_from_hit_to_hit_and_hides_nothing() -> None:
    async with reading(None, "s") as pilot:
        await typed(pilot, "NAN")
        newest = under_cursor(pilot)
        assert "hits" in shown(pilot)
        await press(pilot, "n", "n")
        assert under_cursor(pilot) == newest - 2 * 97
        await press(pilot, "N")
        assert under_cursor(pilot) == newest - 97
        assert len(screen_of(pilot).cursor.entries) > 200


async def test_hits_stream_in_with_progress_and_escape_stops() -> None:
    logs = MemoryLogs(some_records())
    logs.slow = 400
    async with reading(logs, "s") as pilot:
        pilot.app.screen.query_one(Input).value = "nan"
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert "searched back to 11-20 19:33, 400 of 2000" in shown(pilot)
        assert under_cursor(pilot) > 1_600
        await press(pilot, "escape")
        assert "stopped at" in shown(pilot)
        assert isinstance(pilot.app.screen, LogsScreen)


async def test_a_text_filter_shows_what_it_has_while_it_searches_and_escape_keeps_it() -> None:
    logs = MemoryLogs(some_records())
    logs.slow = 500
    async with reading(logs, "slash") as pilot:
        pilot.app.screen.query_one(Input).value = "nan"
        await pilot.press("enter")
        await pilot.pause(0.4)
        assert "found, searched back to" in shown(pilot)
        await press(pilot, "escape")
        assert "stopped at" in shown(pilot)
        assert [entry.record.level for entry in screen_of(pilot).cursor.entries] == ["ERROR"] * 5


async def test_a_long_search_does_not_hold_up_paging() -> None:
    logs = MemoryLogs(some_records())
    logs.slow = 10
    async with reading(logs, "s") as pilot:
        pilot.app.screen.query_one(Input).value = "no such text"
        await pilot.press("enter")
        await pilot.press("home")
        await pilot.pause(0.4)
        assert under_cursor(pilot) == 1
        await press(pilot, "escape")


async def test_keys_go_to_the_next_error_the_next_span_and_a_time() -> None:
    async with reading(None, "home", "e") as pilot:
        assert under_cursor(pilot) == 61
        await press(pilot, "e", "E")
        assert under_cursor(pilot) == 61
        await press(pilot, "right_square_bracket")
        assert 61 < under_cursor(pilot) < 110
        await press(pilot, "g")
        await typed(pilot, "19:00")
        assert screen_of(pilot).cursor.entry.record.time_us == 1_795_201_200_000_000  # type: ignore[union-attr]


async def test_a_time_that_is_none_is_said_and_nothing_moves() -> None:
    async with reading(None, "home", "g") as pilot:
        await typed(pilot, "noon")
        assert "'noon' is no time" in shown(pilot)
        assert under_cursor(pilot) == 1


async def test_the_scroll_bar_is_where_all_records_are() -> None:
    async with reading() as pilot:
        await pilot.click("#loglist", offset=(79, 8))
        await settle(pilot)
        assert 850 < under_cursor(pilot) < 1_200


# ---- runs ----


async def test_a_record_is_replayed_at_its_step_and_back_at_its_time() -> None:
    async with reading(None, "slash") as pilot:
        await typed(pilot, "run:01KAH8YQ3T4LAKE0 episode:2 code:LOG512")
        await press(pilot, "home", "r")
        run = pilot.app.screen
        assert isinstance(run, RunScreen)
        assert run.view is not None
        assert run.view.record is not None
        assert run.view.record.episode == 2
        await press(pilot, "escape")
        assert screen_of(pilot).cursor.entry is not None


async def test_the_logs_of_a_run_open_at_the_time_of_its_step() -> None:
    async with watching(app_on(store_of()), "enter", "L") as pilot:
        screen = screen_of(pilot)
        assert str(screen.cursor.chosen) == "run:01KAH8YQ3T4LAKE0"
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RunScreen)


async def test_the_run_screen_shows_the_record_of_its_moment() -> None:
    async with watching(app_on(store_of()), "enter") as pilot:
        await pilot.pause(0.3)
        await settle(pilot)
        assert "Episode ended episode=99" in shown(pilot)
    async with watching(app_on(store_of(MemoryLogs())), "enter") as pilot:
        assert "Episode ended" not in shown(pilot)


async def test_the_cursor_in_time_is_shared() -> None:
    """Steps gone in the replay move the logs it was opened from."""
    logs = MemoryLogs(some_records(2_000, begin_us=1_795_219_140_000_000, every_us=30_000))
    async with reading(logs, "home", "r") as pilot:
        await press(pilot, "end", "end", "escape")
        moved = under_cursor(pilot)
        assert moved > 1


# ---- what goes wrong ----


async def test_an_empty_store_says_what_to_do_next() -> None:
    async with reading(MemoryLogs()) as pilot:
        assert "cornerman run -- python train.py" in shown(pilot)
        assert "cornerman import-logs" in shown(pilot)


async def test_a_filter_that_hides_all_says_how_to_drop_it() -> None:
    async with reading(None, "slash") as pilot:
        await typed(pilot, "code:LOG999")
        assert "None of 2,000 records is shown by this filter." in shown(pilot)
        assert "0 drops the filter" in shown(pilot)


@pytest.mark.parametrize("error", [StoreLocked("/x"), StoreUnreadable("/x", "damaged")])
async def test_a_store_that_cannot_be_read_is_no_empty_list(error: Exception) -> None:
    logs = MemoryLogs(some_records(10))
    logs.broken = error
    async with reading(logs) as pilot:
        assert str(error)[:30] in " ".join(shown(pilot).split())
        logs.broken = None
        await pilot.pause(2.3)
        await settle(pilot)
        assert under_cursor(pilot) == 10


@pytest.mark.parametrize("look", [Look(), Look("none", True)], ids=["colour", "ascii"])
async def test_what_is_in_a_record_is_shown_and_never_obeyed(look: Look) -> None:
    async with reading(MemoryLogs(hostile_records()), "enter", size=(120, 40), look=look) as pilot:
        for key in ("up",) * 21:
            text = shown(pilot)
            assert all(character.isprintable() for line in text.split("\n") for character in line)
            assert "\u202e" not in text
            await pilot.press(key)
            await pilot.pause()
        await press(pilot, "equals_sign", "tab", "M", "escape", "v", "escape", "slash", "escape", "escape")
        await press(pilot, "end")
        assert "FOLLOW" in shown(pilot)


async def test_markup_stays_as_it_was_written() -> None:
    async with reading(MemoryLogs(hostile_records()[12:13]), size=(120, 40)) as pilot:
        assert "[bold red]markup[/bold red] [link=x]y[/]" in shown(pilot)


async def test_every_row_is_exactly_as_wide_as_the_list() -> None:
    """Wide letters, combining ones and emoji shift no column: the scroll bar stays at the edge."""
    from rich.cells import cell_len

    from cornerman.tui import log_view

    for record in hostile_records():
        for width in (40, 79, 90, 120):
            line = log_view.row(record, log_view.layout(width, True, True), Look())
            assert cell_len("".join(text for text, _ in line)) == width


# ---- copying and writing ----


async def test_copying_says_what_and_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with reading() as pilot:
        await press(pilot, "c")
        await pilot.pause(0.2)
        assert "Worker/Runtime LOG512 Episode ended episode=99" in pilot.app.clipboard
        assert "copied the record as text" in shown(pilot)


@pytest.mark.parametrize(("name", "first"), [("a.jsonl", '{"payload_version":1'), ("a.txt", "2026-11-20 18:42:00")])
async def test_what_the_filter_shows_is_written_into_a_file(tmp_path: Path, name: str, first: str) -> None:
    async with reading(None, "4", "w") as pilot:
        await typed(pilot, str(tmp_path / name))
        lines = (tmp_path / name).read_text().splitlines()
        assert len(lines) == 20
        assert lines[0].startswith(first)
        assert "wrote 20 records" in shown(pilot)
        await press(pilot, "w")
        await typed(pilot, str(tmp_path / name))
        assert "exists" in shown(pilot)


async def test_codes_and_loggers_that_nobody_knows_are_registered_from_their_list() -> None:
    """A code with one key, by the words of its newest record; a logger with the component that is typed."""
    async with reading(None, "v") as pilot:
        assert "LOG7001" in shown(pilot)
        await press(pilot, "r")
        assert "LOG7001 is known now, as Policy" in shown(pilot)
        await press(pilot, "v", "r", "enter")  # what is proposed: Worker
        assert component_of_logger("ppo") == "Worker"
        await press(pilot, "v")
        assert "Every code and every logger that was written is known." in shown(pilot)
        assert get_constant_by_code("LOG7001").message == "Entropy bonus was lowered"  # type: ignore[union-attr]


async def test_escape_leads_back_to_where_the_logs_were_opened() -> None:
    async with reading(None, "tab", "escape", "escape") as pilot:
        assert isinstance(pilot.app.screen, RunsScreen)


def test_a_place_is_the_newest_unless_it_is_said() -> None:
    assert LogsScreen.of("").cursor.place == Place()
