"""What a setting's value costs on this host, at the pace that was measured, and where that is too much.

    for cost in costs(effective(read_layers()), measured):
        print(cost.key, cost.words, "warning" if cost.warning else "")

Pure functions from values and measurements; `store/measured.py` measures. Shown by `config explain`, `config check` and
the settings screen, and looked at before a program is launched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Values = Mapping[str, Any]
"""The effective value of each key."""

CHUNKS_A_COMMIT: Final = 4
"""A journal segment holds so many chunks where rows are narrow, and is sealed in one transaction."""
INLINE_NS: Final = 350
"""What sealing on the training thread adds to a step of CartPole; `docs/design.md` has the measurement."""
MUCH: Final = 0.1
"""The share of the time, of the memory or of the disk from which on a cost is a warning."""


@dataclass(frozen=True, slots=True)
class Measured:
    """This host, this store, and the pace of its newest run; None for what could not be measured."""

    run_id: str = ""
    steps_per_second: float | None = None
    bytes_per_step: float | None = None
    store_bytes: int | None = None
    free_bytes: int | None = None
    sync_seconds: float | None = None
    """How long the store's disk takes to make four kilobytes durable."""
    memory_bytes: int | None = None
    processors: int | None = None
    gpus: int | None = None

    @property
    def bytes_per_second(self) -> float | None:
        if self.steps_per_second is None or self.bytes_per_step is None:
            return None
        return self.steps_per_second * self.bytes_per_step


@dataclass(frozen=True, slots=True)
class Cost:
    """What one value means, in words; a warning where it is more than somebody who chose it may want."""

    key: str
    words: str
    warning: bool = False
    stops: bool = False
    """Nothing, or next to nothing, would be recorded."""


def costs(values: Values, measured: Measured, name: str | None = None) -> list[Cost]:
    """Of every setting whose cost can be said; of one where it is named."""
    wanted = [name] if name else list(_COSTS)
    return [
        Cost(key, said[0], said[1], said[2:] == (True,))
        for key in wanted
        if key in _COSTS
        for said in _COSTS[key](values[key], values, measured)
    ]


Said = Iterator[tuple[str, bool] | tuple[str, bool, bool]]


def _max_store_bytes(value: int, values: Values, measured: Measured) -> Said:
    used, free, pace = measured.store_bytes or 0, measured.free_bytes, measured.bytes_per_second
    if pace:
        yield f"the newest run writes {_size(pace * 86400)} a day", False
    if not value:
        if pace and free is not None:
            room = max(0, free - values["storage.min_free_bytes"])
            yield f"without a budget the disk is full in {_time(room / pace)}", room / pace < 86400
        return
    if used >= value:
        yield f"the store takes {_size(used)} already: recording stops at once", True, True
    elif pace:
        left = (value - used) / pace
        yield f"at that pace the budget is used up in {_time(left)}", left < 3600
    if value < values["storage.max_journal_bytes"] // 16:
        yield "it is less than a few journal segments need: recording stops almost at once", True, True


def _min_free_bytes(value: int, _: Values, measured: Measured) -> Said:
    if measured.free_bytes is None:
        return
    if measured.free_bytes < value:
        yield f"only {_size(measured.free_bytes)} are free: nothing is recorded", True, True
    else:
        yield f"{_size(measured.free_bytes)} are free", False


def _max_journal_bytes(value: int, _: Values, measured: Measured) -> Said:
    yield f"up to {_size(value)} of disk for each process that records, and of page cache while it is written", False
    if measured.memory_bytes and value > measured.memory_bytes * 0.5:
        yield f"that is {value / measured.memory_bytes:.0%} of the memory ({_size(measured.memory_bytes)})", True
    if measured.free_bytes is not None and value > measured.free_bytes:
        yield f"more than the disk has: {_size(measured.free_bytes)} are free", True


