"""The command over an empty store, and over one with three small real recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cornerman


@pytest.fixture
def cornerman(tmp_path: Path) -> Iterator[Cornerman]:
    """The command over an empty store; what it started is gone afterwards, however the test went."""
    command = Cornerman(tmp_path / "store", tmp_path)
    yield command
    command.stop()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Cornerman:
    """The command over a store with three small recordings. Tests only read it."""
    folder = tmp_path_factory.mktemp("recorded")
    command = Cornerman(folder / "store", folder)
    command.json("record", "CartPole-v1", "--job", "single", "--steps", "300", "--seed", "7")
    command.json("record", "CartPole-v1", "--job", "vector", "--steps", "100", "--num-envs", "3", "--seed", "7")
    command.json("record", "FrozenLake-v1", "--job", "lake", "--episodes", "10", "--seed", "7")
    return command
