"""Version 0 of the step: JSON from before there were versions, in any of the shapes its writers used.

    record   episode_id, step_index, action, observation, reward, terminated, truncated, info, timestamp, …
    wire     run_id, episode_index, step_index, action_json, observation_json, …, seq_id
    event    {"type": "step", "ts": …, "episode": 3, "step": 0, "state": 4, "next_state": 8, "q_before": …}
    row      a record as a table keeps it: nested values as JSON text, booleans as 0 and 1

They are told apart field by field, not as wholes: mixtures exist. What decoding gives is the fields as they came and
the bytes they came in; `step_v1.upcast` makes a step of version 1 of it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import PayloadError
from .legacy_json import read_object, snake

VERSION = 0
SCHEMA = ""
NAMES = frozenset((
    "episode_id", "step_index", "action", "observation", "reward", "terminated", "truncated", "info", "timestamp",
    "render_payload", "agent_id", "render_hint", "frame_ref", "obs_ref", "payload_version", "run_id", "worker_id",
    "time_step", "space_signature", "vector_metadata", "episode_index", "action_json", "observation_json",
    "policy_label", "backend", "seq_id", "render_hint_json", "render_payload_json", "episode_seed",
    "space_signature_json", "vector_metadata_json", "normalization_stats", "normalization_stats_json", "info_json",
    "game_id", "type", "ts", "episode", "step", "state", "next_state", "next_observation", "q_before", "q_after",
    "epsilon", "seed", "ep_index",
))  # fmt: skip
"""Every field that any shape has."""
_ITS_OWN = frozenset(
    {"step_index", "observation", "observation_json", "next_state", "next_observation", "step", "action"}
)


class StepV0(msgspec.Struct, frozen=True):
    """`exact` is False where reading the JSON lost something: then `raw` is all there is to be sure of."""

    fields: dict[str, Any]
    raw: bytes = b""
    exact: bool = True


def is_step(fields: dict[str, Any]) -> bool:
    """Whether these are the fields of a step: it says so, or has what only a step has."""
    kind = fields.get("type")
    if isinstance(kind, str):
        return kind == "step"
    return "event" not in fields and "reward" in fields and bool(_ITS_OWN & fields.keys())


def decode(payload: bytes | memoryview) -> StepV0:
    """The fields of a legacy step, as they came; PayloadError where they are none."""
    found = read_object(payload)
    fields = snake(found.fields, NAMES)
    if fields.get("payload_version") not in (None, VERSION):
        raise PayloadError(f"The step has version {fields['payload_version']!r}, where version 0 was expected.")
    if not is_step(fields):
        raise PayloadError(f"A legacy payload with the fields {', '.join(list(fields)[:8]) or '(none)'} is no step.")
    return StepV0(fields, bytes(payload), found.exact)
