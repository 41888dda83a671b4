"""Importing legacy files: the run can be read like any other, everything is counted, and nothing comes twice."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Cornerman
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.adapters.legacy import Imported, Refused, import_legacy, is_legacy
from cornerman.core.errors import InvalidOption
from cornerman.core.payloads import frame_v1, step_v1
from cornerman.store.api import Run, open_store

SAMPLES = Path(__file__).parents[1] / "data" / "legacy"


def step(episode: int, index: int, end: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "episode_id": f"01RUN-ep{episode:06d}", "step_index": index, "action": index % 3,
        "observation": [episode, index + 0.5], "reward": 1.0 if end else -0.5, "terminated": end, "truncated": False,
        "timestamp": f"2025-03-01T10:{episode % 60:02d}:{index % 60:02d}+00:00", "run_id": "01RUN", **more,
    }  # fmt: skip


def written(path: Path, records: Iterable[Any]) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
    return path


def read(store: Path, run: str = "latest") -> Run:
    return open_store(store).run(run)


def assert_sound(store: Path) -> None:
    """Verified from the bytes up, and every ledger adds up."""
    with open_store(store) as opened:
        assert [str(finding) for finding in opened.verify()] == []
        assert all(run.ledger().balanced for run in opened.runs())


@pytest.mark.parametrize("file", sorted(file.name for file in SAMPLES.iterdir()))
def test_every_sample_becomes_a_run_that_verifies(file: str, tmp_path: Path) -> None:
    done = import_legacy(tmp_path, SAMPLES / file)
    counted = sum(run.steps + run.duplicates + run.conflicts for run in done.runs)
    assert done.lines == counted + done.beside + done.refused
    assert_sound(tmp_path)
    run = read(tmp_path)
    assert run.summary().state == "done"
    assert run.job == Path(file).stem
    assert sum(1 for record in run.steps() if not record.reset) == done.runs[0].steps
    beside = [line for record in run.steps() for line in record.lines]
    assert len(beside) == done.beside + done.refused + sum(run.conflicts for run in done.runs)


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """Three hundred episodes of ten steps, by one agent: two chunks."""
    file = written(tmp_path / "many.jsonl", (step(e, i, i == 9) for e in range(300) for i in range(10)))
    import_legacy(tmp_path / "store", file)
    return tmp_path / "store"


def test_steps_episodes_and_sql_say_what_the_file_says(imported: Path) -> None:
    run = read(imported)
    summary = run.summary()
    assert (summary.run_id, summary.step_count, summary.episode_count) == ("01RUN", 3000, 300)
    episode = list(run.episodes())[250]
    assert (episode.length, episode.rollup.ended, episode.rollup.total_reward) == (10, "terminated", -3.5)
    assert episode.observations.tolist() == [[250.0, index + 0.5] for index in range(10)]
    assert episode.actions.tolist() == [index % 3 for index in range(10)]
    with open_store(imported) as store:
        rows = list(store.sql("select count(*), sum(reward), min(payload_version), max(payload_version) from step"))
        assert rows == [(3000, -1050.0, 0, 0)]
        assert list(store.sql("select time from step where episode = 7 and step = 3")) == [
            ("2025-03-01T10:07:03.000000Z",)
        ]
    assert_sound(imported)


def test_episodes_that_say_what_their_steps_do_not_are_reported(tmp_path: Path) -> None:
    """And imported all the same: one of the two was wrong, and nobody here knows which."""
    steps = [step(e, i, i == 2) for e in range(3) for i in range(3)]
    total = sum(each["reward"] for each in steps[:3])
    claims = [
        {"run_id": "01RUN", "episode_id": "01RUN-ep000000", "total_reward": total, "steps": 3},
        {"run_id": "01RUN", "episode_id": "01RUN-ep000001", "total_reward": total + 1, "steps": 4},
        {"run_id": "01RUN", "episode_id": "01RUN-ep000009", "total_reward": 0, "steps": 1},
    ]
    done = import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", [*steps, *claims]))
    found = done.claims
    assert (found.told, found.agreed, found.differing, found.without_steps) == (3, 1, 1, 1)
    assert {(each.line, each.what) for each in found.differences} == {(11, "length"), (11, "return")}
    assert any("1 episodes" in note for note in read(tmp_path / "store").summary().notes)
    assert_sound(tmp_path / "store")


def test_the_same_file_is_never_imported_twice(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", [step(0, 0), step(0, 1, True)])
    store = tmp_path / "store"
    first, again = import_legacy(store, file), import_legacy(store, file, job="other")
    assert [run.new for run in (*first.runs, *again.runs)] == [True, False]
    assert [(run.steps, run.streams, run.job) for run in again.runs] == [(2, 1, "a")]
    moved = file.rename(tmp_path / "b.jsonl")
    assert import_legacy(store, moved).runs[0].run_id == "01RUN"
    assert len(open_store(store).runs()) == 1


def test_a_file_that_has_grown_is_another_attempt_and_a_deleted_run_comes_back(tmp_path: Path) -> None:
    store, file = tmp_path / "store", written(tmp_path / "a.jsonl", [step(0, 0)])
    import_legacy(store, file)
    written(file, [step(0, 0), step(0, 1, True)])
    assert import_legacy(store, file).runs[0].run_id == "01RUN-2"
    with open_store(store) as opened:
        opened.delete("01RUN-2")
    again = import_legacy(store, file).runs[0]
    assert again.new
    assert read(store, again.run_id).step_count == 2
    assert_sound(store)


def test_agents_workers_and_runs_in_one_file_do_not_eat_each_other(tmp_path: Path) -> None:
    """Equal episode and step numbers of different agents are different steps."""
    records = [
        step(0, index, index == 3, run_id=run, agent_id=agent, worker_id=worker, reward=number)
        for index in range(4)
        for number, (run, agent, worker) in enumerate([("r1", "prey", "w"), ("r1", "hunter", "w"), ("r2", "prey", "")])
    ]
    done = import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", records))
    assert [(run.run_id, run.streams, run.steps) for run in done.runs] == [("r1", 2, 8), ("r2", 1, 4)]
    streams = {stream.name: stream for stream in read(tmp_path / "store", "r1").streams()}
    assert streams.keys() == {"w / prey", "w / hunter"}
    assert [e.total_reward for e in streams["w / hunter"].episodes()] == [4.0]
    assert_sound(tmp_path / "store")


def test_interleaved_and_disordered_episodes_are_put_in_order(tmp_path: Path) -> None:
    records = [step(0, 0), step(1, 0), step(0, 2, True), step(1, 1, True), step(0, 1)]
    import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", records))
    run = read(tmp_path / "store")
    assert sorted(episode.observations[:, 0].tolist() for episode in run.episodes()) == [[0, 0, 0], [1, 1]]
    assert [episode.rollup.ended for episode in run.episodes()] == ["terminated", "terminated"]
    assert_sound(tmp_path / "store")


def test_an_episode_that_never_ended_is_no_part_of_the_next(tmp_path: Path) -> None:
    records = [step(0, 0), step(0, 1), step(1, 0), step(1, 1, True), step(2, 0)]
    import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", records))
    found = [(e.length, e.rollup.ended) for e in read(tmp_path / "store").episodes()]
    assert sorted(found) == [(1, "interrupted"), (2, "interrupted"), (2, "terminated")]
    assert_sound(tmp_path / "store")


def test_seeds_and_first_observations_make_a_reset_row(tmp_path: Path) -> None:
    import_legacy(tmp_path, SAMPLES / "event.jsonl")
    (stream,) = read(tmp_path).streams()
    (episode,) = read(tmp_path).episodes()
    assert episode.observations.tolist() == [36, 24, 25]
    assert stream.summary().env_id == "CliffWalking-v1"
    import_legacy(tmp_path, SAMPLES / "wire.jsonl")
    assert [(e.seed, e.seed_source) for e in read(tmp_path, "01J1RUN").streams()[0].episodes()] == [(42, "given")]


def test_steps_of_both_versions_in_one_run_are_told_apart(tmp_path: Path) -> None:
    payload = step_v1.StepV1(
        run_id="01RUN", episode=7, step=0, time_us=5, observation=np.array([1.5], np.float32), action=1,
        reward=math.nan,        truncated=True, frame=frame_v1.encode(frame_v1.Text("x")), extra={"policy": "ppo"},
    )  # fmt: skip
    records = [step(0, 0, True), step_v1.to_json(payload).decode()]
    done = import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", records))
    assert done.versions == {0: 1, 1: 1}
    old, new = read(tmp_path / "store").steps()
    assert (old.payload_version, new.payload_version) == (0, 1)
    assert (new.observation.dtype, new.extra, new.time_us) == (np.float32, {"policy": "ppo"}, 5)
    with open_store(tmp_path / "store") as store:
        assert list(store.sql("select payload_version, reward from step order by row")) == [(0, 1.0), (1, None)]
    assert_sound(tmp_path / "store")


def test_frames_are_kept_once_and_shown(tmp_path: Path) -> None:
    grids = [{"grid": ["SF", "HG"], "agent_position": [index % 2, 0]} for index in range(6)]
    records = [step(0, index, index == 5, render_payload=grid) for index, grid in enumerate(grids)]
    import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", records))
    (stream,) = read(tmp_path / "store").streams()
    assert stream.frame(3) == frame_v1.Grid(("SF", "HG"), agent=(1, 0))
    assert stream.summary().frame_kind == "grid"
    with open_store(tmp_path / "store") as store:
        assert store._shelf.query("select sum(frames) from frame_chunk") == [(2,)]
    assert_sound(tmp_path / "store")


def test_duplicates_are_counted_and_conflicts_kept(tmp_path: Path) -> None:
    refused: list[Refused] = []
    done = import_legacy(tmp_path, SAMPLES / "broken.jsonl", on_refused=refused.append)
    ledger = read(tmp_path).ledger()
    assert (ledger.received, ledger.stored, ledger.duplicate, ledger.quarantined) == (7, 5, 1, 1)
    assert [item.line for item in refused] == [5, 6, 7, 8, 11]
    assert "reads versions up to 1" in refused[3].reason
    assert done.as_they_came == 3
    kept = [record for record in read(tmp_path).steps() if record.raw]
    assert kept[0].raw.startswith(b'{"episode_id":"b","step_index":1')
    assert "as it came" in kept[0].note
    assert any("4 lines of broken.jsonl" in note for note in read(tmp_path).summary().notes)


@pytest.mark.parametrize(
    "write",
    [
        lambda records: json.dumps(records),
        lambda records: json.dumps(records, indent=2),
        lambda records: json.dumps({"steps": records[:2], "episodes": [], "records": records[2:]}),
        lambda records: json.dumps({"steps": records}, indent=1),
        lambda records: "\n\n".join(json.dumps(record, indent=2) for record in records),
        lambda records: "\ufeff" + "\r\n".join(map(json.dumps, records)),
    ],
)
def test_json_in_any_arrangement_is_read(write: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(write([step(0, 0), step(0, 1, reward=math.nan), step(0, 2, True)]), encoding="utf-8")
    done: Imported = import_legacy(tmp_path / "store", file)
    assert (done.runs[0].steps, done.refused) == (3, 0)
    assert is_legacy(file)


def test_a_dry_run_says_what_would_be_and_leaves_no_store(tmp_path: Path) -> None:
    done = import_legacy(tmp_path / "store", SAMPLES / "record.jsonl", dry_run=True)
    assert (done.runs[0].steps, done.whole) == (3, 3)
    assert {(field.name, field.to, field.how) for field in done.fields} >= {("step_index", "step", "same")}
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "content", ["", "\n\n", "no json\n", '{"a": 1}\n', "[]", '{"event": "heartbeat", "run_id": "r"}']
)
def test_a_file_without_steps_is_refused_and_nothing_is_made(content: str, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(content)
    with pytest.raises(InvalidOption, match="holds no steps"):
        import_legacy(tmp_path / "store", file)
    assert not (tmp_path / "store").exists()
    with pytest.raises(InvalidOption, match="cannot be read"):
        import_legacy(tmp_path / "store", tmp_path / "missing.jsonl")


def test_the_command_shows_what_was_imported(tmp_path: Path) -> None:
    import_legacy(tmp_path / "store", SAMPLES / "record.jsonl")
    command = Cornerman(tmp_path / "store", tmp_path)
    shown = command("show", "01J0RUN")
    assert "imported" in shown.stdout
    assert "record.jsonl" in shown.stdout
    assert "grid, imported" in shown.stdout
    assert command.json("runs")["runs"][0]["transition_count"] == 3
    assert command("verify").returncode == 0


texts = st.text(st.characters(codec=None), max_size=5)  # halves of characters too
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**90), 2**90) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
OPTIONAL = (
    "run_id", "observation", "terminated", "episode_index", "episode_id", "timestamp", "info", "agent_id", "worker_id",
    "game_id", "render_payload", "vector_metadata", "seed", "next_state", "payload_version",
)  # fmt: skip
some_step = st.fixed_dictionaries(
    {"reward": st.just(1.0) | anything, "step_index": st.integers(0, 3) | anything, "action": anything},
    optional=dict.fromkeys(OPTIONAL, anything),
)
junk = st.text(max_size=9).map(lambda text: text.replace("\n", ""))
some_line = some_step.map(json.dumps) | anything.map(json.dumps) | junk


@settings(max_examples=60, deadline=None)
@given(st.lists(some_line, min_size=1, max_size=12))
def test_whatever_a_file_holds_all_of_it_is_counted_and_verifies(records: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = written(Path(folder) / "a.jsonl", ['{"reward": 0, "step": 0, "run_id": "r"}', *records])
        done = import_legacy(Path(folder) / "store", file)
        counted = sum(run.steps + run.duplicates + run.conflicts for run in done.runs)
        assert done.lines == counted + done.beside + done.refused
        assert_sound(Path(folder) / "store")
        with open_store(Path(folder) / "store") as store:
            assert len(list(store.sql("select run, time, observation, action, info, note, env_id from step"))) == sum(
                run.steps for run in done.runs
            )


@pytest.mark.parametrize("depth", [40, 200, 5000])
def test_what_is_nested_deeply_is_kept(depth: int, tmp_path: Path) -> None:
    deep = f'{{"reward": 1, "step": 0, "observation": {"[" * depth}{"]" * depth}}}'
    done = import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", [step(0, 0), deep]))
    assert (done.whole, done.as_they_came, done.refused) == {40: (2, 0, 0), 200: (1, 1, 0), 5000: (1, 0, 1)}[depth]
    held = [
        raw for record in read(tmp_path / "store", done.runs[-1].run_id).steps() for raw in (record.raw, *record.lines)
    ]
    assert depth == 40 or deep.encode() in held
    assert_sound(tmp_path / "store")


@pytest.mark.parametrize(
    "wrong", [{"time_us": 2**62}, {"frame": "bm90IGEgZnJhbWU="}, {"schema": "cornerman.step@2.0.0"}, {"reward": "high"}]
)
def test_a_broken_payload_of_version_1_is_refused_alone(wrong: dict[str, Any], tmp_path: Path) -> None:
    base = {"payload_version": 1, "schema": "cornerman.step@1.0.0", "run_id": "01RUN", "episode": 0, "step": 1}
    broken = {**base, "time_us": 0, "observation": None, **wrong}
    done = import_legacy(tmp_path / "store", written(tmp_path / "a.jsonl", [step(0, 0), broken]))
    assert (done.runs[0].steps, done.refused) == (1, 1)
