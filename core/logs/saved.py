"""Filters kept under a name, one set a user: chosen on the Logs screen, and by `cornerman logs --filter NAME`.

One small file beside the user's settings, replaced as a whole. Filters are kept as the text they are typed in.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..errors import InvalidOption, NotFound
from ..setting_sources import user_config_file
from ..whole_file import replace_file
from .filter import LogFilter

NAME = re.compile(r"[^\s\"\\/]{1,40}")


def saved_filters_file() -> Path:
    """Where they are; it need not exist."""
    return user_config_file().with_name("log-filters.json")


def saved_filters() -> dict[str, LogFilter]:
    """Every saved filter by its name, in alphabetical order. InvalidOption where the file cannot be read."""
    path = saved_filters_file()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): LogFilter.parse(str(text)) for name, text in sorted(kept.items())}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, InvalidOption) as error:
        raise InvalidOption(
            f"The saved filters in {path} cannot be read: {error}", "Mend it, or move it away."
        ) from error


def saved_filter(name: str) -> LogFilter:
    """The one of this name; NotFound says which there are."""
    known = saved_filters()
    if name not in known:
        names = f"Saved: {', '.join(known)}." if known else "P in the logs of `cornerman` saves one."
        raise NotFound(f"No log filter is saved as {name!r}.", names)
    return known[name]


def save_filter(name: str, chosen: LogFilter) -> None:
    """Keep a filter under a name, in the place of one that had it."""
    if not NAME.fullmatch(name):
        raise InvalidOption(f"{name!r} is no name of a filter.", "A word of at most 40 characters.")
    _write({**saved_filters(), name: chosen})


def forget_filter(name: str) -> bool:
    """Remove one; False where there is none of this name."""
    known = saved_filters()
    if name not in known:
        return False
    _write({other: chosen for other, chosen in known.items() if other != name})
    return True


def _write(filters: dict[str, LogFilter]) -> None:
    path = saved_filters_file()
    text = json.dumps({name: str(chosen) for name, chosen in sorted(filters.items())}, indent=2, ensure_ascii=False)
    try:
        replace_file(path, text.encode() + b"\n")
    except OSError as error:
        raise InvalidOption(f"The filter cannot be kept in {path}: {error.strerror}.", "Check the folder.") from error
