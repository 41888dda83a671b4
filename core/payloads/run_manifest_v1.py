"""Version 1 of the run manifest: what a run is and where it comes from, without any of its steps."""

from __future__ import annotations

from typing import Any

import msgspec

from .boundary import Form

VERSION = 1
SCHEMA = "cornerman.run_manifest@1.0.0"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of something the run was started with: a configuration, a policy, a script. Written once."""

    path: str
    """Where the snapshot is, relative to the run's folder."""
    sha256: str
    """Of its bytes, in hexadecimal."""
    bytes: int
    """Its size. Unit: bytes."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What one `record()` call records."""

    stream_id: int
    """Opaque; drawn when it began."""
    name: str
    """Unique in the run."""
    env_id: str = ""
    """The environment's registered id, where it has one."""
    num_envs: int = 0
    """Sub-environments of a vector environment; 0 for a single one."""
    autoreset_mode: str = ""
    """NextStep, SameStep or Disabled; empty for a single environment."""
    payload_schema: str = ""
    """Id and version of the payloads that its steps are stored in."""
    created_us: int
    """When it began, since 1970, UTC. Unit: microseconds."""
    facts: dict[str, Any] = {}
    """Keyword arguments, spaces as data, wrappers, frames option, vector metadata."""


class RunManifestV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """One execution of a job. Identity and inputs never change."""

    schema: str = SCHEMA
    """Id and version of this schema."""
    run_id: str
    """Opaque and immutable."""
    job: str
    """The name its user gave the work."""
    created_us: int
    """When it began, since 1970, UTC. Unit: microseconds."""
    inputs: dict[str, Input] = {}
    """What it was started with, by name."""
    inputs_hash: str = ""
    """SHA-256 over the inputs' hashes, in hexadecimal; empty where none were declared."""
    provenance: dict[str, Any] = {}
    """Command line, working folder, git commit, package versions, host, devices."""
    streams: list[Stream] = []
    """What it records, by the time each began."""
    notes: list[str] = []
    """What a reader should know."""
    extra: dict[str, Any] = {}
    """What its producer sent that has no field here."""

    @property
    def payload_version(self) -> int:
        return VERSION


FORM = Form("run_manifest", VERSION, RunManifestV1, ("provenance", "extra", "streams.facts"))
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json
