"""Version 0 of the episode: JSON from before there were versions.

rollup   episode_id, total_reward, steps, terminated, truncated, metadata, timestamp, agent_id, …
wire     run_id, episode_index, total_reward, steps, metadata_json, seq_id, …
event    {"type": "episode", "ts": …, "episode": 3, "reward": 1.0, "steps": 12, "success": true}
row      a rollup as a table keeps it, with ep_index and game_id
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import PayloadError
from .legacy_json import read_object, snake

VERSION = 0
SCHEMA = ""
NAMES = frozenset((
    "episode_id", "total_reward", "steps", "terminated", "truncated", "metadata", "timestamp", "agent_id", "run_id",
    "game_id", "worker_id", "episode_index", "metadata_json", "seq_id", "type", "ts", "episode", "reward",
    "success", "ep_index", "payload_version", "episode_seed", "seed",
))  # fmt: skip


class EpisodeV0(msgspec.Struct, frozen=True):
    """`exact` is False where reading the JSON lost something: then `raw` is all there is to be sure of."""

    fields: dict[str, Any]
    raw: bytes = b""
    exact: bool = True


def is_episode(fields: dict[str, Any]) -> bool:
    """Whether these are the fields of an episode: it says so, or has what only an episode has."""
    kind = fields.get("type")
    if isinstance(kind, str):
        return kind == "episode"
    return "event" not in fields and "total_reward" in fields


def decode(payload: bytes | memoryview) -> EpisodeV0:
    """The fields of a legacy episode, as they came; PayloadError where they are none."""
    found = read_object(payload)
    fields = snake(found.fields, NAMES)
    if fields.get("payload_version") not in (None, VERSION):
        raise PayloadError(f"The episode has version {fields['payload_version']!r}, where version 0 was expected.")
    if not is_episode(fields):
        raise PayloadError(f"A legacy payload with the fields {', '.join(list(fields)[:8]) or '(none)'} is no episode.")
    return EpisodeV0(fields, bytes(payload), found.exact)
