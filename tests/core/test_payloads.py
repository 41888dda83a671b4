"""Payloads: one place finds the decoder, versions are told apart, and what goes in comes out in both forms."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core import json_values, payloads, values
from cornerman.core.errors import PayloadError, PayloadTooNew
from cornerman.core.payloads import codecs, episode_v1, frame_v1, log_record_v1, run_manifest_v1, step_v1
from cornerman.core.records import EpisodeRollup, StepRecord

GOLDEN = Path(__file__).parents[1] / "data" / "golden"

floats = st.floats().map(lambda value: math.nan if math.isnan(value) else value)  # JSON knows one NaN of the many
small = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | floats | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.integers(0, 9), inner, max_size=2)
    ),
    max_leaves=8,
)
arrays = st.sampled_from(
    [
        np.arange(3, dtype=np.int8),
        np.array([math.nan, -math.inf], np.float32),
        np.zeros((0, 2)),
        np.array([[True]]),
        np.array(1.5),
    ]
)
anything = small | arrays | arrays.map(lambda array: {"image": array, "more": (array, "x")})
infos = st.dictionaries(st.text(max_size=5), small, max_size=3)
int64 = st.integers(-(2**63), 2**63 - 1)


def same(a: Any, b: Any) -> bool:
    """Equal, NaN and types included: the bytes of both are."""
    return values.encode(a) == values.encode(b)


def assert_comes_back(form: Any, payload: Any) -> None:
    for written in (form.encode(payload), form.to_json(payload)):
        found = form.decode(written)
        for name in payload.__struct_fields__:
            left, right = getattr(found, name), getattr(payload, name)
            assert same(left, right) or left == right, name


@settings(max_examples=150, deadline=None)
@given(st.builds(
    step_v1.StepV1, run_id=st.text(max_size=9), episode=int64, step=int64, time_us=int64, observation=anything,
    action=anything, reward=st.none() | floats, terminated=st.booleans(), info=infos,
    final_observation=anything, seed=st.none() | int64, options=small, frame=st.none() | st.binary(max_size=9),
    extra=infos,
))  # fmt: skip
def test_any_step_comes_back_from_both_forms(step: step_v1.StepV1) -> None:
    assert_comes_back(step_v1, step)


@settings(max_examples=60, deadline=None)
@given(st.builds(
    episode_v1.EpisodeV1, run_id=st.text(max_size=9), episode=int64, length=int64, total_reward=floats,
    ended=st.sampled_from(["terminated", "truncated", "interrupted", "open"]), started_us=int64, ended_us=int64,
    seed=st.none() | int64, metadata=infos, extra=infos,
))  # fmt: skip
def test_any_episode_comes_back_from_both_forms(episode: episode_v1.EpisodeV1) -> None:
    assert_comes_back(episode_v1, episode)


@settings(max_examples=60, deadline=None)
@given(infos, infos, st.lists(st.text(max_size=9), max_size=3))
def test_manifests_and_log_records_come_back_from_both_forms(
    facts: dict[str, Any], extra: dict[str, Any], notes: list[str]
) -> None:
    stream = run_manifest_v1.Stream(stream_id=1, name="s", created_us=2, facts=facts)
    manifest = run_manifest_v1.RunManifestV1(
        run_id="r", job="j", created_us=1, provenance=extra, notes=notes, streams=[stream]
    )
    line = log_record_v1.LogRecordV1(time_us=1, level="INFO", message="m", fields=facts, extra=extra)
    for form, payload in ((run_manifest_v1, manifest), (log_record_v1, line)):
        for written in (form.encode(payload), form.to_json(payload)):
            found: Any = form.decode(written)
            assert form.encode(found) == form.encode(payload)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_any_value_comes_back_from_json_and_json_it_is(value: Any) -> None:
    text = json.dumps(json_values.to_json(value), allow_nan=False)
    assert same(json_values.from_json(json.loads(text)), value)


@pytest.mark.parametrize(
    "tag",
    [
        {"__type__": "ndarray", "dtype": "object", "shape": [1], "data": "AAAA"},
        {"__type__": "ndarray", "dtype": "<f4", "shape": [9], "encoding": "base64", "data": "AA=="},
        {"__type__": "float", "value": "many"},
        {"__type__": "bytes"},
        {"__type__": "map", "data": [1]},
        {"__type__": "os.system", "data": "ls"},
        {"__type__": ["list"]},
    ],
)
def test_a_tag_that_does_not_hold_what_it_promises_stays_as_it_came(tag: dict[str, Any]) -> None:
    assert json_values.from_json({"a": tag}) == {"a": tag}


def test_the_folder_is_the_list_of_payloads() -> None:
    """Nothing hidden: a file that is added or forgotten shows here."""
    found = {kind: payloads.versions(kind) for kind in payloads.kinds()}
    assert found == {
        "alert": [1], "alert_rules": [1],
        "chunk": [1], "episode": [0, 1], "frame": [1], "frame_chunk": [1], "log_constant": [1], "log_record": [1],
        "redaction": [1], "run_manifest": [1], "step": [0, 1],
    }  # fmt: skip
    assert all(payloads.codec(kind, version).version == version for kind in found for version in found[kind])


@pytest.mark.parametrize("file", sorted(file.name for file in GOLDEN.iterdir()))
def test_every_payload_says_what_it_is(file: str) -> None:
    kind, _, version = Path(file).stem.removesuffix("_graph").partition("_v")
    data = (GOLDEN / file).read_bytes()
    assert payloads.identify(data) == (kind, int(version[0]))
    payloads.read(data, kind)
    for other in payloads.kinds():
        if other != kind:
            with pytest.raises(PayloadError, match="was expected"):
                payloads.read(data, other)


def packed(**fields: Any) -> bytes:
    return msgspec.msgpack.encode(fields)


BASE = {"run_id": "r", "episode": 0, "step": 0, "time_us": 0, "observation": None}


def test_a_version_that_contradicts_its_schema_is_refused() -> None:
    for data in (
        packed(payload_version=1, schema="cornerman.step@2.0.0", **BASE),
        packed(payload_version=2, schema="cornerman.step@1.0.0", **BASE),
        json.dumps({"payload_version": 1, "schema": "cornerman.step@2.0.0", **BASE}).encode(),
        msgspec.msgpack.encode([2, "cornerman.chunk@1.0.0"]),
    ):
        with pytest.raises(PayloadError, match="contradicts itself"):
            payloads.identify(data)


@pytest.mark.parametrize("version", ["1", 1.0, True, -1, None, [1]])
def test_a_version_that_is_no_number_is_refused(version: Any) -> None:
    with pytest.raises(PayloadError, match="neither"):
        payloads.identify(packed(payload_version=version, schema="cornerman.step@1.0.0"))


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x01", b"text", b"{", b"[1]", b"\x81", b"\xdc\x00"])
def test_other_bytes_are_no_payload(data: bytes) -> None:
    with pytest.raises(PayloadError):
        payloads.identify(data)


def test_what_is_newer_than_known_says_so_and_how_to_read_it() -> None:
    newer = packed(payload_version=9, schema="cornerman.step@9.1.0", everything="else")
    for read in (lambda: payloads.read(newer, "step"), lambda: step_v1.decode(newer)):
        with pytest.raises(PayloadTooNew, match=r"version 9.*up to 1.*Nothing was changed or lost") as caught:
            read()
        assert (caught.value.version, caught.value.known) == (9, 1)
    with pytest.raises(PayloadTooNew, match="version 2"):
        payloads.read(msgspec.msgpack.encode(["grid@2", ["S"]]), "frame")


def test_a_later_minor_is_read_by_what_is_known_of_it() -> None:
    found = payloads.read(packed(payload_version=1, schema="cornerman.step@1.7.0", novelty=3, **BASE), "step")
    assert (found.schema, found.run_id) == ("cornerman.step@1.7.0", "r")


def test_the_keys_of_a_payload_may_stand_in_any_order() -> None:
    found = payloads.read(packed(**BASE, schema="cornerman.step@1.0.0", payload_version=1), "step")
    assert found.run_id == "r"


@pytest.mark.parametrize(
    "wrong", [{"run_id": 3}, {"step": "0"}, {"reward": "high"}, {"reward": True}, {"terminated": 1}, {"info": [1]}]
)
def test_a_typed_field_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    content = {"payload_version": 1, "schema": "cornerman.step@1.0.0", **BASE, **wrong}
    for data in (msgspec.msgpack.encode(content), json.dumps(content).encode()):
        with pytest.raises(PayloadError, match=next(iter(wrong))):
            payloads.read(data, "step")


STEP_V2 = '''
"""Version 2 of the step, for this test: the run has another name."""
import msgspec
from cornerman.core.payloads.codecs import decoded

VERSION = 2
SCHEMA = "cornerman.step@2.0.0"

class StepV2(msgspec.Struct, tag_field="payload_version", tag=2):
    execution: str
    schema: str = SCHEMA

def decode(payload):
    return decoded(msgspec.msgpack.Decoder(StepV2), payload, "step", VERSION)

def upcast(old):
    return StepV2(old.run_id)
'''


@pytest.fixture
def step_v2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file more in the folder."""
    (tmp_path / "step_v2.py").write_text(STEP_V2)
    monkeypatch.setattr(payloads, "__path__", [*payloads.__path__, str(tmp_path)])
    yield
    codecs._load.cache_clear()


