"""Who changes something: the user and host that histories name."""

from __future__ import annotations

import getpass
import os
import platform


def who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a user table
        user = str(os.getuid())
    return f"{user}@{platform.node()}"
