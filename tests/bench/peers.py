"""The same steps recorded by others: Minari, h5py, MCAP. Loop, bytes a step, and what a killed process leaves.

    minari    its DataCollector around the environment, then `create_dataset`, HDF5 and Arrow
    h5py      1,024 rows at a time appended to resizable datasets, uncompressed
    mcap      a msgpack message a step, chunks compressed with zstd

Each keeps observation, action, reward and ends; we keep `info`, times, episodes, seeds and provenance beside them.
Turns are bare, ours, bare, a peer, bare, the next peer, …; each is held against the bare turns before and after it.
"""

# pyright: reportMissingImports=false
# The libraries that are measured come with the `bench` extra; the checkers run without it.

from __future__ import annotations

import importlib.util
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import msgspec
import numpy as np

import cornerman

from .disk import checkpoint, size
from .environments import WithoutInfo, case, drawn, drive
from .figures import Figure, Skipped
from .timing import Spent, collected, mean, spent

BATCH = 1024


class Recording(NamedTuple):
    """An environment that is recorded, and what ends the recording so that all of it is durable."""

    env: Any
    finish: Callable[[], object]


# --- those who record -------------------------------------------------------------------------------------------------


class _Appending(gym.Wrapper[Any, Any, Any, Any]):
    """Hands each step to `append`; a reset's observation comes with an action of zeros."""

    def __init__(self, env: gym.Env[Any, Any], append: Callable[[Any, Any, float, int], None]) -> None:
        super().__init__(env)
        self._append = append
        self._nothing = np.zeros_like(env.action_space.sample())

    def step(self, action: Any) -> Any:
        result = self.env.step(action)
        observation, reward, terminated, truncated, _ = result
        self._append(observation, action, float(reward), terminated | truncated << 1)
        return result

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        result = self.env.reset(seed=seed, options=options)
        self._append(result[0], self._nothing, 0.0, 4)
        return result


def ours(env: Any, folder: Path) -> Recording:
    recorded = cornerman.record(env, store=folder, frames="none")
    return Recording(recorded, recorded.close)


def h5py(env: Any, folder: Path) -> Recording:
    import h5py as library

    folder.mkdir(parents=True, exist_ok=True)
    file = library.File(folder / "steps.h5", "w")
    shapes = {
        "observation": (env.observation_space.shape, env.observation_space.dtype),
        "action": (env.action_space.shape, env.action_space.dtype),
        "reward": ((), np.float64),
        "flags": ((), np.uint8),
    }
    sets = {
        name: file.create_dataset(name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(BATCH, *shape))
        for name, (shape, dtype) in shapes.items()
    }
    rows: list[tuple[Any, ...]] = []

    def write() -> None:
        if not rows:
            return
        for (_name, dataset), column in zip(sets.items(), zip(*rows, strict=True), strict=True):
            at = dataset.shape[0]
            dataset.resize(at + len(rows), axis=0)
            dataset[at:] = np.array(column, dataset.dtype)
        rows.clear()

    def append(*row: Any) -> None:
        rows.append(row)
        if len(rows) == BATCH:
            write()

    def finish() -> None:
        write()
        file.close()

    return Recording(_Appending(env, append), finish)


def mcap(env: Any, folder: Path) -> Recording:
    from mcap.writer import CompressionType, Writer

    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "steps.mcap").open("wb")
    writer = Writer(file, compression=CompressionType.ZSTD)
    writer.start()
    channel = writer.register_channel("/step", "msgpack", writer.register_schema("step", "", b""))
    encode = msgspec.msgpack.Encoder(enc_hook=lambda value: value.tobytes() if value.ndim else value.item()).encode

    def append(observation: Any, action: Any, reward: float, flags: int) -> None:
        now = time.time_ns()
        writer.add_message(channel, now, encode((observation, action, reward, flags)), now)

    end: Callable[[], None] = writer.finish

    def finish() -> None:
        end()
        file.close()

    return Recording(_Appending(env, append), finish)


