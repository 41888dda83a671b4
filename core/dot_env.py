"""A `.env` file beside the program: not a source of settings, and said so where one would be taken for it.

Which programs read such a file differs (docker, direnv, a dotenv library), so a value there may hold or not. What
counts is the environment; this compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .errors import InvalidOption
from .setting_keys import KEYS
from .variables import misspelt

_LINE = re.compile(r"\s*(?:export\s+)?(CORNERMAN_\w*)\s*=\s*(.*?)\s*$")
EXPORT = "Export them with `set -a; . ./.env; set +a`, or use `cornerman config set`."


class DotEnv(NamedTuple):
    """What a `.env` file says of ours."""

    path: Path
    said: Mapping[str, str]

    def missing(self, environ: Mapping[str, str]) -> list[str]:
        """Its variables that are not in the environment as they stand there: nobody exported them."""
        return [name for name, value in self.said.items() if environ.get(name) != value]

    def problems(self, environ: Mapping[str, str]) -> list[InvalidOption]:
        """What is wrong with it: variables that are none, values out of bounds, and that it is not read."""
        found = [InvalidOption(f"{self.path}: {one.what}", one.remedy) for one in misspelt(self.said)]
        by_variable = {setting.environment: setting for setting in KEYS.values()}
        for name, value in self.said.items():
            if name in by_variable:
                try:
                    by_variable[name].parse(value, f"${name} in {self.path}")
                except InvalidOption as problem:
                    found.append(problem)
        if missing := self.missing(environ):
            found.append(InvalidOption(f"{self.path} sets {', '.join(missing)}, but is not read.", EXPORT))
        return found


def dot_env(folder: Path) -> DotEnv | None:
    """The `.env` of a folder, if it has one that mentions us."""
    path = folder / ".env"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    said = {found[1]: found[2].strip("\"'") for line in lines if (found := _LINE.match(line))}
    return DotEnv(path, said) if said else None
