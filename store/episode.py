"""One episode with its data, as arrays of the dtype and shape that the environment gave."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornerman.core.layout import NO_REWARD
from cornerman.core.payloads.frame_v1 import Frame
from cornerman.core.records import Ended, EpisodeRollup

from .blocks import Array
from .gather import Picked, append, column, gather, info_at, info_of_env, of_env, reward_at, stack, value_at
from .reader import StreamRows
from .steps import StepFactory, final_observation


class Episode:
    """What one sub-environment did from a reset to an end. The data is read when asked for, each time afresh.

    `observations` has one row more than there are transitions: the first is what the reset returned (unless no reset
    was seen), the last is the final observation, whatever the autoreset mode.
    """

    def __init__(self, rows: StreamRows, factory: StepFactory, rollup: EpisodeRollup) -> None:
        self._rows, self._factory = rows, factory
        self.rollup = rollup
        self._env = rollup.env_index if rows.num_envs else None

    def __repr__(self) -> str:
        return (
            f"<Episode {self.episode} of sub-environment {self.env_index}: {self.length} steps, "
            f"return {self.total_reward:g}, {self.ended}>"
        )

    # --- what is known without reading it ----------------------------------------------------------------------------

    @property
    def stream_id(self) -> int:
        return self.rollup.stream_id

    @property
    def env_index(self) -> int:
        return self.rollup.env_index

    @property
    def episode(self) -> int:
        """Its ordinal among those of its sub-environment, from 0."""
        return self.rollup.episode

    @property
    def length(self) -> int:
        """Transitions."""
        return self.rollup.length

    def __len__(self) -> int:
        return self.rollup.length

    @property
    def total_reward(self) -> float:
        return self.rollup.total_reward

    @property
    def seed(self) -> int | None:
        """Given to its reset, or to an earlier one whose generator went on."""
        return self.rollup.seed

    @property
    def ended(self) -> Ended:
        """terminated, truncated, interrupted or open."""
        return self.rollup.ended

    # --- its data ----------------------------------------------------------------------------------------------------

    @property
    def observations(self) -> Any:
        """`length` + 1 rows: an array, a dict or tuple of arrays, or a list where the rows have no common form."""
        return self._rows.consistent(self._observations)

    @property
    def actions(self) -> Any:
        """`length` rows."""
        return self._rows.consistent(lambda: self._gathered(self._transitions, "action", self._factory.action_space))

    @property
    def rewards(self) -> Any:
        """float64 of `length` rows; a list where some reward was no number."""
        return self._rows.consistent(self._rewards)

    @property
    def terminated(self) -> Array:
        return self._rows.consistent(lambda: self._ends("terminated"))

    @property
    def truncated(self) -> Array:
        return self._rows.consistent(lambda: self._ends("truncated"))

    @property
    def times(self) -> Array:
        """int64, microseconds since 1970, UTC, of each transition."""
        return self._rows.consistent(lambda: column(self._transitions, "time", None))

    @property
    def infos(self) -> list[dict[str, Any]]:
        """One a transition. `reset_info` has that of the reset."""
        return self._rows.consistent(
            lambda: [self._info(item, offset) for item in self._transitions for offset in item.offsets]
        )

    @property
    def reset_info(self) -> dict[str, Any]:
        return self._rows.consistent(self._reset_info)

    @property
    def frames(self) -> list[Frame | None]:
        """`length` + 1 pictures, as `observations`; None where none was taken."""
        return self._rows.consistent(
            lambda: [
                self._factory.frame_of(item.block, offset, self.env_index)
                for item in self._observed
                for offset in item.offsets
            ]
        )

    @property
    def final_observation(self) -> Any:
        """The last row of `observations`; of an open episode the newest so far."""
        return self._rows.consistent(self._final)

    # --- how it is read ----------------------------------------------------------------------------------------------

    @property
    def _transitions(self) -> list[Picked]:
        """Where its transitions are."""
        rollup = self.rollup
        if not rollup.length:
            return []
        first = rollup.first_row + 1 if rollup.first_row >= 0 else self._rows.row_at(rollup.first_t)
        return self._picked(first, rollup.last_row + 1)

    @property
    def _first(self) -> list[Picked]:
        """Where its first observation is."""
        first = self.rollup.first_row
        return [] if first < 0 else self._picked(first, first + 1)

    @property
    def _observed(self) -> list[Picked]:
        """Where its observations are: the first, then those of its transitions."""
        rollup = self.rollup
        if rollup.first_row < 0:
            return self._transitions
        return self._picked(rollup.first_row, rollup.last_row + 1 if rollup.length else rollup.first_row + 1)

    def _picked(self, first: int, stop: int) -> list[Picked]:
        """Of rows [first, stop): the transitions, and the row of the first observation."""
        found, env = [], self.env_index
        for block in self._rows.blocks(first, stop):
            a, b = max(first - block.first_row, 0), min(stop - block.first_row, block.rows)
            if not block.num_envs and block.withheld is None:
                found.append(Picked(block, slice(a, b)))
                continue
            taken = block.transition[a:b, env]
            if block.first_row + a == self.rollup.first_row:
                taken = np.append(True, taken[1:])
            if taken.any():
                found.append(Picked(block, slice(a, b) if taken.all() else a + np.flatnonzero(taken)))
        return found

    def _observations(self) -> Any:
        rows, space = self._observed, self._factory.observation_space
        if self._rows.mode != "SameStep" or not self.rollup.terminated | self.rollup.truncated:
            return self._gathered(rows, "observation", space)
        last = rows[-1]
        before = [*rows[:-1], Picked(last.block, np.array(last.offsets[:-1], np.int64))]
        rows = [item for item in before if item.offsets]
        final = self._final_of(last)
        return append(self._gathered(rows, "observation", space), final) if rows else stack([final])

    def _gathered(self, picked: list[Picked], part: str, space: Any) -> Any:
        return gather(picked, part, self._env, space) if picked else []

    def _final_of(self, last: Picked) -> Any:
        offset = last.offsets[-1]
        space = self._factory.observation_space
        final = final_observation(last.block.extra(offset), self.env_index, space)
        return value_at(last.block, "observation", offset, self._env, space) if final is None else final

    def _final(self) -> Any:
        transitions = self._transitions or self._first
        if not transitions:
            return None
        if self._rows.mode == "SameStep" and (self.rollup.terminated or self.rollup.truncated):
            return self._final_of(transitions[-1])
        last = transitions[-1]
        return value_at(last.block, "observation", last.offsets[-1], self._env, self._factory.observation_space)

    def _rewards(self) -> Any:
        picked = self._transitions
        if any((item.block.flags[item.index] & NO_REWARD).any() for item in picked):
            return [reward_at(item.block, offset, self.env_index) for item in picked for offset in item.offsets]
        found = [item.block.reward[item.index, self.env_index] for item in picked]
        return np.concatenate(found) if found else np.empty(0)

    def _ends(self, name: str) -> Array:
        found = [item.block.ended(name)[item.index, self.env_index] for item in self._transitions]
        return np.concatenate(found) if found else np.empty(0, np.bool_)

    def _info(self, item: Picked, offset: int) -> dict[str, Any]:
        """Of the row of an end in SAME_STEP, the info is the ended episode's: it travels as `final_info`."""
        info = info_at(item.block, offset)
        if self._env is None:
            return info
        final = info.get("final_info")
        if self._rows.mode == "SameStep" and final is not None and self._over(item, offset):
            return info_of_env(final, self._env) if isinstance(final, dict) else of_env(final, self._env) or {}
        return info_of_env({key: value for key, value in info.items() if key not in _FINAL}, self._env)

    def _over(self, item: Picked, offset: int) -> bool:
        ends = (item.block.ended(name)[offset, self.env_index] for name in ("terminated", "truncated"))
        return any(bool(end) for end in ends)

    def _reset_info(self) -> dict[str, Any]:
        for item in self._first:
            info = info_at(item.block, item.offsets[0])
            if self._env is None:
                return info
            return info_of_env({key: value for key, value in info.items() if key not in _FINAL}, self._env)
        return {}


_FINAL = ("final_info", "_final_info")