@pytest.mark.usefixtures("step_v2")
def test_a_version_is_added_by_a_file_and_every_older_payload_becomes_one_of_it() -> None:
    assert payloads.versions("step") == [0, 1, 2]
    newest = packed(payload_version=2, schema="cornerman.step@2.0.0", execution="now")
    legacy = b'{"run_id": "then", "step_index": 0, "reward": 1.0}'
    golden = (GOLDEN / "step_v1.bin").read_bytes()
    assert [payloads.read(data, "step").execution for data in (newest, golden, legacy)] == ["now", "01RUN", "then"]
    with pytest.raises(PayloadError, match="version 2, where version 1 was expected"):
        step_v1.decode(newest)


def test_a_version_is_added_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_steps.py").write_text(STEP_V2.replace("2", "3"))
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cornerman.payloads]\nstep_v3 = their_steps\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    codecs._added.cache_clear()
    try:
        found = payloads.read(packed(payload_version=3, schema="cornerman.step@3.0.0", execution="theirs"), "step")
        assert found.execution == "theirs"
    finally:
        codecs._added.cache_clear()
        codecs._load.cache_clear()


def test_a_step_and_an_episode_of_the_store_become_payloads() -> None:
    record = StepRecord(
        1, 5, 4, 2, 3, 1, 10, np.arange(3), 1, math.nan, False, True, False, {"a": 1}, frame_v1.Text("x"), seed=2**70
    )
    step = step_v1.of_record(record, "run", "train", "ab")
    assert (step.run_id, step.t, step.env_index, step.episode, step.step, step.truncated) == ("run", 4, 2, 3, 1, True)
    assert (step.seed, step.extra) == (None, {"seed": 2**70})
    assert payloads.read(step.frame or b"", "frame") == frame_v1.Text("x")
    assert_comes_back(step_v1, step)
    rollup = EpisodeRollup(1, 2, 3, 0, 9, 0, 9, 10, 1.5, "truncated", 7, "given", 1, 2, truncated=True)
    assert_comes_back(episode_v1, episode_v1.of_rollup(rollup, "run"))


