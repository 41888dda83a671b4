"""Renderers: every one of them draws every frame there can be, inside the canvas, and raises nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core.payloads.frame_v1 import Graph, Grid, Rgb, Sequence, Text, Vector, from_array
from cornerman.tui import renderers
from cornerman.tui.renderers._cells import DEFAULT, Canvas, Depth, columns, visible, wrap

DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")
LAKE = Grid(("SFFF", "FHFH", "FFFH", "HFFG"), {"S": "start", "H": "hole"}, (1, 2), ((0, 3, "P"),), "caption")
BIG = Rgb(2100, 1600, b"\x07" * 10_080_000)
ROOMS = Graph(("hall", "kitchen", "attic"), ((0, 1), (0, 2), (2, 0)), marked=(1,), caption="where the agent is")
HUGE = Grid(("x" * 500,) * 500, agent=(250, 1))
FRAMES: dict[str, list[Any]] = {
    "grid": [Grid(()), Grid(("",)), Grid(("a",)), Grid(("ab", "c"), agent=(9, 9)), HUGE, LAKE],
    "rgb": [Rgb(0, 0, b""), Rgb(1, 1, b"abc"), Rgb(3, 2, b"short"), BIG, Rgb(1, 9000, b"x" * 27_000)],
    "text": [Text(""), Text("x"), Text("\x1b[2J\x07\x00\u202e\x9b"), Text("wide 漢字 " * 99), Text("line\n" * 90_000)],
    "vector": [
        Vector((), ()),
        Vector(("x",), (1.0,)),
        Vector(("a", "b"), (1.0,)),
        Vector(("nan", "inf", "-inf", "tiny", "huge"), (float("nan"), float("inf"), -float("inf"), 5e-324, -1.7e308)),
        Vector(tuple("n" * 200 + str(n) for n in range(999)), tuple(map(float, range(999)))),
    ],
    "graph": [
        Graph((), ()), Graph(("a",), ()), Graph(("a",), ((0, 0),)), ROOMS,
        Graph(("a", "b"), ((0, 9), (-1, 1)), ((1.0,),)),
        Graph(tuple(map(str, range(3000))), tuple((n, (n * 7) % 3000) for n in range(9000)), directed=False),
        Graph(("\x1b[2J", "漢字" * 50), ((1, 0),), ((float("nan"),), (float("inf"),)), marked=(5, 0, -1)),
    ],
    "sequence": [
        Sequence(()), Sequence(("x",)), Sequence((1.5, float("nan"), "\x07\u202e", (1.0, 2.0))),
        Sequence(tuple(map(float, range(90_000))), ("name",), 10**9, "caption"),
        Sequence((tuple(map(float, range(500))), "漢字 " * 999), tuple("n" * 99 for _ in range(500))),
    ],
    "none": [None, object()],
}  # fmt: skip
CASES = [(kind, frame) for kind, frames in FRAMES.items() for frame in frames]


def test_the_folder_is_the_list_of_renderers() -> None:
    """Nothing hidden: a file that is added or forgotten shows here."""
    assert renderers.built_in() == ["graph", "grid", "none", "rgb", "sequence", "text", "vector"]
    assert set(FRAMES) == set(renderers.built_in())


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("kind", "frame"), CASES)
def test_any_frame_is_drawn_inside_any_canvas(kind: str, frame: Any, depth: Depth) -> None:
    for width, height in ((0, 0), (1, 1), (44, 15), (200, 60))[: 4 if depth == "truecolor" else 3]:
        for ascii_only in (False, True):
            cells = renderers.draw(kind, frame, Canvas(width, height, depth, ascii_only))
            assert len(cells.rows) <= max(height, 0)
            assert all(columns(row) <= max(width, cells.width) and cells.width <= max(width, 0) for row in cells.rows)
            assert not ascii_only or cells.plain.isascii(), cells.plain


@pytest.mark.parametrize(("kind", "frame"), CASES)
def test_nothing_a_frame_holds_is_obeyed_by_the_terminal(kind: str, frame: Any) -> None:
    cells = renderers.draw(kind, frame, Canvas(80, 24))
    assert all(run[0].isprintable() for row in cells.rows for run in row)


@pytest.mark.parametrize(("kind", "frame"), CASES)
def test_without_colours_no_cell_has_one(kind: str, frame: Any) -> None:
    for row in renderers.draw(kind, frame, Canvas(60, 20, "none")).rows:
        assert all(run[1:3] == (DEFAULT, DEFAULT) for run in row)


@pytest.mark.parametrize("kind", sorted(FRAMES))
def test_a_frame_of_the_wrong_kind_is_said_to_be_so(kind: str) -> None:
    wrong = 17 if kind != "none" else None
    assert renderers.draw(kind, wrong, Canvas(60, 10)).plain


def test_a_kind_nobody_draws_names_the_way_to_add_one() -> None:
    assert "cornerman.renderers" in renderers.draw("hologram", None, Canvas(70, 10)).plain


def test_a_board_is_readable_without_colour() -> None:
    plain = renderers.draw("grid", LAKE, Canvas(12, 8, "none", True)).plain
    assert "[@]" in plain
    assert "H" in plain


def test_a_board_too_large_shows_the_part_around_the_agent_and_says_so() -> None:
    plain = renderers.draw("grid", Grid(("." * 300,) * 300, agent=(200, 200)), Canvas(60, 20)).plain
    assert "@" in plain
    assert "of 300" in plain


def test_a_picture_keeps_its_aspect() -> None:
    cells = renderers.draw("rgb", from_array(np.zeros((200, 100, 3), np.uint8)), Canvas(100, 20))
    assert (cells.width, len(cells.rows)) == (20, 20)


def test_a_picture_is_averaged_when_it_shrinks() -> None:
    checks = np.indices((400, 400)).sum(0) % 2 * 255
    cells = renderers.draw("rgb", from_array(checks.astype(np.uint8)), Canvas(20, 10))
    colours = {run[2] >> 16 for row in cells.rows for run in row}
    assert all(110 < red < 145 for red in colours)


def test_fewer_bits_make_fewer_runs() -> None:
    ramp = np.linspace(0, 255, 90 * 120).reshape(120, 90).astype(np.uint8)
    runs = [
        sum(map(len, renderers.draw("rgb", from_array(ramp), Canvas(90, 60, bits=bits)).rows)) for bits in (8, 5, 4)
    ]
    assert runs[0] > runs[1] > runs[2]


def test_bars_state_their_scale_and_missing_numbers_have_none() -> None:
    plain = renderers.draw("vector", Vector(("a", "b"), (-1.5, float("nan"))), Canvas(60, 5)).plain
    assert "-2 to 2" in plain
    assert "nan" in plain


def test_a_graph_shows_who_leads_where_and_what_is_marked() -> None:
    plain = renderers.draw("graph", ROOMS, Canvas(60, 20, "none", True)).plain
    assert "hall    -> kitchen, attic" in plain
    assert "[kitchen]" in plain
    assert "3 nodes, 3 edges" in plain


def test_a_sequence_too_long_shows_the_newest_and_says_what_it_leaves_out() -> None:
    lines = renderers.draw("sequence", Sequence(tuple(map(float, range(100)))), Canvas(40, 10)).plain.split("\n")
    assert lines[0] == "91 earlier items"
    assert lines[-1].split() == ["99", "99"]
    assert len(lines) == 10


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(1, 40))
def test_any_text_becomes_printable_and_fits(text: str, width: int) -> None:
    assert visible(text).isprintable()
    assert visible(text, True).isascii()
    assert all(columns(((line, 0, 0, 0),)) <= width for line in wrap(visible(text), width))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 50), st.integers(1, 30), st.sampled_from(DEPTHS))
def test_pictures_of_any_size_fill_their_rows(high: int, wide: int, width: int, height: int, depth: Depth) -> None:
    picture = np.arange(high * wide * 3, dtype=np.uint32).astype(np.uint8).reshape(high, wide, 3)
    cells = renderers.draw("rgb", from_array(picture), Canvas(width, height, depth))
    assert all(columns(row) == cells.width <= width for row in cells.rows)
    assert len(cells.rows) <= height
