"""Starting a recorder for a wrapper, and what `env.cornerman` offers the script that recorded."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from cornerman.core.frames_option import parse_frames
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.core.sample_option import ALL, parse_sample, sample_words
from cornerman.log_catalog import Level, log, set_private_level
from cornerman.log_catalog.recorder import LOG_RECORDING_DISABLED, LOG_STORE_UNAVAILABLE, LOG_VECTOR_AUTORESET_MODE
from cornerman.store.location import store_path

from .manifest import autoreset_mode, declared_mode, manifest
from .recorder import Recorder
from .runs import outer_environment

Value = TypeVar("Value")


def start(env: Any, arguments: dict[str, Any]) -> Recorder | None:
    """A recorder for `env`, or None where recording is switched off or cannot be begun: training goes on."""
    settings = RecorderSettings.from_environment(environ=outer_environment())
    set_private_level(cast(Level, settings.log_level))
    if not settings.enabled:
        log(LOG_RECORDING_DISABLED)
        return None
    frames = _outer(settings, "producer.frames", arguments.get("frames"), parse_frames, settings.frames)
    sample = _outer(settings, "producer.sample", arguments.get("sample"), parse_sample, settings.sample)
    sampled = {"sample": sample_words(sample)} if sample > ALL else {}
    store = store_path(arguments.get("store") or settings.store)
    vector = hasattr(env, "num_envs")
    if vector and declared_mode(env) is None:
        log(LOG_VECTOR_AUTORESET_MODE, env=type(env.unwrapped).__name__, taken=autoreset_mode(env))
    try:
        return Recorder(
            env,
            store=store,
            job=arguments.get("job") or settings.job,
            inputs=arguments.get("inputs"),
            name=arguments.get("name"),
            settings=settings,
            frames=frames,
            sample=sample,
            manifest={**manifest(env, vector), "schema": _schema(arguments.get("schema"), settings), **sampled},
            vector=vector,
            mode=autoreset_mode(env) if vector else "",
        )
    except Exception as error:  # a recorder that cannot be made must not stop the training
        log(LOG_STORE_UNAVAILABLE, store=str(store), reason=f"{type(error).__name__}: {error}")
        return None


def _outer(settings: RecorderSettings, name: str, asked: Any, parse: Callable[[Any], Value], setting: Value) -> Value:
    """What holds of a setting that a script may say too: a variable outweighs the script, the script files."""
    return setting if asked is None or name in settings.outer else parse(asked)


def _schema(pin: str | None, settings: RecorderSettings) -> dict[str, str]:
    """What the run says of its step schema; the store's own rules are closer."""
    return {**({"pin": pin} if pin else {}), "mode": settings.schema_mode}


def attach(wrapper: Any, recorder: Recorder | None) -> None:
    """Have the wrapper call the recorder's compiled functions: attributes of the object hide its methods.

    That saves a call at every step. The recorder must not keep the wrapper alive: its end closes the stream.
    """
    wrapper._recorder = recorder
    wrapper.cornerman = Handle(recorder)
    if recorder is None:
        wrapper.step = wrapper.env.step
        return
    itself = weakref.ref(wrapper)

    def use() -> None:
        found = itself()
        if found is not None:
            found.step = recorder.step
            found.reset = recorder.reset or found.record_reset

    recorder.on_compiled = use
    use()
    weakref.finalize(wrapper, recorder.close)


class Handle:
    """The recording of one environment: `env.cornerman`."""

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder

    @property
    def run_id(self) -> str | None:
        return self._recorder.run["run_id"] if self._recorder else None

    @property
    def stream_id(self) -> int | None:
        """Changes where the recording goes on in a forked child, or after `close`."""
        return self._recorder.stream_id if self._recorder else None

    @property
    def store(self) -> Path | None:
        return self._recorder.store if self._recorder else None

    def status(self) -> dict[str, Any]:
        """What was received and kept, what was lost by cause, and what the store complains of."""
        return self._recorder.status() if self._recorder else {"lost": {}, "trouble": "recording is switched off"}

    def __repr__(self) -> str:
        return f"<recording run={self.run_id} stream={self.stream_id} store={self.store}>"
