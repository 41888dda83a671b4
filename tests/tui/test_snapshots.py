"""Every screen at 80x24 and 120x40: as a picture, tied to the versions that drew it, and as plain text, which is not.

`just snapshot-update` accepts both. Nothing moves in them: the clocks stand, nothing blinks, the data is arithmetic.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_host import FakeHost, three_launches
from fake_telemetry import FakeRepository, lake, poles, race, repository, uneven
from golden_screens import GoldenScreens
from hostile_logs import hostile_records
from memory_logs import MemoryLogs, some_records
from screens import app_on, press

from cornerman.core.errors import StoreUnreadable
from cornerman.tui.app import CornermanApp
from cornerman.tui.look import Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cornerman.core.payloads.log_record_v1 import LogRecordV1

GOLDEN = Path(__file__).parent / "golden"
SIZES = ((80, 24), (120, 40))


def _unreadable() -> FakeRepository:
    store = repository()
    store.broken = StoreUnreadable("/data/store", "file is not a database")
    return store


def _one(run: Any) -> FakeRepository:
    return FakeRepository([run])


def _logs(records: Sequence[LogRecordV1]) -> FakeRepository:
    store = repository()
    store.logs = MemoryLogs(records)
    return store


def _worked() -> FakeRepository:
    """Logs of a training that was busy at times."""
    return _logs([record for at, record in enumerate(some_records(3_000)) if (at // 210) % 3 != 1 or at % 6 == 0])


SCREENS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "runs": (repository, ()),
    "runs_lossy": (repository, ("down", "down")),
    "empty": (lambda: FakeRepository([]), ()),
    "unreadable": (_unreadable, ()),
    "live_grid": (lambda: _one(lake()), ("enter",)),
    "replay_rgb": (lambda: _one(race()), ("enter", "n")),
    "vector_env": (lambda: _one(poles()), ("enter", "e", "right")),
    "frame_vector": (lambda: _one(poles()), ("enter", "s")),
    "frame_text": (lambda: _one(uneven()), ("enter",)),
    "episodes": (lambda: _one(poles()), ("enter", "o", "z", "z", "z")),
    "fields": (lambda: _one(race()), ("enter", "z", "z")),
    "writer": (lambda: _one(race()), ("enter", "w")),
    "rendering_off": (lambda: _one(lake()), ("enter", "p")),
    "help": (repository, ("question_mark",)),
    "confirm": (repository, ("d",)),
    "filter": (repository, ("slash",)),
    "settings": (repository, ("comma",)),
    "settings_one": (repository, ("comma", "tab", "tab", "a", "down", "down", "down")),
    "settings_edit": (repository, ("comma", "enter")),
    "launches": (repository, ("exclamation_mark",)),
    "launches_failed": (repository, ("exclamation_mark", "down")),
    "launch": (repository, ("exclamation_mark", "e", "tab", "down")),
    "logs": (_worked, ("l", "up", "up", "up", "m", "up", "right", "right")),
    "logs_errors": (_worked, ("l", "3", "E", "enter")),
    "logs_counts": (_worked, ("l", "tab", "down", "down", "minus", "down")),
    "logs_filter": (_worked, ("l", "slash", *"level>=C")),
    "logs_hostile": (lambda: _logs(hostile_records()), ("l", "home")),
    "logs_empty": (lambda: _logs(()), ("l",)),
    "logs_unknown": (_worked, ("l", "v")),
}
LOOKS = {"colour": Look(), "plain": Look("none"), "ascii": Look("none", True)}
CASES = [
    *((name, "colour") for name in SCREENS),
    *((name, "plain") for name in ("runs", "live_grid", "replay_rgb", "writer", "logs", "logs_errors", "logs_counts")),
    *((name, "plain") for name in ("settings", "launches", "launch")),
    *((name, "ascii") for name in ("runs", "vector_env", "logs_errors", "settings_one")),
]


def made(name: str, look: str) -> CornermanApp:
    return app_on(SCREENS[name][0](), look=LOOKS[look], host=FakeHost(launched=three_launches()))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(("name", "look"), CASES)
def test_picture_snapshot(golden: GoldenScreens, name: str, look: str, size: tuple[int, int]) -> None:
    golden.check(made(name, look), f"{name}-{look}", size, lambda pilot: press(pilot, *SCREENS[name][1]))


@pytest.fixture
def golden(snap_compare: Any, request: pytest.FixtureRequest) -> GoldenScreens:
    return GoldenScreens(GOLDEN, snap_compare, update=bool(request.config.getoption("--snapshot-update")))


def test_without_colours_the_states_are_still_told_apart() -> None:
    lines = (GOLDEN / "runs-plain-120x40.txt").read_text(encoding="utf-8").split("\n")
    states = {line.split()[1] for line in lines[2:6]}
    assert states == {"LIVE", "STALE", "DONE", "INTERRUPTED"}


def test_without_colours_the_severities_are_still_told_apart() -> None:
    lines = (GOLDEN / "logs-plain-120x40.txt").read_text(encoding="utf-8").split("\n")
    signs = {line[4:7] for line in lines[7:11]}
    assert signs == {"E ✗", "W ▲", "I •", "D ·"}
    assert "E" in lines[4].replace("W", "")


def test_no_golden_file_is_left_over() -> None:
    wanted = {f"{name}-{look}-{w}x{h}.txt" for name, look in CASES for w, h in SIZES}
    assert {path.name for path in GOLDEN.iterdir()} == wanted
