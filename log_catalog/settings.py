"""What reading the settings says."""

from __future__ import annotations

from .constant import component

SETTINGS = component("Settings", range(1400, 1500), of_runs=False)

LOG_SETTING_IGNORED = SETTINGS.define(
    "LOG1401", "WARNING", "Sources", "a setting could not be used and its default holds", "settings"
)
