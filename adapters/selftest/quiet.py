"""Recording is not heard: no network, and nothing of the user's program touched, its logging least of all.

A fresh process runs the same loop bare and recorded. The interpreter's audit hook sees what Python opens, the kernel's
tables what anything else does; the sealing process is looked at as well.
"""

from __future__ import annotations

import json

from cornerman.core.errors import CornermanError

from .children import Child
from .result import Bench, Result, listed

PROMISE = "no network is needed, and your logging is yours"
REMEDY = "Send in the output of `cornerman selftest --json`; until then record in a process without that network."
SECONDS = 60.0


def check(bench: Bench) -> Result:
    steps = "300" if bench.quick else "3000"
    with Child("quiet", bench.env_id, str(bench.scratch / "quiet"), steps) as child:
        if child.process.wait(timeout=SECONDS):
            raise CornermanError("A child that was to record ended with an error.", child.complaint())
        return judged(json.loads(child.output().splitlines()[-1]))


def judged(seen: dict[str, object]) -> Result:
    """The verdict on what the child saw."""
    bare, recorded, changed = list(seen["bare"]), list(seen["recorded"]), list(seen["changed"])  # type: ignore[call-overload]
    held: dict[str, int] = dict(seen["held"])  # type: ignore[call-overload]
    opened = recorded[len(bare) :] if len(recorded) > len(bare) else []
    open_now = {who: count for who, count in held.items() if count > len(bare)}
    said = [
        f"While {seen['steps']:,} steps were recorded, {len(opened)} network sockets were opened, as the interpreter"
        f" tells, and {sum(open_now.values())} were open, as the kernel tells, in the training process and in the one"
        " that seals.",
        "The root logger, structlog, signal handlers and standard streams are as they were."
        if not changed
        else f"Changed by recording: {listed(changed)}.",
    ]
    if bare:
        said.append(f"The environment itself opened {len(bare)} without being recorded; they do not count.")
    said += [f"Opened: {one}." for one in opened[:5]]
    holds = not opened and not open_now and not changed
    return Result("quiet", PROMISE, holds, tuple(said), dict(seen), "" if holds else REMEDY)
