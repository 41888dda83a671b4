"""The command as a user runs it: a process of its own, a store of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Cornerman:
    """Runs `cornerman` with a store that nothing else uses."""

    def __init__(self, store: Path, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self._children: list[subprocess.Popen[str]] = []

    def stop(self) -> None:
        """Kill what a failed test left under way: a forgotten recording slows every test after it."""
        for child in self._children:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.communicate()

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CORNERMAN_")}
        own = {"CORNERMAN_STORE": str(self.store), "XDG_CONFIG_HOME": str(self.folder / "config"), "COLUMNS": "80"}
        return {**kept, **own, **(extra or {})}

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cornerman", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env=self.environment(environment),
        )

    def json(self, *arguments: str) -> Any:
        """What the command prints with --json; it must have worked."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, under way, in a process group of its own."""
        child = subprocess.Popen(
            [sys.executable, "-m", "cornerman", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env=self.environment(),
            start_new_session=True,
            preexec_fn=default_signals,
        )
        self._children.append(child)
        return child


def default_signals() -> None:
    """As a shell starts a command in the foreground: a suite that runs in the background has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
