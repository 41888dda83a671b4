"""How a run is started again: one line for a shell, made of its provenance, its settings and the command it was."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from .run_command import RunCommand
from .setting_keys import KEYS
from .setting_profiles import PROFILES

_PROFILE = "producer.profile"


def rerun_line(provenance: Mapping[str, Any], ran: RunCommand | None = None) -> str:
    """`cd /work && git checkout 1a2b3c && python train.py --seed 1`; empty where no command line is known.

    Settings of the run that were not built in come along: as options of `cornerman run`, where it was started so, else
    as variables; also what a configuration file said, which may say something else by then. What was masked as a
    secret stays `***`: whoever runs it fills it in. Seeds that the script drew itself are in the episodes, not here.
    """
    command = [str(word) for word in provenance.get("command") or ()]
    if not command:
        return ""
    parts = [f"cd {_quoted(str(cwd))}"] if (cwd := provenance.get("cwd")) else []
    commit = (provenance.get("git") or {}).get("commit")
    if commit:
        parts.append(f"git checkout {str(commit)[:12]}")
    settings = _settings(provenance.get("settings") or {}, command, ran)
    if ran is not None and ran.process:  # else only its recorder saw how it ended
        return " && ".join([*parts, _line([*_run(ran, settings), "--", *command])])
    variables = [f"{KEYS[name].environment}={_quoted(value)}" for name, value in settings.items()]
    return " && ".join([*parts, " ".join([*variables, _line(command)])])


def _line(words: Sequence[str]) -> str:
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """As a shell reads it, on one line whatever it holds: `$'…'` is known to bash, zsh and ksh."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return "\\" + char
    if char.isprintable():
        return char
    return "\\n" if char == "\n" else f"\\U{ord(char):08x}"


def _settings(chosen: Mapping[str, Any], command: Sequence[str], ran: RunCommand | None) -> dict[str, str]:
    """By key, as they are typed: what the run had, without what its own command line or its profile says."""
    given = {f"{section}.{leaf}": value for section, keys in chosen.items() for leaf, value in keys.items()}
    of_variables = {key.environment: name for name, key in KEYS.items()}
    for variable, value in (ran.environment if ran else {}).items():
        if variable in of_variables:
            given.setdefault(of_variables[variable], value)
    said = set(_said(command))
    profile = PROFILES.get(str(given.get(_PROFILE)))
    found = {
        name: KEYS[name].words(value)
        for name, value in given.items()
        if name in KEYS and not name.startswith("identity.") and name not in said
    }
    return {name: text for name, text in found.items() if not profile or profile.values.get(name) != given[name]}


def _said(command: Sequence[str]) -> Iterator[str]:
    """The settings that a command of ours names itself."""
    for before, word in pairwise(["", *command, ""]):
        if before == "--set" or word.startswith("--set="):
            yield word.removeprefix("--set=").partition("=")[0]
        if word == "--profile" or word.startswith("--profile="):
            yield _PROFILE


def _run(ran: RunCommand, settings: Mapping[str, str]) -> list[str]:
    """`cornerman run` with what it was given; how often it was started again is not known."""
    variables = {key.environment for key in KEYS.values()}
    pairs = [
        ("--job", ran.job),
        ("--frames", ran.frames),
        ("--profile", settings.get(_PROFILE, "")),
        *(("--set", f"{name}={value}") for name, value in settings.items() if name != _PROFILE),
        *(("--env", f"{name}={value}") for name, value in ran.environment.items() if name not in variables),
        *((f"--{name}", value) for name, value in ran.resources.items()),
    ]
    return ["cornerman", "run", *(word for option, value in pairs if value for word in (option, value))]
