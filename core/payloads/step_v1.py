"""Version 1 of the step: one transition, or one row of a reset, as a payload of its own.

This is what is sent, to a relay or over HTTP, not how steps are stored: the store packs them into chunks. It says
everything about the step that its key (run, stream, environment, agent, episode, step) cannot be told without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..records import StepRecord
from . import frame_v1
from .boundary import Form, NonFinite

if TYPE_CHECKING:
    from .step_v0 import StepV0

VERSION = 1
SCHEMA = "cornerman.step@1.0.0"


class StepV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """What a call of `step` returned and the action it was given; of a reset row, what `reset` returned."""

    schema: str = SCHEMA
    """Id and version of this schema."""
    run_id: str
    """The run it belongs to; opaque."""
    stream: str = ""
    """The stream's name within the run."""
    env_index: int = 0
    """Which sub-environment of a vector environment, from 0; 0 for a single one."""
    agent: str = ""
    """Which agent, in an environment of several."""
    episode: int
    """Ordinal of the episode in its sub-environment, from 0; -1 where it is not known."""
    step: int
    """Ordinal of the transition in its episode, from 0; -1 on a reset row."""
    t: int = -1
    """Ordinal of the call of `step` in its stream, from 0; -1 where it is not known."""
    time_us: int
    """When it was recorded, since 1970, UTC. Unit: microseconds."""
    observation: Any
    """The observation that was returned; the action was chosen on the one before it."""
    action: Any = None
    """The action that was given; null on a reset row."""
    reward: float | NonFinite | None = None
    """The reward that was returned; null on a reset row."""
    terminated: bool = False
    """Whether the environment reached an end of its own."""
    truncated: bool = False
    """Whether the episode was cut off from outside, by a time limit for instance."""
    reset: bool = False
    """Whether this row is a reset and no transition."""
    info: dict[str, Any] = {}
    """What the environment said beside."""
    final_observation: Any = None
    """In SAME_STEP autoreset: the last observation of the episode that ended in this row."""
    seed: int | None = None
    """The seed given to the reset."""
    options: Any = None
    """The options given to the reset."""
    space: str | None = None
    """Content hash of the observation and action spaces, under which their descriptors are stored once."""
    frame: bytes | None = None
    """The picture: a payload of kind frame."""
    note: str = ""
    """Says where the row is as it came because it did not fit its space."""
    extra: dict[str, Any] = {}
    """What its producer sent that has no field here."""

    @property
    def payload_version(self) -> int:
        return VERSION


FORM = Form(
    "step", VERSION, StepV1, ("observation", "action", "info", "final_observation", "options", "extra"), ("reward",)
)
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json


def of_record(record: StepRecord, run_id: str, stream: str = "", space: str | None = None) -> StepV1:
    """The payload of a step as a reader of the store gives it. What no field can hold goes into `extra`."""
    number = isinstance(record.reward, (int, float)) and not isinstance(record.reward, bool)
    extra: dict[str, Any] = {} if number or record.reward is None else {"reward": record.reward}
    seed = record.seed
    if seed is not None and not -(2**63) <= seed < 2**63:
        seed, extra = None, {**extra, "seed": seed}
    info = record.info
    if not all(type(key) is str for key in info):
        info, extra = {}, {**extra, "info": info}
    return StepV1(
        run_id=run_id, stream=stream, env_index=record.env_index, episode=record.episode, step=record.step, t=record.t,
        time_us=record.time_us, observation=record.observation, action=record.action,
        reward=float(record.reward) if number and record.reward is not None else None,
        terminated=record.terminated, truncated=record.truncated, reset=record.reset, info=info,
        final_observation=record.final_observation, seed=seed, options=record.options, space=space,
        frame=None if record.frame is None else frame_v1.encode(record.frame), note=record.note, extra=extra,
    )  # fmt: skip


def upcast(old: StepV0) -> StepV1:
    """A legacy step as one of this version. `legacy_upcast.upcast_step` says what became of each field, too."""
    from .legacy_upcast import upcast_step

    return upcast_step(old).payload
