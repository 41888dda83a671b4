"""Every setting there is, once: its name, default, bounds, unit, what it touches and where it is enforced.

The recorder's settings (standard library only) and the settings model (pydantic) both take their defaults and bounds
from this table, the reference page is generated from it, and `cornerman config explain` reads it aloud. A new setting
is one entry here and one field in the model; a test compares the two.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from .errors import InvalidOption
from .frames_option import parse_frames
from .sample_option import parse_sample, sample_words

Effect = Literal["view only", "affects stored data"]
Kind = Literal["path", "bool", "auto or bool", "int", "float", "bytes", "choice", "frames", "sample"]

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One setting. `minimum` and `maximum` are allowed themselves; None means no bound."""

    name: str
    kind: Kind
    default: Any
    effect: Effect
    enforced: str
    """Where the value takes effect, in words."""
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return "CORNERMAN_" + self.name.replace(".", "_").upper()

    @property
    def bounds(self) -> str:
        """What is allowed, in words."""
        if self.choices:
            return ", ".join(self.choices)
        if self.kind.endswith("bool"):
            return "true or false" if self.kind == "bool" else "auto, true or false"
        if self.minimum is None:
            special = {"frames": "none | auto | every=N | envs=0,2", "sample": "none | every=N"}
            return special.get(self.kind, "a folder")
        return f"{self.minimum:,} or more" if self.maximum is None else f"{self.minimum:,} to {self.maximum:,}"

    def parse(self, value: object, origin: str) -> Any:
        """The value that a file, a variable or a flag means; InvalidOption names the key, the origin and the bounds."""
        try:
            parsed: Any = _PARSERS[self.kind](value)
        except (TypeError, ValueError, OverflowError):
            raise self._refusal(value, origin) from None
        if self.choices and parsed not in self.choices:
            raise self._refusal(value, origin)
        if self.minimum is not None and not self.minimum <= parsed:
            raise self._refusal(value, origin)
        if self.maximum is not None and not parsed <= self.maximum:
            raise self._refusal(value, origin)
        return parsed

    def _refusal(self, value: object, origin: str) -> InvalidOption:
        unit = f" {self.unit}" if self.unit else ""
        return InvalidOption(
            f"{self.name} cannot be {value!r} (from {origin}).",
            f"Allowed: {self.bounds}{unit}. `cornerman config explain {self.name}` says where each value comes from.",
        )


