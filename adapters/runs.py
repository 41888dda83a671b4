"""Which run a recording belongs to, decided without asking the store: it may be locked, full, or not there yet.

A run is one execution of a job. Its id is drawn from the program that was started (its kernel, pid and start time), the
job and the store, so that everything a program records, in its own process, in forked or spawned workers, in the
workers of an AsyncVectorEnv, meets in the same run. Programs that a worker is started as by other means join through
`CORNERMAN_RUN` and `CORNERMAN_JOB`, which the first `record()` of a program sets for its children. A program that
`cornerman run` started belongs to the run that was made for it, whatever job its script names.

Where inputs were named, the id begins with a hash of the job and of all inputs, and ends in the attempt: what is tried
again with the same inputs is seen to be the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cornerman.core import inherited
from cornerman.store.liveness import boot_id

from .inputs import gather
from .provenance import provenance

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RUNS: dict[tuple[Path, str], dict[str, Any]] = {}


def run_for(
    store: Path, job: str | None, named: Mapping[str, str] | None = None, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """This program's run of `job` in `store`: run_id, job, session, created_us, provenance, inputs, notes.

    `named` are the files its user declared as inputs. A run that has begun takes no more of them. `settings` are those
    that its provenance tells.
    """
    name = (inherited.JOB if inherited.BRIDGED else None) or job or default_job()
    run = _RUNS.get((store, name))
    if run is None:
        run = _RUNS[store, name] = _identity(store, name, named or {}, settings or {})
        with contextlib.suppress(ValueError):  # a name that no environment takes: workers derive the same id
            os.environ.setdefault("CORNERMAN_JOB", name)
            os.environ.setdefault("CORNERMAN_RUN", run["run_id"])
    return run


def outer_environment() -> dict[str, str]:
    """The variables without the job that a `record()` of this program set for its children."""
    outer = {name: value for name, value in os.environ.items() if name != "CORNERMAN_JOB"}
    return outer if inherited.JOB is None else {**outer, "CORNERMAN_JOB": inherited.JOB}


def default_job() -> str:
    """The name of the script, where there is one."""
    script = Path(sys.argv[0] if sys.argv and sys.argv[0] else "").stem
    return script if script and script not in ("-c", "-", "__main__", "ipykernel_launcher") else "interactive"


def _identity(store: Path, job: str, named: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, Any]:
    session = _session()
    inputs, notes = gather(named)
    joined = inherited.RUN if inherited.RUN and job == inherited.JOB else None
    drawn = _derived(session, store, job)
    return {
        "run_id": joined or (f"{_of_inputs(job, inputs.hash)}-{drawn[-10:]}" if named else drawn),
        "job": job,
        "session": f"{session}/{job}",
        "created_us": time.time_ns() // 1000,
        "provenance": {**provenance(), "settings": settings} if settings else provenance(),
        "inputs": inputs,
        "named": frozenset(named.values()),
        "notes": notes,
    }


def _of_inputs(job: str, inputs_hash: str) -> str:
    """16 characters that are the same for the same job with the same inputs."""
    number = int.from_bytes(
        hashlib.sha256(f"{job}|{inputs_hash}".encode("utf-8", "surrogatepass")).digest()[:10], "big"
    )
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))


def _session() -> str:
    """The program that was started: this process, or the one whose multiprocessing worker it is."""
    parent = multiprocessing.parent_process()
    pid = os.getpid() if parent is None or parent.pid is None else parent.pid
    return f"{boot_id()}:{pid}:{_start_ticks(pid)}"


def _start_ticks(pid: int) -> str:
    """When a process started, in clock ticks since the boot: field 22 of proc(5) stat."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


def _derived(session: str, store: Path, job: str) -> str:
    """26 characters that sort by the program's start, like a ULID, and are the same in each of its workers."""
    started_ms = _started_ms(session)
    digest = int.from_bytes(hashlib.sha256(f"{session}|{store}|{job}".encode()).digest()[:10], "big")
    number = started_ms << 80 | digest
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def _started_ms(session: str) -> int:
    try:
        ticks = int(session.rpartition(":")[2]) / os.sysconf("SC_CLK_TCK")
        booted = next(
            int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")
        )
        return int((booted + ticks) * 1000)
    except (OSError, ValueError, StopIteration):
        return 0
