"""Where codes are: which of them a worker's logs or source hold, and which lines of our own source say one.

A code is only looked for where it can be one: before the bar of a log line, or alone between quotes, in source or in
JSON. `LOG10(x)` is none.
"""

from __future__ import annotations

import ast
import gzip
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final, NamedTuple

from cornerman.log_catalog import LogConstant, get_constant_by_code

_CODE: Final = re.compile(rb"""(?<![\w.])(LOG\d{2,5}[A-Z]?)(?= \||["'])""")
_PASSED_OVER = frozenset({"__pycache__", "node_modules"})
FOLDERS = ("adapters", "core", "store", "tui")


@dataclass(slots=True)
class SeenCode:
    """A code in somebody's files: how often, and where first."""

    code: str
    times: int
    file: str
    line: int

    @property
    def constant(self) -> LogConstant | None:
        """What it means; None for a code that nobody has told us of."""
        return get_constant_by_code(self.code)


def codes_in(paths: Iterable[Path]) -> list[SeenCode]:
    """Every code in these files, and in all files below these folders, in order. OSError where one cannot be read."""
    seen: dict[str, SeenCode] = {}
    for path in paths:
        for file in _files(path):
            with _opened(file) as lines:
                for number, line in enumerate(lines, 1):
                    if b"LOG" in line:
                        _note(seen, line, str(file), number)
    return sorted(seen.values(), key=lambda one: (len(one.code), one.code))


def _note(seen: dict[str, SeenCode], line: bytes, file: str, number: int) -> None:
    for found in _CODE.findall(line):
        code = found.decode()
        if code in seen:
            seen[code].times += 1
        else:
            seen[code] = SeenCode(code, 1, file, number)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER and not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _opened(file: Path) -> IO[bytes]:
    return gzip.open(file, "rb") if file.suffix == ".gz" else open(file, "rb")  # type: ignore[return-value]


class Place(NamedTuple):
    """A line of our own source that says a constant, and the fields it gives."""

    file: str
    line: int
    fields: tuple[str, ...]


def places_of(constant: LogConstant) -> list[Place]:
    """Where our own source says a constant; nothing for one that only workers say."""
    name = _name_of(constant)
    return [place for folder in FOLDERS for place in _places_in(folder, name)] if name else []


def _name_of(constant: LogConstant) -> str | None:
    """The name that the source has for a constant."""
    for module in _sources("log_catalog"):
        for found in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(found, ast.Assign) and isinstance(found.targets[0], ast.Name):
                call = found.value
                code = call.args[0] if isinstance(call, ast.Call) and call.args else None
                if isinstance(code, ast.Constant) and code.value == constant.code:
                    return found.targets[0].id
    return None


def _places_in(folder: str, name: str) -> Iterator[Place]:
    for file in _sources(folder):
        text = file.read_text(encoding="utf-8")
        if name not in text:
            continue
        root = next(parent for parent in file.parents if parent.name == folder)
        shown = f"cornerman/{folder}/{file.relative_to(root).as_posix()}"
        tree = ast.parse(text)
        said = {}
        for call in ast.walk(tree):  # the innermost call comes last, and its fields are those of the line
            if isinstance(call, ast.Call):
                for argument in (node for value in call.args for node in ast.walk(value)):
                    said[id(argument)] = tuple(word.arg for word in call.keywords if word.arg)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                yield Place(shown, node.lineno, said.get(id(node), ()))


def _sources(folder: str) -> list[Path]:
    """The source files of one of our folders, wherever it is installed."""
    spec = find_spec(f"cornerman.{folder}")
    roots = spec.submodule_search_locations if spec else None
    return sorted(file for root in roots or () for file in Path(root).rglob("*.py"))
