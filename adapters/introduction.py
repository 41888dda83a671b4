"""What the store is told of a run and its stream when the first record comes: who they are, and the run's folder."""

from __future__ import annotations

import time
from typing import Any

from cornerman.core import values
from cornerman.core.payloads import chunk_v1
from cornerman.store import run_folder
from cornerman.store.seal import Deleted, StreamIdentity, introduce
from cornerman.store.session import Session


def late_inputs(run: dict[str, Any], inputs: dict[str, str]) -> list[str]:
    """Words for the inputs that were named when the run had begun without them."""
    late = sorted(set(inputs.values()) - run["named"])
    return [f"not kept with the run, which had begun without it: {path}" for path in late]


def keep_folder(session: Session, run: dict[str, Any]) -> dict[str, str]:
    """See to it that the run has its folder; the facts of it for the run's row. Raises what a full disk raises.

    Before the first step and by this thread: a run that has a step has its folder. A third of a millisecond.
    """
    from cornerman.core.payloads.run_manifest_v1 import RunManifestV1

    facts = {key: run[key] for key in ("run_id", "job", "created_us", "provenance")}
    manifest = RunManifestV1(**facts, notes=run["notes"])
    return run_folder.keep(session.path, manifest, run["inputs"]).facts


def identity_of(run: dict[str, Any], folder: dict[str, str], stream: dict[str, Any], manifest: Any) -> StreamIdentity:
    """The rows of a run and of a stream of it that begins now. `folder` are the facts of the run's folder."""
    facts = {key: run[key] for key in ("run_id", "job", "session", "created_us")}
    return StreamIdentity(
        {**facts, "provenance": values.encode({**run["provenance"], **folder})},
        {
            **stream,
            "manifest": values.encode(manifest),
            "schema": chunk_v1.SCHEMA,
            "created_us": time.time_ns() // 1000,
        },
    )


def tell_store(session: Session, run: dict[str, Any], identity: StreamIdentity) -> None:
    """Bring in what killed processes left, and enter the stream. Raises what the store raises."""
    from cornerman.store.connection import transaction
    from cornerman.store.recovery import recover

    try:
        recover(session.path)
        with transaction(session.patient()) as connection:
            introduce(connection, identity)
    except Deleted:
        run_folder.remove(session.path, run["job"], run["run_id"])
