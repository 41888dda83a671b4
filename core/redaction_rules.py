"""The rules by which a user has more, or less, hidden than what is built in: one small file beside the settings.

    {"payload_version": 1, "names": ["wandb_*"], "patterns": ["lab-[0-9]{6}"], "keep": ["key"]}

Its form is a registered schema, `cornerman.redaction`. Programs that run see a change within two seconds.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from .errors import CornermanError, InvalidOption
from .payloads.redaction_v1 import RedactionV1, decode
from .setting_sources import user_config_file

LOOK_AGAIN_SECONDS: Final = 2.0
SHORTEST_SIGN: Final = 3
_NO_RULES: Final = RedactionV1()


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, ready to be asked."""

    hidden: re.Pattern[str] | None
    kept: re.Pattern[str] | None
    patterns: tuple[re.Pattern[str], ...]
    signs: tuple[str, ...]
    """Of a line in which none of them stands, in lower case, no name of the user's has to be looked for."""


def redaction_file() -> Path:
    """Where they are. It need not exist."""
    return user_config_file().with_name("redaction.json")


def current_rules() -> Rules:
    """Those that hold now. A file that cannot be read hides nothing more: `cornerman redact` says what is wrong."""
    now = time.monotonic()
    if now >= _seen.until or _seen.path != redaction_file():
        _seen.until, _seen.path = now + LOOK_AGAIN_SECONDS, redaction_file()
        try:
            stats = _seen.path.stat()
            _seen.rules = _rules_of(_seen.path, stats.st_mtime_ns, stats.st_size)
        except (OSError, CornermanError):
            _seen.rules = compiled(_NO_RULES)
    return _seen.rules


def stored_rules() -> RedactionV1:
    """The file's content; InvalidOption where it cannot be read."""
    path = redaction_file()
    try:
        found = decode(path.read_bytes())
        compiled(found)
        return found
    except FileNotFoundError:
        return _NO_RULES
    except (OSError, CornermanError) as error:
        raise InvalidOption(f"{path} cannot be read: {error}", "Mend it, or move it away.") from error


def change_rules(change: Callable[[RedactionV1], RedactionV1]) -> RedactionV1:
    """Replace the file as a whole by what is made of it. InvalidOption where a rule cannot be used."""
    rules = change(stored_rules())
    compiled(rules)
    path = redaction_file()
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(rules)) + b"\n")
        beside.replace(path)
    except OSError as error:
        raise InvalidOption(f"{path} cannot be written: {error.strerror}.", "Check the folder.") from error
    _seen.until = 0.0
    return rules


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


@lru_cache(maxsize=2)
def _rules_of(path: Path, modified: int, size: int) -> Rules:
    return compiled(stored_rules())


@dataclass(slots=True)
class _Seen:
    """The rules as they were read last."""

    rules: Rules
    path: Path | None = None
    until: float = 0.0


_seen = _Seen(compiled(_NO_RULES))