def _minari(kind: str) -> Callable[[Any, Path], Recording]:
    def start(env: Any, folder: Path) -> Recording:
        import minari

        os.environ["MINARI_DATASETS_PATH"] = str(folder)
        folder.mkdir(parents=True, exist_ok=True)
        warnings.filterwarnings("ignore")
        collector = minari.DataCollector(env, record_infos=False, data_format=kind)

        def finish() -> None:
            collector.create_dataset(dataset_id=f"bench/{kind}-{uuid.uuid4().hex[:8]}-v0", algorithm_name="random")
            collector.close()

        return Recording(collector, finish)

    return start


class Peer(NamedTuple):
    name: str
    start: Callable[[Any, Path], Recording]
    needs: str
    readable: Callable[[Path], int]
    """Steps that can be read from what a killed process left."""


def _ours_readable(folder: Path) -> int:
    with cornerman.open_store(folder) as store:
        return store.run("latest").step_count


def _h5py_readable(folder: Path) -> int:
    import h5py as library

    with library.File(folder / "steps.h5", "r") as file:
        flags: Any = file["flags"]
        return int(np.count_nonzero(flags[:] != 4))


def _mcap_readable(folder: Path) -> int:
    from mcap.reader import NonSeekingReader

    steps = 0
    with (folder / "steps.mcap").open("rb") as file:
        try:
            for _, _, message in NonSeekingReader(file).iter_messages(log_time_order=False):
                steps += msgspec.msgpack.decode(message.data)[3] != 4
        except Exception:  # the file stops in the middle of a chunk: what came before it counts
            pass
    return steps


def _minari_hdf5_readable(folder: Path) -> int:
    import h5py as library

    steps = 0
    for path in folder.rglob("*.hdf5"):
        with library.File(path, "r") as file:
            steps += sum(len(group["rewards"]) for group in file.values() if "rewards" in group)
    return steps


def _minari_arrow_readable(folder: Path) -> int:
    import pyarrow.dataset as arrow

    return sum(max(arrow.dataset(path, format="arrow").count_rows() - 1, 0) for path in folder.rglob("*.arrow"))


PEERS = (
    Peer("ours", ours, "", _ours_readable),
    Peer("h5py", h5py, "h5py", _h5py_readable),
    Peer("mcap", mcap, "mcap", _mcap_readable),
    Peer("minari hdf5", _minari("hdf5"), "minari jax h5py", _minari_hdf5_readable),
    Peer("minari arrow", _minari("arrow"), "minari jax pyarrow", _minari_arrow_readable),
)

