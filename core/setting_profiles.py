"""Named defaults for kinds of producers: what suits board games does not suit Atari.

A profile is chosen by name (`producer.profile`) and lies between the built-in defaults and the user's file: whatever is
said anywhere else is stronger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

MIB, GIB = 1 << 20, 1 << 30


class Profile(NamedTuple):
    """Defaults by key, and in a sentence why they are these."""

    purpose: str
    values: Mapping[str, Any]


NO_PROFILE = "none"
PROFILES: Final[dict[str, Profile]] = {
    "toy-text": Profile(
        "FrozenLake, Taxi and the like: rows of a few bytes, boards as pictures, so chunks may be long.",
        {"producer.frames": "auto", "storage.rows_per_chunk": 8192},
    ),
    "box2d": Profile(
        "LunarLander, BipedalWalker and the like: short rows, and a rendered picture of every tenth step.",
        {"producer.frames": "every=10", "storage.rows_per_chunk": 2048},
    ),
    "atari": Profile(
        "Pixels that arrive faster than a slow disk takes them: each frame once, and a long journal.",
        {"producer.frames": "auto", "storage.max_journal_bytes": 4 * GIB, "storage.min_free_bytes": GIB},
    ),
    "telemetry-only": Profile(
        "Numbers and no pictures, for long runs on small disks.",
        {"producer.frames": "none", "storage.rows_per_chunk": 8192},
    ),
    "debug": Profile(
        "A short run that is looked at step by step: every picture, small chunks, and all that the recorder says.",
        {"producer.frames": "every=1", "storage.rows_per_chunk": 256, "log.level": "DEBUG"},
    ),
}
