"""The wrapper that records a `gymnasium.Env`."""

from __future__ import annotations

import os
from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from .handle import Handle, attach, start
from .recorder import Recorder


class RecordSteps(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Records every step of an environment; what the loop sees does not change.

    Made by `cornerman.record`. It pickles into subprocess environments, where it begins a stream of its own, and
    `gymnasium.make(env.spec)` makes it again. Closing is optional: leaving the process ends the stream.
    """

    cornerman: Handle
    _recorder: Recorder | None

    def __init__(
        self, env: gymnasium.Env[Any, Any], job: str | None = None, store: str | os.PathLike[str] | None = None,
        frames: Any = None, name: str | None = None, schema: str | None = None, inputs: dict[str, str] | None = None,
        sample: Any = None,
    ) -> None:  # fmt: skip
        place = None if store is None else os.fspath(store)
        RecordConstructorArgs.__init__(
            self, job=job, store=place, frames=frames, name=name, schema=schema, inputs=inputs, sample=sample
        )
        gymnasium.Wrapper.__init__(self, env)
        attach(self, start(self.env, self._saved_kwargs))

    def step(self, action: Any) -> Any:
        """As the environment's. Recorded when it returns: a kill afterwards does not lose it."""
        return self._recorder.step(action) if self._recorder else self.env.step(action)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """As the environment's."""
        return self.record_reset(seed=seed, options=options)

    def record_reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """The general reset, which the compiled one hides."""
        result = self.env.reset(seed=seed, options=options)
        if self._recorder:
            self._recorder.after_reset(result, seed, options, None)
        return result

    def close(self) -> None:
        """End the stream, then close the environment."""
        if self._recorder:
            self._recorder.close()
        super().close()

    def __getstate__(self) -> dict[str, Any]:
        hidden = ("step", "reset", "_recorder", "cornerman", "_cached_spec")
        return {key: value for key, value in self.__dict__.items() if key not in hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cached_spec = None
        attach(self, start(self.env, self._saved_kwargs))
