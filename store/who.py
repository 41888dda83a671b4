"""Who runs or changes something: the user that provenance names, and with the host, histories."""

from __future__ import annotations

import getpass
import os
import platform

from cornerman.core.recorder_settings import RecorderSettings


def user() -> str:
    """The user that the settings name, else the login name."""
    if named := RecorderSettings.from_environment().user:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user table
        return str(os.getuid())


def who() -> str:
    return f"{user()}@{platform.node()}"
