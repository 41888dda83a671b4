"""Released bytes stay readable: each file in tests/data/golden decodes to the values written here, for ever.

`python tests/core/test_golden.py` writes files that are missing; one that is there is never written again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from cornerman.core import values
from cornerman.core.columns import pack, pack_objects, unpack, unpack_objects
from cornerman.core.episodes import FIELDS
from cornerman.core.errors import PayloadError
from cornerman.core.payloads import (
    chunk_v1,
    episode_v1,
    frame_chunk_v1,
    frame_v1,
    log_constant_v1,
    log_record_v1,
    run_manifest_v1,
    step_v1,
)
from cornerman.core.payloads import (
    read as read_payload,
)

GOLDEN = Path(__file__).parents[1] / "data" / "golden"

TIME = np.array([1_795_219_200_000_000, 1_795_219_200_000_020, 1_795_219_200_000_045, 1_795_219_200_003_000], np.int64)
FLAGS = np.array([4 | 8, 0, 0, 1], np.uint8)
REWARD = np.array([0.0, 1.5, np.nan, -np.inf])
PICTURE = np.arange(4 * 2 * 3, dtype=np.float32).reshape(4, 2, 3) - 7
ACTION = np.array([0, 3, -3, 40000], np.int64)
EXTRAS = {0: values.encode({"seed": 7, "note": "first"})}
EPISODES = {name: np.array([index], dtype) for index, (name, dtype) in enumerate(FIELDS.items())}
FRAMES: list[frame_v1.Frame] = [
    frame_v1.Grid(("SF", "HG"), {"S": "start"}, (0, 1), ((1, 1, "*"),), "3/10"),
    frame_v1.Rgb(1, 2, bytes(range(6))),
    frame_v1.Text("\x1b[31mred\x1b[0m"),
    frame_v1.Vector(("x", "θ"), (0.5, -1.0)),
]

STRUCTURES: list[frame_v1.Frame] = [
    frame_v1.Graph(("hall", "küche"), ((0, 1), (1, 0)), ((1.5,), (-2.0,)), ((0.25,), (0.5,)), False, (1,), "rooms"),
    frame_v1.Sequence(("take key", 1.5, (0.25, -3.0)), ("x", "y"), 7, "moves"),
]
STEP = step_v1.StepV1(
    run_id="01RUN", stream="train", env_index=3, agent="prey", episode=12, step=4, t=99, time_us=int(TIME[0]),
    observation={"picture": PICTURE, "text": "left"}, action=ACTION, reward=-math.inf, truncated=True,
    info={"pair": (1, 2), "large": 2**80, "nothing": None}, final_observation=[1.5, "end"], seed=7,
    options={"level": 3}, space="ab" * 32, frame=frame_v1.encode(STRUCTURES[1]), note="as it came",
    extra={"policy": "ppo"},
)  # fmt: skip
EPISODE = episode_v1.EpisodeV1(
    run_id="01RUN", stream="train", env_index=1, agent="prey", episode=12, length=40, total_reward=-3.5,
    ended="truncated", truncated=True, first_t=100, last_t=139, started_us=int(TIME[0]), ended_us=int(TIME[3]),
    seed=2**62, seed_source="given", metadata={"success": False}, extra={"game": "lake"},
)  # fmt: skip
MANIFEST = run_manifest_v1.RunManifestV1(
    run_id="01RUN", job="baseline", created_us=int(TIME[0]), inputs_hash="cd" * 32, notes=["a note"],
    inputs={"config": run_manifest_v1.Input(path="inputs/config.yaml", sha256="ef" * 32, bytes=120)},
    provenance={"command": ["python", "train.py"]}, extra={"chain": 1},
    streams=[
        run_manifest_v1.Stream(
            stream_id=5, name="train", env_id="CartPole-v1", num_envs=4, autoreset_mode="NextStep",
            payload_schema="cornerman.chunk@1.0.0", created_us=int(TIME[1]), facts={"kwargs": {"sutton": (1, 2)}},
        )
    ],
)  # fmt: skip
LINE = log_record_v1.LogRecordV1(
    time_us=int(TIME[0]), code="LOG512", level="DEBUG", component="Adapter", subcomponent="Step",
    message="step summary", tags=("step",), fields={"reward": 1.5}, run_id="01RUN", stream="train", agent="prey",
    episode=3, step=4, source="known", raw="LOG512 | step summary", extra={"pid": 7},
    output="stderr", pid=7, env_index=2, logger="worker.loop", flags=("inferred",), repeats=3, raw_bytes=b"LOG512\xff",
)  # fmt: skip
LINE_1_0 = msgspec.structs.replace(
    LINE, schema="cornerman.log_record@1.0.0",
    output="", pid=None, env_index=None, logger="", flags=(), repeats=1, raw_bytes=b"",
)  # fmt: skip
CONSTANT = log_constant_v1.LogConstantV1(
    code="LOG622A", level="ERROR", component="Store", subcomponent="SQLite", message="the disk failed",
    tags=("sqlite", "disk"), source="known",
)  # fmt: skip
BOUNDARY: dict[str, Any] = {
    "step_v1": STEP,
    "episode_v1": EPISODE,
    "run_manifest_v1": MANIFEST,
    "log_record_v1_1": LINE,
    "log_constant_v1": CONSTANT,
}
"""By file: what travels as a payload of its own, in the msgpack and in the JSON form."""
EARLIER: dict[str, Any] = {"log_record_v1": LINE_1_0}
"""The same, as an earlier MINOR wrote them: they are read for ever, and written no more."""
FORMS = {
    "step": step_v1, "episode": episode_v1, "run_manifest": run_manifest_v1, "log_record": log_record_v1,
    "log_constant": log_constant_v1,
}  # fmt: skip


def kind_of(name: str) -> str:
    return name.partition("_v1")[0]


def chunk() -> bytes:
    columns = [
        pack("time", TIME, delta=True), pack("flags", FLAGS), pack("reward", REWARD),
        pack("observation/picture", PICTURE), pack("action", ACTION),
    ]  # fmt: skip
    return chunk_v1.encode(
        chunk_v1.ChunkV1(
            1, "cornerman.chunk@1.0.0", 10, 4, 8, 0, {"dict": {"picture": {"leaf": "observation/picture"}}},
            {"leaf": "action"}, (), columns, pack_objects(EXTRAS), chunk_v1.pack_episodes(EPISODES), (),
        )
    )  # fmt: skip


def files() -> dict[str, bytes]:
    """Every golden file and the bytes that version 1 writes today."""
    frames = {f"frame_v1_{frame_v1.kind(frame)}.bin": frame_v1.encode(frame) for frame in (*FRAMES, *STRUCTURES)}
    packed = {f"{name}.bin": FORMS[kind_of(name)].encode(payload) for name, payload in BOUNDARY.items()}
    written = {f"{name}.json": FORMS[kind_of(name)].to_json(payload) for name, payload in BOUNDARY.items()}
    chunks = frame_chunk_v1.encode(5, [frame_v1.encode(frame) for frame in FRAMES])
    return {"chunk_v1.bin": chunk(), "frame_chunk_v1.bin": chunks, **frames, **packed, **written}


def read(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def test_a_chunk_of_version_1_decodes_to_what_was_packed() -> None:
    found = chunk_v1.decode(read("chunk_v1.bin"))
    assert (found.version, found.schema) == (1, "cornerman.chunk@1.0.0")
    assert (found.first_row, found.rows, found.first_t, found.num_envs, found.frames) == (10, 4, 8, 0, ())
    assert (found.observation, found.action) == (
        {"dict": {"picture": {"leaf": "observation/picture"}}},
        {"leaf": "action"},
    )
    columns = {column.name: unpack(column) for column in found.columns}
    expected: dict[str, np.ndarray] = {
        "time": TIME, "flags": FLAGS, "reward": REWARD, "observation/picture": PICTURE, "action": ACTION,
    }  # fmt: skip
    for name, values_ in expected.items():
        assert (columns[name].dtype, columns[name].tobytes()) == (values_.dtype, values_.tobytes())
    assert unpack_objects(found.extras) == EXTRAS
    episodes = chunk_v1.unpack_episodes(found.episodes)
    assert {name: column.tolist() for name, column in episodes.items()} == {n: c.tolist() for n, c in EPISODES.items()}


def test_frames_of_version_1_decode_to_what_they_were() -> None:
    for frame in (*FRAMES, *STRUCTURES):
        assert frame_v1.decode(read(f"frame_v1_{frame_v1.kind(frame)}.bin")) == frame


def test_a_frame_chunk_of_version_1_decodes_to_its_frames() -> None:
    first, frames = frame_chunk_v1.decode(read("frame_chunk_v1.bin"))
    assert first == 5
    assert [frame_v1.decode(frame) for frame in frames] == FRAMES


@pytest.mark.parametrize("form", ["bin", "json"])
@pytest.mark.parametrize("name", BOUNDARY | EARLIER)
def test_payloads_of_version_1_decode_to_what_they_were(name: str, form: str) -> None:
    found, expected = read_payload(read(f"{name}.{form}"), kind_of(name)), (BOUNDARY | EARLIER)[name]
    for field in expected.__struct_fields__:
        assert values.encode(getattr(found, field)) == values.encode(getattr(expected, field)), field


def test_every_golden_file_is_what_its_version_writes_today() -> None:
    """A change of an encoder shows: other bytes for the same payload are a change of the format."""
    for name, content in files().items():
        assert "chunk" in name or read(name) == content, name  # compressed bytes may differ between libraries
    assert {file.name for file in GOLDEN.iterdir()} == {
        *files(),
        *(f"{name}.{end}" for name in EARLIER for end in ("bin", "json")),
    }


@pytest.mark.parametrize("decode", [chunk_v1.decode, frame_v1.decode, frame_chunk_v1.decode])
@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x93\x01\x02\x03", values.encode({"a": 1})])
def test_bytes_that_are_no_payload_are_refused(decode: Callable[[bytes], object], payload: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(payload)


def test_a_chunk_of_a_version_to_come_is_refused_by_its_number() -> None:
    payload = bytearray(read("chunk_v1.bin"))
    assert payload[1] == 1
    payload[1] = 2
    with pytest.raises(PayloadError, match="version 2"):
        chunk_v1.decode(bytes(payload))


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        if not (GOLDEN / name).exists():
            (GOLDEN / name).write_bytes(content)
