"""The rows of chunks and frame chunks, as all who write them write them."""

from __future__ import annotations

import hashlib
from typing import Any

import apsw

from cornerman.core.episodes import Rewards

from .pack import Packed

Columns = dict[str, Any]


def chunk_columns(stream: int, episodes: int, chunk: Packed, segment: int, generation: int) -> Columns:
    """The row of a chunk that was packed from a segment, after so many episodes of its stream."""
    worst, best, longest = chunk.extremes
    return {
        "stream": stream, "first_row": chunk.first_row, "rows": chunk.rows, "first_t": chunk.first_t,
        "steps": chunk.steps, "transitions": chunk.transitions, "first_episode": episodes, "episodes": chunk.episodes,
        "first_us": chunk.times[0], "last_us": chunk.times[1], "segment": segment, "generation": generation,
        "return_min": worst, "return_max": best, "length_max": longest, **reward_columns(chunk.rewards),
        **content_columns(chunk.payload),
    }  # fmt: skip


def reward_columns(rewards: Rewards) -> Columns:
    """What a row says of the rewards of its transitions."""
    return {
        "reward_sum": rewards.total, "reward_min": rewards.least, "reward_max": rewards.greatest,
        "reward_numbers": rewards.numbers,
    }  # fmt: skip


def frame_columns(stream: int, first: int, count: int, payload: bytes) -> Columns:
    """The row of a frame chunk."""
    return {"stream": stream, "first_frame": first, "frames": count, **content_columns(payload)}


def content_columns(payload: bytes) -> Columns:
    """What a row says of its payload."""
    return {"bytes": len(payload), "sha256": hashlib.sha256(payload).digest()}


def insert_row(connection: apsw.Connection, table: str, columns: Columns) -> int:
    """Insert a row; its number."""
    marks = ", ".join("?" * len(columns))
    connection.execute(f"insert into {table} ({', '.join(columns)}) values ({marks})", tuple(columns.values()))
    return connection.last_insert_rowid()


def insert_chunk(connection: apsw.Connection, columns: Columns, payload: bytes) -> None:
    """Insert a chunk with its payload."""
    connection.execute("insert into chunk_payload values (?, ?)", (insert_row(connection, "chunk", columns), payload))


def insert_frames(connection: apsw.Connection, columns: Columns, payload: bytes) -> None:
    """Insert a frame chunk with its payload."""
    number = insert_row(connection, "frame_chunk", columns)
    connection.execute("insert into frame_payload values (?, ?)", (number, payload))
