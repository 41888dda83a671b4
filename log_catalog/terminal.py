"""What the terminal says, into a file: its screen belongs to what is watched."""

from __future__ import annotations

from .constant import component

TERMINAL = component("Terminal", range(1300, 1400), kept=("LOG631",))
_define = TERMINAL.define

LOG_TERMINAL_STARTED = _define("LOG1301", "INFO", "Lifecycle", "the terminal started")
LOG_TERMINAL_ENDED = _define("LOG1302", "INFO", "Lifecycle", "the terminal ended")
LOG_TERMINAL_FAILED = _define("LOG1303", "ERROR", "Lifecycle", "the terminal failed and the screen was restored")
LOG_READ_FAILED = _define("LOG1304", "ERROR", "Reading", "the store could not be read")
LOG_RENDERER_FAILED = _define("LOG1305", "ERROR", "Frames", "a frame could not be drawn")
LOG_FRAMES_NOT_DRAWN = _define("LOG631", "INFO", "Frames", "frames were not drawn and are stored all the same", "view")
