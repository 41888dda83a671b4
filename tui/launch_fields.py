"""What is filled in to launch something: a command, or an environment and a policy; and the command it makes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cornerman.core.errors import InvalidOption

from .settings_view import Row


class Field(NamedTuple):
    """One thing to fill in. `option` is that of `cornerman record`; of ours where there is none."""

    name: str
    label: str
    hint: str
    help: str
    option: str = ""


KIND = "kind"
KINDS = ("command", "environment")
KIND_HELP = "A command, as in a shell; or an environment, driven by a policy or at random."
COMMAND = (
    Field("command", "command", "python train.py --lr 0.001", "Found as a shell would, and started without one."),
)
ENVIRONMENT = (
    Field("environment", "environment", "CartPole-v1", "A registered one; ale_py:ALE/Pong-v5 imports a package."),
    Field("policy", "policy", "module:function", "Your function, from the folder below; random without.", "policy"),
    Field("steps", "steps", "10000", "Calls of step.", "steps"),
    Field("num_envs", "environments", "8", "Make a vector environment of so many.", "num-envs"),
    Field("seed", "seed", "7", "Of the first reset and of random actions.", "seed"),
)
COMMON = (
    Field("job", "job", "night", "The name by which it and its runs are found."),
    Field("restart", "start again", "on-failure:3", "3: so often; on-failure: when it fails; never without."),
    Field("cwd", "folder", "", "The folder it starts in; where this terminal was opened without."),
)


def fields_of(kind: str) -> tuple[Field, ...]:
    return (*(COMMAND if kind == "command" else ENVIRONMENT), *COMMON)


def rows(filled: Mapping[str, str]) -> list[Row]:
    """The rows of the form above its settings."""
    kind = filled.get(KIND, KINDS[0])
    found = [
        Row("heading", "launch", "launch", "what to start; l checks and starts it"),
        Row("field", KIND, "what", kind, "(space: " + KINDS[1 - KINDS.index(kind)] + ")", chosen=True),
    ]
    return found + [
        Row("field", one.name, one.label, filled.get(one.name, ""), chosen=bool(filled.get(one.name)))
        for one in fields_of(kind)
    ]


def field(name: str) -> Field | None:
    return next((one for one in (*COMMAND, *ENVIRONMENT, *COMMON) if one.name == name), None)


def command_of(filled: Mapping[str, str]) -> tuple[str, ...]:
    """The command that the form makes; InvalidOption where it makes none."""
    if filled.get(KIND, KINDS[0]) == "command":
        try:
            return tuple(shlex.split(filled.get("command", "")))
        except ValueError as error:
            raise InvalidOption(f"The command cannot be read: {error}.", "Close the quotation.") from error
    if not filled.get("environment"):
        raise InvalidOption("No environment is named.", "For example CartPole-v1.")
    options = [
        word
        for one in ENVIRONMENT
        if one.option and filled.get(one.name)
        for word in (f"--{one.option}", filled[one.name])
    ]
    return ("cornerman", "record", filled["environment"], *options)


def filled_from(command: tuple[str, ...], job: str, cwd: str, restart: str = "") -> dict[str, str]:
    """A form that makes this command again."""
    found = {"job": job, "restart": restart, "cwd": "" if cwd == str(Path.cwd()) else cwd}
    if command[:2] == ("cornerman", "record") and len(command) > 2:
        options = {f"--{one.option}": one.name for one in ENVIRONMENT if one.option}
        words = command[3:]
        pairs = dict(zip(words[::2], words[1::2], strict=False))
        if len(words) % 2 == 0 and pairs.keys() <= options.keys() and not command[2].startswith("-"):
            return {**found, KIND: "environment", "environment": command[2]} | {
                options[name]: value for name, value in pairs.items()
            }
    return {**found, KIND: "command", "command": shlex.join(command)}