def _rows_per_chunk(value: int, values: Values, measured: Measured) -> Said:
    yield f"whoever looks at a single step decodes up to {value:,} rows", value > 16384
    if not measured.steps_per_second:
        return
    commits = measured.steps_per_second / (value * CHUNKS_A_COMMIT)
    yield f"{_number(commits)} commits a second at {measured.steps_per_second:,.0f} steps a second", commits > 20
    if measured.sync_seconds:
        share = commits * measured.sync_seconds
        took = measured.sync_seconds * 1e3
        yield f"if each is synced ({took:.1f} ms on this disk): {_percent(share)} of the time", share > MUCH


def _sealing_process(value: bool, _: Values, measured: Measured) -> Said:
    if value or not measured.steps_per_second:
        return
    share = measured.steps_per_second * INLINE_NS / 1e9
    yield f"the training thread packs by itself: {_percent(share)} of its time, in pauses of milliseconds", True


def _network_copy_seconds(value: float, _: Values, __: Measured) -> Said:
    yield (
        f"{86400 / value:,.0f} appends a day to the network folder; other nodes lag by {value:g} s",
        value < 1,
    )


def _enabled(value: bool, _: Values, __: Measured) -> Said:
    if not value:
        yield "nothing is recorded", True


def _schema_mode(value: str, _: Values, __: Measured) -> Said:
    if value == "enforce":
        yield "what a schema refuses goes to quarantine, and its steps are seen without their values", False


def _frames(value: str, _: Values, __: Measured) -> Said:
    if value == "every=1":
        yield "an environment that is rendered is rendered at every step, which usually costs more than the step", True


def _sample(value: str, _: Values, measured: Measured) -> Said:
    if value == "none":
        return
    if measured.steps_per_second:
        kept = measured.steps_per_second / int(value.partition("=")[2])
        yield f"of {measured.steps_per_second:,.0f} steps a second {kept:,.0f} are kept, the others counted only", False
    yield "steps that are left out cannot be replayed, nor searched", False


def _byte_budget(value: int, _: Values, __: Measured) -> Said:
    yield f"at most {_size(value * 3600)} an hour through the connection, while pictures move", value > 5_000_000


def _cpus(value: int, _: Values, measured: Measured) -> Said:
    if measured.processors and value > measured.processors:
        yield f"this host has {measured.processors}", True


def _memory_bytes(value: int, _: Values, measured: Measured) -> Said:
    if not value:
        return
    if measured.memory_bytes and value > measured.memory_bytes:
        yield f"this host has {_size(measured.memory_bytes)}", True
    if value < 256 << 20:
        yield "a program that imports torch needs more to begin", True


def _gpus(value: str, _: Values, measured: Measured) -> Said:
    if value in ("all", "none") or measured.gpus is None:
        return
    missing = [number for number in value.split(",") if int(number) >= measured.gpus]
    if missing:
        yield f"this host has {measured.gpus} GPUs: no number {', '.join(missing)}", True


def _level(value: str, _: Values, __: Measured) -> Said:
    if value == "DEBUG":
        yield "the recorder says every layout and segment on stderr, once a minute each", False


_COSTS: Final[dict[str, Callable[[Any, Values, Measured], Said]]] = {
    "storage.max_store_bytes": _max_store_bytes,
    "storage.min_free_bytes": _min_free_bytes,
    "storage.max_journal_bytes": _max_journal_bytes,
    "storage.rows_per_chunk": _rows_per_chunk,
    "storage.sealing_process": _sealing_process,
    "storage.network_copy_seconds": _network_copy_seconds,
    "producer.enabled": _enabled,
    "producer.frames": _frames,
    "producer.schema_mode": _schema_mode,
    "producer.sample": _sample,
    "view.byte_budget": _byte_budget,
    "resources.cpus": _cpus,
    "resources.memory_bytes": _memory_bytes,
    "resources.gpus": _gpus,
    "log.level": _level,
}


def _size(octets: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if octets < 999.5 or unit == "TB":
            return f"{octets:.3g} {unit}"
        octets /= 1000
    raise AssertionError


def _time(seconds: float) -> str:
    for limit, divisor, unit in ((120, 1, "seconds"), (7200, 60, "minutes"), (172_800, 3600, "hours")):
        if seconds < limit:
            return f"{seconds / divisor:.0f} {unit}"
    days = seconds / 86400
    return f"{days:,.0f} days" if days < 1000 else "years"


def _number(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
