"""What a stream says of its environment once, so that no step has to."""

from __future__ import annotations

import hashlib
from typing import Any

import gymnasium

from cornerman.core.spaces import canonical, words

from .spaces import describe_env

_MODES = frozenset(mode.value for mode in gymnasium.vector.AutoresetMode)


def manifest(env: Any, vector: bool) -> dict[str, Any]:
    """Environment id, arguments, version, wrappers, spaces, vector metadata, rendering."""
    spec = getattr(env, "spec", None)
    facts: dict[str, Any] = {
        "env_id": spec.id if spec is not None else _class_name(env.unwrapped),
        "kwargs": dict(spec.kwargs) if spec is not None else {},
        "max_episode_steps": getattr(spec, "max_episode_steps", None),
        "entry_point": str(spec.entry_point) if spec is not None else _class_name(env.unwrapped),
        "wrappers": wrappers(env),
        "gymnasium": gymnasium.__version__,
        "render_mode": getattr(env, "render_mode", None),
        "render_fps": (getattr(env, "metadata", None) or {}).get("render_fps"),
        "render_modes": list((getattr(env, "metadata", None) or {}).get("render_modes") or ()),
        "num_envs": int(env.num_envs) if vector else 0,
        **_spaces(env),
    }
    if vector:
        facts |= {
            "autoreset_mode": autoreset_mode(env),
            "autoreset_declared": "autoreset_mode" in (getattr(env, "metadata", None) or {}),
        }
    return facts


def _spaces(env: Any) -> dict[str, Any]:
    """Each space by its digest and in words, and under `spaces` their descriptors: these are stored apart, and once."""
    texts = {name: (canonical(space), words(space)) for name, space in describe_env(env).items()}
    named = {name: {"space": hashlib.sha256(text).hexdigest(), "words": said} for name, (text, said) in texts.items()}
    return {**named, "spaces": {name: text for name, (text, _) in texts.items()}}


def autoreset_mode(env: Any) -> str:
    """NextStep, SameStep or Disabled; NextStep, Gymnasium's default, where the environment names none of them."""
    return declared_mode(env) or "NextStep"


def declared_mode(env: Any) -> str | None:
    """The mode that the environment names, None where it names none that is known."""
    mode = (getattr(env, "metadata", None) or {}).get("autoreset_mode")
    name = str(getattr(mode, "value", mode))
    return name if name in _MODES else None


def wrappers(env: Any) -> list[str]:
    """The classes around the environment, outermost first, and its own last."""
    names = []
    while True:
        names.append(_class_name(env))
        # not by way of `__dict__`: looking at it makes the object's attributes slower ever after (CPython 3.11)
        if not isinstance(env, (gymnasium.Wrapper, gymnasium.vector.VectorWrapper)):
            return names
        env = env.env


def _class_name(thing: Any) -> str:
    return f"{type(thing).__module__}:{type(thing).__qualname__}"
