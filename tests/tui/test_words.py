"""Numbers and names on the screens: never wider than their column, and an id that is shown can be typed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from fake_telemetry import FakeRepository, lake
from hypothesis import given
from hypothesis import strategies as st
from recordings import Recording

from cornerman.core.errors import NotFound
from cornerman.store.api import Store, open_store
from cornerman.tui import words

IDS = st.lists(st.text("ABC-2", min_size=8, max_size=14), min_size=1, max_size=12, unique=True)


@given(IDS)
def test_a_short_id_begins_or_ends_one_run_only(run_ids: list[str]) -> None:
    for run_id, short in words.short_ids(run_ids).items():
        begun = [other for other in run_ids if other.startswith(short)]
        ended = [other for other in run_ids if other.endswith(short)]
        assert short == run_id or [run_id] in (begun, ended)
        assert len(short) <= len(run_id)


def test_attempts_of_the_same_inputs_are_told_apart_by_their_ends() -> None:
    first, second = "5F3A9C07D2E14B68", "5F3A9C07D2E14B68-2"
    assert words.short_ids([first, second, "01KAH8YQ3T4"]) == {
        first: "D2E14B68", second: "E14B68-2", "01KAH8YQ3T4": "01KAH8YQ"
    }  # fmt: skip


def test_a_run_is_found_by_the_id_that_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for job in ("a", "b", "c"):
        Recording(tmp_path, job=job).run(5).close()
    with open_store(tmp_path) as store:
        shown = words.short_ids([run.run_id for run in store.runs()])
        assert {store.run(short).run_id for short in shown.values()} == set(shown)
        assert store.run(store.runs()[1].run_id[-9:]).run_id == store.runs()[1].run_id
        monkeypatch.setattr(Store, "runs", lambda _: FakeRepository([lake("AB-1-AB"), lake("AB-2-AB")]).runs())
        with pytest.raises(NotFound, match="2 runs begin or end with AB"):
            store.run("AB")


@given(st.floats(0, 9e14))
def test_a_size_fits_its_column(octets: float) -> None:
    assert len(words.size(octets)) <= 5


@pytest.mark.parametrize(
    ("octets", "narrow", "wide"),
    [(0, "0B", "0 B"), (999.4, "999B", "999 B"), (1530, "1.5kB", "1.53 kB"), (15_340, "15kB", "15.3 kB"),
     (999_600, "1MB", "1 MB"), (2.5e12, "2.5TB", "2.5 TB"), (None, "-", "-")],
)  # fmt: skip
def test_sizes_are_in_powers_of_ten(octets: float | None, narrow: str, wide: str) -> None:
    assert (words.size(octets), words.size(octets, " ", 3)) == (narrow, wide)


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(7, 12))
def test_a_number_fits_its_column(value: float, width: int) -> None:
    assert len(words.number(value, width)) <= width
    if math.isfinite(value) and value:
        assert math.copysign(1, float(words.number(value, width))) == math.copysign(1, value)


@given(st.text(max_size=30), st.integers(0, 30))
def test_what_is_fitted_has_that_width(text: str, width: int) -> None:
    from rich.cells import cell_len

    printable = "".join(filter(str.isprintable, text))
    assert cell_len(words.fit(printable, width)) == width
