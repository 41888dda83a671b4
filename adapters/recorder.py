"""The recorder of one stream: what `step` and `reset` returned becomes records, whatever they returned.

Two ways lead into the journal. The compiled one (`fast_step`) takes steps that look like the first; `record_step` and
`record_reset` take all others: values that do not fit their column travel as extras, exactly as they came. Nothing here
raises into the training loop: what cannot be kept is counted by cause.
"""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from cornerman.core import values
from cornerman.core.frames_option import FramesOption
from cornerman.core.ids import new_stream_id
from cornerman.core.layout import (
    GAP,
    NO_ACTION,
    NO_INFO,
    NO_OBSERVATION,
    NO_REWARD,
    RESET,
    TERMINATED,
    TRUNCATED,
    Layout,
    Leaf,
    Node,
    draw,
)
from cornerman.core.payloads import chunk_v1
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.core.sample_option import ALL
from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import (
    LOG_FORK_NOT_RECORDED,
    LOG_RECORDER_FAILED,
    LOG_RECORDING_RESUMED,
    LOG_RECORDING_STOPPED,
    LOG_RENDER_FAILED,
    LOG_RUN_FOLDER_FAILED,
    LOG_SPACE_NOT_FOLLOWED,
    LOG_STEPS_DROPPED,
    LOG_STORE_UNAVAILABLE,
    LOG_STREAM_CLOSED,
    LOG_STREAM_STARTED,
)
from cornerman.store import run_folder
from cornerman.store.connection import transaction
from cornerman.store.logs import said
from cornerman.store.pack import chunk_height
from cornerman.store.recovery import recover
from cornerman.store.seal import Deleted, StreamIdentity, introduce
from cornerman.store.segments import SAMPLED
from cornerman.store.session import session_for
from cornerman.store.writer import NoRoom, StreamWriter, cause_of

from . import fast_step, program_end
from .fitting import fit, fit_info, info_leaves, part, stack
from .frame_source import FrameSource, choose
from .normalization import Statistics
from .runs import run_for
from .sampling import Sampler

MAX_LAYOUTS = 4
RELAYOUT_AFTER = 64
"""So many irregular steps in a row, and the layout is drawn anew from the next."""
RETRY_SECONDS = 1.0
CHUNKS_A_SEGMENT = 4
"""Narrow records: several chunks are sealed at once, so that the fixed costs are shared."""
SEGMENT_BYTES = 6 << 20
FEWEST_ROWS, FEWEST_ROWS_BYTES = 128, 24 << 20
"""Going on in another segment takes a twentieth of a millisecond: fewer than one step in a hundred should meet it."""
INLINE_BYTES = 640 << 10
"""Where the training thread seals: about six nanoseconds a byte, so a stall stays under five milliseconds."""
Taken: TypeAlias = tuple[tuple[int, ...], list[list[Any]]]
"""Frame numbers, and the [number, payload] of the new ones."""


