"""The user's configuration file: one value is set or taken out, and every other line stays as its author wrote it.

The file is TOML, edited line by line: what the edit does is compared with what it was to do before the file is
replaced, so that a spelling this does not know (an inline table, a value over several lines) is refused, not spoiled.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import InvalidOption
from .setting_key import SettingKey


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Tables become dotted names: `[view] fps = 10` is `view.fps`."""
    found: dict[str, object] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def read(path: Path) -> dict[str, object]:
    """What the file says, by dotted name, as it is written; InvalidOption where it cannot be read."""
    import tomllib  # 3 ms, for the few who have such a file

    try:
        return flat(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidOption(
            f"The configuration {path} cannot be read: {error}.", "Mend it, or move it away."
        ) from error


def set_value(path: Path, setting: SettingKey, value: object) -> None:
    """Write one value, which is checked as from any other source; the file is made where there is none."""
    wanted = _as_written(setting, value, setting.parse(value, "what you gave"))
    lines = _lines(path)
    spelt = f"{setting.leaf} = {_toml(wanted)}"
    at = _line_of(lines, setting)
    if at is not None:
        name = lines[at].partition("=")[0].rstrip()  # with its indentation; `view.fps` before any table
        lines[at] = f"{name} = {_toml(wanted)}{_comment(lines[at])}"
    elif (end := _end_of_section(lines, setting.section)) is not None:
        lines.insert(end, spelt)
    else:
        lines += [*([""] if lines and lines[-1].strip() else []), f"[{setting.section}]", spelt]
    _replace(path, lines, {**(read(path) if path.exists() else {}), setting.name: wanted})


def unset_value(path: Path, setting: SettingKey) -> bool:
    """Take a value out, so that the next weaker source holds; False where the file does not have it."""
    said = read(path) if path.exists() else {}
    if setting.name not in said:
        return False
    lines = _lines(path)
    at = _line_of(lines, setting)
    if at is None:
        raise _by_hand(path, setting.name)
    del lines[at]
    del said[setting.name]
    _replace(path, lines, said)
    return True


_HEADER = re.compile(r"\s*\[\s*([\w-]+)\s*\]\s*(#.*)?$")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _line_of(lines: list[str], setting: SettingKey) -> int | None:
    """Where `leaf = …` stands in its table, or `section.leaf = …` before any table."""
    section = ""
    for number, line in enumerate(lines):
        if found := _HEADER.match(line):
            section = found[1]
        name = setting.leaf if section == setting.section else setting.name if not section else None
        if name is not None and re.match(rf"\s*{re.escape(name)}\s*=", line):
            return number
    return None


def _end_of_section(lines: list[str], section: str) -> int | None:
    """Where a line can be added to a table: after its last one that is not blank."""
    end, inside = None, False
    for number, line in enumerate(lines):
        if found := _HEADER.match(line):
            inside = found[1] == section
        if inside and line.strip():
            end = number + 1
    return end


def _comment(line: str) -> str:
    """What follows the value on its line; a `#` inside of quotes is no comment."""
    quote = ""
    for at, char in enumerate(line):
        if char in "\"'":
            quote = "" if char == quote else quote or char
        elif char == "#" and not quote:
            return line[len(line[:at].rstrip()) :]
    return ""


def _as_written(setting: SettingKey, given: object, parsed: Any) -> Any:
    """`100 GiB` and `~/runs` stay readable; of everything else, the value that was understood."""
    if setting.kind in ("bytes", "path") and isinstance(given, str) and not given.strip().isdigit():
        return given.strip()
    return str(parsed) if isinstance(parsed, Path) else parsed


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if value is None:
        return '"auto"'
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _replace(path: Path, lines: list[str], wanted: Mapping[str, object]) -> None:
    """Put the new text in the file's place, whole or not at all, if it says what it should."""
    import tempfile
    import tomllib

    text = "\n".join(lines) + "\n"
    name = next(iter(wanted), "")
    try:
        said = flat(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        raise _by_hand(path, name) from None
    if said != {key: "auto" if value is None else value for key, value in wanted.items()}:
        raise _by_hand(path, name)
    target = path.resolve()  # a link into somebody's dotfiles stays one
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    descriptor, made = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(made, mode)  # noqa: PTH101
        os.replace(made, target)  # noqa: PTH105
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _by_hand(path: Path, name: str) -> InvalidOption:
    return InvalidOption(
        f"{path} is written in a way that cannot be changed line by line.", f"Change {name} there by hand."
    )
