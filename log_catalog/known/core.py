"""What the counter of episodes says."""

from __future__ import annotations

from ..constant import component

CORE = component("Core", range(921, 931), source="known")
_know = CORE.define

_know("LOG921", "INFO", "EpisodeCounter", "the episode counter was initialised", "episode")
_know("LOG922", "INFO", "EpisodeCounter", "the episode counter goes on where it was", "episode", "resume")
_know("LOG923", "ERROR", "EpisodeCounter", "the episode counter could not go on where it was", "episode", "resume")
_know("LOG924", "ERROR", "EpisodeCounter", "the most episodes that a run may have were reached", "episode", "limit")
_know("LOG925", "ERROR", "EpisodeCounter", "the episode counter is in a state that cannot be", "episode", "fault")
_know("LOG926", "ERROR", "EpisodeCounter", "two counted episodes at once", "episode", "fault")
_know("LOG927", "ERROR", "EpisodeCounter", "the episode counter could not be stored", "episode", "fault")
_know("LOG928", "ERROR", "EpisodeCounter", "the number of an episode is not valid", "episode", "fault")
_know("LOG929", "DEBUG", "EpisodeCounter", "an episode got its number", "episode")
_know("LOG930", "INFO", "EpisodeCounter", "the episode counter begins anew", "episode")
