"""How often a command is started again, and when: `--restart` of `cornerman run` and `cornerman launch`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cornerman.core.errors import InvalidOption

if TYPE_CHECKING:
    from .command import Ended

DIRECTED: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""Somebody wanted it to end: it is not started again."""
_WHEN = re.compile(r"(on-failure)(?::(\d{1,6}))?|(\d{1,6})")
_EVER = 1_000_000


@dataclass(frozen=True, slots=True)
class Restarts:
    """How often a command is started again, and when."""

    most: int = 0
    always: bool = False
    """Also after it ended well."""

    @classmethod
    def parse(cls, text: str) -> Restarts:
        """What a person typed; '' is never."""
        found = _WHEN.fullmatch(text)
        if not text:
            return cls()
        if found is None:
            raise InvalidOption(f"--restart {text} means nothing.", "Write 3, on-failure or on-failure:3.")
        if found[3]:
            return cls(int(found[3]), always=True)
        return cls(int(found[2]) if found[2] else _EVER)

    def wanted(self, ended: Ended, attempt: int) -> bool:
        if attempt > self.most or ended.failure or (ended.signal is not None and ended.signal.name in DIRECTED):
            return False
        return self.always or ended.code != 0


NEVER = Restarts()
