"""Secrets in command lines and variables, hidden before anything is stored: told by the names they go under, those
that everybody knows and those of the user's rules (`redaction_rules.py`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from .redaction_rules import Rules, current_rules

HIDDEN: Final = "***"
_NAME = re.compile(
    r"(?:^|[-_.])(?:key|api-?key|token|secret|pass|passwd|password|pwd|credentials?|auth|cookie)s?(?:[-_.]|$)|(?:api_?key|password|secret)$",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"(?:^|[-_.])(?:max|min|num|n|per|total)[-_.](?:\w+[-_.])*tokens?$", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@]{0,200}):[^\s/@]{1,500}@")


def is_secret(name: str, rules: Rules | None = None) -> bool:
    """Whether what goes under this name is nobody's business: API_KEY, --hf-token, db.password; and by the user's
    rules."""
    rules, bare = rules or current_rules(), name.lstrip("-")
    if rules.hidden is not None and rules.hidden.fullmatch(bare):
        return True
    if rules.kept is not None and rules.kept.fullmatch(bare):
        return False
    return _NAME.search(name) is not None and _COUNTS.search(name) is None


def redacted(arguments: Sequence[str]) -> list[str]:
    """The arguments with the values of `--api-key=…`, `--token …`, `HF_TOKEN=…` and passwords in addresses hidden."""
    shown: list[str] = []
    hide = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        secret = len(name) < 200 and is_secret(name) and (name.startswith("-") or bool(equals))
        shown.append(HIDDEN if hide else f"{name}={HIDDEN}" if secret and equals else redacted_text(argument))
        hide = secret and not equals
    return shown


def redacted_values(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables with the values hidden whose names say that they are secrets."""
    return {name: HIDDEN if is_secret(name) else redacted_text(value) for name, value in variables.items()}


def redacted_text(text: str, rules: Rules | None = None) -> str:
    """A text without the passwords of addresses, `postgres://user:***@host`, and what the user's patterns match."""
    for pattern in (rules or current_rules()).patterns:
        text = pattern.sub(HIDDEN, text)
    return _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", text) if "://" in text else text
