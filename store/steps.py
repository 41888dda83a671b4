"""One row of one sub-environment as a `StepRecord`: what the call returned, and where it stands in its episode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cornerman.core.layout import EXTRAS, SKIPPED_REWARD
from cornerman.core.payloads import frame_v1, read
from cornerman.core.payloads.frame_v1 import Frame
from cornerman.core.records import EpisodeRollup, StepRecord
from cornerman.core.spaces import Descriptor

from .blocks import Array, Block
from .episode_index import EpisodeIndex
from .gather import info_at, info_of_env, of_env, reward_at, value_at
from .pack import spread_seed
from .reader import StreamRows
from .spaces import hint
from .tail import OpenBlock

WITHHELD = "refused by its schema: `cornerman quarantine list` has it"


class StepFactory:
    """Makes the records of one stream."""

    def __init__(self, rows: StreamRows, episodes: EpisodeIndex) -> None:
        self.rows = rows
        self.episodes = episodes

    @property
    def observation_space(self) -> Descriptor | None:
        """What a batch of observations is taken apart by; None for one environment, whose values are whole."""
        return hint(self.rows, "single_observation_space") if self.rows.num_envs else None

    @property
    def action_space(self) -> Descriptor | None:
        return hint(self.rows, "single_action_space") if self.rows.num_envs else None

    def record(self, row: int, env: int, frame: bool) -> StepRecord:
        block = self.rows.block(row)
        return self._make(block, row - block.first_row, env, self.episodes.at(row, env, block), frame)

    def records(self, first: int, stop: int, env: int) -> Iterator[StepRecord]:
        """The records of rows [first, stop), block by block; the rows of one block are of one moment."""
        at = first
        while at < stop:
            made = self.rows.consistent(lambda at=at: self._block_records(at, stop, env))  # type: ignore[misc]
            if not made:
                return
            yield from made
            at = made[-1].row + 1

    def _block_records(self, at: int, stop: int, env: int) -> list[StepRecord]:
        block = next(self.rows.blocks(at, min(stop, at + 1)), None)
        if block is None:
            return []
        made: list[StepRecord] = []
        episode: EpisodeRollup | None = None
        for row in range(at, min(stop, block.stop, at + 256)):
            if episode is None or row > episode.last_row or episode.ended == "open":
                episode = self.episodes.at(row, env, block)
            made.append(self._make(block, row - block.first_row, env, episode, frame=False))
        return made

    def _make(self, block: Block, offset: int, env: int, episode: EpisodeRollup | None, frame: bool) -> StepRecord:
        single = not block.num_envs
        part = None if single else env
        taken = block.taken_at(offset, env)
        withheld = block.withheld is not None and bool(block.withheld[offset, env])
        row, t = block.first_row + offset, block.t_at(offset)
        extra = block.extra(offset) if block.flags[offset] & EXTRAS else {}
        info = info_at(block, offset)
        return StepRecord(
            stream_id=self.rows.stream_id,
            row=row,
            t=t,
            env_index=env,
            episode=episode.episode if episode else -1,
            step=t - episode.first_t if (taken or withheld) and episode else -1,
            time_us=int(block.take("time", offset)),
            observation=None if withheld else value_at(block, "observation", offset, part, self.observation_space),
            action=value_at(block, "action", offset, part, self.action_space) if taken else None,
            reward=reward_at(block, offset, env) if taken else None,
            terminated=(taken or withheld) and block.ended_at("terminated", offset, env),
            truncated=(taken or withheld) and block.ended_at("truncated", offset, env),
            reset=not (taken or withheld),
            info={} if withheld else info if single else info_of_env(info, env),
            frame=self.frame_of(block, offset, env) if frame else None,
            final_observation=final_observation(extra, env, self.observation_space),
            seed=_seed_of(extra, block, env),
            options=extra.get("options"),
            note=WITHHELD if withheld else extra.get("note", ""),
            skipped_count=0 if block.skipped is None else int(block.skipped[offset]),
            skipped_reward=0.0 if block.skipped is None else _reward_left_out(block, offset, env),
            withheld=withheld,
            payload_version=block.payload_version_at(offset),
            extra=extra.get("extra", {}),
            raw=extra.get("raw", b""),
            lines=tuple(extra.get("lines", ())),
        )

    # --- frames ------------------------------------------------------------------------------------------------------

    def frame_of(self, block: Block, offset: int, env: int) -> Frame | None:
        """The picture of a row, None where none was taken."""
        frames = self.rows.manifest.get("frames") or {}
        if frames.get("source") == "observation":
            return self._observed(block, offset, env, str(frames.get("column", "observation")))
        envs = self.rows.frame_envs if isinstance(block, OpenBlock) and block.numbered_frames else block.frame_envs
        if env not in envs:
            return None
        numbers: Array = np.atleast_1d(block.take("frame", offset))
        number = int(numbers[envs.index(env)])
        payload = self.rows.frame_payload(number) if number >= 0 else None
        return None if payload is None else read(payload, "frame")

    def _observed(self, block: Block, offset: int, env: int, column: str) -> Frame | None:
        """The observation is the picture: it is not stored twice."""
        value = value_at(block, "observation", offset, env if block.num_envs else None, self.observation_space)
        for key in column.split("/")[1:]:
            try:
                value = value[key] if isinstance(value, dict) else value[int(key)]
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.ndim not in (2, 3):
            return None
        return frame_v1.from_array(value)


def final_observation(extra: dict[str, Any], env: int, space: Descriptor | None = None) -> Any:
    """In SAME_STEP: the last observation of the episode that ended in this row."""
    final = extra.get("final")
    if not final:
        return None
    where = np.flatnonzero(np.asarray(final["index"]) == env)
    return of_env(final["observation"], int(where[0]), space) if where.size else None


def _reward_left_out(block: Block, offset: int, env: int) -> float:
    """What the steps were rewarded with that the source left out before a row."""
    found = block.take(SKIPPED_REWARD, offset)
    return float(found[env] if block.num_envs else found)


def _seed_of(extra: dict[str, Any], block: Block, env: int) -> int | None:
    seed = extra.get("seed")
    mask = extra.get("mask")
    if seed is None or (mask is not None and not mask[env]):
        return None
    return spread_seed(seed, block.envs)[env]
