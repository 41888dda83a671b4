"""Processes that a self-test starts: fresh interpreters with this one's import path, so that the same code runs.

    killed    records until it is killed, and counts in a mapped file each step that `env.step` returned
    quiet     records a while, and says what it did to sockets, logging and signals

The first leaves by itself when its parent is gone. Nothing of ours is imported before what it may change was looked at.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from cornerman.adapters.selftest import children
getattr(children, sys.argv[2])(*sys.argv[3:])
"""
LONGEST_SECONDS = 60.0
LOOP_SECONDS = 2.0


class Child:
    """A process that runs one of the functions below; killed when the context ends. What it writes is kept in files."""

    def __init__(self, what: str, *arguments: str) -> None:
        places = json.dumps([str(Path(place).absolute()) for place in sys.path])
        own = ("CORNERMAN_RUN", "CORNERMAN_JOB")
        self._files = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 — closed with the child
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, places, what, *arguments],
            stdin=subprocess.DEVNULL, stdout=self._files[0], stderr=self._files[1],
            env={name: value for name, value in os.environ.items() if name not in own},
        )  # fmt: skip

    def output(self) -> str:
        """What it has written to standard output."""
        return self._read(0)

    def complaint(self) -> str:
        """The last line that it wrote to standard error."""
        lines = self._read(1).strip().splitlines()
        return f"It said: {lines[-1]}" if lines else "It said nothing."

    def _read(self, which: int) -> str:
        self._files[which].seek(0)
        return self._files[which].read().decode(errors="replace")

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for file in self._files:
            file.close()


def killed(env_id: str, store: str, counter: str) -> None:
    """Step and count, step and count."""
    from cornerman.adapters import environments
    from cornerman.adapters.record import record

    environments.draw_in_memory()
    with Path(counter).open("r+b") as file:
        count = mmap.mmap(file.fileno(), 8)
    env = record(environments.make(env_id), store=store, job="selftest", frames="none")
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(1000)]
    env.reset(seed=1)
    parent, ends = os.getppid(), time.monotonic() + LONGEST_SECONDS
    number = 0
    while os.getppid() == parent and time.monotonic() < ends:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            number += 1
            struct.pack_into("<Q", count, 0, number)
            if terminated or truncated:
                env.reset()


def quiet(env_id: str, store: str, steps: str) -> None:
    """The same loop bare and recorded; what each opened, and what recording changed, as JSON."""
    from cornerman.adapters import environments

    environments.draw_in_memory()
    opened: list[str] = []
    sys.addaudithook(lambda event, arguments: _note_socket(opened, event, arguments))
    done = _loop(environments.make(env_id), int(steps))
    bare, before = list(opened), _surroundings()
    opened.clear()
    from cornerman.adapters.record import record

    env = record(environments.make(env_id), store=store, job="selftest", frames="none")
    _loop(env, done, close=False)
    sealer = _sealer(Path(store), env_id)
    held = {"the training process": network_sockets(os.getpid()), "the sealing process": network_sockets(sealer)}
    env.close()
    after = _surroundings()
    print(
        json.dumps(
            {
                "steps": done,
                "bare": bare,
                "recorded": opened,
                "held": held,
                "sealer": sealer,
                "changed": [name for name in before if before[name] != after[name]],
            }
        )
    )


def _loop(env: Any, steps: int, close: bool = True) -> int:
    """So many steps, or as many as there is time for; how many that was."""
    env.action_space.seed(0)
    env.reset(seed=0)
    ends, number = time.monotonic() + LOOP_SECONDS, 0
    while number < steps and time.monotonic() < ends:
        number += 1
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    if close:
        env.close()
    return number


def _note_socket(opened: list[str], event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: sockets of this host alone (AF_UNIX) are none of a network."""
    import socket

    if event == "socket.__new__" and arguments[1] != socket.AF_UNIX:
        opened.append(f"a socket of family {arguments[1]}")
    elif event in ("socket.connect", "socket.bind", "socket.getaddrinfo") and isinstance(
        arguments[-1], (tuple, str, int)
    ):
        opened.append(f"{event} {arguments[1:]}")


def _surroundings() -> dict[str, Any]:
    """What belongs to the user's program and is to stay as it is. Logging that nobody has loaded is as it comes."""
    logging, structlog = sys.modules.get("logging"), sys.modules.get("structlog")
    signals = {number: repr(signal.getsignal(number)) for number in signal.valid_signals()}
    return {
        "the root logger": _root(logging.getLogger()) if logging else UNTOUCHED_ROOT,
        "logging": _whole(logging) if logging else UNTOUCHED_LOGGING,
        "structlog's configuration": bool(structlog and structlog.is_configured()),
        "signal handlers": signals,
        "standard streams": (repr(sys.stdout), repr(sys.stderr)),
        "the hook for exceptions": repr(sys.excepthook),
    }


UNTOUCHED_ROOT: tuple[Any, ...] = (30, [], [], False)
UNTOUCHED_LOGGING = (0, "<class 'logging.Logger'>", True)


def _root(root: Any) -> tuple[Any, ...]:
    return root.level, list(map(repr, root.handlers)), list(map(repr, root.filters)), root.disabled


def _whole(logging: Any) -> tuple[Any, ...]:
    return logging.getLogger().manager.disable, repr(logging.getLoggerClass()), logging.raiseExceptions


def _sealer(store: Path, env_id: str) -> int | None:
    """The process that seals, once there is enough for it to do; None where there is none."""
    from cornerman.adapters import environments
    from cornerman.adapters.record import record
    from cornerman.store.location import SEALER

    from .constant import Constant, drive

    source = Constant(environments.make(env_id))
    env = record(source, store=store, job="selftest", frames="none", name="for the sealer")
    env.reset()
    deadline, found = time.monotonic() + 5, None
    while found is None and time.monotonic() < deadline:
        drive(env, source.action, 1000)
        with contextlib.suppress(OSError, ValueError, IndexError):
            found = int((store / SEALER).read_text().split()[0])
    env.close()
    return found


def network_sockets(pid: int | None) -> int:
    """How many of a process's open files are sockets of a network, as the kernel says."""
    if pid is None:
        return 0
    inodes = set[str]()
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile: the listing's own is
                target = str(entry.readlink())
                inodes |= {target[8:-1]} if target.startswith("socket:[") else set()
    found = 0
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        found += sum(line.split()[9] in inodes for line in lines)
    return found
