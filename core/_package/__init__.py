"""Cornerman records every step of a reinforcement-learning environment and shows it in a terminal.

    env = cornerman.record(gym.make("CartPole-v1"))     # in the training script; the loop does not change
    with cornerman.open_store() as store: ...           # every run of this host, read back

The names below are the public face; everything else may move. They are resolved when first asked for, so that
`import cornerman` costs a training script next to nothing, recording never loads the terminal, and watching never loads
an environment library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cornerman.adapters.record import record as record
    from cornerman.core.errors import CornermanError as CornermanError
    from cornerman.core.records import EpisodeRollup as EpisodeRollup
    from cornerman.core.records import StepRecord as StepRecord
    from cornerman.store.api import Episode as Episode
    from cornerman.store.api import Run as Run
    from cornerman.store.api import Store as Store
    from cornerman.store.api import Stream as Stream
    from cornerman.store.api import open_store as open_store

__version__ = "0.1.0"

_PUBLIC = {
    "record": "cornerman.adapters.record",
    "open_store": "cornerman.store.api",
    "Store": "cornerman.store.api",
    "Run": "cornerman.store.api",
    "Stream": "cornerman.store.api",
    "Episode": "cornerman.store.api",
    "StepRecord": "cornerman.core.records",
    "EpisodeRollup": "cornerman.core.records",
    "CornermanError": "cornerman.core.errors",
}
"""Where each public name lives."""

__all__ = [
    "record",
    "open_store",
    "Store",
    "Run",
    "Stream",
    "Episode",
    "StepRecord",
    "EpisodeRollup",
    "CornermanError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Resolve a public name once, and keep it."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'cornerman' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
