"""What is wrong with a run, as far as its records say: the words of the alerts in `core/alerts.py`."""

from __future__ import annotations

from .constant import component

HEALTH = component("Health", range(1800, 1900), of_runs=False)
_define = HEALTH.define

LOG_RETURNS_NOT_FINITE = _define("LOG1801", "ERROR", "Learning", "returns are not finite numbers", "alert")
LOG_RETURNS_COLLAPSED = _define("LOG1802", "WARNING", "Learning", "returns fell far below what they were", "alert")
LOG_EPISODES_STUCK = _define(
    "LOG1803", "WARNING", "Learning", "episodes have the same length again and again, with the worst return", "alert"
)
LOG_STREAM_STALLED = _define("LOG1804", "WARNING", "Recording", "the program lives and makes no steps", "alert")
LOG_ACTIONS_CONSTANT = _define("LOG1806", "WARNING", "Learning", "the entropy of the actions fell to nothing", "alert")
LOG_RULE_HOLDS = _define("LOG1807", "WARNING", "Rules", "an alert rule of the user holds", "alert")
LOG_ALERT_OVER = _define("LOG1808", "INFO", "Rules", "an alert is over", "alert")
LOG_DISK_FILLING = _define("LOG1805", "WARNING", "Disk", "at this pace the disk will be full soon", "alert", "disk")
