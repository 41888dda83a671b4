"""Do the bounds of one schema keep numbers and texts within those of another? Sufficient grounds, no more."""

from __future__ import annotations

from typing import Any

from .meet import matches
from .normal import types_of


def numbers_within(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    """Whether the bounds and steps of `inner` keep every number within those of `outer`."""
    whole = "number" not in types_of(inner)
    for sign, inclusive, exclusive in ((1, "minimum", "exclusiveMinimum"), (-1, "maximum", "exclusiveMaximum")):
        for key in (inclusive, exclusive):
            if key in outer and not _bounded(inner, sign, inclusive, exclusive, key, outer[key], whole):
                return False
    wanted = outer.get("multipleOf")
    if wanted is None or wanted == inner.get("multipleOf"):
        return True
    if whole and wanted == 1:
        return True
    mine = inner.get("multipleOf")
    return isinstance(mine, int) and isinstance(wanted, int) and mine % wanted == 0


def _of_any_text(pattern: str) -> bool:
    """Whether a pattern is found in every text: it looks at no place in particular, and nothing is enough for it."""
    return not any(sign in pattern for sign in ("^", "$", "\\b", "\\B", "(?")) and matches(pattern, "")


def _bounded(
    inner: dict[str, Any], sign: int, inclusive: str, exclusive: str, key: str, limit: float, whole: bool
) -> bool:
    """Whether the inner bounds keep every number on the right side of one outer bound."""
    strict = key == exclusive
    if exclusive in inner and (inner[exclusive] - limit) * sign >= 0:
        return True
    if inclusive in inner:
        gap = (inner[inclusive] - limit) * sign
        if gap > 0 or (gap == 0 and not strict):
            return True
    if whole and isinstance(limit, int) and not strict and isinstance(inner.get(exclusive), int):
        return bool((inner[exclusive] + sign - limit) * sign >= 0)
    return False


def strings_within(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    """Whether the lengths of `inner` are within those of `outer`, and what else that asks of a text is in both."""
    if outer.get("minLength", 0) > inner.get("minLength", 0):
        return False
    if "maxLength" in outer and inner.get("maxLength", outer["maxLength"] + 1) > outer["maxLength"]:
        return False
    return all(
        key not in outer or outer[key] == inner.get(key) or (key == "pattern" and _of_any_text(outer[key]))
        for key in ("pattern", "format", "contentEncoding", "contentMediaType")
    )
