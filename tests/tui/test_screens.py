"""What the screens say: empty, unreadable and lossy are told apart, and nothing missing is shown as 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_telemetry import FakeRepository, FakeRun, FakeStream, lake, poles, race, repository, uneven
from gymnasium.spaces import GraphInstance
from screens import app_on, press, settle, text_of, watching

from cornerman.adapters.legacy import import_legacy
from cornerman.core.errors import PayloadError, StoreLocked, StoreNotFound, StoreTooNew, StoreUnreadable
from cornerman.core.records import LedgerRow, RunSummary
from cornerman.core.run_command import RunCommand
from cornerman.store import commands
from cornerman.store.api import make_store, open_store
from cornerman.store.liveness import Process
from cornerman.tui.look import Look
from cornerman.tui.observed import observed_frame
from cornerman.tui.renderers import draw
from cornerman.tui.renderers._cells import Canvas
from cornerman.tui.screens.run import RunScreen


def failing(error: Exception) -> FakeRepository:
    store = repository()
    store.broken = error
    return store


@pytest.mark.parametrize("store", [FakeRepository([]), failing(StoreNotFound("/x"))])
async def test_an_empty_store_says_what_to_do_next(store: FakeRepository) -> None:
    async with watching(app_on(store)) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "cornerman demo" in text
        assert "cornerman.record(" in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StoreUnreadable("/x", "file is not a database"), "This store cannot be read."),
        (StoreLocked("/x"), "locked by another program"),
        (StoreTooNew("/x", 9, 1), "newer Cornerman"),
        (OSError("the disk is gone"), "the disk is gone"),
    ],
)
async def test_a_store_that_cannot_be_read_is_never_an_empty_list(error: Exception, said: str) -> None:
    async with watching(app_on(failing(error))) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert said in text
        assert "cornerman demo" not in text


async def test_a_store_that_fails_later_keeps_what_was_read_and_says_so() -> None:
    store = repository()
    async with watching(app_on(store)) as pilot:
        store.broken = StoreLocked("/x")
        await pilot.pause(1.2)
        await settle(pilot)
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "q-learning" in text
        assert "as last read; now: StoreLocked" in text


async def test_a_store_that_recovers_is_shown_again() -> None:
    store = failing(StoreNotFound("/x"))
    async with watching(app_on(store)) as pilot:
        store.broken = None
        await pilot.pause(2.2)
        await settle(pilot)
        assert "q-learning" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_every_state_has_its_own_word() -> None:
    async with watching(app_on(), size=(120, 40)) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        for word in ("● LIVE", "◌ STALE", "✓ DONE", "✗ INTERRUPTED"):
            assert word in text


async def test_losses_are_told_with_their_cause_and_an_uneven_ledger_is_an_alarm() -> None:
    async with watching(app_on(FakeRepository([race()]))) as pilot:
        assert "37 lost (disk full 37)" in text_of(pilot.app)  # type: ignore[arg-type]
    async with watching(app_on(FakeRepository([uneven()]))) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "UNEVEN" in text
        assert "does not add up" in text


async def test_the_numbers_on_the_screen_are_those_of_the_store() -> None:
    run = poles()
    summary = run.fake_streams[0].summary()
    async with watching(app_on(FakeRepository([run])), "enter", size=(120, 40)) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert f"row 420 of {summary.rows - 1:,}" in text
        assert f"{summary.ledger.received:,} = {summary.ledger.stored:,} stored + 12 in journal" in text


async def test_a_reset_row_is_marked_and_has_no_reward() -> None:
    async with watching(app_on(FakeRepository([race()])), "enter") as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "↺ reset" in text
        assert "— none: a reset row" in text
        assert "+0" not in text


async def test_a_run_without_episodes_shows_a_dash_and_no_zero() -> None:
    run = FakeRun("01EMPTY0", "new", [FakeStream(1, "01EMPTY0", "X-v0", [[9]], open_last=True)], ())
    run.fake_streams[0].ledger = LedgerRow(9, 9, 0)
    async with watching(app_on(FakeRepository([run])), size=(120, 40)) as pilot:
        line = next(line for line in text_of(pilot.app).split("\n") if " new " in line)  # type: ignore[arg-type]
        assert " - " in line
        assert "no episode has ended yet" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_what_was_imported_says_what_it_came_as_and_in_which_bytes(tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "data" / "legacy" / "broken.jsonl"
    import_legacy(tmp_path, sample)
    with open_store(tmp_path) as store:
        async with watching(app_on(store, run="01J5RUN"), "home", "right", size=(110, 48)) as pilot:  # type: ignore[arg-type]
            text = text_of(pilot.app)  # type: ignore[arg-type]
    assert "version 0 (legacy)" in text
    assert "came with" in text
    assert '{"episode_id":"b","step_index":1' in text


@pytest.mark.parametrize(
    ("observation", "kind"),
    [
        (np.array([1.0, -2.0]), "vector"), (np.zeros((3, 3)), None), ("text", None), (3, None), ((), None),
        ((np.array([1.0]), np.array([2.0])), "sequence"), (["take", "drop"], "sequence"), ([{"a": 1}], None),
        (GraphInstance(np.eye(2), None, None), "graph"),
        (GraphInstance(np.eye(2), np.eye(1), np.array([[0, 1]])), "graph"),
        (GraphInstance(None, None, None), None),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_an_observation_is_drawn_where_it_has_a_shape(observation: Any, kind: str | None) -> None:
    frame = observed_frame(observation)
    assert (frame and frame.__struct_config__.tag) == kind
    if kind is not None:
        assert draw(kind, frame, Canvas(40, 10)).rows


async def test_a_stream_without_frames_shows_its_observation_as_bars() -> None:
    async with watching(app_on(FakeRepository([poles()])), "enter") as pilot:
        assert "observation[3]" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_a_sub_environment_without_frames_says_which_has_them() -> None:
    run = poles()
    run.fake_streams[0].kind = "rgb"
    async with watching(app_on(FakeRepository([run])), "enter", "e") as pilot:
        assert "Frames are recorded for sub-environment 0" in text_of(pilot.app)  # type: ignore[arg-type]


async def test_a_deleted_run_is_left_with_a_word() -> None:
    store = FakeRepository([lake(), poles()])
    async with watching(app_on(store), "enter") as pilot:
        store.fake_runs.pop(0)
        await pilot.pause(0.8)
        await settle(pilot)
        assert not isinstance(pilot.app.screen, RunScreen)


async def test_view_and_loss_ledger_are_two_things() -> None:
    run = lake()
    async with watching(app_on(FakeRepository([run])), "enter") as pilot:
        run.fake_streams[0].grow(40)
        await pilot.pause(0.7)
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        skipped = screen.ledger.skipped
        assert skipped["throttled"] >= 36
        assert screen.ledger.drawn + sum(skipped.values()) == 41
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert f"skipped {skipped['throttled']} (throttled)" in text
        assert "ledger ok" in text


async def test_control_characters_in_names_are_shown_not_obeyed() -> None:
    run = lake()
    run.job = "evil\x1b[2Jjob"
    run.provenance["command"] = "python \x07\x1b]0;owned\x07"
    async with watching(app_on(FakeRepository([run]))) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "\x1b" not in text
        assert "\x07" not in text


async def test_ascii_mode_sends_nothing_else() -> None:
    async with watching(app_on(look=Look("none", True)), size=(120, 40)) as pilot:
        assert text_of(pilot.app).isascii()  # type: ignore[arg-type]
        await press(pilot, "enter")
        assert text_of(pilot.app).isascii()  # type: ignore[arg-type]
        await press(pilot, "question_mark")
        body = text_of(pilot.app).replace("╭", "").replace("╮", "")  # type: ignore[arg-type]
        assert "Help" in body


async def test_one_damaged_run_does_not_hide_the_others() -> None:
    class Damaged(FakeRun):
        def summary(self) -> RunSummary:
            raise PayloadError("A chunk does not decode.")

    bad = Damaged("01BAD", "bad", [FakeStream(1, "01BAD", "X-v0", [[9]])], ())
    async with watching(app_on(FakeRepository([lake(), bad])), size=(120, 40)) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
        assert "q-learning" in text
        assert "run 01BAD cannot be read" in text


@pytest.mark.parametrize(("ended", "said"), [(None, "no step is recorded yet"), (2, "No step was recorded.")])
async def test_a_run_without_steps_is_waited_for_only_while_it_lives(
    tmp_path: Path, ended: int | None, said: str
) -> None:
    make_store(tmp_path).close()
    process = Process(tmp_path)
    command = RunCommand(
        run_id="01KAH0NOSTEPS000", job="printing", command=("ls",), process=process.name, started_us=1, pid=1,
        ended_us=ended, exit_code=ended and 0,
    )  # fmt: skip
    commands.keep(tmp_path, command)
    async with watching(app_on(tmp_path), "enter") as pilot:
        assert said in text_of(pilot.app)  # type: ignore[arg-type]
    process.leave()
