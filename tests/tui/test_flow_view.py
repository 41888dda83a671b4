"""The header's counters, the diagnosis and the panel of both ledgers: what is lost is told from what is not drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fake_telemetry import NOW, FakeRepository, FakeRun, lake, race
from screens import app_on, press, text_of, watching

from cornerman.core.records import LedgerRow, StreamFlow, StreamSummary
from cornerman.tui.flow_view import likely
from cornerman.tui.live import BYTE_BUDGET, STARVED, THROTTLED
from cornerman.tui.screens.run import RunScreen


def flowing(run: FakeRun, **changed: Any) -> FakeRun:
    """A run whose stream says these things of itself."""
    stream = run.fake_streams[0]
    original = stream.summary
    stream.summary = lambda: replace(original(), **changed)  # type: ignore[method-assign]
    return run


async def shown(run: FakeRun, *keys: str, size: tuple[int, int] = (80, 24)) -> str:
    async with watching(app_on(FakeRepository([run])), "enter", *keys, size=size) as pilot:
        return text_of(pilot.app)  # type: ignore[arg-type]


async def test_the_header_counts_what_waits_what_is_invalid_and_what_was_left_out() -> None:
    flow = StreamFlow(backlog=12_345, oldest_us=int((NOW - 4) * 1e6), mismatches=7)
    ledger = LedgerRow(900, 400, 50, sampled=450)
    text = await shown(flowing(lake(), flow=flow, ledger=ledger), size=(120, 40))
    line = text.split("\n")[1]
    assert line == " lost 0 · invalid 7 · sampled 450 · view 1:1 · credits 8/8 · backlog 12.3k · lag 4.0s"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ledger": LedgerRow(100, 60, 0, dropped={"journal full": 40})}, "DATA LOST: the journal was full"),
        ({"ledger": LedgerRow(100, 60, 0)}, "the counts do not add up: `cornerman verify`"),
        ({"flow": StreamFlow(9000, 1, waiting=5)}, "the sealer is behind: 5 segments wait in the journal; nothing is"),
    ],
)
async def test_the_diagnosis_names_the_cause(changed: dict[str, Any], said: str) -> None:
    assert said in await shown(flowing(lake(), **changed))


@pytest.mark.parametrize(("cause", "said"), [(BYTE_BUDGET, "connection is slower"), (STARVED, "screen draws slower")])
async def test_rows_that_were_not_drawn_are_said_to_be_stored(cause: str, said: str) -> None:
    async with watching(app_on(FakeRepository([lake()])), "enter") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        screen.ledger.skip(9, cause)
        screen.redraw()
        await pilot.pause()
        line = text_of(pilot.app).split("\n")[-2]  # type: ignore[arg-type]
        assert line.startswith(" nothing is lost, all is stored; not drawn: ")
        assert said in line


def test_a_slow_connection_is_named_although_more_rows_were_throttled() -> None:
    assert likely({THROTTLED: 217, BYTE_BUDGET: 27, STARVED: 10}) == BYTE_BUDGET
    assert likely({THROTTLED: 2170, BYTE_BUDGET: 27}) == THROTTLED
    assert likely({}) == ""


async def test_with_rendering_off_losses_point_at_the_store() -> None:
    ledger = LedgerRow(100, 60, 0, dropped={"disk full": 40})
    assert "rendering is off, so it is the store: the disk was full" in await shown(
        flowing(lake(), ledger=ledger), "p", size=(120, 40)
    )


async def test_both_ledgers_stand_apart_and_say_which_one_means_lost_data() -> None:
    text = await shown(race(), "w", size=(120, 40))
    losses, views = text.index("─ loss ledger ─"), text.index("─ view ledger ─")
    assert losses < text.index("37 LOST") < views
    assert "nothing lost" in text[views:]
    assert text.index("chunks/s") < losses


async def test_the_writers_panel_gives_way_to_the_fields_again() -> None:
    async with watching(app_on(FakeRepository([lake()])), "enter", "w") as pilot:
        assert "sealer" in text_of(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "w")
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "sealer" not in text
        assert "terminated" in text


def test_a_summary_without_flow_is_still_one() -> None:
    assert StreamSummary.__dataclass_fields__["flow"].default == StreamFlow()
