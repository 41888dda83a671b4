"""A run's folder beside the database: its manifest and what it was started with, written once and never changed.

    runs/<job>/<run_id>/manifest.json, inputs/…      names are escaped: `core.run_inputs.safe_name`

The folder is made aside and renamed into its place, so it is there whole or not at all; of several workers of a run
the first wins, and the others find it there. Its manifest's SHA-256 stands in the run's row, so `verify` notices
what is done to it later. It is not synced: after a power cut, like the journal, it may be incomplete.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from cornerman.core.errors import PayloadError
from cornerman.core.ids import new_ulid
from cornerman.core.payloads import run_manifest_v1
from cornerman.core.payloads.run_manifest_v1 import RunManifestV1
from cornerman.core.run_inputs import INPUTS, Inputs, inputs_hash, safe_name

RUNS = "runs"
MANIFEST = "manifest.json"
_ASIDE = ".new-"
_LEFT_AFTER_SECONDS = 3600


class Kept(NamedTuple):
    """A run's folder as it is on disk."""

    folder: Path
    inputs_hash: str
    manifest_sha256: str

    @property
    def facts(self) -> dict[str, str]:
        """What the run's row keeps of it."""
        return {"inputs_hash": self.inputs_hash, "manifest_sha256": self.manifest_sha256}


def folder_of(store: Path, job: str, run_id: str) -> Path:
    return store / RUNS / safe_name(job) / safe_name(run_id)


def keep(store: Path, manifest: RunManifestV1, inputs: Inputs) -> Kept:
    """Write the folder of a run unless it is there, and say what is in it. OSError where it cannot be written."""
    folder = folder_of(store, manifest.job, manifest.run_id)
    if not (folder / MANIFEST).exists():
        described = {
            name: run_manifest_v1.Input(path=place, sha256=inputs.digests[place], bytes=len(inputs.files[place]))
            for name, place in inputs.places.items()
        }
        whole = msgspec.structs.replace(manifest, inputs=described, inputs_hash=inputs.hash)
        text = msgspec.json.format(run_manifest_v1.to_json(whole), indent=2) + b"\n"
        _put(store, folder, {MANIFEST: text, **inputs.files})
    content = (folder / MANIFEST).read_bytes()
    return Kept(folder, run_manifest_v1.decode(content).inputs_hash, hashlib.sha256(content).hexdigest())


def manifest_of(store: Path, job: str, run_id: str) -> RunManifestV1 | None:
    """The manifest on disk; None where there is none, PayloadError where it cannot be read."""
    try:
        return run_manifest_v1.decode((folder_of(store, job, run_id) / MANIFEST).read_bytes())
    except OSError:
        return None


def remove(store: Path, job: str, run_id: str) -> int:
    """Remove a run's folder, where there is one; the bytes freed."""
    folder = folder_of(store, job, run_id)
    freed = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # other runs of the job are there
        folder.parent.rmdir()
    return freed


def problems(store: Path, job: str, run_id: str, provenance: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the folder of a run whose row has these facts; nothing where the row knows of no folder."""
    expected = provenance.get("manifest_sha256")
    if not expected:
        return
    folder = folder_of(store, job, run_id)
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest = run_manifest_v1.decode(content)
    except OSError as error:
        yield f"{folder / MANIFEST} cannot be read: {error.strerror}"
        return
    except PayloadError as error:
        yield f"{folder / MANIFEST} does not decode: {error.what}"
        return
    if hashlib.sha256(content).hexdigest() != expected:
        yield f"{folder / MANIFEST} is not what was written: SHA-256 differs"
    for name, item in manifest.inputs.items():
        found = _digest(folder, item.path)
        if found != item.sha256:
            yield f"the input {name} ({item.path}) " + (
                "is not what the run was started with: SHA-256 differs" if found else "is missing"
            )
    if inputs_hash({item.path: item.sha256 for item in manifest.inputs.values()}) != provenance.get("inputs_hash", ""):
        yield "the hash over all inputs is not the one that the run's row has"


def contents(store: Path, job: str, run_id: str) -> dict[str, bytes]:
    """Every file of a run's folder by its place in it; nothing where there is no folder."""
    folder = folder_of(store, job, run_id)
    found: dict[str, bytes] = {}
    with contextlib.suppress(OSError):
        found[MANIFEST] = (folder / MANIFEST).read_bytes()
        for file in sorted((folder / INPUTS).iterdir()):
            found[f"{INPUTS}/{file.name}"] = file.read_bytes()
    return found


def bring(store: Path, job: str, run_id: str, files: Mapping[str, bytes]) -> None:
    """Put a folder that another node wrote into its place here, unless it is there."""
    folder = folder_of(store, job, run_id)
    if MANIFEST in files and not (folder / MANIFEST).exists():
        _put(store, folder, {place: content for place, content in files.items() if _harmless(place)})


def _put(store: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder with these files in one step; where somebody else was quicker, theirs stays."""
    runs = store / RUNS
    runs.mkdir(parents=True, exist_ok=True)
    _sweep(runs)
    aside = runs / f"{_ASIDE}{new_ulid()}"
    try:
        aside.mkdir()
        for place, content in files.items():
            target = aside / place
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o444)
        _move(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(aside: Path, folder: Path) -> None:
    for attempt in (1, 2):
        folder.parent.mkdir(exist_ok=True)
        try:
            aside.rename(folder)
            return
        except FileNotFoundError:  # the job's last run was just deleted, and its folder with it
            if attempt == 2:
                raise
        except OSError:
            if not (folder / MANIFEST).exists():
                raise
            return


def _sweep(runs: Path) -> None:
    """Remove what killed processes left unfinished."""
    for entry in runs.glob(f"{_ASIDE}*"):
        with contextlib.suppress(OSError):
            if time.time() - entry.stat().st_mtime > _LEFT_AFTER_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)


def _digest(folder: Path, place: str) -> str | None:
    """SHA-256 of a snapshot; None where it is not there, or is none of the folder's files."""
    try:
        return hashlib.sha256((folder / place).read_bytes()).hexdigest() if _harmless(place) else None
    except OSError:
        return None


def _harmless(place: str) -> bool:
    """Whether a place that somebody else wrote down is one of ours."""
    head, _, name = place.partition("/")
    return place == MANIFEST or (head == INPUTS and bool(name) and "/" not in name and not name.startswith("."))
