"""Version 0: every shape of legacy step is read, and nothing that came is lost on the way to version 1."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core import payloads
from cornerman.core.errors import PayloadError
from cornerman.core.json_values import from_json
from cornerman.core.payloads import episode_v0, frame_v1, step_v0, step_v1
from cornerman.core.payloads.legacy_fields import Mapped
from cornerman.core.payloads.legacy_upcast import first_observation, upcast_episode, upcast_step
from cornerman.core.payloads.step_v1 import StepV1

SAMPLES = Path(__file__).parents[1] / "data" / "legacy"
STEP: dict[str, Any] = {"episode_id": "e", "step_index": 0, "action": 1, "observation": [0.5], "reward": 1.0}


def lines(shape: str) -> list[bytes]:
    return (SAMPLES / f"{shape}.jsonl").read_bytes().splitlines()


def mapped(line: bytes | dict[str, Any]) -> Mapped[StepV1]:
    return upcast_step(step_v0.decode(line if isinstance(line, bytes) else json.dumps(line).encode()))


def steps(shape: str) -> list[Mapped[StepV1]]:
    found = []
    for line in lines(shape):
        try:
            found.append(mapped(line))
        except PayloadError:
            assert b'"reward"' not in line or b"episode" in line or b"payload_version" in line, line
    return found


def test_a_record_becomes_a_step() -> None:
    first = steps("record")[0]
    step = first.payload
    assert (step.run_id, step.agent, step.step, step.time_us) == ("01J0RUN", "agent-a", 0, 1_740_823_200_000_000)
    assert (step.action, step.observation, step.reward, step.info) == (2, 1, 0.0, {"prob": 0.333})
    assert payloads.read(step.frame or b"", "frame") == frame_v1.Grid(("SF", "HG"), agent=(0, 1))
    assert step.extra["render_payload"] == {"game_id": "FrozenLake-v1"}
    assert step.extra["episode_id"] == "01J0RUN-ep000000"
    assert first.lossless


def test_a_wire_message_becomes_a_step_in_either_spelling() -> None:
    """JSON inside text becomes what it says; camelCase and integers as text are how protobuf writes JSON."""
    first, second = (found.payload for found in steps("wire"))
    assert first.observation == {"position": [0.0, 1.5], "lidar": [1, 2, 3]}
    assert first.extra["normalization_stats"] == {"mean": [0.1], "var": [1.0]}
    assert (first.episode, first.seed, first.stream) == (0, 42, "w1")
    assert (second.run_id, second.episode, second.step, second.seed, second.reward) == ("01J1RUN", 0, 1, 42, 2.0)
    assert second.truncated


def test_an_event_says_both_sides_of_a_transition() -> None:
    first = steps("event")[0].payload
    assert (first.observation, first.action, first.reward) == (24, 0, -1.0)
    assert first.extra["state"] == 36
    assert first.extra["q_after"] == -0.1
    assert first_observation(step_v0.decode(lines("event")[1])) == 36


def test_a_table_row_is_read_from_its_texts_and_numbers() -> None:
    first, second = (found.payload for found in steps("row"))
    assert first.observation[0] == 0.1
    assert math.isnan(first.observation[1])
    assert (first.info, first.seed, first.terminated, second.terminated) == ({"lives": 3}, 99, False, True)
    assert payloads.read(first.frame or b"", "frame") == frame_v1.Rgb(1, 2, b"\xff\0\0\0\xff\0")


def test_tagged_values_are_what_their_tags_say() -> None:
    step = steps("tagged")[0].payload
    assert step.action.tolist() == [1, 2]
    assert step.observation.dtype == np.float32
    assert math.isnan(step.reward)  # type: ignore[arg-type]
    assert step.info["pair"] == (1, 2)
    assert step.info["raw"] == b"\0\1"
    assert step.info["broken"]["__type__"] == "ndarray"


def test_what_a_field_cannot_hold_stays_as_it_came_with_its_bytes() -> None:
    found = mapped(lines("broken")[1])
    assert not found.lossless
    assert found.raw == lines("broken")[1]
    unread = {field.name for field in found.fields if not field.lossless}
    assert unread == {"reward", "terminated", "truncated", "timestamp", "info"}
    assert {name: found.payload.extra[name] for name in ("reward", "terminated", "info")} == {
        "reward": "high", "terminated": "no", "info": [1],
    }  # fmt: skip
    assert found.payload.action == 123456789012345678901234567890
    assert "reward (text, not a number)" in found.note


@pytest.mark.parametrize("line", lines("broken")[2:4])
def test_digits_that_no_number_of_version_1_holds_are_not_rounded_in_silence(line: bytes) -> None:
    assert mapped(line).raw == line


def test_not_a_number_is_a_number() -> None:
    found = mapped(lines("broken")[0])
    assert math.isnan(found.payload.reward)  # type: ignore[arg-type]
    assert found.payload.observation[1] == math.inf
    assert found.lossless


@pytest.mark.parametrize("line", [b"not json", b"[1]", b'{"unknown": 1}', b"", b"\xff\xfe{}", b'{"a":' * 99999])
def test_what_is_no_step_is_refused_in_words(line: bytes) -> None:
    with pytest.raises(PayloadError, match="legacy"):
        step_v0.decode(line)


def test_a_step_that_says_another_version_is_not_read_as_legacy() -> None:
    with pytest.raises(PayloadError, match="version 1, where version 0"):
        step_v0.decode(json.dumps({**STEP, "payload_version": 1}).encode())


def test_legacy_is_read_like_any_other_version() -> None:
    assert payloads.identify(json.dumps(STEP).encode()) == ("", 0)
    found = payloads.read(lines("broken")[0], "step")
    assert isinstance(found, StepV1)
    assert payloads.read(lines("wire")[2], "episode").total_reward == 1.75


@pytest.mark.parametrize(
    ("stamp", "us", "kept"),
    [
        ("2025-03-01T10:00:00+00:00", 1_740_823_200_000_000, False),
        ("2025-03-01T10:00:00Z", 1_740_823_200_000_000, False),
        ("2025-03-01T10:00:00.123456", 1_740_823_200_123_456, False),
        ("2025-03-01 10:00:00", 1_740_823_200_000_000, True),
        ("2025-03-01T12:00:00+02:00", 1_740_823_200_000_000, True),
        ("2025-03-01T10:00:00.123456789Z", 1_740_823_200_123_456, True),
        (1_740_823_200, 1_740_823_200_000_000, False),
        (1_740_823_200.25, 1_740_823_200_250_000, False),
    ],
)
def test_a_time_that_cannot_be_written_again_is_kept_beside(stamp: Any, us: int, kept: bool) -> None:
    found = mapped({**STEP, "timestamp": stamp})
    assert found.payload.time_us == us
    assert found.lossless
    assert ("timestamp" in found.payload.extra) is kept


@pytest.mark.parametrize("stamp", [1e300, True, "soon", [1], math.nan, 1_740_823_200_000])
def test_what_is_no_time_stays_as_it_came(stamp: Any) -> None:
    found = mapped({**STEP, "timestamp": stamp})
    assert (found.payload.time_us, found.lossless) == (0, False)
    assert "timestamp" in found.payload.extra


@pytest.mark.parametrize(
    ("render", "kind", "left"),
    [
        ({"kind": "graph", "nodes": ["a", "b"], "edges": [["a", "b"]], "edge_features": [[0.5]]}, "graph", None),
        ({"nodes": [0, 1], "edges": [[0, 5]]}, "none", {"nodes": [0, 1], "edges": [[0, 5]]}),
        ({"ansi": "\x1b[1mx"}, "text", None),
        ({"frame": [[[1, 2, 3]]], "mode": "rgb_array", "score": 3}, "rgb", {"score": 3}),
        ({"rgb": [[[1, 2, 300]]]}, "none", {"rgb": [[[1, 2, 300]]]}),
        ({"tiles": ["ab", "cd"], "width": 2, "height": 2, "hazards": [[0, 1]]}, "grid", {"hazards": [[0, 1]]}),
        ({"grid": [["wall", "f"]]}, "none", {"grid": [["wall", "f"]]}),
        ({"fen": "8/8/8/8 w", "game_type": "chess"}, "none", {"fen": "8/8/8/8 w", "game_type": "chess"}),
    ],
)
def test_a_render_payload_is_a_frame_where_it_shows_exactly_that(render: Any, kind: str, left: Any) -> None:
    step = mapped({**STEP, "render_payload": render}).payload
    assert frame_v1.kind(None if step.frame is None else frame_v1.decode(step.frame)) == kind
    assert step.extra.get("render_payload") == left


def test_an_episode_becomes_an_episode() -> None:
    wire = upcast_episode(episode_v0.decode(lines("wire")[2]))
    assert (wire.payload.ended, wire.payload.length, wire.payload.metadata) == ("truncated", 2, {"success": False})
    assert wire.payload.total_reward == 1.75
    event = upcast_episode(episode_v0.decode(lines("event")[3]))
    assert (event.payload.total_reward, event.payload.length, event.payload.extra["success"]) == (-2.0, 2, False)
    assert wire.lossless
    assert event.lossless


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**90), 2**90) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*sorted(step_v0.NAMES - {"type", "payload_version"}), "whatever", "runId", "_", "Reward"])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(names, anything, max_size=12))
def test_whatever_the_fields_hold_a_step_comes_of_it_and_every_value_is_somewhere(fields: dict[str, Any]) -> None:
    raw = json.dumps({"reward": 1.0, "step": 0, **fields}).encode()
    found = mapped(raw)
    step_v1.decode(step_v1.encode(found.payload))
    told = {report.name for report in found.fields} | found.payload.extra.keys()
    for name in step_v0.decode(raw).fields:
        assert name in told or name in ("vector_metadata",), name
    assert found.lossless or found.raw == raw


@settings(max_examples=100, deadline=None)
@given(anything, anything, st.floats() | st.integers(-(2**60), 2**60))
def test_lossless_means_that_the_values_can_be_had_back(observation: Any, action: Any, reward: float) -> None:
    found = mapped({**STEP, "observation": observation, "action": action, "reward": reward})
    if not found.lossless:
        return
    for expected, step_value in ((observation, found.payload.observation), (action, found.payload.action)):
        if not isinstance(expected, str):
            assert repr(step_value) == repr(from_json(expected))
    assert found.payload.reward == reward or math.isnan(reward)
