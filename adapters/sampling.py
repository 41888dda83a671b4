"""Sampling at the source: which steps of a stream are recorded where the user asked for every N-th only.

The first step of an episode and every step that ends one are always recorded, and so is every reset: episodes stay
true in number, seeds, length, return and final observation. A vector step in which any sub-environment ends is recorded
whole, and so is the one after it, unless the new episode has begun in the same one (SAME_STEP). What is left out is
counted, with the sum of its rewards, in the row that follows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cornerman.core.layout import SKIPPED, SKIPPED_REWARD, Leaf


class Sampler:
    """Decides, and counts what it leaves out since the last recorded row. One thread uses it: the environment's."""

    __slots__ = ("every", "num_envs", "reward", "skipped", "wait", "whole_after_end")

    def __init__(self, every: int, num_envs: int, mode: str = "") -> None:
        self.every, self.num_envs = every, num_envs
        self.whole_after_end = mode != "SameStep"
        """Whether what follows an end is where an episode begins."""
        self.wait = self.skipped = 0
        self.reward: Any = self._nothing()

    def _nothing(self) -> Any:
        return np.zeros(self.num_envs, np.float64) if self.num_envs else 0.0

    def skips(self, reward: Any, terminated: Any, truncated: Any) -> bool:
        """Whether this step is left out; it is counted then. What cannot be added up is recorded."""
        if not self.wait or np.any(terminated) or np.any(truncated):
            return False
        try:
            self.leave_out(reward)
        except (TypeError, ValueError):
            return False
        return True

    def leave_out(self, reward: Any) -> None:
        """Count a step that is not recorded. Raises, with nothing counted, where its reward is no number."""
        if self.num_envs:
            self.reward += reward
        else:
            self.reward += float(reward)
        self.skipped += 1
        self.wait -= 1

    def took(self, boundary: bool) -> None:
        """A row was recorded; after a reset or an end the next one is too."""
        self.skipped, self.wait = 0, 0 if boundary else self.every - 1
        self.reward = self._nothing()

    @property
    def transitions(self) -> int:
        """Transitions left out since the last row: nothing ended in them, so each sub-environment made all of them."""
        return self.skipped * max(self.num_envs, 1)

    @property
    def leaves(self) -> list[Leaf]:
        """The columns that say what was left out before each row."""
        total = (
            Leaf(SKIPPED_REWARD, "<f8", (self.num_envs,)) if self.num_envs else Leaf(SKIPPED_REWARD, "<f8", (), "float")
        )
        return [Leaf(SKIPPED, "<i8", (), "int"), total]

    @property
    def row(self) -> dict[str, Any]:
        """Their values for the next row."""
        return {SKIPPED: self.skipped, SKIPPED_REWARD: self.reward}
