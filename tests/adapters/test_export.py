"""What is exported is what was recorded: exact numbers, one line a transition, whole or not at all."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from recordings import Recording

import cornerman
from cornerman.adapters.export import export, flatten
from cornerman.core.errors import InvalidOption
from cornerman.store.api import Run, open_store


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    Recording(tmp_path / "store").run(300).close()
    return tmp_path / "store"


def written(store: Path, to: str, target: Path, resets: bool = False) -> tuple[Run, int]:
    with open_store(store) as opened:
        run = opened.run()
        return run, export(run, to, target, resets=resets)  # type: ignore[arg-type]


def test_csv_gives_the_same_floats_back(recorded: Path, tmp_path: Path) -> None:
    _, count = written(recorded, "csv", tmp_path / "steps.csv")
    with open(tmp_path / "steps.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert count == len(lines) == 300
    with open_store(recorded) as opened:
        steps = [step for step in opened.run().steps() if not step.reset]
    for line, step in zip(lines, steps, strict=True):
        assert [np.float32(line[f"observation.{i}"]) for i in range(3)] == step.observation.tolist()
        assert (float(line["reward"]), int(line["t"]), int(line["action"])) == (step.reward, step.t, step.action)
        assert line["more"] == ""


def test_json_lines_keep_the_shape_of_observations(recorded: Path, tmp_path: Path) -> None:
    _, count = written(recorded, "jsonl", tmp_path / "steps.jsonl", resets=True)
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert count == len(lines) > 300
    assert lines[0]["reset"] is True
    assert lines[0]["action"] is None
    assert len(lines[1]["observation"]) == 3
    assert lines[1]["info"]["count"] == 1


def test_parquet_has_typed_columns(recorded: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    written(recorded, "parquet", tmp_path / "steps.parquet")
    table = parquet.read_table(tmp_path / "steps.parquet")
    assert table.num_rows == 300
    assert str(table.schema.field("reward").type) == "double"
    assert str(table.schema.field("t").type) == "int64"


def test_a_failed_export_leaves_no_file(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cornerman.adapters.export.to_json", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        written(recorded, "jsonl", tmp_path / "steps.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_what_cannot_be_exported_is_said_in_words(recorded: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="no export format"):
        written(recorded, "xlsx", tmp_path / "steps.xlsx")
    with pytest.raises(InvalidOption, match="does not exist"):
        written(recorded, "csv", tmp_path / "nowhere" / "steps.csv")


def test_nested_values_are_named_by_their_place() -> None:
    value = {"a": np.array([1, 2]), "b": (np.float64(0.5), "x"), "c": np.zeros((9, 9))}
    flat = dict(flatten("o", value))
    assert flat.keys() == {"o.a.0", "o.a.1", "o.b.0", "o.b.1", "o.c"}
    assert json.loads(flat["o.c"])[8] == [0.0] * 9


class Varied(gymnasium.Env):
    """Values with parts that come and go, and numbers of every size."""

    observation_space: Any = spaces.Dict(
        {
            "exact": spaces.Box(-1, 1, (2,), np.float32),
            "large": spaces.Box(0, 2**64 - 1, (1,), np.uint64),
            "graph": spaces.Graph(spaces.Discrete(3), None),
            "list": spaces.Sequence(spaces.Discrete(9)),
            "stack": spaces.Sequence(spaces.Box(0, 1, (2,)), stack=True),
            "either": spaces.OneOf((spaces.Discrete(2), spaces.Text(3))),
        }
    )
    action_space: Any = spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        return self.observation_space.sample(), 0.0, False, False, {}


@pytest.fixture
def varied(tmp_path: Path) -> Path:
    env: Any = cornerman.record(Varied(), store=tmp_path / "varied", frames="none")
    env.reset(seed=3)
    for _ in range(30):
        env.step(env.action_space.sample())
    env.close()
    return tmp_path / "varied"


def test_columns_are_those_of_the_space(varied: Path, tmp_path: Path) -> None:
    """However many items a sequence has in some row: it is one column, and so is each part of a graph."""
    written(varied, "csv", tmp_path / "steps.csv")
    with open(tmp_path / "steps.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {name for name in lines[0] if name.startswith("observation.")} == {
        "observation.exact.0", "observation.exact.1", "observation.large.0", "observation.list", "observation.stack",
        "observation.either", "observation.graph.nodes", "observation.graph.edges", "observation.graph.edge_links",
    }  # fmt: skip
    assert {line["more"] for line in lines} == {""}
    lengths = {len(json.loads(line["observation.list"])) for line in lines}
    assert len(lengths) > 1


def test_parquet_has_the_types_of_the_space(varied: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    written(varied, "parquet", tmp_path / "steps.parquet")
    table = parquet.read_table(tmp_path / "steps.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert (types["observation.exact.0"], types["observation.large.0"]) == ("float", "uint64")
    assert (types["action"], types["observation.list"]) == ("int64", "string")
    assert set(table.column("more").to_pylist()) == {None}
    with open_store(varied) as opened:
        steps = [step for step in opened.run().steps() if not step.reset]
    assert table.column("observation.large.0").to_pylist() == [int(step.observation["large"][0]) for step in steps]
