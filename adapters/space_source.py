"""Spaces by what a person types: an environment's id, a file with a descriptor, an object in Python."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import gymnasium

from cornerman.core.errors import InvalidOption
from cornerman.core.spaces import Descriptor, digest, parse

from . import environments
from .spaces import SpaceNotRebuilt, describe, describe_env, rebuild

_JSON = "Such a file holds one descriptor, or what `cornerman space dump --json` prints; Python is train.py:object."
_REMEDY = "Write it as train.py:object or module:object: a space, an environment, or a function that makes one."


def names_an_environment(text: str) -> bool:
    """Whether a text is the id of an environment, or was meant to be one."""
    return text in gymnasium.registry or "/" in text or re.search(r"-v\d+$", text) is not None


def of_environment(env_id: str, num_envs: int = 0) -> dict[str, Descriptor]:
    """The spaces of an environment that is made for it and closed again; InvalidOption says why it could not be."""
    environments.draw_in_memory()
    env = environments.make(env_id, num_envs=num_envs)
    try:
        return describe_env(env)
    finally:
        env.close()


def of_file(path: Path) -> dict[str, Descriptor]:
    """The descriptor in a JSON file, or those that `cornerman space dump --json` wrote; InvalidSpace for other JSON."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidOption(f"{path} cannot be read as JSON: {error}.", _JSON) from error
    if isinstance(content, dict) and "type" not in content and isinstance(content.get("spaces"), list):
        items: list[Any] = content["spaces"]
        named = [item for item in items if isinstance(item, dict) and "descriptor" in item]
        return {str(item.get("name", index)): parse(item["descriptor"]) for index, item in enumerate(named)}
    return {path.stem: parse(content)}


def of_object(name: str) -> dict[str, Descriptor]:
    """The spaces of `file.py:object` or `module:object`; InvalidOption where it is none."""
    place, _, attribute = name.rpartition(":")
    found = _attribute(_module(place), place, attribute)
    if isinstance(found, type) or not isinstance(found, (gymnasium.Space, gymnasium.Env, gymnasium.vector.VectorEnv)):
        found = _called(found, name)
    if isinstance(found, gymnasium.Space):
        return {attribute: describe(found)}
    if hasattr(found, "observation_space") and hasattr(found, "action_space"):
        spaces = describe_env(found)
        found.close()
        return spaces
    raise InvalidOption(f"{name} is a {type(found).__name__}, neither a space nor an environment.", _REMEDY)


def why_not_rebuilt(descriptor: Descriptor) -> str | None:
    """None where the space made from the descriptor is described as it; else what it lacks."""
    try:
        again = describe(rebuild(descriptor))
    except SpaceNotRebuilt as error:
        return str(error)
    same = digest(again) == digest(descriptor)
    return None if same else "It comes back as the space it derives from; a codec would keep its class."


def _module(place: str) -> Any:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        spec = importlib.util.spec_from_file_location(Path(place).stem, place)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(spec.name, module)
        spec.loader.exec_module(module)
    except Exception as error:  # anything may happen in somebody's module
        raise InvalidOption(f"{place} fails when imported: {type(error).__name__}: {error}.", _REMEDY) from error
    return module


def _attribute(module: Any, place: str, attribute: str) -> Any:
    found = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise InvalidOption(f"{place} has no {attribute}.", _REMEDY)
        found = getattr(found, part)
    return found


def _called(found: Any, name: str) -> Any:
    if not callable(found):
        return found
    try:
        return found()
    except Exception as error:
        raise InvalidOption(f"{name} cannot be called: {type(error).__name__}: {error}.", _REMEDY) from error
