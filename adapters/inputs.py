"""The files that a run is started with, read when recording begins: the script, and what the user named.

A program may be edited while it trains; what is kept is what the file was when `record()` was called. Launchers
(pytest, `cornerman record`, a notebook's kernel) are nobody's script.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import cornerman
from cornerman.core.errors import InvalidOption
from cornerman.core.run_inputs import Input, Inputs

FilePath: TypeAlias = str | os.PathLike[str]
InputFiles: TypeAlias = FilePath | Sequence[FilePath] | Mapping[str, FilePath]
"""What `record(inputs=…)` takes: files, or files by the names they are to have in the manifest."""

SCRIPT = "script"
LARGEST = 4 << 20
"""Bytes of one input: configurations and sources. Weights and data sets are not copied with every run."""
_NO_SCRIPTS = ("ipykernel_launcher.py",)


def named_files(inputs: InputFiles | None) -> dict[str, str]:
    """Absolute paths by name, each looked at once; InvalidOption where one is no readable file of modest size."""
    if inputs is None:
        return {}
    if isinstance(inputs, (str, os.PathLike)):
        inputs = [inputs]
    pairs = inputs.items() if isinstance(inputs, Mapping) else ((Path(path).name, path) for path in inputs)
    found: dict[str, str] = {}
    for name, path in pairs:
        absolute = str(Path(path).expanduser().absolute())
        read(absolute)
        name, number = str(name), 1
        while (key := name if number == 1 else f"{name}-{number}") in found:
            number += 1
        found[key] = absolute
    return found


def gather(named: Mapping[str, str]) -> tuple[Inputs, list[str]]:
    """The inputs of a run that begins now, and a note for each that can no longer be read. Never raises."""
    found, notes = [], []
    for name, path in [*_script(), *named.items()]:
        try:
            found.append(Input(name, Path(path).name, read(path)))
        except InvalidOption as error:
            if name != SCRIPT:
                notes.append(f"not kept with the run: {error.what}")
    return Inputs(found), notes


def read(path: str) -> bytes:
    """The bytes of an input; InvalidOption where it is no regular file, is too large or cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidOption(f"The input {path!r} cannot be read: {reason}.", "Name a file that is there.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidOption(f"The input {path!r} is no file.", "Name files, one by one.")
    with open(descriptor, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InvalidOption(
            f"The input {path!r} is larger than {LARGEST >> 20} MiB.",
            "Name a small file that says which large one it was, by its hash or its address.",
        )
    return content


def _script() -> list[tuple[str, str]]:
    """The file that was started, where it is the user's."""
    if not sys.argv or sys.argv[0] in ("", "-", "-c", "-m"):
        return []
    path = Path(sys.argv[0]).absolute()
    not_theirs = (Path(sysconfig.get_path("scripts")), Path(cornerman.__file__).parent)
    if path.name in _NO_SCRIPTS or any(folder in path.parents for folder in not_theirs):
        return []
    return [(SCRIPT, str(path))]
