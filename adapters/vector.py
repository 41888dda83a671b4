"""The wrapper that records a `gymnasium.vector.VectorEnv`, in each of its autoreset modes."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper

from .handle import Handle, attach, start
from .recorder import Recorder


class RecordVectorSteps(VectorWrapper):
    """Records every step of a vector environment; what the loop sees does not change.

    Made by `cornerman.record`. Each vector step is one record; per sub-environment the episodes equal, row for row,
    those of the environment recorded alone. It pickles, and begins a stream of its own where it is unpickled.
    """

    cornerman: Handle
    _recorder: Recorder | None

    def __init__(
        self, env: VectorEnv[Any, Any, Any], job: str | None = None, store: str | os.PathLike[str] | None = None,
        frames: Any = None, name: str | None = None, schema: str | None = None, inputs: dict[str, str] | None = None,
        sample: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(env)
        self._arguments = {
            "job": job,
            "store": None if store is None else os.fspath(store),
            "frames": frames,
            "name": name,
            "schema": schema,
            "inputs": inputs,
            "sample": sample,
        }
        attach(self, start(self.env, self._arguments))

    def step(self, actions: Any) -> Any:
        """As the environment's. Recorded when it returns."""
        return self._recorder.step(actions) if self._recorder else self.env.step(actions)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> Any:
        """As the environment's; a `reset_mask` among the options is read before the environment takes it out."""
        return self.record_reset(seed=seed, options=options)

    def record_reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> Any:
        """The general reset; a compiled one would hide `reset` as the compiled step hides `step`."""
        mask = None if not options or "reset_mask" not in options else np.array(options["reset_mask"], np.bool_)
        kept = {key: value for key, value in options.items() if key != "reset_mask"} if options else None
        result = self.env.reset(seed=seed, options=options)
        if self._recorder:
            self._recorder.after_reset(result, seed, kept or None, mask)
        return result

    def close(self, **kwargs: Any) -> None:
        """End the stream, then close the environment."""
        if self._recorder:
            self._recorder.close()
        super().close(**kwargs)

    def __getstate__(self) -> dict[str, Any]:
        hidden = ("step", "reset", "_recorder", "cornerman")
        return {key: value for key, value in self.__dict__.items() if key not in hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        attach(self, start(self.env, self._arguments))
