"""Released bytes stay readable: each file in tests/data/golden decodes to the values written here, for ever.

`python tests/core/test_golden.py` writes files that are missing; one that is there is never written again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cornerman.core import values
from cornerman.core.columns import pack, pack_objects, unpack, unpack_objects
from cornerman.core.episodes import FIELDS
from cornerman.core.errors import PayloadError
from cornerman.core.payloads import chunk_v1, frame_chunk_v1, frame_v1

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
    frames = {f"frame_v1_{frame_v1.kind(frame)}.bin": frame_v1.encode(frame) for frame in FRAMES}
    return {"chunk_v1.bin": chunk(), "frame_chunk_v1.bin": frame_chunk_v1.encode(5, list(frames.values())), **frames}


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
    for frame in FRAMES:
        assert frame_v1.decode(read(f"frame_v1_{frame_v1.kind(frame)}.bin")) == frame


def test_a_frame_chunk_of_version_1_decodes_to_its_frames() -> None:
    first, frames = frame_chunk_v1.decode(read("frame_chunk_v1.bin"))
    assert first == 5
    assert [frame_v1.decode(frame) for frame in frames] == FRAMES


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
