"""Who chooses the actions of a headless recording: the action space itself, or a function of the user's.

`module:function` is imported with the current folder on the path, as `python script.py` would. What it is, its
parameters say:

    def act(observation, action_space): ...     called at each step
    def act(observation): ...                   the same, without the space
    def make(env): ...                          called once; returns one of the two above

Vector environments give the batch of observations and take the batch of actions.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cornerman.core.errors import InvalidOption

from .inputs import LARGEST

Policy = Callable[[Any], Any]
"""From an observation to an action."""

_REMEDY = "Write it as module:function, importable from the current folder; `cornerman record --help` shows one."


def random_policy(env: Any, seed: int | None) -> Policy:
    """Actions drawn from the action space, the same ones again for the same seed."""
    space = env.action_space
    if seed is not None:
        space.seed(seed)
    return lambda _observation: space.sample()


def load(name: str, env: Any) -> Policy:
    """The policy called `module:function`, ready to act in `env`; InvalidOption where it cannot be."""
    function = _named(name)
    if _parameters(function, name)[:1] in (["env"], ["environment"]):
        function = function(env)
        if not callable(function):
            raise InvalidOption(f"The policy {name} made {function!r}, which cannot be called.", _REMEDY)
    wanted = len(_parameters(function, name))
    if wanted == 1:
        return function
    if wanted == 2:
        return lambda observation: function(observation, env.action_space)
    raise InvalidOption(
        f"The policy {name} takes {wanted} arguments.", "It is given the observation and the action space."
    )


def sources(name: str | None) -> list[str]:
    """The file that a loaded policy's module came from, where it is one that can be kept with the run."""
    module = sys.modules.get(name.partition(":")[0]) if name else None
    path = str(getattr(module, "__file__", None) or "")
    return [path] if path.endswith(".py") and Path(path).is_file() and Path(path).stat().st_size <= LARGEST else []


def _named(name: str) -> Callable[..., Any]:
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise InvalidOption(f"{name!r} does not name a policy.", _REMEDY)
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        what = f"There is no module {error.name}" + (
            "" if error.name == module_name else f", which {module_name} imports"
        )
        raise InvalidOption(f"{what}.", _REMEDY) from error
    except Exception as error:
        raise InvalidOption(
            f"The module {module_name} fails when imported: {type(error).__name__}: {error}."
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise InvalidOption(f"The module {module_name} has no {attribute}.", _REMEDY)
        found = getattr(found, part)
    if not callable(found):
        raise InvalidOption(f"{name} is no function.", _REMEDY)
    named: Callable[..., Any] = found
    return named


def _parameters(function: Callable[..., Any], name: str) -> list[str]:
    """The names of the positional parameters that must be given."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise InvalidOption(f"The policy {name} does not say which arguments it takes.", _REMEDY) from error
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [item.name for item in parameters if item.kind in kinds and item.default is item.empty]
