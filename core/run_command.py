"""What is known of a command: what it was, what it was given, how it ended.

`cornerman run` knows all of it; a recorder, that an exception ended its own program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """One execution of a command. Secrets are hidden in all of it."""

    run_id: str
    job: str
    command: tuple[str, ...]
    process: str
    """By which name the journal knows the bridge: whether it lives. Empty where there is none."""
    started_us: int
    pid: int | None = None
    """Of the command; none where it could not be started."""
    ended_us: int | None = None
    exit_code: int | None = None
    """As a shell has it: 128 and the number of the signal that ended it. None while it runs."""
    signal: str = ""
    """The name of the signal that ended it."""
    exception: str = ""
    """Type and message of the exception that ended it, where its own recorder saw that."""
    failure: str = ""
    """Why it could not be started."""
    attempt: int = 1
    after: str = ""
    """The run before, where this one is another attempt."""
    environment: dict[str, str] = field(default_factory=dict)
    """What it was given with --env."""
    resources: dict[str, str] = field(default_factory=dict)
    """What its user noted of them: cpus, memory, gpus. Nothing enforces it."""
    note: str = ""
    frames: str = ""
    """Which frames are wanted, where that was said."""
    provenance: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """Log records, by output."""
    lost: dict[str, int] = field(default_factory=dict)
    """Log records that could not be kept, by cause."""

    @property
    def ended(self) -> str:
        """How it ended, in words; empty while it runs, or where nobody saw it end."""
        if self.failure:
            return f"could not be started: {self.failure}"
        if self.signal:
            return f"ended by {self.signal}"
        if self.exit_code is None:
            return f"ended by {self.exception}" if self.exception else ""
        because = f": {self.exception}" if self.exception and self.exit_code == 1 else ""
        return f"exited with code {self.exit_code}{because}"
