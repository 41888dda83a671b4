"""The live path: bounded, never stuck, and every row that came is drawn, waiting, or counted with its cause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fake_telemetry import FakeRepository, FakeRun, lake
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from screens import app_on, press, settle, text_of, watching
from textual.pilot import Pilot

from cornerman.log_catalog import captured
from cornerman.log_catalog.view import LOG_CREDIT_RESUMED, LOG_CREDIT_STARVED, LOG_EARLY_BUFFERING, LOG_EARLY_DISCARDED
from cornerman.tui.live import BYTE_BUDGET, CREDITS, EARLY, NO_VIEW, QUEUE_FULL, QUEUED, STARVED, THROTTLED, LivePath
from cornerman.tui.options import Options
from cornerman.tui.playback import ViewLedger
from cornerman.tui.screens.run import RunScreen
from cornerman.tui.widgets.frame_view import FrameView


class Follower(RuleBasedStateMachine):
    """A reader and a view that do what they do in any order, from a cold start."""

    @initialize()
    def cold(self) -> None:
        self.ledger = ViewLedger()
        self.live: LivePath[int] = LivePath(self.ledger, 30.0, say=lambda constant: None)
        self.newest, self.now, self.came, self.drawn = -1, 0.0, 0, 0
        self.decoding: list[int] = []
        self.hand: int | None = None

    @precondition(lambda self: not self.decoding)
    @rule(rows=st.integers(1, 60), seconds=st.floats(0.001, 1))
    def rows_come(self, rows: int, seconds: float) -> None:
        self.now += seconds
        self.came += rows if self.newest >= 0 else 1  # what came before anyone looked is not passed over
        self.newest += rows
        self.decoding = self.live.admit(self.newest, self.now)

    @precondition(lambda self: self.decoding)
    @rule()
    def one_is_decoded(self) -> None:
        self.live.publish(self.decoding.pop(0))

    @rule()
    def view_begins(self) -> None:
        self.live.begin()

    @precondition(lambda self: not self.decoding)
    @rule()
    def view_ends(self) -> None:
        if not self.live.early:
            self.live.end()
            self.came -= self.hand is not None
            self.hand = None

    @precondition(lambda self: self.hand is None)
    @rule()
    def view_takes(self) -> None:
        self.hand = self.live.take()

    @precondition(lambda self: self.hand is not None)
    @rule(cause=st.sampled_from(("", BYTE_BUDGET)))
    def view_draws(self, cause: str) -> None:
        self.live.hold(cause)
        self.live.drawn()
        self.hand, self.drawn = None, self.drawn + 1

    @invariant()
    def every_row_is_accounted_for(self) -> None:
        waiting = len(self.decoding) + (waiting_early(self.live) if self.live.early else self.live.under_way)
        assert self.came == self.drawn + sum(self.ledger.skipped.values()) + waiting

    @invariant()
    def nothing_grows(self) -> None:
        assert self.live.under_way <= QUEUED + 1
        assert 0 <= self.live.credits.available <= 2 * CREDITS

    def teardown(self) -> None:
        """Whatever happened, a view that looks is shown what comes next."""
        for row in self.decoding:
            self.live.publish(row)
        self.live.begin()
        self.live.drawn()
        while self.live.take() is not None:
            self.live.drawn()
        assert self.live.credits.available >= CREDITS
        assert self.live.admit(self.newest + 1, self.now + 9) == [self.newest + 1]


TestFollower = Follower.TestCase
TestFollower.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def waiting_early(live: LivePath[Any]) -> int:
    return len(live._early or ())


def path(**options: Any) -> LivePath[int]:
    return LivePath(ViewLedger(), **options)


def come(live: LivePath[int], newest: int, now: float) -> int:
    """So many rows were decoded of those that have come."""
    rows = live.admit(newest, now)
    for row in rows:
        live.publish(row)
    return len(rows)


def test_a_view_that_draws_nothing_stops_the_decoding() -> None:
    """Credits govern the reader: after a quarter of a second of frames that nobody draws it decodes no more."""
    live = path()
    live.begin()
    with captured() as events:
        decoded = sum(come(live, row, row / 30) for row in range(100))
        assert decoded == CREDITS
        skipped = live.ledger.by_cause()
        assert skipped[QUEUE_FULL] == CREDITS - QUEUED
        assert skipped[STARVED] + skipped[THROTTLED] == 100 - CREDITS
        assert (live.take() or 0) >= CREDITS - QUEUED
        live.drawn()
    assert [event.constant for event in events] == [LOG_CREDIT_STARVED, LOG_CREDIT_RESUMED]


def test_a_run_slower_than_the_view_is_drawn_row_by_row() -> None:
    live, drawn = path(), []
    live.begin()
    for row in range(200):
        come(live, row, row / 20)
        drawn.append(live.take())
        live.drawn()
    assert drawn == list(range(200))
    assert live.ledger.skipped == {}


@pytest.mark.parametrize(("every", "drawn"), [(1, 30), (5, 18), (100, 1)])
def test_a_fast_run_is_drawn_at_the_views_rate_and_one_in_n(every: int, drawn: int) -> None:
    """90 rows in a second: thirty of them, or every n-th where that is less; the others are throttled."""
    live = path(every=every)
    live.begin()
    decoded = 0
    for row in range(90):
        decoded += come(live, row, 1 + row / 90)
        while live.take() is not None:
            live.drawn()
    assert abs(decoded - drawn) <= 4
    assert live.ledger.skipped == {THROTTLED: 90 - decoded}


def test_the_first_frames_wait_for_the_view_and_use_no_credit() -> None:
    live = path()
    with captured() as events:
        for row in range(EARLY + 2):
            come(live, row, float(row))
        assert live.credits.available == 0
        live.begin()
    assert [event.constant for event in events] == [LOG_EARLY_BUFFERING, LOG_EARLY_DISCARDED]
    assert live.ledger.skipped[NO_VIEW] == 2
    assert live.take() == EARLY + 2 - QUEUED


def test_a_slow_connection_is_told_from_a_busy_screen() -> None:
    live = path()
    live.begin()
    come(live, 0, 0.0)
    live.take()
    live.hold(BYTE_BUDGET)
    for row in range(1, 20):
        come(live, row, float(row))
    assert live.ledger.skipped == {BYTE_BUDGET: CREDITS - 1 - QUEUED, STARVED: 12}


async def test_the_first_frame_is_shown_although_it_was_there_before_the_screen() -> None:
    async with watching(app_on(FakeRepository([lake()]), run="latest")) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        assert not screen.live.early
        assert "action: Down" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_a_run_goes_on_being_drawn_for_as_long_as_it_grows() -> None:
    """No buffer fills up: after thousands of rows the newest is on the screen, and no credit is missing."""
    run = lake()
    stream = run.fake_streams[0]
    async with watching(app_on(FakeRepository([run])), "enter") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        for _ in range(12):
            stream.grow(300)
            await pilot.pause(0.06)
        await until(pilot, lambda: screen.row == stream.row_count() - 1 and not screen.live.under_way)
        assert screen.live.credits.available == CREDITS


async def until(pilot: Pilot[int], true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for the screen, as long as a busy machine takes."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        await pilot.pause(0.05)


async def test_behind_another_screen_nothing_is_decoded() -> None:
    run = lake()
    app = app_on(FakeRepository([run]))
    async with watching(app, "enter") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        app.open_schemas()
        await settle(pilot)
        decoded = counted(run)
        run.fake_streams[0].grow(40)
        await pilot.pause(0.5)
        assert not decoded
        await press(pilot, "escape")
        await until(pilot, lambda: screen.ledger.skipped.get(NO_VIEW, 0) == 40)


def counted(run: FakeRun) -> list[int]:
    """The rows whose frames are asked for from now on."""
    stream, decoded = run.fake_streams[0], list[int]()
    original = stream.frame

    def frame(row: int, env_index: int = 0) -> Any:
        decoded.append(row)
        return original(row, env_index)

    stream.frame = frame  # type: ignore[method-assign]
    return decoded


@pytest.mark.parametrize("how", ["setting", "key"])
async def test_with_rendering_off_no_frame_is_decoded_and_its_room_is_used(how: str) -> None:
    run = lake()
    app = app_on(FakeRepository([run]), options=Options(rendering=how != "setting"))
    decoded = counted(run) if how == "setting" else []
    async with watching(app, "enter", *(["p"] if how == "key" else [])) as pilot:
        decoded = decoded or counted(run)
        run.fake_streams[0].grow(30)
        await pilot.pause(0.5)
        await settle(pilot)
        screen = pilot.app.screen
        assert not decoded
        assert not screen.query_one(FrameView).display
        assert screen.query_one("#rewards").size.height > 8
        assert "rendering off" in text_of(pilot.app)  # type: ignore[arg-type]
