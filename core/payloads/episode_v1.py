"""Version 1 of the episode: what one sub-environment did from a reset to an end, summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ..records import Ended, EpisodeRollup
from .boundary import Form, NonFinite

if TYPE_CHECKING:
    from .episode_v0 import EpisodeV0

VERSION = 1
SCHEMA = "cornerman.episode@1.0.0"


class EpisodeV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """One episode of one sub-environment."""

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
    """Ordinal in its sub-environment, from 0."""
    length: int
    """Transitions. Unit: steps."""
    total_reward: float | NonFinite
    """The sum of its rewards: the return."""
    ended: Ended
    """How it ended; `interrupted` is neither end of the environment's, `open` is under way."""
    terminated: bool = False
    """Whether its last transition reached an end of the environment's own."""
    truncated: bool = False
    """Whether its last transition was cut off from outside."""
    first_t: int = -1
    """The first call of `step` it has, counted in its stream; -1 where that is not known."""
    last_t: int = -1
    """The last call of `step` it has, counted in its stream; -1 where that is not known."""
    started_us: int
    """When its reset was recorded, since 1970, UTC. Unit: microseconds."""
    ended_us: int
    """When its last transition was recorded, since 1970, UTC. Unit: microseconds."""
    seed: int | None = None
    """The seed of its reset, or the one an earlier reset started the generator with."""
    seed_source: Literal["none", "given", "continued"] = "none"
    """Whether the seed was given to this reset or to an earlier one."""
    metadata: dict[str, Any] = {}
    """What its producer says beside."""
    extra: dict[str, Any] = {}
    """What its producer sent that has no field here."""

    @property
    def payload_version(self) -> int:
        return VERSION


FORM = Form("episode", VERSION, EpisodeV1, ("metadata", "extra"), ("total_reward",))
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json


def of_rollup(rollup: EpisodeRollup, run_id: str, stream: str = "") -> EpisodeV1:
    """The payload of an episode as a reader of the store gives it."""
    seed, extra = rollup.seed, {}
    if seed is not None and not -(2**63) <= seed < 2**63:
        seed, extra = None, {"seed": seed}
    return EpisodeV1(
        run_id=run_id, stream=stream, env_index=rollup.env_index, episode=rollup.episode, length=rollup.length,
        total_reward=rollup.total_reward, ended=rollup.ended, terminated=rollup.terminated, truncated=rollup.truncated,
        first_t=rollup.first_t, last_t=rollup.last_t, started_us=rollup.started_us, ended_us=rollup.ended_us,
        seed=seed, seed_source=rollup.seed_source, extra=extra,
    )  # fmt: skip


def upcast(old: EpisodeV0) -> EpisodeV1:
    """A legacy episode as one of this version. `legacy_upcast.upcast_episode` says what became of each field, too."""
    from .legacy_upcast import upcast_episode

    return upcast_episode(old).payload
