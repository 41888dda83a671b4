"""Keys: one table, from which footer, help, palette and dispatch come; and every one of them does what it says."""

from __future__ import annotations

from collections import Counter

import pytest
from fake_telemetry import FakeRepository, lake, poles, race, repository
from screens import Clock, app_on, press, settle, text_of, until_shown, watching
from textual.pilot import Pilot
from textual.widgets import Input

from cornerman.tui import keys
from cornerman.tui.app import CornermanApp
from cornerman.tui.options import Options
from cornerman.tui.screens import help as help_screen
from cornerman.tui.screens.help import Help
from cornerman.tui.screens.launch import LaunchScreen
from cornerman.tui.screens.launches import LaunchesScreen
from cornerman.tui.screens.logs import LogsScreen
from cornerman.tui.screens.run import RunScreen
from cornerman.tui.screens.runs import RunsScreen
from cornerman.tui.screens.schemas import SchemasScreen
from cornerman.tui.screens.settings import SettingsScreen
from cornerman.tui.widgets.lines import Lines
from cornerman.tui.widgets.table import Table


def run_screen(app: CornermanApp) -> RunScreen:
    assert isinstance(app.screen, RunScreen)
    return app.screen


def screen_of(pilot: Pilot[int]) -> type:
    return type(pilot.app.screen)


def at(app: CornermanApp) -> tuple[int, int, int]:
    """Row, sub-environment and episode of the cursor."""
    view = run_screen(app).view
    assert view is not None
    assert view.record is not None
    return view.record.row, view.env, view.record.episode


def on(*runs: object) -> CornermanApp:
    return app_on(FakeRepository(list(runs)))  # type: ignore[arg-type]


WHERES: tuple[keys.Where, ...] = ("runs", "run", "schemas", "logs", "settings", "launches", "launch")

# ---- the table ----


def test_every_key_has_an_action_and_a_sentence() -> None:
    places = {
        "app": CornermanApp,
        "runs": RunsScreen,
        "run": RunScreen,
        "schemas": SchemasScreen,
        "logs": LogsScreen,
        "settings": SettingsScreen,
        "launches": LaunchesScreen,
        "launch": LaunchScreen,
    }
    for key in keys.KEYS:
        assert hasattr(places[key.where], f"action_{key.action.partition('(')[0]}"), key.id
        assert key.sentence
        assert key.word


def test_ids_are_stable_names_and_no_key_is_given_twice() -> None:
    assert len({key.id for key in keys.KEYS}) == len(keys.KEYS)
    for where in WHERES:
        used = Counter(name for key in keys.keys_of(where, "app") for name in key.keys)
        assert [name for name, times in used.items() if times > 1] == []


def test_no_key_belongs_to_a_multiplexer_or_the_terminal() -> None:
    taken = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q"}
    assert taken.isdisjoint(name for key in keys.KEYS for name in key.keys)
    assert taken.isdisjoint(name for key in keys.KEYS for name in key.label.split())


async def test_no_binding_of_the_toolkit_takes_them_either() -> None:
    async with watching(app_on(), "enter") as pilot:
        bound = {name for _, binding, *_ in pilot.app.active_bindings.values() for name in binding.key.split(",")}
        assert {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q"}.isdisjoint(bound)


@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize("width", [56, 80, 120, 200])
def test_the_footer_fits_and_always_has_help(where: keys.Where, width: int) -> None:
    pairs = keys.footer(where, width - 1)
    assert sum(len(key) + len(word) + 3 for key, word in pairs) <= width
    assert ("?", "help") in pairs


def test_help_has_every_key_and_says_where_numbers_come_from() -> None:
    from cornerman.tui.look import Look

    rows = help_screen.lines("run", 80, Look())
    text = "\n".join("".join(part for part, _ in row) for row in rows)
    for key in keys.KEYS:
        assert key.sentence in text
    assert "received = stored + open" in text


# ---- everywhere ----


async def test_question_mark_opens_help_and_escape_closes_it() -> None:
    async with watching(app_on(), "question_mark") as pilot:
        assert screen_of(pilot) is Help
        before = text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "down")
        assert text_of(pilot.app) != before  # type: ignore[arg-type]
        await press(pilot, "escape")
        assert screen_of(pilot) is RunsScreen


async def test_the_palette_lists_the_table_and_runs_its_commands() -> None:
    async with watching(app_on(), "ctrl+p") as pilot:
        await pilot.press(*"turn", "space", *"round")
        await pilot.pause(0.3)
        await press(pilot, "enter")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        assert screen._reverse is False


async def test_q_leaves_a_run_and_then_the_program() -> None:
    async with watching(app_on(), "enter") as pilot:
        assert screen_of(pilot) is RunScreen
        await press(pilot, "q")
        assert screen_of(pilot) is RunsScreen
        await pilot.press("q")
        await pilot.pause()
    assert pilot.app.return_code == 0


# ---- runs ----


