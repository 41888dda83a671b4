"""Which of a line's own fields say where it belongs: they become the record's, under the names that it has for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_LARGEST = 2**63


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < _LARGEST else None


def _word(value: Any) -> str | None:
    return value if type(value) is str and 0 < len(value) <= 200 else None


def _words(value: Any) -> tuple[str, ...] | None:
    return tuple(value[:50]) if type(value) is list and value and all(map(_word, value)) else None


_MEANT: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    **dict.fromkeys(("episode", "episode_index"), ("episode", _number)),
    **dict.fromkeys(("step", "step_index"), ("step", _number)),
    **dict.fromkeys(("env_index", "env_idx"), ("env_index", _number)),
    **{name: (name, _word) for name in ("run_id", "stream", "agent", "component", "subcomponent")},
    "agent_id": ("agent", _word),
    "tags": ("tags", _words),
}
"""Names that programs have for a record's own fields."""


def attributed(fields: dict[str, Any]) -> dict[str, Any]:
    """Takes what says where the line belongs out of its fields. What is of another type than expected stays there."""
    known: dict[str, Any] = {}
    for name in [name for name in fields if name in _MEANT]:
        meant, take = _MEANT[name]
        value = take(fields[name])
        if value is not None and meant not in known:
            known[meant] = value
            del fields[name]
    return known
