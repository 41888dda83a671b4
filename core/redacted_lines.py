"""Secrets in log lines, hidden before a record is stored: values under telling names, and what only secrets look like.

Every record of the bridge, of imports and of our own programs comes by here, so a line without any sign of a secret
must cost next to nothing: it is put in lower case and looked at for a dozen words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .redaction import HIDDEN, is_secret, redacted_text
from .redaction_rules import Rules, current_rules

if TYPE_CHECKING:
    from .payloads.log_record_v1 import LogRecordV1

FLAG: Final = "redacted"
_NAME_SIGNS: Final = ("key", "token", "secret", "pass", "pwd", "cred", "auth", "cookie")
_TEXT_SIGNS: Final = ("bearer", "://", "sk-", "hf_", "ghp_", "gho_", "ghs_", "ghu_", "akia", "xox", "eyj")
_PAIR = re.compile(
    r"""(?P<before>(?P<name>[A-Za-z_-][\w.-]{0,60})["']?(?P<joint>\s{0,3}[:=]\s{0,3}|\x20))"""
    r"""(?P<value>"(?:[^"\\\n]|\\.){1,2000}"|'(?:[^'\\\n]|\\.){1,2000}'|[^\s,;&"'(){}\[\]]{1,2000})"""
)
_LONGEST_NAME: Final = 60
_LOOKS_SECRET = re.compile(
    r"\b(?:sk-(?:[a-z]+-)?[A-Za-z0-9_-]{16,}|gh[opsur]_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)"
    r"|(?<=[Bb]earer\x20)[A-Za-z0-9._~+/=-]{8,}"
)
_SURE = re.compile(r"pass(?:word|wd)|pwd|secret|api[-_]?key|credential", re.IGNORECASE)
"""Names that mean nothing else; `key`, `token`, `pass` and `auth` mean much in a training's lines."""
_NUMBER = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?%?|true|false|none|null|nan", re.IGNORECASE)
_DEEPEST: Final = 8


def redacted_record(record: LogRecordV1, rules: Rules | None = None) -> LogRecordV1:
    """The record with its secrets hidden and the flag `redacted`; itself where it has none."""
    rules = rules or current_rules()
    if record.raw and not _suspicious(record.raw, record.raw.lower(), rules):
        return record
    raw = hidden(record.raw, rules)
    message = raw if record.message == record.raw else hidden(record.message, rules)
    fields, extra = _hidden_values(record.fields, rules, 0), _hidden_values(record.extra, rules, 0)
    if (message, raw) == (record.message, record.raw) and fields == record.fields and extra == record.extra:
        return record
    return msgspec.structs.replace(
        record, message=message, raw=raw, raw_bytes=b"", fields=fields, extra=extra, flags=(*record.flags, FLAG)
    )


def hidden(text: str, rules: Rules | None = None) -> str:
    """A line with its secrets hidden."""
    if not text:
        return text
    rules = rules or current_rules()
    low = text.lower()
    if not _suspicious(text, low, rules):
        return text
    if len(low) == len(text):  # not so of a few letters: then places in the one are none in the other
        text = _pairs_hidden(text, low, rules)
    text = redacted_text(text, rules)
    return _LOOKS_SECRET.sub(HIDDEN, text) if _any(_TEXT_SIGNS, low) else text


def _suspicious(text: str, low: str, rules: Rules) -> bool:
    return (
        _any(_NAME_SIGNS, low)
        or _any(_TEXT_SIGNS, low)
        or (bool(rules.signs) and _any(rules.signs, low))
        or (bool(rules.patterns) and any(pattern.search(text) for pattern in rules.patterns))
    )


def _any(signs: tuple[str, ...], low: str) -> bool:
    for sign in signs:  # noqa: SIM110  (a generator costs as much as ten of these look-ups)
        if sign in low:
            return True
    return False


def _pairs_hidden(text: str, low: str, rules: Rules) -> str:
    """Values that stand behind telling names. Only names with a sign are looked at: most words have none."""
    parts, end = [], 0
    for start in sorted(_beginnings(low, rules)):
        found = _PAIR.match(text, start) if start >= end else None
        if found is None or not _is_pair(found) or not _is_secret_value(found["name"], _bare(found["value"]), rules):
            continue
        quote = found["value"][0] if found["value"][0] in "\"'" else ""
        parts += [text[end : found.end("before")], quote, HIDDEN, quote]
        end = found.end()
    return "".join([*parts, text[end:]]) if parts else text


def _beginnings(low: str, rules: Rules) -> set[int]:
    """Where names begin that have a sign of a secret in them."""
    found = set()
    for sign in (*_NAME_SIGNS, *rules.signs):
        at = low.find(sign)
        while at >= 0:
            start = at
            while start > 0 and at - start < _LONGEST_NAME and (low[start - 1].isalnum() or low[start - 1] in "_.-"):
                start -= 1
            found.add(start)
            at = low.find(sign, at + len(sign))
    return found


def _is_pair(found: re.Match[str]) -> bool:
    """Two words alone are a pair only where the first is an option."""
    return found["joint"] != " " or found["name"].startswith("--")


def _bare(value: str) -> str:
    return value.strip("\"'")


def _is_secret_value(name: str, value: str, rules: Rules) -> bool:
    """By the name; where that may mean something else, by the look of the value as well."""
    if not is_secret(name, rules):
        return False
    if _SURE.search(name) or (rules.hidden is not None and rules.hidden.fullmatch(name)):
        return value != "" and value != HIDDEN
    return len(value) >= 8 and not _NUMBER.fullmatch(value) and any(map(str.isdigit, value))


def _hidden_values(value: Any, rules: Rules, depth: int, name: str = "") -> Any:
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: _hidden_values(one, rules, depth + 1, str(key)) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden_values(one, rules, depth + 1, name) for one in value]
    if isinstance(value, str):
        return HIDDEN if name and _is_secret_value(name, value, rules) else hidden(value, rules)
    return HIDDEN if _SURE.search(name) and type(value) is int else value
