"""What showing a run live says: what is drawn, what waits and what is passed over. Never about what is stored."""

from __future__ import annotations

from .constant import component

VIEW = component("View", range(1500, 1600), kept=("LOG101", "LOG201", "LOG202", "LOG426"), of_runs=False)
_define = VIEW.define

LOG_CREDIT_STARVED = _define(
    "LOG101", "INFO", "Credits", "the view has no credit left and draws only the newest", "credits", "starved"
)
LOG_CREDIT_RESUMED = _define("LOG426", "INFO", "Credits", "the view has credit again", "credits", "resumed")
LOG_EARLY_BUFFERING = _define("LOG201", "DEBUG", "EarlyBuffer", "the first frames wait until a view starts", "buffer")
LOG_EARLY_DISCARDED = _define(
    "LOG202", "DEBUG", "EarlyBuffer", "the early buffer is full and its oldest frames are not drawn", "buffer"
)
