"""Grid frames of Gymnasium's toy-text environments, from their state alone: no rendering, no pygame.

An adapter is a function that takes an unwrapped environment and returns a drawing function, or None where it is not
one of its family. The drawing function takes the observation and returns a frame; observations are whole numbers, so
each distinct frame is drawn and stored once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cornerman.core.payloads.frame_v1 import Frame, Grid, Text

Draw = Callable[[Any], Frame]

_LAKE = {"S": "start", "F": "frozen", "H": "hole", "G": "goal"}
_CLIFF = {"S": "start", ".": "path", "C": "cliff", "G": "goal"}
_TAXI = {"R": "red stop", "G": "green stop", "Y": "yellow stop", "B": "blue stop", "|": "wall", ":": "way", " ": "road"}
_STOPS = ((0, 0), (0, 4), (4, 0), (4, 3))
_STOP_NAMES = ("red", "green", "yellow", "blue")


def drawing(env: Any) -> Draw | None:
    """How to draw `env` (unwrapped), or None where it is no toy-text environment."""
    module, name = type(env).__module__, type(env).__name__
    if not module.startswith("gymnasium.envs.toy_text"):
        return None
    maker = {
        "FrozenLakeEnv": _frozen_lake,
        "CliffWalkingEnv": _cliff_walking,
        "TaxiEnv": _taxi,
        "BlackjackEnv": _blackjack,
    }.get(name)
    return None if maker is None else maker(env)


def _frozen_lake(env: Any) -> Draw:
    tiles = tuple("".join(cell.decode() for cell in row) for row in env.desc)
    width = len(tiles[0])
    return lambda state: Grid(tiles, _LAKE, divmod(int(state), width))


def _cliff_walking(env: Any) -> Draw:
    rows, columns = env.shape
    tiles = ("." * columns,) * (rows - 1) + ("S" + "C" * (columns - 2) + "G",)
    return lambda state: Grid(tiles, _CLIFF, divmod(int(state), columns))


def _taxi(env: Any) -> Draw:
    # the map is drawn with walls between cells: "+---------+" above and below, "|R: | : :G|" for a row of five cells
    tiles = tuple("".join(cell.decode() for cell in row)[1:-1] for row in env.desc[1:-1])

    def draw(state: Any) -> Frame:
        row, column, passenger, destination = env.decode(int(state))
        marks = [(*_on_map(_STOPS[destination]), "D")]
        if passenger < 4:
            marks.append((*_on_map(_STOPS[passenger]), "P"))
        riding = "riding" if passenger == 4 else f"waiting at {_STOP_NAMES[passenger]}"
        caption = f"passenger {riding}, to {_STOP_NAMES[destination]}"
        return Grid(
            tiles, {**_TAXI, "D": "destination", "P": "passenger"}, _on_map((row, column)), tuple(marks), caption
        )

    return draw


def _on_map(cell: tuple[int, int]) -> tuple[int, int]:
    return int(cell[0]), int(cell[1]) * 2


def _blackjack(env: Any) -> Draw:
    def draw(state: Any) -> Frame:
        total, dealer, ace = (int(item) for item in state)
        return Text(f"You have {total}{' with a usable ace' if ace else ''}.\nThe dealer shows {dealer}.")

    return draw
