"""What a recorder has to complain of: noted with its stream, and said once, on stderr and in the store's logs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from cornerman.log_catalog import LogConstant, log
from cornerman.log_catalog.recorder import LOG_RECORDER_FAILED, LOG_RENDER_FAILED

MOST_NOTES = 50


class Complaints:
    """Of one recorder. Counts are kept elsewhere: these are the words for them."""

    def __init__(self, whereabouts: Callable[[], dict[str, Any]], note: Callable[[str], None]) -> None:
        self._whereabouts = whereabouts
        """What a line belongs to."""
        self._keep = note
        self._noted: set[str] = set()
        self._said: set[str] = set()

    def note(self, text: str) -> None:
        """A remark that stays with the stream; each once."""
        if text not in self._noted and len(self._noted) < MOST_NOTES:
            self._noted.add(text)
            self._keep(text)

    def say(self, constant: LogConstant, key: str, **fields: Any) -> None:
        """One line the first time that something happens."""
        if key in self._said:
            return
        self._said.add(key)
        with contextlib.suppress(Exception):  # standard error may be gone
            log(constant, **self._whereabouts(), **fields)

    def fault(self, error: Exception) -> None:
        """The recorder failed inside."""
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        self.note(f"recorder fault: {reason}")
        self.say(LOG_RECORDER_FAILED, f"fault {type(error).__name__}", reason=reason)

    def frames_failed(self, reason: str) -> None:
        """The source of the frames gave up; the steps are recorded without."""
        self.note(f"frames are off: {reason}")
        self.say(LOG_RENDER_FAILED, "frames", reason=reason)
