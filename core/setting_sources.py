"""Where settings come from, weakest first: defaults < profile < the user's file < $CORNERMAN_CONFIG < environment <
flags. What a script says in `record(frames=…, sample=…)` stands between files and environment. A `.env` file is none of
them: whoever wants it exports it (`dot_env.py` says so where one lies about).

Standard library only, because the recorder reads its settings here inside somebody's training process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cornerman.log_catalog.user_folders import config_folder

from . import setting_file
from .errors import InvalidOption
from .setting_key import SettingKey
from .setting_keys import KEYS, key
from .setting_profiles import PROFILES

OnProblem = Callable[[InvalidOption], None]

OUTER = ("environment", "flags")
"""Layers of whoever starts the program: stronger than what its script says."""

CONFIG_VARIABLE = "CORNERMAN_CONFIG"


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings: what kind it is, where exactly, and the values it holds, parsed, by key."""

    name: str
    """defaults, profile, file, environment or flags."""
    origin: str
    values: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where in the layer a value stands, where that says more than the layer's own origin."""


def user_config_file() -> Path:
    """`~/.config/cornerman/config.toml`, or where this system keeps such files. It need not exist."""
    return config_folder() / "config.toml"


def config_files(environ: Mapping[str, str]) -> list[Path]:
    """The files that are read, the stronger one last: the user's if it exists, and `$CORNERMAN_CONFIG`."""
    files = [user_config_file()] if user_config_file().exists() else []
    named = environ.get(CONFIG_VARIABLE, "").strip()
    return files + ([Path(named).expanduser()] if named else [])


def read_layers(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    on_problem: OnProblem | None = None,
) -> list[Layer]:
    """Every source, weakest first. A value that cannot be used goes to `on_problem`; without one it is raised."""
    environ = os.environ if environ is None else environ
    report = on_problem or _raise
    defaults = Layer("defaults", "built in", {name: key.default for name, key in KEYS.items()})
    said = [_file_layer(path, report) for path in config_files(environ)]
    said.append(_environment_layer(environ, report))
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    said.append(_layer("flags", "command line", given, lambda name: f"--{name}", report))
    return [defaults, *_profile_layer(str(effective([defaults, *said])["producer.profile"])), *said]


def effective(layers: Sequence[Layer]) -> dict[str, Any]:
    """The value of each key: the strongest layer that has one wins."""
    return {name: value for layer in layers for name, value in layer.values.items()}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One setting: what holds, where that comes from, and what every other layer says."""

    key: SettingKey
    value: Any
    origin: str
    layers: tuple[tuple[str, Any], ...]
    """(origin, value) of each layer that has one, weakest first; the last one won."""
    outer_from: int = 0
    """From which of them on they are stronger than what a script says."""


def explanations(layers: Sequence[Layer], name: str | None = None) -> list[Explanation]:
    """Why each setting has its value; of one setting where it is named."""
    return [_explained(setting, layers) for setting in ([key(name)] if name else KEYS.values())]


def _explained(setting: SettingKey, layers: Sequence[Layer]) -> Explanation:
    said = tuple(
        (layer.origins.get(setting.name, layer.origin), layer.values[setting.name])
        for layer in layers
        if setting.name in layer.values
    )
    inner = sum(setting.name in layer.values for layer in layers if layer.name not in OUTER)
    return Explanation(setting, said[-1][1], said[-1][0], said, inner)


def _raise(problem: InvalidOption) -> None:
    raise problem


def _profile_layer(name: str) -> list[Layer]:
    profile = PROFILES.get(name)
    return [Layer("profile", f"the profile {name}", profile.values)] if profile else []


def _layer(
    name: str, origin: str, raw: Mapping[str, object], origin_of: Callable[[str], str], report: OnProblem
) -> Layer:
    """Parse the raw values of a layer, one by one: a wrong one does not take the others with it."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting, value in raw.items():
        try:
            values[setting] = key(setting).parse(value, origin_of(setting))
            origins[setting] = origin_of(setting)
        except InvalidOption as problem:
            report(problem)
    return Layer(name, origin, values, origins)


def _file_layer(path: Path, report: OnProblem) -> Layer:
    try:
        content = setting_file.read(path)
    except InvalidOption as problem:
        report(problem)
        content = {}
    return _layer("file", str(path), content, lambda name: f"{name} in {path}", report)


def _environment_layer(environ: Mapping[str, str], report: OnProblem) -> Layer:
    """Variables named after keys. Others that begin alike: see `variables.py`."""
    raw: dict[str, object] = {}
    for name, setting in KEYS.items():
        if environ.get(setting.environment, "").strip():
            raw[name] = environ[setting.environment]
    return _layer("environment", "variables", raw, lambda name: f"${KEYS[name].environment}", report)
