"""What the import of older recordings says."""

from __future__ import annotations

from .constant import component

LEGACY = component("Legacy", range(1640, 1660), of_runs=False)
_define = LEGACY.define

LOG_LEGACY_IMPORTED = _define("LOG1641", "INFO", "Import", "a file of legacy steps was imported", "import")
LOG_LEGACY_REFUSED = _define(
    "LOG1642", "WARNING", "Import", "lines of a legacy file were not steps that could be read", "import", "quarantine"
)
