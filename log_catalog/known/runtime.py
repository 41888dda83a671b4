"""What the program around a session says of itself."""

from __future__ import annotations

from ..constant import component

RUNTIME = component("Runtime", range(680, 684), source="known")
_know = RUNTIME.define

_know("LOG680", "DEBUG", "App", "a detail of the program", "runtime")
_know("LOG681", "INFO", "App", "something happened in the program", "runtime")
_know("LOG682", "WARNING", "App", "the program gave a warning", "runtime")
_know("LOG683", "ERROR", "App", "the program reported an error", "runtime", "fault")
