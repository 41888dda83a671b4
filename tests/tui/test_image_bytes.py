"""Frames as true pixels: the bytes, what the terminal answers, and what it is not asked."""

from __future__ import annotations

import base64
import re
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_terminal import decode_sixel

from cornerman.tui.image_choice import ImageChoice
from cornerman.tui.images import abilities, kitty, sixel, tmux
from cornerman.tui.images.abilities import Abilities
from cornerman.tui.images.flight import MOST, PATIENCE_S, Flight
from cornerman.tui.look import Look
from cornerman.tui.terminal_replies import Reply, Sieve

BEHIND = tmux.Between("xterm-kitty kitty(0.40.0)", True)


def noise(high: int, wide: int, colours: int) -> np.ndarray:
    """Pixels of so many colours, or of as many as chance makes for 0."""
    random = np.random.default_rng(high * 1000 + wide + colours)
    if not colours:
        return random.integers(0, 256, (high, wide, 3), np.uint8)
    palette = random.integers(0, 256, (colours, 3), np.uint8)
    return palette[random.integers(0, colours, (high, wide))]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 300), st.integers(0, 50), st.integers(0, 50))
def test_a_sixel_picture_says_each_pixel(high: int, wide: int, colours: int, more_wide: int, more_high: int) -> None:
    """Where it has at most 256 colours, within the percents that sixel has."""
    pixels = noise(high, wide, min(colours, 256))
    width, height = wide + more_wide, high + more_high
    shown = decode_sixel(sixel.encode(pixels, width, height)[2:-2])
    columns = np.repeat(np.arange(wide), np.diff(np.arange(wide + 1) * width // wide))
    wanted = pixels[np.arange(height) * high // height][:, columns]
    assert shown.shape == (height, width, 4)
    assert shown[:, :, 3].all()
    assert int(np.abs(shown[:, :, :3].astype(int) - wanted).max()) <= 2


def test_a_picture_of_many_colours_keeps_near_ones() -> None:
    """A smooth one of 40,000 colours differs by a few of 256 levels, on average."""
    y, x = np.mgrid[0:200, 0:200]
    pixels = np.stack([x, y, (x + y) // 2], -1).astype(np.uint8)
    shown = decode_sixel(sixel.encode(pixels, 200, 200)[2:-2])
    assert np.abs(shown[:, :, :3].astype(int) - pixels).mean() < 10


def test_a_kitty_picture_is_sent_in_pieces_that_any_terminal_takes() -> None:
    """At most 4,096 characters each, the last one marked; together they are the pixels."""
    pixels = noise(90, 90, 0)
    *pieces, placing = kitty.transmission(pixels, 20, 30, 15)
    found = [re.fullmatch("\x1b_G([^;]*m=([01]));([^\x1b]{1,4096})\x1b\\\\", piece) for piece in pieces]
    assert [match and match[2] for match in found] == ["1"] * (len(pieces) - 1) + ["0"]
    data = zlib.decompress(base64.b64decode("".join(match[3] for match in found if match)))
    assert data == pixels.tobytes()
    assert "U=1,q=2,i=20,p=1,c=30,r=15" in placing


ANSWERS = "\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.40.0)\x1b\\\x1b[6;20;10t\x1b[?62;4;22c\x1b[0n"
HEARD = [Reply("graphics", "i=31;OK"), Reply("name", "kitty(0.40.0)"), Reply("cell", "20;10"),
         Reply("attributes", "62;4;22"), Reply("done", "0")]  # fmt: skip


@pytest.mark.parametrize("cut", range(len(ANSWERS) + 1))
def test_no_answer_is_ever_typed(cut: int) -> None:
    """Wherever it is cut into two reads, and whatever keys come around it."""
    heard: list[Reply] = []
    sieve = Sieve(heard.append)
    sieve.due = True
    assert sieve.typed("a" + ANSWERS[:cut]) + sieve.typed(ANSWERS[cut:] + "b\x1b[A") == "ab\x1b[A"
    assert heard == HEARD


def test_the_escape_key_is_late_and_not_lost() -> None:
    """It may be the beginning of an answer, for a moment."""
    now = [0.0]
    sieve = Sieve(lambda reply: None, lambda: now[0])
    assert sieve.typed("\x1b") == "\x1b", "where no answer is due it is not even late"
    sieve.due = True
    assert sieve.typed("\x1b") == ""
    assert sieve.late() == ""
    now[0] = 0.2
    assert sieve.late() == "\x1b"


def test_a_slow_terminal_is_sent_no_more_than_it_draws() -> None:
    """One that never answers is not waited for."""
    now = [0.0]
    flight = Flight(lambda: now[0])
    for _ in range(MOST):
        assert flight.wait == 0
        flight.sent()
    assert flight.wait == PATIENCE_S
    flight.answered()
    assert flight.wait == 0
    now[0] = 1.0
    flight.answered()
    flight.sent()
    assert flight.wait == PATIENCE_S, "one at a time where an answer takes a second"
    for _ in range(20):
        now[0] += PATIENCE_S
        if flight.wait == 0:
            flight.sent()
            flight.sent()
    assert flight.wait == 0


@pytest.mark.parametrize(
    ("protocol", "found", "why"),
    [
        ("kitty", Abilities("kitty(0.40.0)", graphics=True), ""),
        ("kitty", Abilities("WezTerm 2024", graphics=True),
         "no kitty: WezTerm 2024 has no pictures in cells; try sixel"),
        ("kitty", Abilities("foot(1.20)", sixel=True), "no kitty here: kitty and Ghostty know it"),
        ("kitty", Abilities("tmux 3.3a", tmux=BEHIND), ""),
        ("kitty", Abilities("tmux 3.3a", tmux=BEHIND._replace(passes=False)),
         "no kitty: tmux set -g allow-passthrough on lets it through"),
        ("kitty", Abilities("tmux 3.3a", tmux=tmux.Between("xterm-256color", True)),
         "no kitty here: kitty and Ghostty know it"),
        ("sixel", Abilities(sixel=True, cell=(10, 20)), ""),
        ("sixel", Abilities(cell=(10, 20)), "no sixel: this terminal draws none"),
        ("sixel", Abilities(sixel=True), "no sixel: this terminal does not say how large its cells are"),
        ("sixel", Abilities(tmux=BEHIND), "no sixel: this tmux draws none (3.4 can)"),
    ],
)  # fmt: skip
def test_what_a_terminal_cannot_is_said_with_what_to_do(protocol: str, found: Abilities, why: str) -> None:
    assert found.why_not(protocol) == why


async def test_a_terminal_that_does_not_answer_keeps_half_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is asked again when the person tries again."""
    monkeypatch.setattr(abilities, "PATIENCE_S", 0.02)
    asked: list[str] = []
    choice = ImageChoice("kitty", Look(), lambda: asked.append)
    for _ in range(2):
        assert await choice.choose("kitty") == "no images: the terminal does not answer"
        assert choice.protocol == "half-cells"
    assert len(asked) == 2
    assert choice.picture(None, (10, 10), (0, 0), 8, lambda: (0, 0)) is None


@pytest.mark.parametrize("look", [Look("none"), Look(ascii=True)], ids=["NO_COLOR", "ASCII"])
async def test_without_colours_or_in_ascii_nothing_is_asked(look: Look) -> None:
    """Frames stay characters, as was asked for."""
    asked: list[str] = []
    choice = ImageChoice("auto", look, lambda: asked.append)
    assert await choice.choose("auto") == ""
    assert (await choice.choose("sixel")).startswith("no images: ")
    assert (asked, choice.protocol) == ([], "half-cells")
