"""A launch in words, for the command and the screen."""

from __future__ import annotations

import shlex

from cornerman.adapters.launches import Launch
from cornerman.core.redaction import redacted


def state_words(launch: Launch) -> str:
    """How it is, in a few words."""
    state = launch.state
    if launch.reason:
        return f"failed: {launch.reason}"
    if launch.stopped_by and state not in ("starting", "running"):
        return f"ended by {launch.stopped_by}"
    if state == "running" and launch.stopped_by:
        return f"ending ({launch.stopped_by})"
    return f"failed, exit code {launch.exit_code}" if state == "failed" else state


def shown_command(launch: Launch) -> str:
    """The command without what may be a password."""
    return shlex.join(redacted(list(launch.command)))
