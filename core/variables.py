"""The environment variables that begin with CORNERMAN_: those of the settings, the few others, and mistyped ones.

What a launcher or a scheduler exports cannot be seen in a file, and a typo in it does nothing, silently: so each name
we read is known here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final, NamedTuple

from .setting_keys import KEYS

OTHERS: Final = {
    "CORNERMAN_CONFIG": "a configuration file that is stronger than the user's",
    "CORNERMAN_STATE_DIR": "one folder for settings, what is remembered and the store; `--state-dir` sets it",
    "CORNERMAN_RUN": "the run that a program joins; the first record() of a program sets it for its children",
    "CORNERMAN_BRIDGE": "the run that `cornerman run` made for the command it runs; set by it",
    "CORNERMAN_LAUNCH": "the launch that a program is; set by `cornerman launch`, so that its runs are found",
    "CORNERMAN_LOCAL": "a folder on local disk, for stores whose own folder is on a network",
    "CORNERMAN_MOUNTINFO": "a mount table to believe instead of the kernel's",
    "CORNERMAN_REQUIRE_ALL": "in the tests: a skip is a failure",
    "CORNERMAN_TESTED_WHEEL": "in the tests: the wheel that is tested",
}
"""Variables that are no settings, and what each is for."""


class Misspelt(NamedTuple):
    """A variable that looks like one of ours and is none, and the one that was probably meant."""

    name: str
    meant: str

    @property
    def what(self) -> str:
        return f"${self.name} is no setting."

    @property
    def remedy(self) -> str:
        meant = f"Did you mean ${self.meant}? " if self.meant else ""
        return meant + "`cornerman config explain` lists every variable."


def misspelt(environ: Mapping[str, str]) -> list[Misspelt]:
    """Those of our variables that nothing reads."""
    known = [*(setting.environment for setting in KEYS.values()), *OTHERS]
    found = sorted(name for name in environ if name.startswith("CORNERMAN_") and name not in known)
    return [Misspelt(name, next(iter(difflib.get_close_matches(name, known, 1, 0.7)), "")) for name in found]
