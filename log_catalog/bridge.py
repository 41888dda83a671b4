"""What the bridge to other programs says: the commands it runs and the lines it reads."""

from __future__ import annotations

from .constant import component

BRIDGE = component("Bridge", range(1700, 1800))
_define = BRIDGE.define

LOG_FORMAT_FAILED = _define(
    "LOG1701", "WARNING", "Lines", "a recogniser of log lines failed and the line was kept as it came", "log"
)
LOG_LINES_LOST = _define("LOG1702", "ERROR", "Lines", "lines of a command could not be kept", "log", "loss")
LOG_COMMAND_STARTED = _define("LOG1710", "INFO", "Command", "a command was started", "run")
LOG_COMMAND_ENDED = _define("LOG1711", "INFO", "Command", "a command ended", "run")
LOG_COMMAND_FAILED = _define("LOG1712", "WARNING", "Command", "a command ended with an error", "run")
LOG_COMMAND_RESTARTED = _define("LOG1713", "WARNING", "Command", "a command is started again", "run")
LOG_LAUNCH_NOT_KEPT = _define("LOG1714", "WARNING", "Command", "a run could not be entered in the store", "run")
LOG_PIPE_HELD = _define("LOG1715", "INFO", "Command", "children of a command that ended still hold its output", "run")
LOG_SAMPLE_FAILED = _define("LOG1716", "INFO", "Samples", "resources could not be measured", "resources")
