"""What a setting is: its name, bounds and unit, what it touches, where it is obeyed, and how its text is read.

Standard library only, because the recorder reads its settings inside somebody's training process.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from .errors import InvalidOption
from .frames_option import parse_frames
from .sample_option import parse_sample, sample_words

MIB, GIB = 1 << 20, 1 << 30

Effect = Literal["view only", "affects stored data"]
Kind = Literal[
    "path", "bool", "auto or bool", "int", "float", "bytes", "choice", "frames", "sample", "text", "devices"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One setting. `minimum` and `maximum` are allowed themselves; None means no bound."""

    name: str
    kind: Kind
    default: Any
    effect: Effect
    enforced: str
    """When and where the value takes effect, in words."""
    obeyed_by: str
    """The code that reads it, as `module:function` below `cornerman`. A test looks there: a setting that nothing obeys
    cannot exist."""
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    advanced: bool = False
    """Folded on the screen: few people ever need it."""
    argument: str = ""
    """The argument of `record()` that says the same: stronger than files, weaker than the variable and flags."""
    zero: str = ""
    """What 0 means, where it is not a number like the others."""

    @property
    def environment(self) -> str:
        """The environment variable that sets it. Those of the section `identity` are known without its name."""
        return "CORNERMAN_" + self.name.removeprefix("identity.").replace(".", "_").upper()

    @property
    def section(self) -> str:
        return self.name.partition(".")[0]

    @property
    def leaf(self) -> str:
        """Its name in its section."""
        return self.name.partition(".")[2]

    @property
    def bounds(self) -> str:
        """What is allowed, in words."""
        if self.choices:
            return ", ".join(self.choices)
        if self.kind.endswith("bool"):
            return "true or false" if self.kind == "bool" else "auto, true or false"
        if self.minimum is None:
            return _WORDS[self.kind]
        return f"{self.minimum:,} or more" if self.maximum is None else f"{self.minimum:,} to {self.maximum:,}"

    def words(self, value: Any) -> str:
        """A value as people read and write it."""
        if value is None:
            return "auto" if self.kind == "auto or bool" else "not set"
        if self.kind == "bytes" and value and value % MIB == 0:
            return f"{value // GIB} GiB" if value % GIB == 0 else f"{value // MIB} MiB"
        return str(value).lower() if isinstance(value, bool) else str(value)

    def said(self, value: Any) -> str:
        """A value with its unit: `30 frames per second`, `256 MiB`, `0 (no limit)`."""
        words = self.words(value)
        if self.zero and value == 0:
            return f"{words} ({self.zero})"
        return words if value is None or not self.unit or words.endswith("iB") else f"{words} {self.unit}"

    def parse(self, value: object, origin: str) -> Any:
        """The value that a file, a variable or a flag means; InvalidOption names the key, the origin and the bounds."""
        try:
            parsed: Any = _PARSERS[self.kind](value)
        except (TypeError, ValueError, OverflowError, InvalidOption):
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


_WORDS: Final[dict[str, str]] = {
    "devices": "all | none | 0,2",
    "frames": "none | auto | every=N | envs=0,2",
    "path": "a folder",
    "sample": "none | every=N",
    "text": "a word or a few, at most 200 characters in one line",
}
"""What is allowed where neither bounds nor choices say it."""


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


def _text(value: object) -> str:
    text = _choice(value)
    if not text or len(text) > 200 or not text.isprintable():
        raise ValueError(value)
    return text


def _devices(value: object) -> str:
    """`all`, `none`, or numbers in order and once."""
    if isinstance(value, list):
        value = ",".join(map(str, value))
    text = "" if isinstance(value, bool) else str(value).strip().lower()
    if text in ("all", "none"):
        return text
    if not re.fullmatch(r"\d{1,4}(\s*,\s*\d{1,4})*", text):
        raise ValueError(value)
    return ",".join(map(str, sorted({int(part) for part in text.split(",")})))


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
    "devices": _devices,
    "float": _float,
    "frames": _frames,
    "int": _int,
    "path": _path,
    "sample": _sample,
    "text": _text,
}