async def test_arrows_home_end_and_pages_move_the_cursor() -> None:
    async with watching(app_on()) as pilot:
        table = pilot.app.screen.query_one(Table)
        for key, index in (
            ("down", 1),
            ("j", 2),
            ("up", 1),
            ("k", 0),
            ("end", 3),
            ("home", 0),
            ("pagedown", 3),
            ("pageup", 0),
        ):
            await press(pilot, key)
            assert table.cursor == index, key


async def test_s_sorts_by_the_next_column_and_r_turns_round() -> None:
    async with watching(app_on()) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        first = [run.run_id for run in screen._shown]
        await press(pilot, "s")
        assert screen._sort == "job"
        assert [run.job for run in screen._shown] == sorted(run.job for run in screen._shown)
        await press(pilot, "r")
        assert [run.job for run in screen._shown] == sorted((run.job for run in screen._shown), reverse=True)
        await press(pilot, "S", "r", "r")
        assert screen._sort == "state"
        assert sorted(first) == sorted(run.run_id for run in screen._shown)


async def test_the_cursor_stays_on_its_run_when_the_order_changes() -> None:
    async with watching(app_on(), "down") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        assert screen.selected is not None
        before = screen.selected.run_id
        await press(pilot, "s", "r")
        assert screen.selected.run_id == before


async def test_slash_filters_and_escape_drops_the_filter() -> None:
    async with watching(app_on(), "slash") as pilot:
        pilot.app.screen.query_one(Input).value = "cartpole done"
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        assert [run.job for run in screen._shown] == ["ppo-baseline"]
        assert "filter" in text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "escape")
        assert len(screen._shown) == 4


async def test_a_filter_that_matches_nothing_says_so() -> None:
    async with watching(app_on(), "slash") as pilot:
        pilot.app.screen.query_one(Input).value = "zebra"
        await press(pilot, "enter")
        assert "No run matches 'zebra'" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_enter_opens_the_run_under_the_cursor() -> None:
    async with watching(app_on(), "down", "enter") as pilot:
        assert "Taxi-v3" in run_screen(pilot.app).query_one("#header", Lines).plain  # type: ignore[arg-type]


async def test_d_deletes_only_after_yes() -> None:
    store = repository()
    async with watching(app_on(store), "end", "d") as pilot:
        assert "This cannot be undone" in text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "n")
        assert store.deleted == []
        await press(pilot, "d", "y")
        assert store.deleted == [poles().run_id]
        assert "ppo-baseline" not in text_of(pilot.app)  # type: ignore[arg-type]


async def test_d_is_refused_where_the_store_is_read_only() -> None:
    store = repository()
    async with watching(app_on(store, options=Options(read_only=True)), "d") as pilot:
        assert screen_of(pilot) is RunsScreen
        assert "read-only" in text_of(pilot.app)  # type: ignore[arg-type]


# ---- a run ----


async def test_steps_and_jumps_land_where_they_say() -> None:
    async with watching(on(race()), "enter") as pilot:
        app = pilot.app
        assert isinstance(app, CornermanApp)
        assert at(app) == (402, 0, 2)  # an ended run opens at the start of its newest episode
        for key, row in (
            *(("right", 403), ("l", 404), ("left", 403), ("h", 402), ("shift+right", 412), ("less_than_sign", 402)),
            *(("n", 407), ("n", 416), ("N", 407), ("end", 492), ("home", 402), ("home", 221), ("home", 0)),
            *(("right_square_bracket", 221), ("left_square_bracket", 0), ("end", 220), ("end", 401)),
        ):
            await press(pilot, key)
            assert at(app)[0] == row, key


async def test_what_cannot_be_reached_is_said() -> None:
    async with watching(on(race()), "enter", "home", "home", "home") as pilot:
        await press(pilot, "left")
        assert "first row" in text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "s")
        assert "one stream" in text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "e")
        assert "one environment" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_g_goes_to_a_vector_step() -> None:
    async with watching(on(race()), "enter", "g") as pilot:
        await press(pilot, "3", "0", "0", "enter")
        view = run_screen(pilot.app).view  # type: ignore[arg-type]
        assert view is not None
        assert view.record is not None
        assert view.record.t == 300


async def test_arrows_go_through_the_list_of_episodes_in_its_order() -> None:
    async with watching(on(race()), "enter") as pilot:
        app = pilot.app
        assert isinstance(app, CornermanApp)
        await press(pilot, "down")
        assert at(app)[2] == 1
        await press(pilot, "up")
        assert at(app)[2] == 2
        await press(pilot, "o")  # best first: 54.8, 46, 23
        assert "best first" in text_of(app)
        await press(pilot, "up")
        assert at(app)[2] == 1
        await press(pilot, "o", "o")
        assert "longest first" in text_of(app)


