"""The settings that a recording obeys, read inside the training process: standard library only, and never raising.

They are part of the settings model (`core/settings.py`); both take names, defaults and bounds from `setting_keys`.
What a file or a variable says wrongly is logged once and the default holds: a typo must not stop a training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cornerman.log_catalog import log
from cornerman.log_catalog.settings import LOG_SETTING_IGNORED

from .errors import InvalidOption
from .frames_option import FramesOption, parse_frames
from .sample_option import parse_sample
from .setting_keys import KEYS
from .setting_sources import OUTER, effective, read_layers


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """What a recording needs to know. Built without arguments it holds the defaults."""

    store: Path | None = KEYS["identity.store"].default
    """The store's folder where one is named; None for the user's data folder."""
    job: str | None = KEYS["identity.job"].default
    user: str | None = KEYS["identity.user"].default
    max_store_bytes: int = KEYS["storage.max_store_bytes"].default
    min_free_bytes: int = KEYS["storage.min_free_bytes"].default
    max_journal_bytes: int = KEYS["storage.max_journal_bytes"].default
    rows_per_chunk: int = KEYS["storage.rows_per_chunk"].default
    sealing_process: bool = KEYS["storage.sealing_process"].default
    network_copy_seconds: float = KEYS["storage.network_copy_seconds"].default
    enabled: bool = KEYS["producer.enabled"].default
    frames: FramesOption = field(default=parse_frames(KEYS["producer.frames"].default))
    sample: int = field(default=parse_sample(KEYS["producer.sample"].default))
    schema_mode: str = KEYS["producer.schema_mode"].default
    log_level: str = KEYS["log.level"].default
    outer: frozenset[str] = field(default=frozenset(), compare=False)
    """Keys that a variable or a flag says: they are stronger than what the script says."""
    chosen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By section and key, what is not as built in of the settings that touch what is stored: a run says how it was
    recorded, and what it was given."""

    @classmethod
    def from_environment(
        cls, flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
    ) -> RecorderSettings:
        """From the files and variables that all our programs read; `flags`, by key, are stronger. Never raises."""
        try:
            layers = read_layers(flags, environ, on_problem=_ignore)
            outer = frozenset(name for layer in layers if layer.name in OUTER for name in layer.values)
            return replace(cls.from_values(effective(layers)), outer=outer)
        except Exception as error:  # a home folder that cannot be found, say: the defaults hold
            log(LOG_SETTING_IGNORED, reason=repr(error))
            return cls()

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> RecorderSettings:
        """From the effective value of each key."""
        return cls(
            store=values["identity.store"],
            job=values["identity.job"],
            user=values["identity.user"],
            max_store_bytes=values["storage.max_store_bytes"],
            min_free_bytes=values["storage.min_free_bytes"],
            max_journal_bytes=values["storage.max_journal_bytes"],
            rows_per_chunk=values["storage.rows_per_chunk"],
            sealing_process=values["storage.sealing_process"],
            network_copy_seconds=values["storage.network_copy_seconds"],
            enabled=values["producer.enabled"],
            frames=parse_frames(values["producer.frames"]),
            sample=parse_sample(values["producer.sample"]),
            schema_mode=values["producer.schema_mode"],
            log_level=values["log.level"],
            chosen=_chosen(values),
        )


def _chosen(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, setting in KEYS.items():
        told_elsewhere = setting.section == "identity"  # a run has its job, user and store anyway
        if values[name] != setting.default and setting.effect == "affects stored data" and not told_elsewhere:
            found.setdefault(setting.section, {})[setting.leaf] = values[name]
    return found


def _ignore(problem: InvalidOption) -> None:
    log(LOG_SETTING_IGNORED, reason=problem.what, remedy=problem.remedy)
