"""Validating, compiling and comparing: the times, and the shares of good answers over random changes.

The corpus (`tests/_support/schema_corpus.py`) makes pairs of which the answer is known: each is a widening, or says the
same in other words. Read forwards it has to be accepted; read backwards it is broken, and a document has to show it.
Times of a comparison are processor time, so that another program on the machine does not count.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "_support"))

import schema_corpus as corpus

from cornerman.core.schema import compare, parse, validator
from cornerman.core.schema.validate import Validator

from .figures import Figure, Skipped

STEP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "t": {"type": "integer", "minimum": 0},
        "reward": {"type": "number"},
        "terminated": {"type": "boolean"},
        "action": {"type": "integer", "enum": [0, 1]},
    },
    "required": ["t", "reward", "terminated"],
    "additionalProperties": False,
}
SMALL = {"t": 7, "reward": 1.0, "terminated": False, "action": 1}


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    if part.lower() in "validating":
        yield from _validating(quick)
    if part.lower() in "comparing":
        yield from _comparing(400 if quick else 4_000)


def _validating(quick: bool) -> Iterator[Figure]:
    check, count = validator(STEP).is_valid, 20_000 if quick else 200_000
    rates = tuple(count / _seconds(lambda: [check(SMALL) for _ in range(count)]) for _ in range(5))
    yield Figure(part="validating", name="small documents", unit="/s", values=rates, limit=1_000_000, at_least=True)
    times = tuple(_seconds(lambda: [Validator(STEP) for _ in range(100)]) * 1e4 for _ in range(5))
    yield Figure(part="validating", name="compiling a schema", unit="µs", values=times)
    content = {**STEP, "id": "step", "version": "1.0.0"}
    times = tuple(_seconds(lambda: [parse(content) for _ in range(100)]) * 1e4 for _ in range(5))
    yield Figure(part="validating", name="reading a document", unit="µs", values=times)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _comparing(count: int) -> Iterator[Figure]:
    times: dict[bool, list[float]] = {False: [], True: []}
    accepted = broken = shown = 0
    for seed in range(count):
        old, new, _ = corpus.change(random.Random(seed))
        for search in (False, True):
            forth = _timed(times[search], old, new, search)
            back = _timed(times[search], new, old, search)
        accepted += forth.compatible
        broken += not back.compatible
        shown += back.counterexample is not None
    note = f"{count} changes, {broken} of them broken when read backwards"
    shares = (100 * accepted / count,), (100 * shown / max(broken, 1),)
    yield Figure(
        part="comparing", name="compatible accepted", unit="%", values=shares[0], limit=99, at_least=True, note=note
    )
    yield Figure(part="comparing", name="broken shown", unit="%", values=shares[1], limit=95, at_least=True)
    for search, limit in ((False, 5), (True, 200)):
        ranked = sorted(times[search])
        name = f"99 of 100, {'with' if search else 'without'} the search"
        yield Figure(part="comparing", name=name, unit="ms", values=(ranked[int(len(ranked) * 0.99)],), limit=limit)
        yield Figure(part="comparing", name=f"median, {name[11:]}", unit="ms", values=(ranked[len(ranked) // 2],))


def _timed(times: list[float], old: Any, new: Any, search: bool) -> Any:
    began = time.process_time()
    found = compare(old, new, search=search)
    times.append((time.process_time() - began) * 1e3)
    return found