def test_a_reward_that_is_no_number_is_kept_in_extra() -> None:
    record = StepRecord(1, 0, 0, 0, 0, 0, 0, None, None, "high", False, False, False, {3: "x"})  # type: ignore[arg-type, dict-item]
    step = step_v1.of_record(record, "run")
    assert (step.reward, step.info) == (None, {})
    assert step.extra == {"reward": "high", "info": {3: "x"}}
    assert_comes_back(step_v1, step)


@pytest.mark.parametrize(
    "make", [lambda: np.arange(4.0), lambda: "text", lambda: 2, lambda: np.arange(6).reshape(2, 3)]
)
def test_a_sequence_of_anything_becomes_a_frame(make: Callable[[], Any]) -> None:
    frame = frame_v1.from_sequence([make(), make()])
    assert frame_v1.decode(frame_v1.encode(frame)) == frame


def test_a_graph_as_gymnasium_gives_it_becomes_a_frame() -> None:
    nodes, edges, links = np.eye(2, dtype=np.float32), np.array([[0.5]]), np.array([[0, 1]])
    found = frame_v1.from_graph(nodes, edges, links)
    assert (found.nodes, found.edges) == (("0", "1"), ((0, 1),))
    assert (found.node_features, found.edge_features) == (((1.0, 0.0), (0.0, 1.0)), ((0.5,),))
    assert frame_v1.from_graph(nodes, None, None).edges == ()
