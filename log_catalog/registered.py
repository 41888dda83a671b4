"""What the user told us of workers' log lines: codes that no catalogue had, and which logger is which component.

Kept in one small file beside the user's settings, so that every program of ours on this account knows it. It is
replaced as a whole, never written in place; a program that runs sees what another registered within two seconds.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import constant as defined
from .constant import CatalogError, Level, LogConstant
from .emitting import log
from .program import LOG_WORDS_FILE_IGNORED
from .user_folders import config_folder

LOOK_AGAIN_SECONDS = 2.0


def words_file() -> Path:
    """Where registered codes and loggers are kept."""
    return config_folder() / "log-words.json"


def register_code(
    code: str,
    level: Level,
    component: str,
    message: str,
    *,
    subcomponent: str = "",
    tags: tuple[str, ...] = (),
    replace: bool = False,
) -> LogConstant:
    """Make a worker's code known to every program of this account. The same again changes nothing.

    CatalogError where the code already means something else; `replace` changes what was registered before.
    """
    new = LogConstant(code, level, component, subcomponent, message.strip(), tags, "registered")
    defined.check_form(new)
    _check_free(new)
    with _changing() as words:
        if words.codes.get(code, new) != new and not replace:
            raise CatalogError(f"{code} is registered already and means {words.codes[code].message!r}")
        words.codes[code] = new
    return new


def forget_code(code: str) -> bool:
    """Undo `register_code`; False for a code that was not registered."""
    with _changing() as words:
        return words.codes.pop(code, None) is not None


def register_log_domain(name: str, component: str) -> None:
    """Say that loggers named `name`, and those below it, belong to a component. The same again changes nothing."""
    if not name.strip() or not component.strip():
        raise CatalogError("a logger and the component it belongs to must be named")
    if registered_domains().get(name) != component:
        with _changing() as words:
            words.domains[name] = component


def forget_log_domain(name: str) -> bool:
    """Undo `register_log_domain`; False for a logger that was not registered."""
    with _changing() as words:
        return words.domains.pop(name, None) is not None


def component_of_logger(logger: str) -> str | None:
    """The component whose registered logger is the nearest one above `logger`."""
    domains = registered_domains()
    if not domains:
        return None
    while logger and logger not in domains:
        logger = logger.rpartition(".")[0]
    return domains.get(logger)


def registered_codes() -> Mapping[str, LogConstant]:
    """What was registered, by code."""
    return _words().codes


def registered_domains() -> Mapping[str, str]:
    """The component of each registered logger."""
    return _words().domains


def unreadable() -> str:
    """Why the file is ignored; empty where it is not."""
    _words()
    return _seen.trouble


@dataclass
class _Words:
    codes: dict[str, LogConstant] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)


@dataclass
class _Seen:
    """What the file held when it was last looked at."""

    words: _Words = field(default_factory=_Words)
    stamp: tuple[str, int, int] | None = None
    due: float = 0.0
    trouble: str = ""


def _check_free(new: LogConstant) -> None:
    from .whole_catalog import catalog, components

    taken = catalog().get(new.code)
    if taken is not None and taken.source != "registered":
        raise CatalogError(f"{new.code} already means {taken.message!r}, of {taken.component}")
    for owner in components().values():
        if owner.source == "emitted" and owner.owns(new.code):
            raise CatalogError(f"{new.code} is one of {owner.name}'s codes, {defined.in_words(owner.ranges)}")


def _words() -> _Words:
    now = time.monotonic()
    if now >= _seen.due:
        _look_again(now)
    return _seen.words


def _look_again(now: float) -> None:
    _seen.due = now + LOOK_AGAIN_SECONDS
    path = words_file()
    try:
        found = path.stat()
        stamp = (str(path), found.st_mtime_ns, found.st_ino)
    except OSError:
        _seen.words, _seen.stamp, _seen.trouble = _Words(), None, ""
        return
    if stamp == _seen.stamp:
        return
    _seen.stamp, _seen.trouble = stamp, ""
    try:
        _seen.words = _parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        _seen.words, _seen.trouble = _Words(), str(error)[:200]
        log(LOG_WORDS_FILE_IGNORED, file=str(path), reason=_seen.trouble)


def _parse(text: str) -> _Words:
    """What the file says. CatalogError, a ValueError, names what is wrong with it."""
    content = json.loads(text)
    try:
        codes = [
            LogConstant(
                one["code"], one["level"], one["component"], one["subcomponent"], one["message"],
                tuple(map(str, one["tags"])), "registered",
            )
            for one in content["codes"]
        ]  # fmt: skip
        domains = {str(name): str(component) for name, component in content["loggers"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise CatalogError(f"this is no file of registered codes: {error!r}") from None
    for one in codes:
        defined.check_form(one)
    return _Words({one.code: one for one in codes}, domains)


@contextmanager
def _changing() -> Iterator[_Words]:
    """The words of the file as it is now, written back as a whole; two programs at once both get in."""
    path = words_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _change, _locked(path.with_name(f".{path.name}.lock")):
        try:
            words = _parse(path.read_text(encoding="utf-8")) if path.exists() else _Words()
        except ValueError as error:
            raise CatalogError(f"{path} cannot be read, so nothing was changed: {error}") from None
        yield words
        _replace(path, words)
        _seen.words, _seen.due = words, time.monotonic() + LOOK_AGAIN_SECONDS
        _seen.stamp = None


def _replace(path: Path, words: _Words) -> None:
    content: dict[str, Any] = {
        "codes": [
            {name: getattr(one, name) for name in ("code", "level", "component", "subcomponent", "message", "tags")}
            for one in sorted(words.codes.values(), key=lambda one: one.order)
        ],
        "loggers": dict(sorted(words.domains.items())),
    }
    import tempfile  # 8 ms, for the one who registers

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, where the file system knows locks; elsewhere the last one wins."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass
        yield


_change = threading.RLock()
_seen = _Seen()
