"""Environments by name, as a person types them: made, or refused with the reason and the remedy."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
from gymnasium import error as gym_error
from gymnasium.envs.registration import load_env_creator

from cornerman.core.errors import InvalidOption

_EXTRAS = {"box2d": "box2d", "pygame": "classic-control", "mujoco": "mujoco", "ale_py": "atari", "moviepy": "other"}
"""What a message about something missing mentions, and the Gymnasium extra that brings it."""


def make(
    env_id: str, *, num_envs: int = 0, vectorization: str | None = None, arguments: Mapping[str, Any] | None = None
) -> Any:
    """`gymnasium.make`, or `make_vec` where `num_envs` is given; InvalidOption says why it could not."""
    kwargs = dict(arguments or {})
    try:
        if num_envs:
            return gym.make_vec(env_id, num_envs=num_envs, vectorization_mode=vectorization, **kwargs)
        return gym.make(env_id, **kwargs)
    except gym_error.DependencyNotInstalled as error:
        raise InvalidOption(
            f"{env_id} needs a package that is not installed: {_one_line(error)}.", _install(error)
        ) from error
    except (gym_error.UnregisteredEnv, gym_error.DeprecatedEnv) as error:
        raise _unknown(env_id, error) from error
    except ModuleNotFoundError as error:
        raise InvalidOption(
            f"{env_id} needs the module {error.name or env_id.partition(':')[0]}, which is not installed.",
            _install(error),
        ) from error
    except TypeError as error:
        raise InvalidOption(
            f"{env_id} does not take these arguments: {_one_line(error)}.", "Check --env-arg."
        ) from error
    except gym_error.Error as error:
        raise InvalidOption(f"{env_id} cannot be made: {_one_line(error)}.") from error


def draw_in_memory() -> None:
    """Where there is no window system, pygame is not to look for one; nor to greet on stdout, which is data."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")


def renders_pictures(env_id: str) -> bool:
    """Whether the environment has a mode that returns pictures, as far as its class says without making it."""
    try:
        spec = gym.spec(env_id)
        entry: Any = spec.entry_point
        maker = load_env_creator(entry) if isinstance(entry, str) else entry
        return "rgb_array" in getattr(maker, "metadata", {}).get("render_modes", ())
    except Exception:  # anything may happen in somebody's module: `make` will say it in words
        return False


def _unknown(env_id: str, error: Exception) -> InvalidOption:
    """An environment id nobody registered, with those that look like it."""
    close = close_matches(env_id)
    if close:
        return InvalidOption(f"There is no environment {env_id}.", f"Did you mean {', '.join(close)}?")
    if "/" in env_id and ":" not in env_id:
        return InvalidOption(
            f"There is no environment {env_id}: nothing has registered it.",
            f"Name the package that does, for example `ale_py:ALE/Pong-v5` for {env_id.split('/')[0]}/….",
        )
    return InvalidOption(
        f"There is no environment {env_id} ({_one_line(error)}).",
        '`python -c "import gymnasium; gymnasium.pprint_registry()"` lists what there is.',
    )


def close_matches(env_id: str, limit: int = 3) -> list[str]:
    """Registered ids that a typing mistake or an old version number may have meant, newest version first."""
    known = list(gym.registry)
    name, _, _ = env_id.rpartition("-v")
    same = [known_id for known_id in known if known_id.rpartition("-v")[0].lower() == (name or env_id).lower()]
    if same:
        return sorted(same, key=lambda known_id: int(known_id.rpartition("-v")[2] or 0), reverse=True)[:limit]
    folded = {known_id.lower(): known_id for known_id in known}
    return [folded[match] for match in difflib.get_close_matches(env_id.lower(), folded, limit, 0.6)]


def _install(error: Exception) -> str:
    text = f"{error} {getattr(error, 'name', '')}".lower()
    for mention, extra in _EXTRAS.items():
        if mention in text:
            return f'Install it with `pip install "gymnasium[{extra}]"`.'
    return "Install it into the Python environment that runs `cornerman`."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
