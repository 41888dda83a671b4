"""What a normalizing wrapper knew at some moment: mean and variance of all values that it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Place = Literal["above", "below"]
EPSILON = 1e-8
"""What Gymnasium's wrappers and Stable-Baselines3's add to the variance, where nothing else is asked for."""


@dataclass(frozen=True)
class NormalizationStatistics:
    """Running statistics at step `t`. `place` is where the wrapper is, seen from the recorder.

    Below it, what is recorded is normalized; above it, what is recorded is as the environment returned it.
    """

    kind: str
    t: int
    place: Place
    count: float
    mean: np.ndarray
    var: np.ndarray

    def normalize(self, values: np.ndarray) -> np.ndarray:
        """Recorded observations as a wrapper above the recorder hands them on."""
        normalized: np.ndarray = (values - self.mean) / np.sqrt(self.var + EPSILON)
        return normalized

    def denormalize(self, values: np.ndarray) -> np.ndarray:
        """Recorded observations as they were before a wrapper below the recorder, near `t`."""
        raw: np.ndarray = values * np.sqrt(self.var + EPSILON) + self.mean
        return raw
