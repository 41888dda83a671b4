"""The Schemas screen: its six views as pictures and as text, empty ones, and what its keys change after asking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from golden_screens import GoldenScreens
from screens import app_on, press, text_of, watching
from stored_schemas import empty_registry, stored_schemas
from textual.pilot import Pilot
from textual.widgets import Input

from cornerman.store.api import open_store
from cornerman.tui.look import Look
from cornerman.tui.options import Options

GOLDEN = Path(__file__).parent / "golden_schemas"
SIZES = ((80, 24), (120, 40))
VIEWS: dict[str, tuple[str, ...]] = {
    "schemas": ("v",),
    "versions": ("v", "enter"),
    "diff": ("v", "enter", "enter"),
    "adoption": ("v", "4"),
    "quarantine": ("v", "5"),
    "rules": ("v", "6"),
}
RULES = "rename /price last_price; convert /last_price number"
LOOKS = {"colour": Look(), "plain": Look("none"), "ascii": Look("none", True)}
CASES = [
    *((name, "colour", "full") for name in VIEWS),
    *((name, "plain", "full") for name in ("diff", "quarantine", "adoption")),
    *((name, "ascii", "full") for name in ("versions",)),
    *((name, "colour", "empty") for name in ("schemas", "versions", "diff", "adoption", "quarantine", "rules")),
    ("edit", "colour", "full"),
]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("schemas")
    return {"full": stored_schemas(folder / "full"), "empty": empty_registry(folder / "empty")}


async def look_at(pilot: Pilot[int], name: str) -> None:
    if name == "edit":
        await type_edit(pilot, RULES)
    else:
        await press(pilot, *VIEWS[name])


async def type_edit(pilot: Pilot[int], rules: str) -> None:
    await press(pilot, "v", "5", "e")
    for field in pilot.app.screen.query(Input):
        field.value = rules
    await press(pilot, "enter")


@pytest.fixture
def golden(snap_compare: Any, request: pytest.FixtureRequest) -> GoldenScreens:
    return GoldenScreens(GOLDEN, snap_compare, update=bool(request.config.getoption("--snapshot-update")))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(("name", "look"), [(name, look) for name, look, store in CASES if store == "full"])
def test_picture_snapshot(
    golden: GoldenScreens, stores: dict[str, Path], name: str, look: str, size: tuple[int, int]
) -> None:
    app = app_on(stores["full"], look=LOOKS[look])
    golden.check(app, f"{name}-{look}-full", size, lambda pilot: look_at(pilot, name))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", [name for name, _, store in CASES if store == "empty"])
def test_empty_snapshot(golden: GoldenScreens, stores: dict[str, Path], name: str, size: tuple[int, int]) -> None:
    """As text alone: there is little to see."""
    app = app_on(stores["empty"], look=LOOKS["colour"], options=Options(read_only=True))
    golden.check_text(app, f"{name}-colour-empty", size, lambda pilot: look_at(pilot, name))


def test_no_golden_file_is_left_over() -> None:
    wanted = {f"{name}-{look}-{store}-{w}x{h}.txt" for name, look, store in CASES for w, h in SIZES}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


@pytest.fixture
def held(tmp_path: Path) -> Path:
    return stored_schemas(tmp_path / "store")


async def test_an_edit_is_shown_and_made_after_a_yes(held: Path) -> None:
    app = app_on(held)
    async with watching(app) as pilot:
        await type_edit(pilot, RULES)
        assert "+ /last_price: 1.5" in text_of(app)
        await press(pilot, "y")
        assert "3 records are accepted, 2 are still refused" in text_of(app)
    with open_store(held) as store:
        assert store.quarantine.count() == 2


async def test_an_edit_that_is_not_confirmed_changes_nothing(held: Path) -> None:
    async with watching(app_on(held)) as pilot:
        await type_edit(pilot, RULES)
        await press(pilot, "n")
    with open_store(held) as store:
        assert store.quarantine.count() == 5


async def test_what_is_no_change_is_said(held: Path) -> None:
    app = app_on(held)
    async with watching(app) as pilot:
        await type_edit(pilot, "nonsense")
        assert "not done: 'nonsense' cannot be read" in text_of(app)


async def test_who_only_reads_cannot_edit(held: Path) -> None:
    app = app_on(held, options=Options(read_only=True))
    async with watching(app, "v", "5", "e"):
        assert "read-only: nothing is changed here" in text_of(app)
