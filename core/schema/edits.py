"""Changes of records that a schema refused: a small language, so that one line mends a thousand of them.

    set /side "B"            what is there, whatever it was, becomes this: JSON, or else text
    rename /px price         a member gets another name, and keeps its place among the others
    convert /size integer    the same value as another type, where nothing is lost by it
    drop /debug              a member or an item goes

A path is a JSON pointer, `*` in it every member and item. Several changes are divided by `;` and made in their order.
Where a record has nothing at a path, a change leaves it as it is, but for `set`, which adds a member. What cannot be
made of a record refuses the whole record, with the reason.

The values of recorded steps keep their types: a number that is set into an array of float32 is one. Pure functions.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple, get_args

import numpy as np

from ..errors import InvalidOption
from .cells import read
from .step_document import as_json
from .validate import Problem
from .walk import escape

Verb = Literal["set", "rename", "convert", "drop"]
Type = Literal["integer", "number", "string", "boolean"]
EVERY: Final = "*"
WIDEST = 60
"""Characters of a value that a change shows."""
_HEAD = re.compile(r'\s*(\w+)\s+("(?:[^"\\]|\\.)*"|[^\s;]+)\s*')
_REST = re.compile(r"[^;]*")
_END = re.compile(r"\s*(?:;|$)")
_decode = json.JSONDecoder().raw_decode


class Edit(NamedTuple):
    """One change. `argument` is the value of `set`, the new name of `rename`, the type of `convert`."""

    verb: Verb
    path: str
    argument: Any = None

    def __str__(self) -> str:
        path = json.dumps(self.path) if re.search(r'[\s;"]', self.path) else self.path
        if self.verb == "drop":
            return f"drop {path}"
        return f"{self.verb} {path} {json.dumps(self.argument) if self.verb == 'set' else self.argument}"


class NotEditable(Exception):
    """A change cannot be made of this record; the reason is what its schema's reasons are beside."""

    def __init__(self, path: str, expected: str, got: Any, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(path, "edit", expected, json.dumps(as_json(got), ensure_ascii=False)[:80], message)


def parse_edits(text: str) -> list[Edit]:
    """The changes that a text says; InvalidOption where it says none, with what is wrong."""
    found, at = [], 0
    while text[at:].strip(" ;\n\t"):
        edit, at = _parse(text, at)
        found.append(edit)
    if not found:
        raise _unreadable(text, "it says no change")
    return found


def _parse(text: str, at: int) -> tuple[Edit, int]:
    head = _HEAD.match(text, at)
    if head is None:
        raise _unreadable(text[at:], "a change is a verb and a path")
    verb, path = head[1], _unquoted(head[2])
    if verb not in get_args(Verb):
        raise _unreadable(text[at:], f"{verb!r} is no change")
    if not path.startswith("/"):
        raise _unreadable(text[at:], f"the path {path!r} does not begin with a slash")
    argument, end = _argument(text, head.end())
    if verb == "set":
        if argument is None and not text[head.end() : end].strip():
            raise _unreadable(text[at:], "`set` needs a value")
        return Edit("set", path, argument), _behind(text, end)
    word = text[head.end() : end].strip().strip('"')
    if verb == "convert" and word not in get_args(Type):
        raise _unreadable(text[at:], f"`convert` needs one of {', '.join(get_args(Type))}")
    if (verb == "rename") != bool(word) and verb != "convert":
        raise _unreadable(text[at:], "`rename` needs a name" if verb == "rename" else "`drop` needs nothing but a path")
    return Edit(verb, path, word or None), _behind(text, end)  # type: ignore[arg-type]


def _unquoted(path: str) -> str:
    try:
        return str(json.loads(path)) if path.startswith('"') else path
    except ValueError:
        return path


def _argument(text: str, at: int) -> tuple[Any, int]:
    """JSON where it is JSON, else what is there as text; and where it ends."""
    try:
        value, end = _decode(text, at)
        if _END.match(text, end):
            return value, end
    except (ValueError, RecursionError):
        pass
    rest = _REST.match(text, at)
    assert rest is not None
    return rest[0].strip() or None, rest.end()


def _behind(text: str, at: int) -> int:
    end = _END.match(text, at)
    return end.end() if end else at


def _unreadable(text: str, why: str) -> InvalidOption:
    return InvalidOption(
        f"{text.strip()[:60]!r} cannot be read as a change: {why}.",
        "Such as: set /side B; rename /px price; convert /size integer; drop /debug.",
    )


def edited(value: Any, edits: Sequence[Edit]) -> Any:
    """A changed copy of a record. Raises NotEditable."""
    found = copy.deepcopy(value)
    for edit in edits:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in edit.path.split("/")[1:]]
        for parent, key, path in list(_places(found, parts, "")):
            _CHANGES[edit.verb](parent, key, edit.argument, path)
    return found


def written(original: Any, document: Any) -> Any:
    """A document that was written anew, with the types that the values of the original have. Raises NotEditable."""
    return _like(original, document, "")


