"""Where settings come from, weakest first: defaults < the user's file < $CORNERMAN_CONFIG < environment < flags.

Standard library only, because the recorder reads its settings here inside somebody's training process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cornerman.log_catalog.registered import user_folder

from .errors import InvalidOption
from .setting_keys import KEYS, key

OnProblem = Callable[[InvalidOption], None]

CONFIG_VARIABLE = "CORNERMAN_CONFIG"


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings: what kind it is, where exactly, and the values it holds, parsed, by key."""

    name: str
    """defaults, file, environment or flags."""
    origin: str
    values: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where in the layer a value stands, where that says more than the layer's own origin."""


def user_config_file() -> Path:
    """`~/.config/cornerman/config.toml`, or where this system keeps such files. It need not exist."""
    return user_folder() / "config.toml"


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
    layers = [Layer("defaults", "built in", {name: key.default for name, key in KEYS.items()})]
    layers += [_file_layer(path, report) for path in config_files(environ)]
    layers.append(_environment_layer(environ, report))
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    layers.append(_layer("flags", "command line", given, lambda name: f"--{name}", report))
    return layers


def effective(layers: list[Layer]) -> dict[str, Any]:
    """The value of each key: the strongest layer that has one wins."""
    return {name: value for layer in layers for name, value in layer.values.items()}


def _raise(problem: InvalidOption) -> None:
    raise problem


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
    import tomllib  # 3 ms, for the few who have such a file

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        report(InvalidOption(f"The configuration {path} cannot be read: {error}.", "Mend it, or move it away."))
        return Layer("file", str(path))
    return _layer("file", str(path), _flat(content), lambda name: f"{name} in {path}", report)


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Tables become dotted names: `[view] fps = 10` is `view.fps`."""
    flat: dict[str, object] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _environment_layer(environ: Mapping[str, str], report: OnProblem) -> Layer:
    """Variables named after keys. Others that begin alike are the recorder's own, or a misspelling; see `misspelt`."""
    raw: dict[str, object] = {}
    for name, setting in KEYS.items():
        if environ.get(setting.environment, "").strip():
            raw[name] = environ[setting.environment]
    return _layer("environment", "variables", raw, lambda name: f"${KEYS[name].environment}", report)


def misspelt(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none."""
    sections = {f"CORNERMAN_{name.split('.')[0].upper()}_" for name in KEYS if "." in name}
    known = {setting.environment for setting in KEYS.values()}
    return sorted(name for name in environ if name.startswith(tuple(sections)) and name not in known)
