"""What differs between two schema documents, as a person reads it: one line for each thing that came, went or changed.

This says what was edited. What the edit means for readers and writers is the verdict's business (`compare.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_WIDTH = 60
"""Characters of a value that are shown."""


class Difference(NamedTuple):
    """One place that is not the same; `before` or `after` is None where the place was not there."""

    sign: str
    """`+` came, `-` went, `~` changed."""
    path: str
    """The keys that lead to it, with dots between them; `items[2]` counts positions."""
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is not None and self.after is not None:
            return f"{self.sign} {self.path}: {self.before} → {self.after}"
        return f"{self.sign} {self.path}: {self.before if self.after is None else self.after}"


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """What differs between two documents, in the order of the older one, then what is new in the order of the newer."""
    return list(_differences("", _keyed(old), _keyed(new)))


def _keyed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Arrow fields by their names: a field that was put in between is one difference, not one for each after it."""
    arrow = document.get("arrow")
    if not isinstance(arrow, dict) or not isinstance(arrow.get("fields"), list):
        return dict(document)
    fields = [field for field in arrow["fields"] if isinstance(field, dict) and isinstance(field.get("name"), str)]
    named = {field["name"]: {key: value for key, value in field.items() if key != "name"} for field in fields}
    return {**document, "arrow": {**arrow, "fields": named, "order": [field["name"] for field in fields]}}


def _differences(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            if key not in new:
                yield Difference("-", inner, _shown(old[key]), None)
            elif key not in old:
                yield Difference("+", inner, None, _shown(new[key]))
            else:
                yield from _differences(inner, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        yield from _in_lists(path, old, new)
    elif not _same(old, new):
        yield Difference("~", path, _shown(old), _shown(new))


def _in_lists(path: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    """Lists of names and values differ by what is in them; lists of schemas position by position."""
    if any(isinstance(item, (dict, list)) for item in [*old, *new]):
        for at in range(max(len(old), len(new))):
            inner = f"{path}[{at}]"
            if at >= len(new):
                yield Difference("-", inner, _shown(old[at]), None)
            elif at >= len(old):
                yield Difference("+", inner, None, _shown(new[at]))
            else:
                yield from _differences(inner, old[at], new[at])
        return
    olds, news = {_text(item) for item in old}, {_text(item) for item in new}
    went = [item for item in old if _text(item) not in news]
    came = [item for item in new if _text(item) not in olds]
    yield from (Difference("-", path, _shown(item), None) for item in went)
    yield from (Difference("+", path, None, _shown(item)) for item in came)
    if not went and not came and old != new and path.endswith("order"):
        yield Difference("~", path, _shown(old), _shown(new))


def _same(one: Any, other: Any) -> bool:
    """1 and true are equal to Python, and not to JSON."""
    return _text(one) == _text(other)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
