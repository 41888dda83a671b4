"""What is read back is compared with what the loop was given, bit for bit; then the store is checked as a whole."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from cornerman.adapters.fitting import part
from cornerman.core import values
from cornerman.core.errors import CornermanError
from cornerman.core.records import StepRecord
from cornerman.store.api import Stream, open_store
from cornerman.store.health import integrity

from .result import Bench, Result

STORE = "contents"
SAME = "what is on the screen is what is in the store, and that is what env.step returned"
WHOLE = "nothing is lost in silence"
MOST_BYTES = 64 << 20
ENVS = 2
REMEDY = "`cornerman verify` checks your own runs for the same; send in the output of `cornerman selftest --json`."


@dataclass
class Row:
    """What a call of reset or step returned to the loop; action and reward are None where it was a reset."""

    observation: Any
    action: Any = None
    reward: Any = None
    terminated: bool = False
    truncated: bool = False


def check_same(bench: Bench) -> Result:
    """Record the environment, and two of it as a vector; read all of it back."""
    said, differing, figures = [], list[str](), {}
    for what, rows, stream in ((bench.env_id, *_single(bench)), (f"{ENVS} × {bench.env_id}", *_vector(bench))):
        if stream is None:
            said.append(f"{what} cannot be made as a vector environment, and was not recorded as one.")
            continue
        with open_store(bench.scratch / STORE) as store:
            recorded = store.stream(stream)
            found = [text for env, kept in enumerate(rows) for text in differences(recorded, kept, env)]
        steps = sum(row.action is not None for kept in rows for row in kept)
        said.append(
            f"{what}: {steps:,} steps and {sum(map(len, rows)) - steps:,} resets were read back and compared with what"
            f" the loop was given (observations, actions, rewards, ends): {len(found):,} differ."
        )
        figures[what] = {"steps": steps, "rows": sum(map(len, rows)), "differ": len(found)}
        differing += found
    said += differing[:5]
    return Result("same", SAME, not differing, tuple(said), figures, REMEDY if differing else "")


def check_whole(bench: Bench) -> Result:
    """The ledger of what was just recorded adds up with nothing dropped; SQLite and `verify` find nothing."""
    path = bench.scratch / STORE
    with open_store(path) as store:
        runs = list(store.runs())
        ledgers = [run.ledger() for run in runs]
        findings = [str(finding) for finding in store.verify()]
    damage = integrity(path)
    received, stored = sum(one.received for one in ledgers), sum(one.stored for one in ledgers)
    dropped = sum(sum(one.dropped.values()) for one in ledgers)
    balanced = all(one.balanced for one in ledgers)
    said = [
        f"The ledger: {received:,} transitions received = {stored:,} stored + {dropped:,} dropped;"
        f" it {'adds up' if balanced else 'DOES NOT ADD UP'}.",
        f"SQLite's integrity check says {'; '.join(damage) or 'ok'}.",
        f"verify read every chunk of every run and found {len(findings) or 'nothing'} wrong.",
        *findings[:5],
    ]
    causes = sorted({cause for one in ledgers for cause, count in one.dropped.items() if count})
    if causes:
        said.append(f"Steps were dropped: {', '.join(causes)}.")
    holds = balanced and not dropped and not damage and not findings
    figures = {
        "received": received, "stored": stored, "dropped": dropped, "balanced": balanced, "integrity_check": damage,
        "findings": findings,
    }  # fmt: skip
    return Result("whole", WHOLE, holds, tuple(said), figures, "" if holds else REMEDY)


# --- recording -------------------------------------------------------------------------------------------------------


def _single(bench: Bench) -> tuple[list[list[Row]], int]:
    env = bench.record(bench.make(), STORE)
    env.action_space.seed(5)
    rows = [Row(_copy(env.reset(seed=5)[0]))]
    for _ in _while_modest(bench, rows):
        action = env.action_space.sample()
        observation, reward, terminated, truncated, _ = env.step(action)
        rows.append(Row(_copy(observation), _copy(action), reward, bool(terminated), bool(truncated)))
        if terminated or truncated:
            rows.append(Row(_copy(env.reset()[0])))
    stream = int(env.cornerman.stream_id)
    env.close()
    return [rows], stream


def _vector(bench: Bench) -> tuple[list[list[Row]], int | None]:
    """Rows of each sub-environment; in the default mode, NEXT_STEP, the step after an end is a reset."""
    from cornerman.adapters import environments

    try:
        env = environments.make(bench.env_id, num_envs=ENVS, vectorization="sync")
    except Exception:  # an environment may well refuse to be one of several
        return [], None
    env = bench.record(env, STORE, name="vector")
    env.action_space.seed(5)
    observation, _ = env.reset(seed=5)
    rows = [[Row(_copy(part(observation, one)))] for one in range(ENVS)]
    over = np.zeros(ENVS, bool)
    for _ in _while_modest(bench, rows[0]):
        action = env.action_space.sample()
        observation, reward, terminated, truncated, _ = env.step(action)
        for one in range(ENVS):
            seen = _copy(part(observation, one))
            taken = _copy(part(action, one))
            ends = bool(terminated[one]), bool(truncated[one])
            rows[one].append(Row(seen) if over[one] else Row(seen, taken, reward[one], *ends))
        over = terminated | truncated
    stream = int(env.cornerman.stream_id)
    env.close()
    return rows, stream


def _while_modest(bench: Bench, rows: list[Row]) -> Any:
    """As many turns as there is time and memory for."""
    steps, seconds = (1500, 0.7) if bench.quick else (20_000, 4.0)
    size = max(len(values.encode(rows[0].observation)), 1)
    deadline = time.monotonic() + seconds
    for number in range(max(20, min(steps, MOST_BYTES // size))):
        if number >= 20 and time.monotonic() > deadline:
            return
        yield number


def _copy(value: Any) -> Any:
    """An environment may write into what it returned."""
    return values.decode(values.encode(value))


# --- comparing -------------------------------------------------------------------------------------------------------


def differences(stream: Stream, rows: list[Row], env: int) -> list[str]:
    """What differs between the rows that a loop saw and those that the store gives back."""
    found = list(stream.steps(env_index=env))
    problems = [] if len(found) == len(rows) else [f"{len(rows):,} rows were recorded, {len(found):,} are read back."]
    for number, (kept, read) in enumerate(zip(rows, found, strict=False)):
        problems += [f"Row {number} of environment {env}: {text}" for text in _row(kept, read)]
    return problems


def _row(kept: Row, read: StepRecord) -> list[str]:
    pairs: list[tuple[str, Any, Any]] = [("observation", kept.observation, read.observation)]
    if kept.action is not None:
        reward = read.reward if read.reward is None else np.float64(read.reward)
        pairs += [("action", kept.action, read.action), ("reward", np.float64(kept.reward), reward)]
        pairs += [("terminated", kept.terminated, read.terminated), ("truncated", kept.truncated, read.truncated)]
    elif not read.reset:
        return ["it was a reset, and is none."]
    return [f"{name} was {_short(a)}, is read as {_short(b)}." for name, a, b in pairs if not same(a, b)]


def same(kept: Any, read: Any) -> bool:
    """Equal to the last bit: NaN is itself, 0.0 is not -0.0, and arrays have the same type and shape."""
    if isinstance(kept, dict):
        return isinstance(read, dict) and kept.keys() == read.keys() and all(same(kept[key], read[key]) for key in kept)
    if isinstance(kept, (tuple, list)):
        if not isinstance(read, (tuple, list)) or len(kept) != len(read):
            return False
        return all(same(one, other) for one, other in zip(kept, read, strict=True))
    if isinstance(kept, np.ndarray) and kept.dtype != object:
        if not isinstance(read, np.ndarray) or (kept.dtype, kept.shape) != (read.dtype, read.shape):
            return False
        return kept.tobytes() == read.tobytes()
    if isinstance(kept, (bool, int, float, np.generic)) and isinstance(read, (bool, int, float, np.generic)):
        one, other = np.asarray(kept), np.asarray(read)
        return one.dtype.kind == other.dtype.kind and one.astype(other.dtype).tobytes() == other.tobytes()
    try:
        return values.encode(kept) == values.encode(read)
    except (CornermanError, TypeError):
        return bool(kept == read)


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:59] + "…"
