"""Spaces of classes that Gymnasium does not have: a fallback for all, a codec for those that bring one."""

from __future__ import annotations

import dataclasses
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import cornerman
from cornerman.adapters.spaces import SpaceNotRebuilt, describe, rebuild
from cornerman.core import space_plugins, values
from cornerman.core.spaces import canonical, decode, digest, encode, parse, register, words


@dataclasses.dataclass(frozen=True)
class Mission:
    verb: str
    thing: str


class MissionSpace(spaces.Space[Mission]):
    """Values that are no arrays: as MiniGrid has them."""

    def __init__(self, verbs: tuple[str, ...] = ("go", "get")) -> None:
        super().__init__()
        self.verbs = verbs

    def sample(self, mask: Any = None, probability: Any = None) -> Mission:
        return Mission(self.verbs[int(self.np_random.integers(len(self.verbs)))], "key")

    def contains(self, x: Any) -> bool:
        return isinstance(x, Mission)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MissionSpace) and other.verbs == self.verbs

    __hash__ = None  # type: ignore[assignment]


class Bounded(spaces.Box):
    """A Box with a name of its own."""


class MissionCodec:
    value_type = Mission

    def describe(self, space: MissionSpace) -> Any:
        return {"verbs": list(space.verbs)}

    def rebuild(self, data: Any) -> MissionSpace:
        return MissionSpace(tuple(data["verbs"]))

    def encode(self, value: Mission) -> bytes:
        return f"{value.verb} {value.thing}".encode()

    def decode(self, content: bytes) -> Mission:
        return Mission(*content.decode().split())


class BrokenCodec:
    value_type = Mission

    def describe(self, space: Any) -> Any:
        raise RuntimeError("no")

    rebuild = encode = decode = describe


class Task(gymnasium.Env):
    observation_space: Any = spaces.Dict({"mission": MissionSpace(), "at": spaces.Box(-1, 1, (2,))})
    action_space: Any = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return self.observation_space.sample(), {"mission": Mission("in", "info")}

    def step(self, action: Any) -> Any:
        return self.observation_space.sample(), 0.0, False, False, {"mission": Mission("in", "info")}


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(space_plugins, "_REGISTERED", {})
    monkeypatch.setattr(space_plugins, "_BY_VALUE_TYPE", {})
    monkeypatch.setattr(space_plugins, "_SAID", set())
    monkeypatch.setattr(space_plugins, "_entries", None)
    monkeypatch.setattr(space_plugins, "_all_loaded", False)


def test_without_a_codec_a_space_is_known_by_its_name() -> None:
    """And its values are packed as any value is: what has a plain form comes back."""
    space = describe(MissionSpace())
    assert words(space) == "<test_plugins.MissionSpace object>" or "MissionSpace" in words(space)
    assert parse(canonical(space)) == space
    assert decode(space, encode(space, "go to 3")) == "go to 3"
    with pytest.raises(SpaceNotRebuilt, match="has a codec"):
        rebuild(space)


def test_a_class_derived_from_a_known_one_is_that_and_more() -> None:
    """Values have the known form; rebuilt, it is the space it derives from."""
    space = Bounded(-1, 1, (3,))
    descriptor = describe(space)
    assert "Bounded" in descriptor.class_  # type: ignore[union-attr]
    assert rebuild(descriptor) == space
    value = space.sample()
    assert decode(descriptor, encode(descriptor, value)).tobytes() == value.tobytes()
    assert digest(descriptor) != digest(describe(spaces.Box(-1, 1, (3,))))


def test_a_codec_describes_rebuilds_and_keeps_values(tmp_path: Path) -> None:
    """In a nested space, in the journal, in chunks, and in `info`."""
    register(MissionSpace, MissionCodec())
    assert rebuild(describe(Task.observation_space)) == Task.observation_space
    env = cornerman.record(Task(), store=tmp_path, frames="none")
    env.reset(seed=1)
    seen = [env.step(0)[0] for _ in range(5)]
    for closed in (False, True):
        if closed:
            env.close()
        with cornerman.open_store(tmp_path, read_only=True) as store:
            stream = store.run("latest").streams()[0]
            assert [stream.step(row).observation["mission"] for row in range(1, 6)] == [
                item["mission"] for item in seen
            ]
            assert stream.step(3).info["mission"] == Mission("in", "info")


def test_values_are_named_where_their_codec_is_not_installed() -> None:
    register(MissionSpace, MissionCodec())
    content = values.encode(Mission("go", "home"))
    space_plugins._REGISTERED.clear()
    assert values.decode(content).text == "its codec is not installed"


def test_a_broken_codec_never_breaks_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said once, and the fallback is used."""
    register(MissionSpace, BrokenCodec())
    env = cornerman.record(Task(), store=tmp_path, frames="none")
    env.reset(seed=1)
    for _ in range(5):
        env.step(0)
    env.close()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        run = store.run("latest")
        assert run.step_count == 5
        assert run.summary().ledger.balanced
        assert "go" in run.streams()[0].step(3).observation["mission"].text or "get" in str(run.streams()[0].step(3))
    assert capsys.readouterr().err.count("LOG1114") == 1


PACKAGE = """
class Codec:
    def describe(self, space): return {"verbs": list(space.verbs)}
    def rebuild(self, data): return data
"""


@pytest.mark.parametrize("broken", [False, True])
def test_one_entry_point_line_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    """Nobody imports the plugin; one that cannot be imported is left out."""
    name = space_plugins.name_of(MissionSpace)
    folder = tmp_path / "somebodys-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys\nVersion: 1\n")
    (folder / "entry_points.txt").write_text(f"[{space_plugins.GROUP}]\n{name} = somebodys_codec:Codec\n")
    (tmp_path / "somebodys_codec.py").write_text("import nowhere" if broken else PACKAGE)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert any(entry.name == name for entry in metadata.entry_points(group=space_plugins.GROUP))
    descriptor = describe(MissionSpace())
    sys.modules.pop("somebodys_codec", None)
    assert getattr(descriptor, "data", 0) == (None if broken else {"verbs": ["go", "get"]})


def test_a_space_that_lies_is_still_described() -> None:
    class Liar(spaces.Box):
        @property
        def low(self) -> Any:  # type: ignore[override]
            raise RuntimeError("no")

        @low.setter
        def low(self, value: Any) -> None:
            pass

        def __repr__(self) -> str:
            raise RuntimeError("no")

    liar = Liar.__new__(Liar)
    assert "repr failed" in describe(liar).text  # type: ignore[union-attr]
    good = spaces.Box(-1, 1, (2,))
    good.low = np.array(["a", "b"])  # type: ignore[assignment]
    assert describe(good).class_ == "gymnasium.spaces.box.Box"  # type: ignore[union-attr]