ENVIRONMENTS: dict[str, tuple[Callable[[], Any], int]] = {
    "CartPole-v1": (case("CartPole-v1").make, 10_000),
    "HalfCheetah-v5 no info": (lambda: WithoutInfo(gym.make("HalfCheetah-v5")), 3_000),
}


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    present = []
    for peer in PEERS:
        missing = [name for name in peer.needs.split() if importlib.util.find_spec(name) is None]
        if missing:
            yield Skipped(peer.name, f"{', '.join(missing)} is not installed")
        else:
            present.append(peer)
    for name, (make, steps) in ENVIRONMENTS.items():
        if part.lower() not in name.lower():
            continue
        if "HalfCheetah" in name and case(name).missing:
            yield Skipped(name, case(name).missing)
            continue
        yield from _turns(name, make, steps // 4 if quick else steps, 3 if quick else 7, present, scratch)
    if part.lower() in "kill -9":
        for peer in present:
            yield from _killed(peer, 2 if quick else 4, scratch)


# --- taking turns -----------------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    loop: list[float]
    cpu: list[float]
    durable: list[float]
    bytes: list[float]


def _turns(
    name: str, make: Callable[[], Any], steps: int, repetitions: int, peers: list[Peer], scratch: Path
) -> Iterator[Figure]:
    found = {peer.name: _Found([], [], [], []) for peer in peers}
    for peer in peers:
        _turn(make, steps // 4, 99, peer, scratch / "warm")
    for seed in range(repetitions):
        before = _turn(make, steps, seed, None, scratch)
        for peer in peers:
            folder = scratch / f"{name}-{peer.name}-{seed}".replace(" ", "-")
            loop, close = _turn(make, steps, seed, peer, folder)
            after = _turn(make, steps, seed, None, scratch)
            base = mean(before[0], after[0])
            before = after
            results = found[peer.name]
            results.loop.append(loop.wall / base.wall)
            results.cpu.append(loop.cpu / base.cpu)
            results.durable.append((loop + close).wall / base.wall)
            if peer.name == "ours":
                checkpoint(folder)
            results.bytes.append(size(folder) / steps)
    for peer in peers:
        results = found[peer.name]
        part = f"{name}: {peer.name}"
        yield Figure(part=part, name="loop", unit="x bare", values=tuple(results.loop))
        yield Figure(part=part, name="loop, CPU", unit="x bare", values=tuple(results.cpu))
        yield Figure(part=part, name="until durable", unit="x bare", values=tuple(results.durable))
        note = "store folder with its empty tables and journal" if peer.name == "ours" else ""
        yield Figure(part=part, name="disk", unit="B a step", values=tuple(results.bytes), note=note)


def _turn(make: Callable[[], Any], steps: int, seed: int, peer: Peer | None, folder: Path) -> tuple[Spent, Spent]:
    env = make()
    actions = drawn(env, steps, seed)
    recording = peer.start(env, folder) if peer else Recording(env, env.close)
    recording.env.reset(seed=seed)
    with collected():
        loop = spent(lambda: drive(recording.env, actions))
        return loop, spent(recording.finish)


# --- killed -----------------------------------------------------------------------------------------------------------


def _killed(peer: Peer, kills: int, scratch: Path) -> Iterator[Figure]:
    """A process that records CartPole as fast as it can, killed after a random while: the share that can be read."""
    draw = random.Random(peer.name)
    shares, lost = [], []
    for kill in range(kills):
        folder, counter = (
            scratch / f"killed-{peer.name}-{kill}".replace(" ", "-"),
            scratch / f"{peer.name}-{kill}.count",
        )
        counter.write_bytes(bytes(8))
        with subprocess.Popen([sys.executable, "-m", "bench.peers", peer.name, str(folder), str(counter)]) as child:
            deadline = time.monotonic() + 60
            while not _count(counter) and child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(draw.uniform(1.0, 2.0))
            child.send_signal(signal.SIGKILL)
        taken = _count(counter)
        try:
            readable = peer.readable(folder)
        except Exception:  # it does not open
            readable = 0
        shares.append(100 * min(readable, taken) / max(taken, 1))
        lost.append(float(max(taken - readable, 0)))
    part, limit = f"kill -9: {peer.name}", 0.0 if peer.name == "ours" else None
    yield Figure(part=part, name="readable", unit="%", values=tuple(shares))
    yield Figure(part=part, name="steps lost", unit="", values=tuple(lost), limit=limit)


def _count(path: Path) -> int:
    return int(struct.unpack("<q", path.read_bytes())[0])


def main(name: str, folder: str, counter: str) -> None:
    """Record until killed; count each step after it returned."""
    peer = next(peer for peer in PEERS if peer.name == name)
    env = case("CartPole-v1").make()
    actions = drawn(env, 4096)
    recorded = peer.start(env, Path(folder)).env
    with open(counter, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 8)
    recorded.reset(seed=0)
    steps = 0
    while True:
        for action in actions:
            _, _, terminated, truncated, _ = recorded.step(action)
            steps += 1
            struct.pack_into("<q", memory, 0, steps)
            if terminated or truncated:
                recorded.reset()


if __name__ == "__main__":
    main(*sys.argv[1:])
