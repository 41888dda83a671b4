"""The settings of Cornerman as one validated model, and for each value the layer it comes from.

    settings = load_settings({"view.fps": 10})      # flags; files and environment are read here
    settings.values.view.fps
    settings.explain("view.fps")                    # every layer, and the one that won

Names, defaults, bounds and descriptions are `setting_keys`; this adds types for those who use them and a JSON schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator

from .frames_option import parse_frames
from .recorder_settings import RecorderSettings
from .sample_option import parse_sample, sample_words
from .setting_keys import KEYS, key
from .setting_sources import Explanation, Layer, OnProblem, explanations, read_layers


def _field(name: str) -> Any:
    """A field that takes its default, bounds and words from the table."""
    setting = KEYS[name]
    facts: dict[str, JsonValue] = {
        "unit": setting.unit,
        "effect": setting.effect,
        "enforced": setting.enforced,
        "obeyed_by": setting.obeyed_by,
        "environment": setting.environment,
    }
    return Field(
        default=setting.default,
        ge=setting.minimum,
        le=setting.maximum,
        description=setting.description,
        json_schema_extra=facts,
    )


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class IdentitySettings(_Section):
    """What things are called: the store, the work, the person."""

    store: Path | None = _field("identity.store")
    job: str | None = _field("identity.job")
    user: str | None = _field("identity.user")


class StorageSettings(_Section):
    """What bounds the store."""

    max_store_bytes: int = _field("storage.max_store_bytes")
    min_free_bytes: int = _field("storage.min_free_bytes")
    max_journal_bytes: int = _field("storage.max_journal_bytes")
    rows_per_chunk: int = _field("storage.rows_per_chunk")
    sealing_process: bool = _field("storage.sealing_process")
    network_copy_seconds: float = _field("storage.network_copy_seconds")
    max_log_bytes: int = _field("storage.max_log_bytes")
    max_log_age: float = _field("storage.max_log_age")


class ProducerSettings(_Section):
    """What is recorded."""

    enabled: bool = _field("producer.enabled")
    profile: Literal["none", "toy-text", "box2d", "atari", "telemetry-only", "debug"] = _field("producer.profile")
    frames: str = _field("producer.frames")
    sample: str = _field("producer.sample")
    schema_mode: Literal["off", "observe", "warn", "enforce"] = _field("producer.schema_mode")

    @field_validator("frames", "sample")
    @classmethod
    def _one_spelling(cls, value: str, info: ValidationInfo) -> str:
        return sample_words(parse_sample(value)) if info.field_name == "sample" else str(parse_frames(value))


class ViewSettings(_Section):
    """What the terminal draws. None of it touches what is stored."""

    fps: int = _field("view.fps")
    ascii: bool | None = _field("view.ascii")
    """None: by the locale."""
    colour: Literal["auto", "truecolor", "256", "16", "none"] = _field("view.colour")
    images: Literal["half-cells", "kitty", "sixel", "auto"] = _field("view.images")
    byte_budget: int = _field("view.byte_budget")
    every: int = _field("view.every")
    rendering: bool = _field("view.rendering")


class ResourceSettings(_Section):
    """What a launched program gets."""

    cpus: int = _field("resources.cpus")
    memory_bytes: int = _field("resources.memory_bytes")
    gpus: str = _field("resources.gpus")
    stop_seconds: float = _field("resources.stop_seconds")

    @field_validator("gpus")
    @classmethod
    def _one_spelling(cls, value: str) -> str:
        return str(key("resources.gpus").parse(value, "the model"))


class LogSettings(_Section):
    """What is said."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _field("log.level")
    levels: str | None = _field("log.levels")
    """None: all components as `level` says."""
    render: Literal["console", "json", "line"] = _field("log.render")
    strict: bool = _field("log.strict")


class Settings(_Section):
    """Every setting, in force."""

    identity: IdentitySettings = IdentitySettings()
    producer: ProducerSettings = ProducerSettings()
    storage: StorageSettings = StorageSettings()
    view: ViewSettings = ViewSettings()
    resources: ResourceSettings = ResourceSettings()
    log: LogSettings = LogSettings()

    def get(self, name: str) -> Any:
        """The value of a key by its dotted name."""
        value: Any = self
        for part in key(name).name.split("."):
            value = getattr(value, part)
        return value


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """The settings in force, and the layers they were taken from."""

    values: Settings
    layers: tuple[Layer, ...]

    def explain(self, name: str | None = None) -> list[Explanation]:
        """Why each setting has its value; of one setting where it is named."""
        return explanations(self.layers, name)

    def recorder(self) -> RecorderSettings:
        """The part of them that a recording obeys."""
        return RecorderSettings.from_values({name: self.values.get(name) for name in KEYS})


def load_settings(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    on_problem: OnProblem | None = None,
) -> EffectiveSettings:
    """Read every source. `flags` are by dotted name, None for one that was not given.

    What cannot be used raises InvalidOption, naming key, origin and bounds; with `on_problem` it is reported there
    instead, and the next weaker layer holds.
    """
    layers = read_layers(flags, environ, on_problem)
    nested: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.values.items():
            section, _, leaf = name.rpartition(".")
            (nested.setdefault(section, {}) if section else nested)[leaf] = value
    return EffectiveSettings(Settings.model_validate(nested), tuple(layers))
