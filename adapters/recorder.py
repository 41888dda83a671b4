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
    NO_ACTION,
    NO_INFO,
    NO_OBSERVATION,
    RESET,
    Layout,
    draw,
)
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.core.sample_option import ALL
from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import (
    LOG_FORK_NOT_RECORDED,
    LOG_RECORDING_RESUMED,
    LOG_RECORDING_STOPPED,
    LOG_RUN_FOLDER_FAILED,
    LOG_SPACE_NOT_FOLLOWED,
    LOG_STEPS_DROPPED,
    LOG_STORE_UNAVAILABLE,
    LOG_STREAM_CLOSED,
    LOG_STREAM_STARTED,
)
from cornerman.store.logs import said
from cornerman.store.pack import chunk_height
from cornerman.store.seal import StreamIdentity
from cornerman.store.segments import SAMPLED
from cornerman.store.session import session_for
from cornerman.store.writer import NoRoom, StreamWriter, cause_of

from . import fast_step, program_end
from .complaints import Complaints
from .fitting import fit, fit_info, part
from .frame_source import FrameSource, choose
from .gap import Gap
from .introduction import identity_of, keep_folder, late_inputs, tell_store
from .layout_of import INLINE_BYTES, SEGMENT_BYTES, difference, layout_of, segment_rows
from .normalization import Statistics
from .outcome import final_observations, put_outcome
from .runs import run_for
from .sampling import Sampler

