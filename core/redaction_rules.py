"""The rules by which a user has more, or less, hidden than what is built in: one small file beside the settings.

    {"payload_version": 1, "names": ["wandb_*"], "patterns": ["lab-[0-9]{6}"], "keep": ["key"]}

Its form is a registered schema, `cornerman.redaction`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .errors import InvalidOption
from .payloads.redaction_v1 import RedactionV1, decode
from .user_document import UserDocument

SHORTEST_SIGN: Final = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, ready to be asked."""

    hidden: re.Pattern[str] | None
    kept: re.Pattern[str] | None
    patterns: tuple[re.Pattern[str], ...]
    signs: tuple[str, ...]
    """Of a line in which none of them stands, in lower case, no name of the user's has to be looked for."""


def current_rules() -> Rules:
    """Those that hold now. A file that cannot be read hides nothing more: `cornerman redact` says what is wrong."""
    return compiled(REDACTION.current())


@lru_cache(maxsize=8)
def compiled(rules: RedactionV1) -> Rules:
    """Ready to be asked; InvalidOption names the rule that cannot be used."""
    signs = tuple(_sign(name) for name in rules.names)
    patterns = tuple(_pattern(text) for text in rules.patterns)
    return Rules(_globs(rules.names), _globs(rules.keep), patterns, signs)


def _globs(names: tuple[str, ...]) -> re.Pattern[str] | None:
    if not names:
        return None
    forms = (".*".join(map(re.escape, re.split(r"\*+", name.lstrip("-")))) for name in names)
    return re.compile("|".join(forms), re.IGNORECASE)


def _sign(name: str) -> str:
    """The longest part of a name without a star, by which lines that may have it are found."""
    sign = max(name.lstrip("-").split("*"), key=len).lower()
    if len(sign) < SHORTEST_SIGN:
        raise InvalidOption(f"{name!r} would hide too much.", "Three characters of a name are the least: wandb_*.")
    return sign


def _pattern(text: str) -> re.Pattern[str]:
    try:
        found = re.compile(text)
    except re.error as error:
        raise InvalidOption(
            f"{text!r} is no regular expression: {error}.", "Python's re module has the form."
        ) from None
    if found.match(""):
        raise InvalidOption(f"{text!r} matches nothing at all, and so every line.", "Say what it must have.")
    return found


REDACTION: Final = UserDocument("redaction.json", decode, RedactionV1(), compiled)
"""The file."""