def _bool(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise ValueError(value)


def _auto_or_bool(value: object) -> bool | None:
    """None is auto: the program finds out."""
    return None if value is None or str(value).strip().lower() == "auto" else _bool(value)


def _number(value: object) -> int | float | str:
    """A number or the text of one; a bool is no number, whatever Python thinks."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    return value


def _int(value: object) -> int:
    number = _number(value)
    if isinstance(number, str):
        return int(number.strip().replace("_", ""))
    if number != int(number):
        raise ValueError(value)
    return int(number)


def _float(value: object) -> float:
    number = float(_number(value))
    if number != number:
        raise ValueError(value)
    return number


def _bytes(value: object) -> int:
    """A count of bytes, plain or as `10 GiB`, `500MB`, `2k`."""
    number = _number(value)
    if not isinstance(number, str):
        return _int(number)
    found = re.fullmatch(r"([\d_]+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?", number.strip().lower())
    if found is None:
        raise ValueError(value)
    digits, prefix, binary = found.groups()
    power = " kmgt".index(prefix) if prefix else 0
    return int(float(digits.replace("_", "")) * (1024 if binary else 1000) ** power) if power else _int(digits)


def _path(value: object) -> Path:
    if not isinstance(value, str | os.PathLike) or not str(value).strip():
        raise ValueError(value)
    return Path(value).expanduser()


def _choice(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value.strip()


def _frames(value: object) -> str:
    """Checked, and kept as it is written: `parse_frames` reads it again where it is used."""
    return str(parse_frames(value))


def _sample(value: object) -> str:
    return sample_words(parse_sample(value))


_PARSERS: Final = {
    "auto or bool": _auto_or_bool,
    "bool": _bool,
    "bytes": _bytes,
    "choice": _choice,
    "float": _float,
    "frames": _frames,
    "int": _int,
    "path": _path,
    "sample": _sample,
}


def user_data_folder() -> Path:
    """Where stores are without a word from the user: the data folder of this user on this system."""
    if named := os.environ.get("XDG_DATA_HOME"):
        return Path(named) / "cornerman"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "cornerman"
    return Path.home() / ".local" / "share" / "cornerman"


_RECORDED: Effect = "affects stored data"
_VIEWED: Effect = "view only"

KEYS: Final[dict[str, SettingKey]] = {
    key.name: key
    for key in (
        SettingKey(
            "store", "path", None, _RECORDED, "when a store is opened, for recording or for reading",
            "The folder of the store. Without it, the data folder of the user.",
        ),
        SettingKey(
            "storage.max_store_bytes", "bytes", 0, _RECORDED, "before a journal segment is taken",
            "The budget of the store, journal included; 0 is no limit. There recording stops, loudly and counted.",
            "bytes", 0,
        ),
        SettingKey(
            "storage.min_free_bytes", "bytes", 256 * MIB, _RECORDED, "before a journal segment is taken",
            "Disk that is always left free for others. Below it recording stops, loudly and counted.", "bytes", 0,
        ),
        SettingKey(
            "storage.max_journal_bytes", "bytes", GIB, _RECORDED, "when a journal segment is full and cannot be sealed",
            "How much may wait in the journal while the store is locked or full.", "bytes", 16 * MIB,
        ),
        SettingKey(
            "storage.rows_per_chunk", "int", 2048, _RECORDED, "when a chunk is sealed",
            "Rows that are packed together. More rows compress better; fewer are decoded faster one by one.",
            "rows", 16, 65536,
        ),
        SettingKey(
            "storage.sealing_process", "bool", True, _RECORDED, "when a journal segment is full",
            "Whether a process of its own packs what was recorded. Off, the training thread does it, which costs it a"
            " third of a microsecond for each step and a few milliseconds now and then.",
        ),
        SettingKey(
            "storage.network_copy_seconds", "float", 5.0, _RECORDED, "where the store's folder is on a network",
            "How often sealed chunks are copied from local disk to the network folder.", "seconds", 0.5, 3600,
        ),
        SettingKey(
            "recorder.enabled", "bool", True, _RECORDED, "when record() is called",
            "Whether record() records. Off, it hands the environment back as it is.",
        ),
        SettingKey(
            "recorder.frames", "frames", "auto", _RECORDED, "when record() is called without frames=…",
            "Which frames are recorded: pixel observations or the family's own picture (auto), every N-th, some"
            " environments of a vector, or none.",
        ),
        SettingKey(
            "producer.sample", "sample", "none", _RECORDED, "when record() is called without sample=…",
            "Record every N-th vector step of an episode only, with its first step and its end. What is left out is"
            " counted in the row that follows, as skipped_count. Nothing else ever leaves out a step.",
        ),
        SettingKey(
            "recorder.schema_mode", "choice", "warn", _RECORDED, "when a chunk is sealed, where no rule says otherwise",
            "What happens to steps that their schema does not allow: nothing (off), they are counted (observe), counted"
            " and said (warn), or refused into quarantine (enforce). `cornerman enforce` sets rules for a whole store.",
            choices=("off", "observe", "warn", "enforce"),
        ),
        SettingKey(
            "view.fps", "int", 30, _VIEWED, "in the terminal, before a screen is painted",
            "How often the screen is painted at most. What is stored is the same.", "frames per second", 1, 30,
        ),
        SettingKey(
            "view.ascii", "auto or bool", None, _VIEWED, "in the terminal, in every renderer and border",
            "Draw with plain ASCII, for fonts and consoles without blocks and lines; auto asks the locale.",
        ),
        SettingKey(
            "view.colour", "choice", "auto", _VIEWED, "in the terminal, where a colour becomes bytes",
            "How many colours the terminal gets; auto asks COLORTERM, TERM and NO_COLOR.",
            choices=("auto", "truecolor", "256", "16", "none"),
        ),
        SettingKey(
            "view.image_protocol", "choice", "half-cell", _VIEWED, "in the terminal, in the picture renderer",
            "How pictures are drawn: two pixels a character anywhere, or true pixels where the terminal can.",
            choices=("half-cell", "kitty", "sixel"),
        ),
        SettingKey(
            "view.byte_budget", "int", 300_000, _VIEWED, "in the terminal, before a frame is written",
            "What the pictures may send through the connection. Over it frames are not drawn; keys never wait.",
            "bytes per second", 10_000, 1_000_000_000,
        ),
        SettingKey(
            "log.level", "choice", "WARNING", _VIEWED, "where a log line is written",
            "The least serious line that is written, by our programs and by the recorder inside yours.",
            choices=("DEBUG", "INFO", "WARNING", "ERROR"),
        ),
    )
}  # fmt: skip
"""By name, in the order in which they are shown."""


def key(name: str) -> SettingKey:
    """The setting of this name; InvalidOption lists near ones where there is none."""
    import difflib

    if name in KEYS:
        return KEYS[name]
    near = difflib.get_close_matches(name, KEYS, n=3, cutoff=0.5) or list(KEYS)
    raise InvalidOption(f"There is no setting called {name!r}.", f"Did you mean {', '.join(near)}?")