MAX_LAYOUTS = 4
RELAYOUT_AFTER = 64
"""So many irregular steps in a row, and the layout is drawn anew from the next."""
RETRY_SECONDS = 1.0
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
        self.sampler = Sampler(sample, self.num_envs, mode) if sample > ALL else None
        self.statistics = Statistics()
        self._compiled: Callable[[Any], Any] | None = None
        self.reset: Callable[..., Any] | None = None
        self.frames = FrameSource("none", (), 1, None)
        self.writer: StreamWriter | None = None
        self.on_compiled: Callable[[], None] = lambda: None
        self._pending_reset: tuple[Any, dict[str, Any], Taken] | None = None
        self._chosen = False
        self._layouts = 0
        self._irregular = 0
        self._seeded = False
        self._no_place = "store read-only"
        self._pid = os.getpid()
        self._folder: dict[str, str] = {}
        self._gap = Gap(self.num_envs, mode)
        self.complaints = Complaints(self._whereabouts, self._keep_note)
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
        self.session.folder()  # where not even the journal can be, there is nothing to be said of it
        notes = [*self.run["notes"], *late_inputs(self.run, self.inputs)]
        try:
            self._folder = keep_folder(self.session, self.run)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            notes.append(f"the run's folder could not be written: {reason}")
            self.complaints.say(LOG_RUN_FOLDER_FAILED, "folder", reason=reason)
        identity = self._identity()
        self.writer = StreamWriter(self.session, identity)
        self.session.add(self.writer)
        program_end.begun(self.session.path, self.run)
        _LIVE.add(self)
        self._gap.deliver(self.writer)
        for note in notes:
            self.complaints.note(note)
        try:
            tell_store(self.session, self.run, identity)
        except Exception as error:
            self.complaints.say(LOG_STORE_UNAVAILABLE, "store", reason=str(error))
        log(LOG_STREAM_STARTED, **self._whereabouts(), stream_id=self.stream_id)

    def _identity(self) -> StreamIdentity:
        stream = {
            "id": self.stream_id,
            "name": self.name or self.manifest["env_id"],
            "spaces": self.spaces,
            "num_envs": self.num_envs,
            "autoreset": self.mode,
            "process": self.session.process.name,
            "frame_envs": list(self.frames.envs),
            "rows_per_chunk": self.settings.rows_per_chunk,
        }
        manifest = {**self.manifest, "frames": self.frames.describe()}
        return identity_of(self.run, self._folder, stream, manifest)

    def status(self) -> dict[str, Any]:
        """Records received and kept, transitions lost by cause, and why the store does not take chunks, if so."""
        writer = self.writer
        return {
            "run_id": self.run["run_id"],
            "stream_id": self.stream_id,
            "records": writer.cursor.sequence if writer else 0,
            "rows": (writer.rows + writer.index) if writer and writer.segment else (writer.rows if writer else 0),
            "lost": dict(self._gap.lost),
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
            self.complaints.fault(error)
            self._drop(cause_of(error))
        if self._gap.open:
            self._gap.remember(result)

    def after_reset(self, result: Any, seed: Any, options: Any, mask: Any) -> None:
        """Record what `reset` returned; never raises."""
        try:
            observation, info = result
            self._record_reset(observation, info, seed, options, mask)
        except NoRoom as error:
            self._drop(error.cause, reset=True)
        except Exception as error:
            self.complaints.fault(error)
            self._drop(cause_of(error), reset=True)

    def _record_step(self, action: Any, result: Any) -> None:
        observation, reward, terminated, truncated, info = result
        if self.sampler is not None and self.sampler.skips(reward, terminated, truncated):
            return
        writer = self._writer()
        if writer.layout is None or (self._irregular > RELAYOUT_AFTER and self._layouts < MAX_LAYOUTS):
            self._draw_layout(observation, action, reward, info)
        layout = writer.layout
        assert layout is not None
        row: dict[str, Any] = {}
        extras: dict[str, Any] = {}
        flags = put_outcome(layout, reward, terminated, truncated, row, extras)
        final = final_observations(info) if self.mode == "SameStep" else None
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
            self.sampler.took(self.sampler.whole_after_end and bool(np.any(terminated) or np.any(truncated)))

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
        self._gap.began(mask)
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
        flags |= self._gap.tell(extras)
        numbers, new = taken or self._take_frames(observation, writer.cursor.sequence)
        if new:
            extras = {"frames": new, **extras}  # first, where sealing looks for them
        if self.sampler is not None:
            row |= self.sampler.row
        writer.append(row, flags, values.encode(extras) if extras else b"", numbers)
        if self._gap.open:
            self._gap.open = False
            self.complaints.say(LOG_RECORDING_RESUMED, "resumed", lost=sum(self._gap.lost.values()))
        if new:
            self.frames.keep()

    # --- layouts -----------------------------------------------------------------------------------------------------

    def _draw_layout(self, observation: Any, action: Any, reward: Any, info: Any) -> None:
        writer = self._writer()
        if writer.layout is None:
            self._choose_frames(observation)
            writer.identity = self._identity_again()
        step, sampled = (observation, action, reward, info), self.sampler.leaves if self.sampler is not None else []
        keys = self._layouts + 1 < MAX_LAYOUTS
        layout = layout_of(self.env, self.num_envs, step, sampled, self.frames.numbered, keys)
        self._note_difference(layout)
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
        self.frames.on_failure = self.complaints.frames_failed
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

    def _sample(self, observation: Any) -> Any:
        return part(observation, 0) if self.num_envs else observation

    def _note_difference(self, layout: Layout) -> None:
        """Say once where observations are not what their space declares."""
        if found := difference(self.env, layout):
            seen, says = found
            self.complaints.note(f"observations are {seen}, their space says {says}")
            self.complaints.say(LOG_SPACE_NOT_FOLLOWED, "schema", observation=seen, space=says)

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
            self.complaints.say(LOG_STORE_UNAVAILABLE, "journal", reason=str(error))
            raise NoRoom(self._no_place) from error
        assert self.writer is not None
        return self.writer

    def _drop(self, cause: str, reset: bool = False) -> None:
        """Count a record that could not be kept, and say so the first time."""
        self._gap.drop(self.writer, cause, reset)
        constant = LOG_RECORDING_STOPPED if cause == "after delete" else LOG_STEPS_DROPPED
        self.complaints.say(constant, cause, cause=cause)

    def _keep_note(self, text: str) -> None:
        if self.writer is not None:
            self.writer.note(text)

    def _whereabouts(self) -> dict[str, Any]:
        """What a line belongs to: run, stream, and the newest vector step that is recorded."""
        place = {"run": self.run["run_id"], "stream": self.name or self.manifest["env_id"], "store": str(self.store)}
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
                log(LOG_STREAM_CLOSED, **self._whereabouts(), stream_id=self.stream_id)
        except Exception as error:
            self.complaints.fault(error)
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
        self._gap.lost = {}
        if self.writer is not None:
            self.writer.abandon()
            log(LOG_FORK_NOT_RECORDED, **self._whereabouts(), parent=self._pid)
        self._restart()


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