class Recorder:
    """Records one environment as one stream. `env` is the wrapped environment, not the wrapper."""

    def __init__(
        self, env: Any, *, store: Path, job: str | None, name: str | None, settings: RecorderSettings,
        frames: FramesOption, manifest: dict[str, Any], vector: bool, mode: str, inputs: dict[str, str] | None = None,
        sample: int = ALL,
    ) -> None:  # fmt: skip
        self.env = env
        self.store = store
        self.job = job
        self.inputs = inputs or {}
        self.name = name
        self.settings = settings
        self.option = frames
        self.spaces: dict[str, bytes] = manifest.pop("spaces", {})
        self.manifest = manifest
        self.num_envs = int(env.num_envs) if vector else 0
        self.mode = mode
        self.sampler = Sampler(sample, self.num_envs) if sample > ALL else None
        self.statistics = Statistics()
        self._compiled: Callable[[Any], Any] | None = None
        self.reset: Callable[..., Any] | None = None
        self.frames = FrameSource("none", (), 1, None)
        self.writer: StreamWriter | None = None
        self.on_compiled: Callable[[], None] = lambda: None
        self._pending_reset: tuple[Any, dict[str, Any], Taken] | None = None
        self._chosen = False
        self._gap = False
        self._layouts = 0
        self._irregular = 0
        self._done = np.zeros(max(self.num_envs, 1), np.bool_)
        self._seeded = False
        self._no_place = "store read-only"
        self._uncounted: tuple[int, int, int, str] | None = None
        self._pid = os.getpid()
        self._folder: dict[str, str] = {}
        self._lost: dict[str, int] = {}
        self._noted: set[str] = set()
        self._said: set[str] = set()
        self._faults = 0
        self._name_stream()

    # --- who records -------------------------------------------------------------------------------------------------

    def _name_stream(self) -> None:
        """A new stream of this process. The store hears of it with the first reset: many environments are only made."""
        self._pid = os.getpid()
        self.session = session_for(self.store, self.settings)
        self.run = run_for(self.store, self.job, self.inputs, self.settings.chosen)
        if self.session.homeless is None:
            said.lines.belong(self.session.path, self.run["run_id"], [str(self.store)])
        self.stream_id = new_stream_id()
        self.writer = None
        self._looked = False
        self._layouts = 0
        self._tried = -RETRY_SECONDS

    def _start(self) -> None:
        """Take a place in the journal, and tell the store as soon as it can be told.

        OSError where there is no place: the store's folder cannot be written. A store that is locked, full or damaged
        is no reason not to record: the journal keeps it.
        """
        notes = list(self.run["notes"])
        self._folder = self._keep_folder(notes)
        identity = self._identity()
        self.writer = StreamWriter(self.session, identity)
        self.session.add(self.writer)
        program_end.begun(self.session.path, self.run)
        _LIVE.add(self)
        if self._uncounted is not None:
            transitions, steps, records, cause = self._uncounted
            self.writer.drop(transitions, steps, cause, records)
            self._uncounted = None
        for note in notes:
            self._note(note)
        try:
            recover(self.session.path)
            with transaction(self.session.patient()) as connection:
                introduce(connection, identity)
        except Deleted:
            run_folder.remove(self.session.path, self.run["job"], self.run["run_id"])
        except Exception as error:
            self._say(LOG_STORE_UNAVAILABLE, "store", reason=str(error))
        log(LOG_STREAM_STARTED, **self._whereabouts(), store=str(self.store), stream_id=self.stream_id)

    def _keep_folder(self, notes: list[str]) -> dict[str, str]:
        """See to it that the run has its folder; the facts of it for the run's row, none where it cannot be written.

        Before the first step and by this thread: a run that has a step has its folder. A third of a millisecond.
        """
        self.session.folder()  # where not even the journal can be, there is nothing to be said of it
        late = sorted(set(self.inputs.values()) - self.run["named"])
        notes.extend(f"not kept with the run, which had begun without it: {path}" for path in late)
        try:
            from cornerman.core.payloads.run_manifest_v1 import RunManifestV1

            facts = {key: self.run[key] for key in ("run_id", "job", "created_us", "provenance")}
            manifest = RunManifestV1(**facts, notes=self.run["notes"])
            return run_folder.keep(self.session.path, manifest, self.run["inputs"]).facts
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            notes.append(f"the run's folder could not be written: {reason}")
            self._say(LOG_RUN_FOLDER_FAILED, "folder", reason=reason)
            return {}

    def _identity(self) -> StreamIdentity:
        facts = {key: self.run[key] for key in ("run_id", "job", "session", "created_us")}
        return StreamIdentity(
            {**facts, "provenance": values.encode({**self.run["provenance"], **self._folder})},
            {
                "id": self.stream_id,
                "name": self.name or self.manifest["env_id"],
                "manifest": values.encode({**self.manifest, "frames": self.frames.describe()}),
                "spaces": self.spaces,
                "num_envs": self.num_envs,
                "autoreset": self.mode,
                "process": self.session.process.name,
                "schema": chunk_v1.SCHEMA,
                "created_us": time.time_ns() // 1000,
                "frame_envs": list(self.frames.envs),
                "rows_per_chunk": self.settings.rows_per_chunk,
            },
        )

    def status(self) -> dict[str, Any]:
        """Records received and kept, transitions lost by cause, and why the store does not take chunks, if so."""
        lost = dict(self._lost)
        writer = self.writer
        return {
            "run_id": self.run["run_id"],
            "stream_id": self.stream_id,
            "records": writer.cursor.sequence if writer else 0,
            "rows": (writer.rows + writer.index) if writer and writer.segment else (writer.rows if writer else 0),
            "lost": lost,
            "lines_lost": dict(said.lines.lost),
            "trouble": self.session.trouble,
            "render_seconds": self.frames.render_seconds,
        }

    # --- the loop ----------------------------------------------------------------------------------------------------

    @property
    def step(self) -> Callable[[Any], Any]:
        """What the wrapper's `step` is now."""
        return self._compiled or self.general_step

    def general_step(self, action: Any) -> Any:
        """The step of a layout that is not known yet; a loop that bound it before goes on to the compiled one."""
        if self._compiled is not None:
            return self._compiled(action)
        result = self.env.step(action)
        self.slow(action, result)
        return result

    def slow(self, action: Any, result: Any) -> None:
        """Record any step; never raises."""
        try:
            self._record_step(action, result)
        except NoRoom as error:
            self._drop(error.cause)
        except Exception as error:
            self._fault(error)
            self._drop(cause_of(error))
        if self._gap:
            self._remember_done(result)

    def after_reset(self, result: Any, seed: Any, options: Any, mask: Any) -> None:
        """Record what `reset` returned; never raises."""
        try:
            observation, info = result
            self._record_reset(observation, info, seed, options, mask)
        except NoRoom as error:
            self._drop(error.cause, reset=True)
        except Exception as error:
            self._fault(error)
            self._drop(cause_of(error), reset=True)

    def _record_step(self, action: Any, result: Any) -> None:
        observation, reward, terminated, truncated, info = result
        if self.sampler is not None and self.sampler.skips(reward, terminated, truncated):
            return
        writer = self._writer()
        if writer.layout is None or (self._irregular > RELAYOUT_AFTER and self._layouts < MAX_LAYOUTS):
            self._draw_layout(observation, action, reward, terminated, truncated, info)
        layout = writer.layout
        assert layout is not None
        row: dict[str, Any] = {}
        extras: dict[str, Any] = {}
        flags = self._outcome(layout, reward, terminated, truncated, row, extras)
        final = self._final(info) if self.mode == "SameStep" else None
        if final:
            extras["final"], info = final
        if not fit(layout, layout.observation, observation, row):
            extras["observation"], flags = observation, flags | NO_OBSERVATION
        if not fit(layout, layout.action, action, row):
            extras["action"], flags = action, flags | NO_ACTION
        if not fit_info(layout, info, row):
            flags |= NO_INFO
            if info:
                extras["info"] = info
        self._irregular = self._irregular + 1 if extras.keys() - {"frames", "final"} else 0
        self._append(observation, row, flags, extras)
        if self.sampler is not None:
            self.sampler.took(bool(np.any(terminated) or np.any(truncated)))

    def _record_reset(self, observation: Any, info: Any, seed: Any, options: Any, mask: Any) -> None:
        extras: dict[str, Any] = {}
        if seed is not None:
            extras["seed"] = seed if self.num_envs == 0 or isinstance(seed, int) else list(seed)
            self._seeded = True
        elif not self._seeded:
            self._seeded = True
            extras["np_random_seed"] = _generator_seed(self.env)
        if options is not None:
            extras["options"] = options
        if mask is not None:
            extras["mask"] = np.asarray(mask, np.bool_)
        if info:
            extras["info"] = info
        writer = self._writer()
        self._find_statistics(writer)
        self._done[:] = False if mask is None else self._done & ~np.asarray(mask, np.bool_)
        if writer.layout is None:
            # a layout is drawn from the first step; a copy, because an environment may write into what it returned
            self._choose_frames(observation)
            copy = values.decode(values.encode(observation))
            self._pending_reset = (copy, extras, self._take_frames(observation, 0))
            return
        self._write_reset(observation, extras)

    def _find_statistics(self, writer: StreamWriter) -> None:
        """Look once for wrappers that normalize, and note now and then what they know."""
        if not self._looked:
            self._looked = True
            self.statistics.find(self.env)
            if self.statistics:
                writer.statistics = lambda t, last: (
                    self.statistics.snapshots(t) if last or self.statistics.due() else []
                )
        elif self.statistics.due():
            writer.note_statistics()

    def _write_reset(self, observation: Any, extras: dict[str, Any], taken: Taken | None = None) -> None:
        writer = self._writer()
        assert writer.layout is not None
        row: dict[str, Any] = {}
        flags = RESET | NO_INFO | NO_ACTION
        if not fit(writer.layout, writer.layout.observation, observation, row):
            extras["observation"], flags = observation, flags | NO_OBSERVATION
        self._append(observation, row, flags, extras, taken)
        if self.sampler is not None:
            self.sampler.took(True)

    def _take_frames(self, observation: Any, sequence: int) -> Taken:
        """The numbers of the frames that belong to this observation, and those among them that are new."""
        seen = [part(observation, env) if self.num_envs else observation for env in self.frames.envs]
        return self.frames.take(seen if self.frames.numbered else (), sequence)

    def _append(
        self, observation: Any, row: dict[str, Any], flags: int, extras: dict[str, Any], taken: Taken | None = None
    ) -> None:
        writer = self._writer()
        if self._gap:
            extras["done"], flags = self._done.copy(), flags | GAP
        numbers, new = taken or self._take_frames(observation, writer.cursor.sequence)
        if new:
            extras = {"frames": new, **extras}  # first, where sealing looks for them
        if self.sampler is not None:
            row |= self.sampler.row
        writer.append(row, flags, values.encode(extras) if extras else b"", numbers)
        if self._gap:
            self._gap = False
            self._say(LOG_RECORDING_RESUMED, "resumed", lost=sum(self._lost.values()))
        if new:
            self.frames.keep()

    def _outcome(
        self, layout: Layout, reward: Any, terminated: Any, truncated: Any, row: dict[str, Any], extras: dict[str, Any]
    ) -> int:
        """Reward and ends into their columns; the flags that say so."""
        if not self.num_envs:
            try:
                row["reward"] = float(reward)
            except (TypeError, ValueError, OverflowError):
                row["reward"], extras["reward"] = float("nan"), reward
            flags = TERMINATED * bool(terminated) | TRUNCATED * bool(truncated)
            return flags | NO_REWARD if "reward" in extras else flags
        flags = 0
        for name, value in (("reward", reward), ("terminated", terminated), ("truncated", truncated)):
            leaf = next(leaf for leaf in layout.leaves if leaf.column == name)
            array = np.asarray(value)
            if array.dtype != leaf.type and name == "reward":
                extras["reward"], flags = value, NO_REWARD
            row[name] = np.broadcast_to(array, leaf.shape).astype(leaf.type)
        return flags

    def _final(self, info: Any) -> tuple[dict[str, Any], Any] | None:
        """SAME_STEP: the last observations of the episodes that ended, out of `info`; and the rest of `info`."""
        if not info or "final_obs" not in info:
            return None
        ended = np.flatnonzero(np.asarray(info.get("_final_obs", [item is not None for item in info["final_obs"]])))
        rest = {key: item for key, item in info.items() if key not in ("final_obs", "_final_obs")}
        final = info["final_obs"]
        stacked = stack([part(final, int(env)) for env in ended])
        return {"index": ended.astype(np.int32), "observation": stacked}, rest

    def _remember_done(self, result: Any) -> None:
        """Who is at an end while nothing can be recorded: the record after the gap says it."""
        try:
            self._done = np.logical_or(result[2], result[3]) & np.ones(max(self.num_envs, 1), np.bool_)
        except Exception:  # not a result at all: the fault was counted
            pass

    # --- layouts -----------------------------------------------------------------------------------------------------

    def _draw_layout(
        self, observation: Any, action: Any, reward: Any, terminated: Any, truncated: Any, info: Any
    ) -> None:
        writer = self._writer()
        node, leaves = draw("observation", observation)
        action_node, action_leaves = draw("action", self._as_array(action))
        if writer.layout is None:
            self._choose_frames(observation)
            writer.identity = self._identity_again()
        keys, of_info = info_leaves(info) if self._layouts + 1 < MAX_LAYOUTS else ((), [])
        layout = Layout(
            self.num_envs,
            node,
            action_node,
            (*self._outcome_leaves(reward), *leaves, *action_leaves, *of_info, *self._sample_leaves()),
            keys,
            self.frames.numbered,
        )
        self._note_differences(node, leaves)
        height = chunk_height(layout, self.settings.rows_per_chunk)
        room = SEGMENT_BYTES if self.session.sealing_process.usable else INLINE_BYTES
        rows = segment_rows(layout.row_bytes, height, room)
        writer.begin(layout.resized(rows, 1 << 23 if self.frames.kind == "render" else 1 << 16))
        self._layouts += 1
        self._irregular = 0
        self._compile()
        if self._pending_reset is not None:
            (pending, extras, taken), self._pending_reset = self._pending_reset, None
            self._write_reset(pending, extras, taken)

    def _choose_frames(self, observation: Any) -> None:
        """Decide where the frames come from: with the first observation, while it can still be rendered."""
        if self._chosen:
            return
        node, _ = draw("observation", observation)
        self.frames = choose(self.env, self.option, node, self._sample(observation), bool(self.num_envs))
        self.frames.on_failure = self._frames_failed
        self._chosen = True

    def _identity_again(self) -> StreamIdentity:
        """The identity with what is known now: where the frames come from."""
        identity = self._identity()
        identity.stream["created_us"] = time.time_ns() // 1000
        with contextlib.suppress(Exception):  # the store hears of it with the first chunk, when it can
            self.session.patient().execute(
                "update stream set manifest = ? where id = ?", (identity.stream["manifest"], self.stream_id)
            )
        return identity

    def _outcome_leaves(self, reward: Any) -> list[Leaf]:
        if not self.num_envs:
            return [Leaf("reward", "<f8", (), "float")]
        shape = (self.num_envs,)
        array = np.asarray(reward)
        dtype = array.dtype.str if array.dtype.kind in "fiu" else "<f8"
        return [Leaf("reward", dtype, shape), Leaf("terminated", "|b1", shape), Leaf("truncated", "|b1", shape)]

    def _sample_leaves(self) -> list[Leaf]:
        return self.sampler.leaves if self.sampler is not None else []

    def _as_array(self, action: Any) -> Any:
        """An action given as a list, a tuple or a tensor, as the array it stands for."""
        space = getattr(self.env, "action_space", None)
        if space is not None and space.shape and not isinstance(action, (np.ndarray, dict)):
            try:
                return np.asarray(action, space.dtype)
            except (TypeError, ValueError):
                return action
        return action

    def _sample(self, observation: Any) -> Any:
        return part(observation, 0) if self.num_envs else observation

    def _note_differences(self, node: Node, leaves: list[Leaf]) -> None:
        """Say once where observations are not what their space declares; they are recorded as they come."""
        space = getattr(self.env, "observation_space", None)
        if "leaf" not in node or space is None or not space.shape or not leaves:
            return
        leaf = leaves[0]
        declared = np.dtype(space.dtype)
        if leaf.type != declared or tuple(leaf.shape) != tuple(space.shape):
            seen, says = f"{leaf.type} {tuple(leaf.shape)}", f"{declared} {tuple(space.shape)}"
            self._note(f"observations are {seen}, their space says {says}")
            self._say(LOG_SPACE_NOT_FOLLOWED, "schema", observation=seen, space=says)

    def _compile(self) -> None:
        """Write the step function of this layout, if its steps can be regular at all."""
        writer = self._writer()
        layout = writer.layout
        assert layout is not None
        if fast_step.regular(layout, self.frames):
            parts = (writer, layout, self.frames)
            self._compiled = fast_step.compile_step(self.env.step, *parts, self.slow, self.sampler)
            if not self.num_envs:
                self.reset = fast_step.compile_reset(self.env.reset, *parts, self.after_reset, self.sampler)
                if self.statistics:
                    self.reset = self.statistics.around(self.reset, writer.note_statistics)
        else:
            self._compiled, self.reset = None, None
        self.on_compiled()

    # --- trouble -----------------------------------------------------------------------------------------------------

    def _writer(self) -> StreamWriter:
        """The stream's writer; NoRoom where the journal has no place for it, asked again every second."""
        if self.writer is not None and self.writer.state not in ("closed", "abandoned"):
            return self.writer
        if self.writer is not None:
            self._name_stream()
        if time.monotonic() - self._tried < RETRY_SECONDS:
            raise NoRoom(self._no_place)
        self._tried = time.monotonic()
        try:
            self._start()
        except OSError as error:
            self._no_place = cause_of(error)
            self._say(LOG_STORE_UNAVAILABLE, "journal", reason=str(error))
            raise NoRoom(self._no_place) from error
        assert self.writer is not None
        return self.writer

    def _drop(self, cause: str, reset: bool = False) -> None:
        """Count a record that could not be kept: its transitions by cause, at the journal where there is one."""
        if not self._gap and self.writer is not None:
            self._done = np.array(self.writer.done())
        self._gap = True
        transitions = 0 if reset else max(self.num_envs, 1) - int(self._done.sum() if self.mode == "NextStep" else 0)
        self._lost[cause] = self._lost.get(cause, 0) + transitions
        steps = 0 if reset else 1
        if self.writer is not None:
            self.writer.drop(transitions, steps, cause)
        else:  # there is no journal yet: the count goes with the first record that finds a place
            before = self._uncounted or (0, 0, 0, cause)
            self._uncounted = (before[0] + transitions, before[1] + steps, before[2] + 1, before[3])
        self._say(LOG_RECORDING_STOPPED if cause == "after delete" else LOG_STEPS_DROPPED, cause, cause=cause)

    def _fault(self, error: Exception) -> None:
        self._faults += 1
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        self._note(f"recorder fault: {reason}")
        self._say(LOG_RECORDER_FAILED, f"fault {type(error).__name__}", reason=reason)

    def _frames_failed(self, reason: str) -> None:
        """The source of the frames gave up; the steps are recorded without."""
        self._note(f"frames are off: {reason}")
        self._say(LOG_RENDER_FAILED, "frames", reason=reason)

    def _note(self, text: str) -> None:
        if text not in self._noted and len(self._noted) < 50:
            self._noted.add(text)
            if self.writer is not None:
                self.writer.note(text)

    def _say(self, constant: Any, key: str, **fields: Any) -> None:
        """One line the first time something is lost, on standard error and in the store's logs; the counts are in the
        store."""
        if key in self._said:
            return
        self._said.add(key)
        with contextlib.suppress(Exception):  # standard error may be gone
            log(constant, **self._whereabouts(), store=str(self.store), **fields)

    def _whereabouts(self) -> dict[str, Any]:
        """What a line belongs to: run, stream, and the newest vector step that is recorded."""
        place = {"run": self.run["run_id"], "stream": self.name or self.manifest["env_id"]}
        return {**place, "step": self.writer.newest_t()} if self.writer and self.writer.newest_t() >= 0 else place

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Seal what is open and end the stream; never raises. A step afterwards begins a new stream."""
        try:
            if self.writer is not None and self._pid == os.getpid() and self.writer.state in ("recording", "deleted"):
                self._pending_reset = None
                if self.sampler is not None and self.sampler.skipped:  # left out, and no row follows that would say so
                    self.writer.drop(self.sampler.transitions, self.sampler.skipped, SAMPLED)
                self.writer.close()
                log(LOG_STREAM_CLOSED, **self._whereabouts(), store=str(self.store), stream_id=self.stream_id)
        except Exception as error:
            self._fault(error)
        self._restart()

    def _restart(self) -> None:
        """Back to the general step: the compiled one writes into a journal that is no longer ours."""
        self._compiled, self.reset = None, None
        self.frames.forget()
        if self.sampler is not None:
            self.sampler.took(True)
        self.on_compiled()

    def forked(self) -> None:
        """In a forked child: its steps are a stream of their own; the parent's journal is not touched."""
        self._lost = {}
        if self.writer is not None:
            self.writer.abandon()
            log(LOG_FORK_NOT_RECORDED, **self._whereabouts(), store=str(self.store), parent=self._pid)
        self._restart()


def segment_rows(row_bytes: int, height: int, room: int) -> int:
    """Rows of a segment: whole chunks where they fit into `room` bytes."""
    fewest = max(16, min(FEWEST_ROWS, FEWEST_ROWS_BYTES // row_bytes))
    rows = min(CHUNKS_A_SEGMENT * height, max(fewest, room // row_bytes))
    return rows - rows % height if rows > height else rows


def _generator_seed(env: Any) -> Any:
    """The seed that Gymnasium drew for an environment that was given none."""
    try:
        return env.np_random_seed
    except Exception:  # some environments have no generator, or one that is made late
        return None


_LIVE: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for recorder in list(_LIVE):
        recorder.forked()


os.register_at_fork(after_in_child=_after_fork_in_child)
