"""What a run was started with, as plain data: snapshots of its files, their common hash, names that are safe as paths.

    runs/<job>/<run_id>/manifest.json        core/payloads/run_manifest_v1.py, as JSON
    runs/<job>/<run_id>/inputs/train.py      the bytes as they were when recording began

Jobs and run ids are whatever a user or an environment variable says; here they become names of folders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote

INPUTS = "inputs"
LONGEST_NAME = 120
"""Characters of a name; what is longer is cut and told apart by a hash. File systems allow 255 bytes."""


class Input(NamedTuple):
    """A file that a run is started with: what it is called in the manifest, the file's own name, and its bytes."""

    name: str
    file: str
    content: bytes


class Inputs:
    """The inputs of one run, each with the place of its snapshot in the run's folder."""

    def __init__(self, found: Iterable[Input] = ()) -> None:
        self.files: dict[str, bytes] = {}
        """Content by place, such as `inputs/train.py`."""
        self.places: dict[str, str] = {}
        """Place by name."""
        for item in found:
            place = _unused(f"{INPUTS}/{safe_name(item.file)}", self.files)
            self.files[place] = item.content
            self.places[_unused(item.name, self.places)] = place

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 in hexadecimal, by place."""
        return {place: hashlib.sha256(content).hexdigest() for place, content in self.files.items()}

    @property
    def hash(self) -> str:
        return inputs_hash(self.digests)


def inputs_hash(digests: Mapping[str, str]) -> str:
    """One hash for all inputs, from the SHA-256 of each by its place; '' where there are none.

    In the run's folder `LC_ALL=C; sha256sum inputs/* | sha256sum` says the same.
    """
    if not digests:
        return ""
    lines = "".join(f"{digests[place]}  {place}\n" for place in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def safe_name(text: str) -> str:
    """`text` as the name of one file or folder: readable where it was harmless, never a path, never hidden.

    Letters, digits and `_-.~+=,@` stay, the rest is percent-encoded. What would be too long ends in a hash.
    """
    raw = text.encode("utf-8", "surrogatepass")
    name = quote(raw, safe="+=,@")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 18]}%~{hashlib.sha256(raw).hexdigest()[:16]}"
    return name or "%"


def _unused(name: str, taken: Mapping[str, object]) -> str:
    """The name, or one made of it that is not taken: `config-2.yaml` beside `config.yaml`."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or "/" in suffix:
        stem, dot, suffix = name, "", ""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{stem}-{number}{dot}{suffix}"
    return found
