"""A budget: what each part of recording a CartPole step costs, in nanoseconds of the training thread.

The step function is the recorder's own, put together from its own template; a part is what the function gets cheaper
by when that part's lines are left out. They are left out one after another, so the parts add up to the whole. These are
the times of a tight loop with everything in the cache.

Sealing happens in a real loop, with clocks around the recorder's own functions. So does `calling through alone`: an
environment that was given to `record`, whose step function was left nothing but the call. It shows what recording does
to the environment itself: an environment whose attributes were looked at in the wrong way is slower at every step.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cornerman
from cornerman.adapters import fast_step
from cornerman.core import columns, episodes
from cornerman.core.payloads import chunk_v1
from cornerman.store import chunk_rows, pack, seal, writer
from cornerman.store.segments import HEADER, Segment
from cornerman.store.session import Session

from .environments import case, drawn, drive
from .figures import Figure, Skipped
from .timing import collected

CALLS = 1500
"""Calls of the step function in one turn: fewer than a segment has room for."""


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    repetitions = 21 if quick else 101
    step = {name: _per_call(values) for name, values in _turns(scratch, repetitions).items()}
    previous = "nothing"
    for name in PARTS:
        whole = tuple(a - b for a, b in zip(step[name], step[previous], strict=True))
        yield Figure(part="step", name=name, unit="ns", values=whole)
        previous = name
    hot = tuple(a - b for a, b in zip(step["time stamp"], step["nothing"], strict=True))
    yield Figure(part="step", name="all of these", unit="ns", values=hot)
    yield Figure(part="reset", name="recorded less bare", unit="ns", values=_per_call(_resets(scratch, repetitions)))
    yield from _in_a_loop(scratch, 20_000 if quick else 40_000, 3 if quick else 7)


# --- the step function ------------------------------------------------------------------------------------------------

PARTS = ("wrapper call", "unpacking", "checks", "packing", "position", "time stamp")
"""In the order in which they are put back: each is the difference to the one before."""


def _without(text: str, pattern: str, replacement: str) -> str:
    changed, count = re.subn(pattern, replacement, text)
    if not count:
        raise LookupError(f"the template of the step function has no {pattern!r} any more: mend bench/parts.py")
    return changed


def _templates() -> dict[str, str]:
    """The template with one part after another left out, by the last part that is still in it."""
    found = {"time stamp": fast_step._STEP}
    found["position"] = _without(found["time stamp"], r"now\(\)", "0.0")
    text = _without(found["position"], r" +if offset == cursor\.end:\n +roll\(\)\n +offset = cursor\.offset\n", "")
    text = _without(text, r"offset = cursor\.offset", f"offset = {HEADER}")
    text = _without(text, r"n = cursor\.sequence", "n = 0")
    text = _without(text, r"cursor\.sequence = n \+ 1", "pass")
    found["packing"] = _without(text, r"cursor\.offset = offset \+ \{stride\}", "pass")
    found["checks"] = _without(found["packing"], r"(?m)^( +)pack\(.*\)$", r"\1pass")
    found["unpacking"] = _without(found["checks"], r"\{guards\}", "False")
    found["wrapper call"] = (
        "\ndef step(action):\n    result = inner(action)\n    {unpack}\n    {before}\n    return result\n"
    )
    return found


def _functions(scratch: Path) -> tuple[dict[str, Callable[[Any], Any]], Any, list[Any]]:
    """The step function by the last part that is in it; the environment whose journal they write to; actions."""
    env = cornerman.record(case("CartPole-v1").make(), store=scratch / "parts", frames="none")
    actions = drawn(env, CALLS)
    env.reset(seed=0)
    result = env.step(actions[0])
    recorder: Any = env.get_wrapper_attr("_recorder")
    kept = fast_step._STEP
    found: dict[str, Callable[[Any], Any]] = {"nothing": lambda action: result}
    try:
        for name, template in _templates().items():
            fast_step._STEP = template
            found[name] = fast_step.compile_step(
                found["nothing"], recorder.writer, recorder.writer.layout, recorder.frames, _irregular
            )
    finally:
        fast_step._STEP = kept
    return found, env, actions


def _irregular(action: Any, result: Any) -> None:
    raise AssertionError("a regular step was not taken as one")


def _turns(scratch: Path, repetitions: int) -> dict[str, list[int]]:
    """Nanoseconds of CALLS calls, each function in turn."""
    functions, env, actions = _functions(scratch)
    recorder: Any = env.get_wrapper_attr("_recorder")
    cursor = recorder.writer.cursor
    found: dict[str, list[int]] = {name: [] for name in functions}
    with collected():
        for _ in range(repetitions):
            for name, function in functions.items():
                cursor.offset = HEADER
                found[name].append(_timed(function, actions))
    recorder.writer.abandon()  # what it wrote is no recording
    return found


def _timed(function: Callable[[Any], Any], actions: list[Any]) -> int:
    began = time.thread_time_ns()
    for action in actions:
        function(action)
    return time.thread_time_ns() - began


def _per_call(turns: list[int]) -> tuple[float, ...]:
    return tuple(value / CALLS for value in turns)


def _resets(scratch: Path, repetitions: int) -> list[int]:
    """What recording adds to CALLS resets."""
    env = cornerman.record(case("CartPole-v1").make(), store=scratch / "parts", frames="none")
    result = env.reset(seed=0)
    env.step(0)
    recorder: Any = env.get_wrapper_attr("_recorder")

    def bare(*, seed: int | None = None, options: Any = None) -> Any:
        return result

    ours = fast_step.compile_reset(bare, recorder.writer, recorder.writer.layout, recorder.frames, _irregular)
    found = []
    for _ in range(repetitions):
        recorder.writer.cursor.offset = HEADER
        found.append(_timed_resets(ours) - _timed_resets(bare))
    recorder.writer.abandon()
    return found


def _timed_resets(reset: Callable[[], Any]) -> int:
    began = time.thread_time_ns()
    for _ in range(CALLS):
        reset()
    return time.thread_time_ns() - began


# --- sealing ----------------------------------------------------------------------------------------------------------


class Clocks:
    """Processor time inside functions that are replaced by themselves with a clock around them."""

    def __init__(self) -> None:
        self.ns: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        self._replaced: list[tuple[Any, str, Any]] = []

    def around(self, name: str, owner: Any, attribute: str) -> None:
        original = getattr(owner, attribute)

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.thread_time_ns()
            try:
                return original(*args, **kwargs)
            finally:
                self.ns[name] = self.ns.get(name, 0) + time.thread_time_ns() - began
                self.calls[name] = self.calls.get(name, 0) + 1

        self._replaced.append((owner, attribute, original))
        setattr(owner, attribute, timed)

    def clear(self) -> None:
        self.ns.clear()
        self.calls.clear()

    def restore(self) -> None:
        for owner, attribute, original in reversed(self._replaced):
            setattr(owner, attribute, original)


class _Sha:
    """Stands for `hashlib` in the sealing, so that a clock can be put around it."""

    def __init__(self, module: Any) -> None:
        self.sha256 = module.sha256


WHERE: dict[str, tuple[Any, str, str]] = {
    "sealing": (writer.StreamWriter, "roll", "all of it: the segment is full until the next is begun"),
    "counting what was received": (writer, "received_in", ""),
    "rows for the episodes": (pack, "episode_rows", ""),
    "episodes": (pack, "advance", ""),
    "taking the columns out": (pack._Columns, "__init__", ""),
    "columns": (pack._Columns, "packed", "compression included"),
    "columns of the episodes": (chunk_v1, "pack_episodes", "compression included"),
    "rewards of a chunk": (pack, "rewards_of", ""),
    "compression": (columns, "compress", "inside the columns"),
    "encoding the chunk": (chunk_v1, "encode", ""),
    "packing all": (seal, "pack_segment", "all of the above"),
    "SHA-256": (chunk_rows, "hashlib.sha256", "inside the commit"),
    "encoding the open episodes": (episodes.Open, "encode", "inside the commit"),
    "reading the mark": (seal, "mark_of", "inside the commit"),
    "inserting the chunk": (seal, "insert_chunk", "inside the commit"),
    "commit": (seal, "commit", "one transaction"),
    "asking for the connection": (Session, "inline", ""),
    "asking for room": (Session, "no_room", ""),
    "beginning the next segment": (Segment, "begin", ""),
}


def _in_a_loop(scratch: Path, steps: int, repetitions: int) -> Iterator[Figure | Skipped]:
    """The real loop with the sealing under clocks, and bare ones in between."""
    clocks = Clocks()
    sealing: Any = chunk_rows  # whose `hashlib` is replaced for the time being
    module = sealing.hashlib
    sealing.hashlib = _Sha(module)
    missing = []
    for name, (owner, attribute, _) in WHERE.items():
        if attribute.startswith("hashlib."):
            owner, attribute = sealing.hashlib, attribute.partition(".")[2]
        if hasattr(owner, attribute):
            clocks.around(name, owner, attribute)
        else:
            missing.append(Skipped("sealing", f"{name}: {attribute} is gone, mend bench/parts.py"))
    found: dict[str, list[float]] = {name: [] for name in WHERE}
    seals, whole, through = [], [], []
    try:
        for seed in range(repetitions):
            bare = _loop(None, steps, seed)
            clocks.clear()
            ours = _loop(scratch / "parts", steps, seed, clocks)
            for name in WHERE:
                found[name].append(clocks.ns.get(name, 0) / steps)
            seals.append(clocks.ns.get("sealing", 0) / max(clocks.calls.get("sealing", 0), 1) / 1000)
            whole.append((ours - bare) / steps)
            through.append((_call_through(scratch / "parts", steps, seed) - bare) / steps)
    finally:
        clocks.restore()
        sealing.hashlib = module
    for name, (_, _, note) in WHERE.items():
        yield Figure(part="sealing", name=name, unit="ns a step", values=tuple(found[name]), note=note)
    yield from missing
    yield Figure(part="sealing", name="one seal", unit="µs", values=tuple(seals))
    rest = tuple(a - b for a, b in zip(whole, found["sealing"], strict=True))
    yield Figure(part="loop", name="recorded less bare", unit="ns a step", values=tuple(whole), limit=1000.0)
    yield Figure(part="loop", name="calling through alone", unit="ns a step", values=tuple(through))
    yield Figure(part="loop", name="the same without sealing", unit="ns a step", values=rest, note="step, reset, cold")


def _call_through(store: Path, steps: int, seed: int) -> int:
    """The loop of a recorded environment that records nothing."""
    kept = fast_step._STEP
    fast_step._STEP = _templates()["wrapper call"]
    try:
        return _loop(store, steps, seed)
    finally:
        fast_step._STEP = kept


def _loop(store: Path | None, steps: int, seed: int, clocks: Clocks | None = None) -> int:
    """Processor time of a loop after its first steps."""
    env = case("CartPole-v1").make()
    actions = drawn(env, steps + 64, seed)
    if store is not None:
        env = cornerman.record(env, store=store, frames="none")
    env.reset(seed=seed)
    drive(env, actions[:64])
    rest = actions[64:]
    if clocks:
        clocks.clear()
    with collected():
        began = time.thread_time_ns()
        drive(env, rest)
        took = time.thread_time_ns() - began
    kept = dict(clocks.ns) if clocks else {}
    env.close()
    if clocks:
        clocks.ns = kept  # without the end of the stream
    return took