async def test_a_sub_environment_is_gone_to_by_its_number() -> None:
    async with watching(on(poles()), "enter") as pilot:
        app = pilot.app
        assert isinstance(app, CornermanApp)
        await press(pilot, "G", "5", "enter")
        assert at(app)[1] == 5
        await press(pilot, "G", "9", "9", "enter")
        assert at(app)[1] == 7


async def test_e_and_s_change_sub_environment_and_stream() -> None:
    async with watching(on(poles()), "enter") as pilot:
        app = pilot.app
        assert isinstance(app, CornermanApp)
        await press(pilot, "e")
        assert at(app)[1] == 1
        await press(pilot, "E", "E")
        assert at(app)[1] == 7
        await press(pilot, "s")
        assert "stream eval (2 of 2)" in text_of(app)
        await press(pilot, "S")
        assert "stream train (1 of 2)" in text_of(app)


async def test_space_plays_at_the_pace_of_the_clock_and_stops_at_the_end() -> None:
    clock = Clock()
    app = app_on(FakeRepository([race()]), monotonic=clock)
    async with watching(app, "enter", "space") as pilot:
        clock.now += 1.0  # 30 steps a second
        await pilot.pause(0.1)
        await settle(pilot)
        assert at(app)[0] == 432
        await press(pilot, "space")
        clock.now += 5.0
        await settle(pilot)
        assert at(app)[0] == 432
        await press(pilot, "space")
        clock.now += 60.0
        await pilot.pause(0.2)
        await settle(pilot)
        await pilot.pause(0.1)
        assert at(app)[0] == 492
        assert "the end of the recording" in text_of(app)


async def test_plus_and_minus_change_the_speed() -> None:
    async with watching(on(race()), "enter", "plus", "plus") as pilot:
        assert "4× = 120 steps/s" in text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, *["minus"] * 9)
        assert "0.25× = 7.5 steps/s" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_a_live_run_is_followed_and_f_follows_again() -> None:
    run = lake()
    app = on(run)
    async with watching(app, "enter") as pilot:
        assert "FOLLOW" in text_of(app)
        newest = run.fake_streams[0].row_count() - 1
        assert at(app)[0] == newest
        run.fake_streams[0].grow(3)
        await pilot.pause(0.7)
        await settle(pilot)
        assert at(app)[0] == newest + 3
        await press(pilot, "left")
        assert "PAUSED" in text_of(app)
        run.fake_streams[0].grow(2)
        await pilot.pause(0.7)
        await settle(pilot)
        assert at(app)[0] == newest + 2
        assert "behind live" in text_of(app)
        await press(pilot, "f")
        assert at(app)[0] == newest + 5


async def test_a_run_that_ends_while_it_is_followed_says_how() -> None:
    run = lake()
    async with watching(on(run), "enter") as pilot:
        run.state = run.fake_streams[0].state = "interrupted"
        await pilot.pause(0.7)
        await settle(pilot)
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "INTERRUPTED" in text
        assert "the recording ended: interrupted" in text
        assert "FOLLOW" not in text


async def test_z_gives_one_pane_the_room() -> None:
    async with watching(on(race()), "enter", "z") as pilot:
        screen = run_screen(pilot.app)  # type: ignore[arg-type]
        assert screen.query_one("#frame").size.width == 80
        await press(pilot, "z")
        assert screen.query_one("#fields").size.width == 80
        await press(pilot, "z")
        assert screen.query_one(Table).size.width == 80
        await press(pilot, "z")
        assert screen.query_one("#frame").size.width < 60


async def test_page_keys_scroll_the_fields() -> None:
    async with watching(on(race()), "enter", "pagedown") as pilot:
        assert "1-12" not in text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "pageup")
        assert "─ fields" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_escape_goes_back_to_the_runs() -> None:
    async with watching(app_on(), "enter", "escape") as pilot:
        assert screen_of(pilot) is RunsScreen


async def test_run_names_the_run_to_open_and_leaving_it_leaves_the_program() -> None:
    async with watching(app_on(run="latest")) as pilot:
        assert screen_of(pilot) is RunScreen
        assert "FrozenLake-v1" in text_of(pilot.app)  # type: ignore[arg-type]
        assert isinstance(pilot.app, CornermanApp)


# ---- too small ----


async def test_a_screen_that_is_too_small_says_so_and_obeys_no_key() -> None:
    store = repository()
    async with watching(app_on(store), size=(40, 10)) as pilot:
        app = pilot.app
        assert isinstance(app, CornermanApp)
        assert "Too small" in text_of(app)
        assert "needs 56x14" in text_of(app)
        await press(pilot, "enter", "d", "y", "s")
        assert isinstance(app.screen, RunsScreen)
        assert store.deleted == []
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, "q-learning")
        assert "Too small" not in text_of(app)


async def test_any_size_is_survived() -> None:
    async with watching(on(race()), "enter") as pilot:
        for size in ((1, 1), (300, 90), (56, 14), (20, 60), (120, 40), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
        await until_shown(pilot, "CarRacing")