class Change(NamedTuple):
    """One place that an edit changed, as JSON; what was not there is None."""

    path: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            return f"{'+' if self.before is None else '-'} {self.path}: {self.after or self.before}"
        return f"~ {self.path or '/'}: {self.before} → {self.after}"


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Every place at which two JSON documents differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            here = f"{path}/{escape(key)}"
            if key not in before or key not in after:
                yield Change(here, *(_text_of(each[key]) if key in each else None for each in (before, after)))
            else:
                yield from changes(before[key], after[key], here)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changes(old, new, f"{path}/{at}")
    elif _text_of(before) != _text_of(after):
        yield Change(path, _text_of(before), _text_of(after))


def _text_of(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


# --- places ----------------------------------------------------------------------------------------------------------


def _places(parent: Any, parts: list[str], path: str) -> Iterator[tuple[Any, Any, str]]:
    """(container, key, path) of all that the parts of a path name; what the last one names need not be there."""
    part, rest = parts[0], parts[1:]
    for key in _keys(parent, part):
        here = f"{path}/{escape(key)}"
        if not rest:
            yield parent, key, here
        elif not isinstance(parent, dict) or key in parent:
            yield from _places(parent[key], rest, here)


def _keys(parent: Any, part: str) -> list[Any]:
    if isinstance(parent, dict):
        return list(parent) if part == EVERY else [part]
    if isinstance(parent, list) or (isinstance(parent, np.ndarray) and parent.ndim):
        every = range(len(parent))
        return list(every) if part == EVERY else [int(part)] if part.isdecimal() and int(part) in every else []
    return []


# --- changes ---------------------------------------------------------------------------------------------------------


def _set(parent: Any, key: Any, value: Any, path: str) -> None:
    there = not isinstance(parent, dict) or key in parent
    parent[key] = _like(parent[key], value, path) if there else value


def _rename(parent: Any, key: Any, name: str, path: str) -> None:
    if not isinstance(parent, dict):
        raise NotEditable(path, "a member of an object", parent, "Only members of objects have names.")
    if key not in parent or key == name:
        return
    if name in parent:
        raise NotEditable(path, f"no member {name!r}", parent[name], f"There is a member {name!r} already.")
    members = [(name if each == key else each, value) for each, value in parent.items()]
    parent.clear()
    parent.update(members)


def _convert(parent: Any, key: Any, wanted: Type, path: str) -> None:
    if isinstance(parent, dict) and key not in parent:
        return
    value = parent[key].item() if isinstance(parent[key], np.generic) else parent[key]
    made = _CONVERSIONS[wanted](value)
    if made is None:
        raise NotEditable(path, wanted, value, f"{json.dumps(as_json(value))[:60]} is no {wanted} without a loss.")
    parent[key] = _like(parent[key], made, path) if isinstance(parent, np.ndarray) else made


def _drop(parent: Any, key: Any, _: None, path: str) -> None:
    if isinstance(parent, np.ndarray):
        raise NotEditable(path, "a member or an item of a list", parent, "An array keeps all of its numbers.")
    if isinstance(parent, list):
        del parent[key]
    else:
        parent.pop(key, None)


_CHANGES: dict[str, Callable[[Any, Any, Any, str], None]] = {
    "set": _set, "rename": _rename, "convert": _convert, "drop": _drop,
}  # fmt: skip


def _integer(value: Any) -> int | None:
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, bool | int):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, str):
        found = read(value.strip(), frozenset({"integer", "number"})) if value.strip() else None
        return None if isinstance(found, str) else found
    return int(value) if isinstance(value, bool) else value if isinstance(value, int | float) else None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        found = read(value.strip(), frozenset({"boolean"})) if value.strip() else None
        return found if isinstance(found, bool) else None
    return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "integer": _integer, "number": _number, "string": _text, "boolean": _boolean,
}  # fmt: skip


def _like(old: Any, new: Any, path: str) -> Any:
    """A value of JSON in the type of the recorded value in whose place it comes."""
    if isinstance(old, np.ndarray | np.generic) and old.dtype.kind in "biuf":
        try:
            made = np.array(new).astype(old.dtype)
        except (ValueError, TypeError, OverflowError):
            made = None
        lossless = made is not None and (old.dtype.kind == "f" or bool(np.all(made == np.array(new))))
        if made is None or made.shape != old.shape or not lossless:
            raise NotEditable(path, f"{old.dtype} of shape {old.shape}", new, f"It does not fit {old.dtype}.")
        return made if isinstance(old, np.ndarray) else made[()]
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: _like(old.get(key), item, f"{path}/{escape(key)}") for key, item in new.items()}
    if isinstance(old, list | tuple) and isinstance(new, list) and len(old) == len(new):
        return type(old)(_like(was, item, f"{path}/{at}") for at, (was, item) in enumerate(zip(old, new, strict=True)))
    if as_json(old) == new:
        return old
    return new
