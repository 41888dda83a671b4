"""What a command and its host use: processor, memory, graphics cards. Read from the kernel, every few seconds.

The command's figures are of its whole tree of processes. Graphics cards are asked through NVIDIA's library where Python
has it, else through `nvidia-smi` where that is installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cornerman.core.logs.port import Sample
from cornerman.log_catalog import log
from cornerman.log_catalog.bridge import LOG_SAMPLE_FAILED

FIRST_SECONDS: Final = 0.2
EVERY_SECONDS: Final = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Sampler(threading.Thread):
    """Measures a process tree until it is stopped."""

    def __init__(self, pid: int, keep: Callable[[Sample], None], every: float = EVERY_SECONDS) -> None:
        super().__init__(name="cornerman samples", daemon=True)
        self._pid, self._keep, self._every = pid, keep, every
        self._over = threading.Event()
        self._usage = Usage(pid)

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        pause = min(FIRST_SECONDS, self._every)
        read_cards = cards()  # may take a second
        while not self._over.wait(pause):
            pause = self._every
            try:
                values = self._usage.read() | read_cards()
                if values:
                    self._keep(Sample(time.time_ns() // 1000, values))
            except Exception as error:  # a host that says nothing of itself is no reason to stop
                log(LOG_SAMPLE_FAILED, reason=f"{type(error).__name__}: {error}")
                return


class Usage:
    """Processor time and memory of a process with all its children, and of the host, since the last reading."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before: dict[int, float] = {}
        self._at = time.monotonic()
        self._host: tuple[float, float] | None = None
        self.read()

    def read(self) -> dict[str, float]:
        """Percent of one processor, bytes, percent; empty where the kernel has no /proc."""
        values: dict[str, float] = {}
        now = time.monotonic()
        used, memory = {}, 0
        for pid in tree(self._pid):
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
                memory += int(fields[21]) * _PAGE
        if used:
            spent = sum(max(0.0, seconds - self._before.get(pid, 0.0)) for pid, seconds in used.items())
            if self._before and now > self._at:
                values["cpu_percent"] = round(100 * spent / (now - self._at), 1)
            values["memory_bytes"] = float(memory)
            values["processes"] = float(len(used))
        self._before, self._at = used, now
        return values | self._of_host()

    def _of_host(self) -> dict[str, float]:
        values: dict[str, float] = {}
        with contextlib.suppress(OSError, ValueError, IndexError):
            times = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
            busy, whole = sum(times) - times[3] - times[4], float(sum(times))
            if self._host is not None and whole > self._host[1]:
                values["host_cpu_percent"] = round(100 * (busy - self._host[0]) / (whole - self._host[1]), 1)
            self._host = (busy, whole)
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
            lines = Path("/proc/meminfo").read_text().splitlines()[:5]
            sizes = {line.partition(":")[0]: int(line.split()[1]) for line in lines}
            values["host_memory_percent"] = round(100 * (1 - sizes["MemAvailable"] / sizes["MemTotal"]), 1)
        return values


def tree(pid: int) -> list[int]:
    """A process and its children, and theirs."""
    found, at = [pid], 0
    while at < len(found) and len(found) < 10_000:
        with contextlib.suppress(OSError, ValueError):
            for task in os.scandir(f"/proc/{found[at]}/task"):
                with contextlib.suppress(OSError, ValueError):
                    found += map(int, Path(task.path, "children").read_text().split())
        at += 1
    return found


def cards() -> Callable[[], dict[str, float]]:
    """What reads the graphics cards of this host; nothing where there are none."""
    for reader in (_by_library, _by_program):
        with contextlib.suppress(Exception):
            read = reader()
            if read is not None and read():
                return read
    return dict


def _by_library() -> Callable[[], dict[str, float]] | None:
    import importlib

    nvml: Any = importlib.import_module("pynvml")
    nvml.nvmlInit()
    handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]

    def read() -> dict[str, float]:
        values = {}
        for index, handle in enumerate(handles):
            values[f"gpu{index}_percent"] = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            values[f"gpu{index}_memory_bytes"] = float(nvml.nvmlDeviceGetMemoryInfo(handle).used)
        return values

    return read


def _by_program() -> Callable[[], dict[str, float]] | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, "--query-gpu=index,utilization.gpu,memory.used", "--format=csv,noheader,nounits"]

    def read() -> dict[str, float]:
        values = {}
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
        for line in answer.stdout.splitlines():
            with contextlib.suppress(ValueError):
                index, percent, mebibytes = (part.strip() for part in line.split(","))
                values[f"gpu{index}_percent"] = float(percent)
                values[f"gpu{index}_memory_bytes"] = float(mebibytes) * (1 << 20)
        return values

    return read
