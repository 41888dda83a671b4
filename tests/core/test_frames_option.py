"""Which frames to keep, however it is said."""

from __future__ import annotations

import numpy as np
import pytest

from cornerman.core.errors import InvalidOption
from cornerman.core.frames_option import FramesOption, parse_frames

AUTO = FramesOption("auto")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("auto", AUTO),
        (" AUTO ", AUTO),
        (True, AUTO),
        (AUTO, AUTO),
        ("none", FramesOption("none")),
        (None, FramesOption("none")),
        (False, FramesOption("none")),
        ("every=10", FramesOption("every", 10)),
        (10, FramesOption("every", 10)),
        (np.int64(10), FramesOption("every", 10)),
        ("envs=0,2", FramesOption("envs", 1, (0, 2))),
        ("envs=[2, 0]", FramesOption("envs", 1, (0, 2))),
        ("env=3", FramesOption("envs", 1, (3,))),
        ([2, 0, 2], FramesOption("envs", 1, (0, 2))),
        (range(2), FramesOption("envs", 1, (0, 1))),
        (np.array([1, 5]), FramesOption("envs", 1, (1, 5))),
        ("every=10 envs=0,2", FramesOption("every", 10, (0, 2))),
        ("envs=0,2,every=10", FramesOption("every", 10, (0, 2))),
        ("every=10;envs=[0]", FramesOption("every", 10, (0,))),
    ],
)
def test_every_way_to_say_it(said: object, meant: FramesOption) -> None:
    """Flags, files and scripts mean the same."""
    assert parse_frames(said) == meant


@pytest.mark.parametrize(
    "said",
    ["", "all", "every", "every=0", "every=-1", "every=x", "every=1 every=2", "envs=", "envs=-1", "10"]
    + ["auto every=2", 0, -3, 1.5, [], [-1], [True], ["0"], object(), {"every": 1}],
)
def test_what_cannot_be_meant_is_refused(said: object) -> None:
    """With the ways that there are."""
    with pytest.raises(InvalidOption, match="every=N"):
        parse_frames(said)


@pytest.mark.parametrize("text", ["none", "auto", "every=10", "envs=0,2", "every=1", "every=10 envs=0,2"])
def test_what_is_printed_reads_back(text: str) -> None:
    """The manifest keeps the option as text."""
    assert str(parse_frames(text)) == text


def test_takes_says_which_frames_are_kept() -> None:
    """Every N-th vector step, of the named sub-environments."""
    option = parse_frames("every=3 envs=1")
    assert [(t, env) for t in range(7) for env in range(3) if option.takes(t, env)] == [(0, 1), (3, 1), (6, 1)]
    assert not parse_frames("none").takes(0, 0)
    assert parse_frames("auto").takes(7, 9)
