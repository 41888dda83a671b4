"""What our programs say about themselves: the catalogue they use, and what other libraries inside them said."""

from __future__ import annotations

from .constant import component

PROGRAM = component("Program", range(1900, 2000), of_runs=False)
_define = PROGRAM.define

LOG_LIBRARY_WARNED = _define("LOG1901", "WARNING", "Libraries", "a library that we use gave a warning", "library")
LOG_LIBRARY_FAILED = _define("LOG1902", "ERROR", "Libraries", "a library that we use reported an error", "library")
LOG_COMPONENT_LEFT_OUT = _define(
    "LOG1910",
    "WARNING",
    "Catalogue",
    "the log constants of another package could not be used and are left out",
    "plugin",
)
LOG_WORDS_FILE_IGNORED = _define(
    "LOG1911", "WARNING", "Catalogue", "the file of registered codes could not be read and is ignored", "settings"
)
