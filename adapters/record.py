"""`cornerman.record`: one line in a training script, and every step of it is kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from cornerman.core.errors import InvalidOption
from cornerman.core.frames_option import parse_frames
from cornerman.core.sample_option import parse_sample

from .inputs import InputFiles, named_files

if TYPE_CHECKING:
    import gymnasium

    Environment = TypeVar("Environment", bound=gymnasium.Env[Any, Any] | gymnasium.vector.VectorEnv[Any, Any, Any])


def record(
    env: Environment,
    *,
    job: str | None = None,
    store: str | os.PathLike[str] | None = None,
    frames: Any = None,
    name: str | None = None,
    schema: str | None = None,
    inputs: InputFiles | None = None,
    sample: Any = None,
) -> Environment:
    """Wrap a `gymnasium.Env` or `gymnasium.vector.VectorEnv` so that every step is recorded. The loop does not change.

    `job` names the work (the script's name otherwise), `store` the folder (`$CORNERMAN_STORE`, else the user's data
    folder), `name` this stream of the run (the environment's id otherwise). `frames` is `none`, `auto`, `every=N`,
    `envs=0,2`, or numbers for the last two; None takes the setting `producer.frames`. `schema` names the registered
    schema that the steps are judged by, `id@1.2.0` or `id`; without it that of the spaces is taken.
    `inputs` are small files that the run is started with, such as configurations, by name if you like: they are kept
    beside its steps, as the script is, and the run's id is derived from them.
    `sample` is `none`, or `every=N` to record only every N-th vector step of an episode, its first step and its end:
    what is left out is counted in the row that follows. None takes the setting `producer.sample`.

    A step is durable against the death of the process when `env.step` returns. What the recorder cannot keep (a full
    disk, a store that cannot be written) it counts, by cause; it never raises into the loop and never waits for a lock.
    Raises InvalidOption for arguments that cannot be used, before anything is recorded.
    """
    import gymnasium

    if frames is not None:
        parse_frames(frames)
    if sample is not None:
        parse_sample(sample)
    if schema is not None:
        from cornerman.core.schema.versions import parse_pin

        parse_pin(schema)
    files = named_files(inputs) or None
    options: dict[str, Any] = {"job": job, "store": store, "frames": frames, "name": name, "schema": schema}
    options |= {"inputs": files, "sample": sample}
    if isinstance(env, gymnasium.vector.VectorEnv):
        from .vector import RecordVectorSteps

        return RecordVectorSteps(env, **options)  # type: ignore[return-value]
    if isinstance(env, gymnasium.Env):
        from .single import RecordSteps

        return RecordSteps(env, **options)  # type: ignore[return-value]
    raise InvalidOption(
        f"record() takes a gymnasium.Env or a gymnasium.vector.VectorEnv, not {type(env).__name__}.",
        "Make the environment with gymnasium.make or gymnasium.make_vec first.",
    )
