"""What the store says: what it found, what it could not do, and what became of it."""

from __future__ import annotations

from .constant import component

STORE = component("Store", range(1200, 1300), kept=("LOG622", "LOG622A"), of_runs=False)
_define = STORE.define

LOG_STORE_CREATED = _define("LOG1201", "INFO", "Lifecycle", "a store was created")
LOG_STREAM_RECOVERED = _define(
    "LOG1203", "INFO", "Recovery", "steps of an interrupted stream were recovered from its journal", "recovery"
)
LOG_NETWORK_FILE_SYSTEM = _define(
    "LOG1205",
    "WARNING",
    "Network",
    "the store's folder is on a network and the store itself is on local disk",
    "network",
)
LOG_NETWORK_COPY_FAILED = _define(
    "LOG1206", "WARNING", "Network", "what was recorded could not be copied to the network folder", "network"
)
LOG_NO_LOCAL_DISK = _define(
    "LOG1209",
    "ERROR",
    "Network",
    "the store's folder is on a network and there is no local disk for the store",
    "network",
)
LOG_RUN_DELETED = _define("LOG1208", "INFO", "Lifecycle", "a run was deleted")

LOG_SCHEMA_ADDED = _define("LOG1240", "INFO", "Schemas", "a schema version was registered", "schema")
LOG_SCHEMA_RETIRED = _define("LOG1241", "INFO", "Schemas", "a schema version was retired", "schema")
LOG_SCHEMA_PURGED = _define("LOG1243", "WARNING", "Schemas", "a schema version was deleted for good", "schema")
LOG_SCHEMA_RULES_CHANGED = _define(
    "LOG1242", "INFO", "Schemas", "the compatibility mode or policy of a schema was changed", "schema"
)

LOG_STEPS_NOT_JUDGED = _define(
    "LOG1230", "ERROR", "Validation", "steps could not be judged by their schema and were stored as they came", "schema"
)
LOG_DOCUMENTS_IMPORTED = _define("LOG1270", "INFO", "Documents", "records of a file were imported", "import")
LOG_DOCUMENTS_REFUSED = _define("LOG1271", "INFO", "Documents", "records of a file were refused", "import")
LOG_DOCUMENTS_DELETED = _define("LOG1272", "INFO", "Documents", "the documents of an import were deleted", "import")

LOG_SQLITE_WRITE_FAILED = _define("LOG622", "ERROR", "SQLite", "a write to the store failed", "sqlite")
LOG_SQLITE_DISK_FAILED = _define("LOG622A", "ERROR", "SQLite", "the disk failed under the store", "sqlite", "disk")

LOG_RECORDS_LOST = _define("LOG1250", "ERROR", "Logs", "log records could not be kept", "loss")
LOG_BLOCK_DAMAGED = _define(
    "LOG1251", "ERROR", "Logs", "log records are damaged and were left out; cornerman verify says which", "damage"
)
