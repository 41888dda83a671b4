"""The documents of the product's own payloads, made of their typed definitions: for whoever changes one.

`python -m cornerman.core.payload_documents` writes those that are missing, and says of a file that no longer agrees
with its definition which version the change needs; a released file is never written again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .published import published
from .schema.document import SchemaDocument, parse
from .schema.versions import Bump


class Mismatch(NamedTuple):
    """A typed definition that is not what its released document says, and the version that the change needs."""

    pin: str
    bump: str
    needed: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.pin} is released, and its definition has changed since. The change needs a {self.bump.upper()}"
            f" bump: set SCHEMA to {self.needed}"
            + (" in a new version file" if self.bump == "major" else "")
            + ", then run `python -m cornerman.core.payload_documents`."
            + "".join(f"\n  {reason}" for reason in self.reasons)
        )


def mismatches() -> list[Mismatch]:
    """The definitions whose released document says something else."""
    released = {document.pin: document for document in published()}
    found = []
    for document in generated():
        known = released.get(document.pin)
        if known is not None and known.digest != document.digest:
            found.append(_mismatch(known, document))
    return found


def generated() -> list[SchemaDocument]:
    """The documents as the typed definitions of this Cornerman make them now."""
    from .arrow_of import arrow_of
    from .payloads import (
        alert_rules_v1,
        alert_v1,
        chunk_v1,
        episode_v1,
        frame_chunk_v1,
        frame_v1,
        log_constant_v1,
        log_record_v1,
        redaction_v1,
        run_manifest_v1,
        step_v1,
    )
    from .schema_of import schema_of_model, schema_of_struct
    from .settings import Settings, ViewSettings

    structs: list[tuple[Any, Any, str]] = [
        (step_v1, step_v1.StepV1, "Step"),
        (episode_v1, episode_v1.EpisodeV1, "Episode"),
        (chunk_v1, chunk_v1.ChunkV1, "Chunk"),
        (frame_v1, frame_v1.Frame, "Frame"),
        (frame_chunk_v1, frame_chunk_v1.FrameChunkV1, "Frame chunk"),
        (run_manifest_v1, run_manifest_v1.RunManifestV1, "Run manifest"),
        (log_record_v1, log_record_v1.LogRecordV1, "Log record"),
        (log_constant_v1, log_constant_v1.LogConstantV1, "Log constant"),
        (alert_v1, alert_v1.AlertV1, "Alert"),
        (alert_rules_v1, alert_rules_v1.AlertRulesV1, "Alert rules"),
        (redaction_v1, redaction_v1.RedactionV1, "Redaction rules"),
    ]
    made = [
        _document(
            module.SCHEMA,
            schema_of_struct(type, name, _FRAME if module is frame_v1 else ""),
            arrow_of(type) if module in (step_v1, episode_v1, log_record_v1) else None,
        )
        for module, type, name in structs
    ]
    return [
        *made,
        _document(SETTINGS, schema_of_model(Settings, "Settings")),
        _document(UI_CONTROLS, schema_of_model(ViewSettings, "UI controls")),
    ]


_FRAME = "One rendered picture of an environment, of an explicit kind."
SETTINGS = "cornerman.settings@1.2.0"
"""The settings are a payload like any other; their definition is the model in `core/settings.py`."""
UI_CONTROLS = "cornerman.ui_controls@1.1.0"
"""Those among them that touch nothing but the view."""


def _document(pin: str, schema: dict[str, Any], arrow: dict[str, Any] | None = None) -> SchemaDocument:
    from .schema_of import DIALECT

    id, _, version = pin.partition("@")
    content = {"id": id, "schema_version": DIALECT, "version": version, **schema}
    return parse({**content, **({"arrow": arrow} if arrow else {})})


def _mismatch(known: SchemaDocument, changed: SchemaDocument) -> Mismatch:
    from .schema import compare
    from .schema.versions import next_version

    # what is appended is no break: every reader of ours passes over fields it does not know
    verdict = compare(known, changed, policy="tolerant-reader")
    bump: Bump = verdict.bump if verdict.bump != "none" else "patch"
    versions = [document.version for document in published() if document.id == known.id]
    needed = next_version(versions, known.version, bump)
    return Mismatch(known.pin, bump, f"{known.id}@{needed}", tuple(reason.sentence for reason in verdict.reasons))


def text_of(document: SchemaDocument) -> str:
    """The document as its file has it: the same bytes, whoever writes it."""
    return json.dumps(document.content, indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def main() -> int:
    """Write the documents that are missing; 1 where a released one no longer agrees."""
    folder = Path(__file__).parent / "payloads" / "documents"
    for document in generated():
        file = folder / f"{document.pin}.json"
        if not file.exists():
            file.write_text(text_of(document), encoding="utf-8")
            print(f"written: {file.name}")
    published.cache_clear()
    changed = mismatches()
    for mismatch in changed:
        print(mismatch, file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
