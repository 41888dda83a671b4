"""What the bridge to other programs says: the commands it runs and the lines it reads."""

from __future__ import annotations

from .constant import component

BRIDGE = component("Bridge", range(1700, 1800), of_runs=False)
_define = BRIDGE.define

LOG_FORMAT_FAILED = _define(
    "LOG1701", "WARNING", "Lines", "a recogniser of log lines failed and the line was kept as it came", "log"
)
LOG_LINES_LOST = _define("LOG1702", "ERROR", "Lines", "lines of a command could not be kept", "log", "loss")

LOG_COMMAND_RESTARTED = _define("LOG1710", "WARNING", "Command", "a command is started again", "run")
LOG_COMMAND_NOT_KEPT = _define("LOG1711", "WARNING", "Command", "a run could not be entered in the store", "run")
LOG_PIPE_HELD = _define(
    "LOG1712", "WARNING", "Command", "processes that a command left behind still had its output when we left it", "run"
)
LOG_SAMPLE_FAILED = _define("LOG1713", "INFO", "Samples", "resources could not be measured", "resources")
LOG_LINES_IMPORTED = _define("LOG1703", "INFO", "Lines", "log lines of files were imported", "log", "import")
LOG_LINES_BEHIND = _define(
    "LOG1704",
    "WARNING",
    "Lines",
    "lines of a command are still brought into the store; Ctrl-C leaves them for later",
    "log",
)
LOG_LINES_LEFT = _define(
    "LOG1705", "WARNING", "Lines", "lines of a command were left for whoever opens the store next", "log"
)
