"""Version 0 to version 1: pure functions from a step or an episode as it came to one of version 1, with a report.

mapped = upcast_step(step_v0.decode(line), run_id="…")
mapped.payload                      # StepV1; what has no field there is in its `extra`
mapped.lossless, mapped.fields      # and what became of each field
"""

from __future__ import annotations

from typing import Any

from . import frame_v1
from .episode_v0 import EpisodeV0
from .episode_v1 import EpisodeV1
from .legacy_fields import Fields, Mapped, anything, flag, json_text, mapping, moment, number, ordinal, text, whole
from .legacy_frames import frame_of
from .step_v0 import StepV0
from .step_v1 import StepV1


def upcast_step(old: StepV0) -> Mapped[StepV1]:
    """A legacy step as one of version 1. Never raises for what the fields hold."""
    fields = Fields(old.fields)
    if not old.fields.get("payload_version"):  # whoever writes another one there had a schema that is not ours
        fields.drop("payload_version", "payload_version")
    fields.drop("type", "schema")
    observation = _observation(fields)
    action = _either(fields, "action")
    frame = _frame(fields)
    vector = old.fields.get("vector_metadata")
    index = vector.get("vector_index") if isinstance(vector, dict) else None
    step = StepV1(
        run_id=fields.take("run_id", ("run_id",), text, ""),
        stream=fields.take("stream", ("worker_id",), text, ""),
        agent=fields.take("agent", ("agent_id",), text, ""),
        env_index=index if type(index) is int and 0 <= index < 1 << 31 else 0,
        episode=fields.take("episode", ("episode_index", "episode", "ep_index"), ordinal, -1),
        step=fields.take("step", ("step_index", "step"), ordinal, -1),
        time_us=fields.take("time_us", ("timestamp", "ts"), moment, 0),
        observation=observation,
        action=action,
        reward=fields.take("reward", ("reward",), number),
        terminated=fields.take("terminated", ("terminated",), flag, False),
        truncated=fields.take("truncated", ("truncated",), flag, False),
        info=_info(fields),
        seed=fields.take("seed", ("episode_seed", "seed"), whole),
        frame=frame,
        extra=fields.extra(),
    )
    return fields.mapped(step, old.raw, old.exact)


def upcast_episode(old: EpisodeV0) -> Mapped[EpisodeV1]:
    """A legacy episode as one of version 1. When it began it never said: that is taken to be when it ended."""
    fields = Fields(old.fields)
    fields.drop("payload_version", "payload_version")
    fields.drop("type", "schema")
    terminated = fields.take("terminated", ("terminated",), flag, False)
    truncated = fields.take("truncated", ("truncated",), flag, False)
    ended_us = fields.take("ended_us", ("timestamp", "ts"), moment, 0)
    total = fields.take("total_reward", ("total_reward", "reward"), number)
    metadata = fields.take("metadata", ("metadata",), mapping) if "metadata" in old.fields else None
    if metadata is None:
        metadata = fields.take("metadata", ("metadata_json",), _json_mapping, {})
    episode = EpisodeV1(
        run_id=fields.take("run_id", ("run_id",), text, ""),
        stream=fields.take("stream", ("worker_id",), text, ""),
        agent=fields.take("agent", ("agent_id",), text, ""),
        episode=fields.take("episode", ("episode_index", "episode", "ep_index"), ordinal, -1),
        length=fields.take("length", ("steps",), ordinal, -1),
        total_reward=float("nan") if total is None else total,
        ended="terminated" if terminated else "truncated" if truncated else "interrupted",
        terminated=terminated,
        truncated=truncated,
        started_us=ended_us,
        ended_us=ended_us,
        seed=fields.take("seed", ("episode_seed", "seed"), whole),
        metadata=metadata,
        extra=fields.extra(),
    )
    return fields.mapped(episode, old.raw, old.exact)


def _observation(fields: Fields) -> Any:
    """What the call returned. Where both sides of the transition came, that is the one after it."""
    for name in ("next_observation", "next_state"):
        if fields.left.get(name) is not None:
            return fields.take("observation", (name,), anything)
    return _either(fields, "observation")


def first_observation(old: StepV0) -> Any:
    """The observation before a step, where a legacy step says it: that of the reset, if the step is a first one."""
    if old.fields.get("next_observation") is None and old.fields.get("next_state") is None:
        return None
    before = old.fields.get("observation")
    return anything(old.fields.get("state") if before is None else before)[0]


def _either(fields: Fields, name: str) -> Any:
    """A field that comes as itself, or as JSON text under `<name>_json`."""
    if fields.left.get(name) is None and f"{name}_json" in fields.left:
        fields.drop(name, name)
        return fields.take(name, (f"{name}_json",), json_text)
    return fields.take(name, (name,), anything)


def _info(fields: Fields) -> dict[str, Any]:
    name = "info_json" if fields.left.get("info") is None and "info_json" in fields.left else "info"
    found: dict[str, Any] = fields.take("info", (name,), _json_mapping if name == "info_json" else mapping, {})
    return found


def _json_mapping(value: Any) -> Any:
    found, how, exact = json_text(value)
    return mapping(found)[0], how, exact


def _frame(fields: Fields) -> bytes | None:
    """The picture of a step; what of it no frame shows stays in the fields."""
    name = "render_payload_json" if fields.left.get("render_payload") is None else "render_payload"
    if fields.left.get(name) is None:
        return None
    try:
        content, how, exact = (json_text if name.endswith("_json") else anything)(fields.left[name])
    except ValueError:
        return None
    frame, rest = frame_of(content)
    if frame is None or not exact:
        return None if frame is None else frame_v1.encode(frame)
    fields.take("frame", (name,), lambda value: (frame, "converted", True))
    if rest is not None:
        fields.left["render_payload"] = rest
    return frame_v1.encode(frame)
