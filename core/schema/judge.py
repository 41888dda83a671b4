"""What a schema has against a record as it was read: the one rule by which imports, fixtures and contracts judge.

NaN and infinities are numbers to the programs that write them, and JSON has no word for them. So each is shown to the
validator as 0, and what it says about that place does not count.
"""

from __future__ import annotations

import math
from typing import Any

from .validate import Problem, Validator
from .walk import escape


def judged(judge: Validator, value: Any, limit: int = 20) -> list[Problem]:
    """Every reason against a value, up to `limit`; an empty list means that it is valid."""
    try:
        if judge.is_valid(value):
            return []
    except ValueError:
        return judge.problems(value, limit)
    places: set[str] = set()
    plain = _finite(value, "", places)
    return [problem for problem in judge.problems(plain, limit + len(places)) if problem.path not in places][:limit]


def _finite(value: Any, path: str, places: set[str]) -> Any:
    """The same value with 0 for what is not finite; `places` gets where that was."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        places.add(path)
        return 0.0
    if isinstance(value, dict):
        return {key: _finite(item, _under(path, key), places) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item, f"{path}/{at}", places) for at, item in enumerate(value)]
    return value


def _under(path: str, key: str) -> str:
    """The validator's paths leave out names that are empty."""
    return f"{path}/{escape(key)}" if key else path
