"""Is this value allowed by this schema, and if not: where, by which rule, what was expected, what was there.

    validator(document).problems({"price": "3"})    →  [Problem("/price", "type", "number", '"3"', …)]

Compiled validators are kept: compiling costs fifty times what one small document does. Formats are asserted; the
comparison of schemas reads them the same way, so that its answers and these agree.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from ..errors import InvalidSchema
from .document import SchemaDocument, canonical_json
from .normal import normal
from .values import MOST_EFFORT, effort
from .walk import escape, too_large

CACHED = 256
SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a value is refused; `path` is a JSON pointer into the value."""

    path: str
    rule: str
    expected: str
    got: str
    message: str


class Validator:
    """A compiled schema.

    A value that is not JSON (a NumPy scalar, bytes, a key that is no text) is one of the `problems`; `is_valid` raises
    ValueError for it. `is_valid` is the library's own function: a million small documents a second.
    """

    is_valid: Callable[[Any], bool]

    def __init__(self, schema: dict[str, Any] | bool) -> None:
        if reason := too_large(schema):
            raise InvalidSchema(f"The schema is too large: {reason}.", "Split it, or describe its inner part loosely.")
        try:
            self._compiled = jsonschema_rs.Draft7Validator(schema, validate_formats=True, offline=True)
        except jsonschema_rs.ValidationError as error:
            raise _refused(error) from None
        except (ValueError, UnicodeError) as error:
            raise InvalidSchema(f"The schema cannot be compiled: {error}.", "Write it as plain JSON.") from None
        if effort(*normal(schema), 0) > MOST_EFFORT:
            raise InvalidSchema(
                f"The schema asks for more than {MOST_EFFORT:,} checks of one value: its references multiply, or lead"
                " back to themselves.",
                "Refer to each definition once where a value is described, and go into a property or an item between.",
            )
        self.is_valid = self._compiled.is_valid

    def problems(self, value: Any, limit: int = 20) -> list[Problem]:
        """Every reason against a value, up to `limit`, in the order of the schema; an empty list means valid."""
        try:
            found = list(itertools.islice(self._compiled.iter_errors(value), limit))
        except (ValueError, UnicodeError) as error:
            return [Problem("", "json", "a JSON value", type(value).__name__, f"This is no JSON value: {error}.")]
        return [_problem(error) for error in found]


_cache: OrderedDict[bytes, Validator] = OrderedDict()


def validator(schema: SchemaDocument | dict[str, Any] | bool) -> Validator:
    """The compiled validator of a document or of a bare schema. Raises InvalidSchema."""
    plain = schema.schema if isinstance(schema, SchemaDocument) else schema
    key = canonical_json(plain)
    found = _cache.get(key)
    if found is None:
        found = Validator(plain)
        _cache[key] = found
        while len(_cache) > CACHED:
            _cache.popitem(last=False)
    else:
        _cache.move_to_end(key)
    return found


def pointer(path: list[Any]) -> str:
    """A path of names and positions as a JSON pointer."""
    return "".join(f"/{escape(part)}" for part in path)


def short(value: Any) -> str:
    """A value as JSON, cut to what fits a message."""
    try:
        text = canonical_json(value).decode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _problem(error: jsonschema_rs.ValidationError) -> Problem:
    kind = error.kind
    message = error.message if len(error.message) <= 4 * SHOWN else error.message[: 4 * SHOWN] + "…"
    path = pointer(error.instance_path)
    if kind.name == "required":
        return Problem(f"{path}/{escape(kind.as_dict()['property'])}", "required", "present", "missing", message)
    if kind.name == "additionalProperties" and len(names := kind.as_dict()["unexpected"]) == 1:
        return Problem(f"{path}/{escape(names[0])}", kind.name, "no such property", "present", message)
    return Problem(path, kind.name, _expected(kind), short(error.instance), message)


def _expected(kind: Any) -> str:
    """What the rule asked for, in a few words."""
    facts = kind.as_dict()
    match kind.name:
        case "type":
            return " or ".join(facts["types"])
        case "enum":
            return f"one of {short(facts['options'])}"
        case "const":
            return short(facts["expected_value"])
        case "additionalProperties":
            return "no property " + ", ".join(facts["unexpected"])
        case "additionalItems":
            return f"at most {facts['limit']} items"
        case "anyOf" | "oneOf":
            wanted = sorted({_expected(each[0].kind) for each in facts["context"] if each})
            return " or ".join(wanted) if wanted else f"{kind.name} to hold"
        case "uniqueItems":
            return "no item twice"
        case "contains":
            return "an item that fits `contains`"
        case "falseSchema":
            return "nothing"
        case _:
            value = next(iter(facts.values()), None)
            return f"{kind.name} {short(value)}" if isinstance(value, int | float | str) else kind.name


def _refused(error: jsonschema_rs.ValidationError) -> InvalidSchema:
    where = pointer(error.instance_path)
    return InvalidSchema(
        f"The schema is not valid draft-07 at {where or 'its root'}: {error.message}.",
        "Correct that place; `$ref` must point into the document itself.",
        where,
    )
