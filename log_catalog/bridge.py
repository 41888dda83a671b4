"""What the bridge to other programs says: the commands it runs and the lines it reads."""

from __future__ import annotations

from .constant import component

BRIDGE = component("Bridge", range(1700, 1800))
_define = BRIDGE.define

LOG_FORMAT_FAILED = _define(
    "LOG1701", "WARNING", "Lines", "a recogniser of log lines failed and the line was kept as it came", "log"
)
