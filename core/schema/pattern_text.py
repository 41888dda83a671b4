"""A text that a regular expression matches: what samples of a property with a `pattern` are made of.

The expression is read by Python's own parser and walked once, choosing as it goes. Look-arounds are not obeyed: whoever
asks checks the text and asks again.
"""

from __future__ import annotations

import re
import string
from random import Random
from typing import Any

_parser: Any = re._parser  # type: ignore[attr-defined]  # there is no public name for it, in 3.11 to 3.13

MORE = 3
"""How often beyond its minimum a repeated part comes, at most."""
_PRINTABLE = string.ascii_letters + string.digits + "_-. "
_CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": string.ascii_letters,
    "CATEGORY_NOT_WORD": " -.",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
}


def text_for(pattern: str, random: Random) -> str | None:
    """A text that most likely matches; None where Python cannot read the expression."""
    try:
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    return _Walk(random).sequence(parsed)


class _Walk:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._groups: dict[int, str] = {}

    def sequence(self, parsed: Any) -> str:
        return "".join(self._part(str(code), argument) for code, argument in parsed)

    def _part(self, code: str, argument: Any) -> str:
        match code:
            case "LITERAL":
                return chr(argument)
            case "NOT_LITERAL":
                return self._other({chr(argument)})
            case "ANY":
                return self._random.choice(_PRINTABLE)
            case "IN":
                return self._one_of(argument)
            case "BRANCH":
                return self.sequence(self._random.choice(argument[1]))
            case "SUBPATTERN":
                found = self.sequence(argument[-1])
                self._groups[argument[0]] = found
                return found
            case "ATOMIC_GROUP":
                return self.sequence(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, inner = argument
                return "".join(
                    self.sequence(inner) for _ in range(self._random.randint(low, min(int(high), low + MORE)))
                )
            case "GROUPREF":
                return self._groups.get(argument, "")
            case _:  # anchors and look-arounds: nothing to write
                return ""

    def _one_of(self, items: Any) -> str:
        allowed: list[str] = []
        negated = False
        for code, argument in items:
            match str(code):
                case "NEGATE":
                    negated = True
                case "LITERAL":
                    allowed.append(chr(argument))
                case "RANGE":
                    low, high = argument
                    allowed += map(chr, range(low, min(high, low + 255) + 1))
                case _:
                    allowed += _CATEGORIES.get(str(argument), "")
        return self._other(set(allowed)) if negated else self._random.choice(allowed or ["x"])

    def _other(self, refused: set[str]) -> str:
        return self._random.choice([char for char in _PRINTABLE if char not in refused] or ["ä"])
