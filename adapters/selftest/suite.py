"""All checks, one after the other: what is measured first, so that nothing else runs beside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from cornerman.adapters import environments
from cornerman.core.errors import CornermanError, InvalidOption
from cornerman.core.recorder_settings import RecorderSettings

from . import contents, cost, kills, quiet, reader
from .result import Bench, Result
from .scratch import scratch

CHECKS: dict[str, tuple[str, Callable[[Bench], Result]]] = {
    "cost": (cost.PROMISE, cost.check),
    "same": (contents.SAME, contents.check_same),
    "whole": (contents.WHOLE, contents.check_whole),
    "reader": (reader.PROMISE, reader.check),
    "killed": (kills.PROMISE, kills.check),
    "quiet": (quiet.PROMISE, quiet.check),
}
"""By name: what is promised, and who proves it. `whole` looks at what `same` has recorded."""


def run(store: Path, env_id: str, quick: bool) -> Generator[Result, None, None]:
    """The result of each check, as it is there. InvalidOption where nothing could be recorded."""
    if not RecorderSettings.from_environment().enabled:
        raise InvalidOption(
            "Recording is switched off: there is nothing to test.",
            "`cornerman config explain producer.enabled` says where that is set.",
        )
    environments.draw_in_memory()
    environments.make(env_id).close()
    with scratch(store) as folder, _own_run():
        bench = Bench(folder, env_id, quick)
        for name, (promise, check) in CHECKS.items():
            yield _result(name, promise, check, bench)


def _result(name: str, promise: str, check: Callable[[Bench], Result], bench: Bench) -> Result:
    """A check that cannot be carried out has not proved its promise."""
    try:
        return check(bench)
    except CornermanError as error:
        return Result(name, promise, False, (f"It could not be carried out: {error.what}",), {}, error.remedy)
    except Exception as error:
        said = f"It could not be carried out: {type(error).__name__}: {error}."
        return Result(
            name, promise, False, (said,), {}, "`cornerman doctor` looks at the store's place and at this host."
        )


@contextlib.contextmanager
def _own_run() -> Iterator[None]:
    """What is recorded here belongs to no run that the environment names, and is recorded whole and without frames."""
    outer = ("CORNERMAN_PRODUCER_FRAMES", "CORNERMAN_PRODUCER_SAMPLE")  # stronger than what a check says
    before = {name: os.environ.get(name) for name in ("CORNERMAN_RUN", "CORNERMAN_JOB", *outer)}
    for name in outer:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
