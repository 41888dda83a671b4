"""How a run is started again: one line for a shell, made of its provenance."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any


def rerun_line(provenance: Mapping[str, Any]) -> str:
    """`cd /work && git checkout 1a2b3c && python train.py --seed 1`; empty where no command line is known.

    What was masked as a secret stays `***`: whoever runs it fills it in. Seeds that the script drew itself are in
    the episodes, not here.
    """
    command = provenance.get("command")
    if not command:
        return ""
    parts = [f"cd {shlex.quote(str(cwd))}"] if (cwd := provenance.get("cwd")) else []
    commit = (provenance.get("git") or {}).get("commit")
    if commit:
        parts.append(f"git checkout {str(commit)[:12]}")
    return " && ".join([*parts, shlex.join(map(str, command))])
