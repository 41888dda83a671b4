"""Where a run comes from: what one needs to run it again. Gathered once a process, before the first step."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from cornerman.core.redaction import redacted
from cornerman.store.who import user

_PACKAGES = (
    "gymnasium", "numpy", "cornerman", "torch", "jax", "tensorflow", "stable-baselines3", "ray", "pettingzoo", "ale-py",
    "mujoco", "box2d", "pygame", "minigrid", "cleanrl", "tianshou", "sbx-rl",
)  # fmt: skip


@cache
def provenance() -> dict[str, Any]:
    """Command line, working folder, git commit, versions, host, user, devices; secrets in arguments are masked."""
    return {
        "command": redacted(list(getattr(sys, "orig_argv", sys.argv))),
        "cwd": _try(os.getcwd),
        "git": _git(Path(_try(os.getcwd) or "/")),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": _versions(),
        "host": socket.gethostname(),
        "user": user(),
        "pid": os.getpid(),
        "cpus": os.cpu_count(),
        "cuda_visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "launch": os.environ.get("CORNERMAN_LAUNCH"),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _git(folder: Path) -> dict[str, Any] | None:
    """The commit that is checked out, read from the repository's files: no process is started in a training script."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        with contextlib.suppress(OSError):
            if git.is_file():  # a worktree or a submodule
                git = (place / git.read_text().partition("gitdir:")[2].strip()).resolve()
            if (git / "HEAD").exists():
                return {"root": str(place), **_head(git)}
    return None


def _head(git: Path) -> dict[str, Any]:
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref: "):
        return {"commit": head, "branch": None}
    name = head[5:]
    common = git
    with contextlib.suppress(OSError):
        common = (git / (git / "commondir").read_text().strip()).resolve()
    with contextlib.suppress(OSError):
        return {"commit": (common / name).read_text().strip(), "branch": name.removeprefix("refs/heads/")}
    with contextlib.suppress(OSError):
        for line in (common / "packed-refs").read_text().splitlines():
            commit, _, packed = line.partition(" ")
            if packed == name:
                return {"commit": commit, "branch": name.removeprefix("refs/heads/")}
    return {"commit": None, "branch": name.removeprefix("refs/heads/")}


def _try(function: Any) -> Any:
    try:
        return function()
    except (OSError, KeyError, ImportError):
        return None
