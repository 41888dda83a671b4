"""Command lines without their secrets."""

from __future__ import annotations

_SECRET = ("key", "token", "secret", "password", "passwd", "credential")


def redacted(arguments: list[str]) -> list[str]:
    """The arguments with the values of `--api-key=…`, `--token …` and the like replaced by stars."""
    shown, hide = [], False
    for argument in arguments:
        name, separator, _ = argument.partition("=")
        secret = name.startswith("-") and any(word in name.lower() for word in _SECRET)
        shown.append("***" if hide else f"{name}=***" if secret and separator else argument)
        hide = secret and not separator
    return shown
