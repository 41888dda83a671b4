"""`LOG512 | message | extra={json}`: the form in which our own programs, and workers of their kind, write constants.

It may stand behind whatever a formatter puts before a message.
"""

from __future__ import annotations

import re
from typing import Final

from .json_text import decoded
from .parsed import LEVEL_WORDS, Parsed, level_of

_CODE = re.compile(r"\b(LOG\d{2,5}[A-Z]?) \|(?: |$)")
_LEVEL = re.compile(rf"\b({'|'.join(sorted(LEVEL_WORDS, key=len, reverse=True))})\b")
EXTRA: Final = "extra="
UNREAD: Final = "extra_unread"
"""Where the text of an extra goes that cannot be read."""


def split_constant(parsed: Parsed) -> bool:
    """Take code and extra out of a message that has them; whether it did."""
    message = parsed.message
    found = _CODE.match(message) or (_CODE.search(message, 0, 512) if "LOG" in message else None)
    if found is None:
        return False
    _conclude_level(parsed, message[: found.start()])
    parsed.code = found[1]
    parsed.message = text = message[found.end() :]
    at = text.rfind("| " + EXTRA)
    if at < 0 and text.startswith(EXTRA):
        at = 0
    if at >= 0:
        parsed.message = text[:at].rstrip()
        _read_extra(parsed, text[text.index(EXTRA, at) + len(EXTRA) :])
    return True


def _read_extra(parsed: Parsed, text: str) -> None:
    """The extra, and what may stand behind it, as the count of repeats that our own writer adds."""
    body = text.rstrip()
    close = body.rfind("}")
    extra = decoded(body[: close + 1]) if body.startswith("{") else None
    if extra is None:
        parsed.flags = (*parsed.flags, "malformed")
        parsed.extra = {**parsed.extra, UNREAD: text[:65536]}
        return
    parsed.fields = {**parsed.fields, **extra} if parsed.fields else extra
    if behind := body[close + 1 :].strip():
        parsed.message = f"{parsed.message} {behind}".lstrip()


def _conclude_level(parsed: Parsed, prefix: str) -> None:
    """A level that stands in a prefix of no known form."""
    if parsed.level is None and prefix and (found := _LEVEL.search(prefix)):
        parsed.level, parsed.word = level_of(found[1])
