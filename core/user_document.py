"""A document of the user's, beside the settings: rules that are lists, in the form of a registered schema.

It is replaced as a whole. Programs that run see a change within two seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from .errors import CornermanError, InvalidOption
from .setting_sources import user_config_file
from .whole_file import replace_file

LOOK_AGAIN_SECONDS: Final = 2.0
Content = TypeVar("Content", bound=msgspec.Struct)


class UserDocument(Generic[Content]):
    """One file: how it is read and checked, and what holds where there is none."""

    def __init__(
        self, file: str, decode: Callable[[bytes], Content], empty: Content, check: Callable[[Content], object]
    ) -> None:
        self._file, self._decode, self._empty, self._check = file, decode, empty, check
        self._known, self._stamp, self._until = empty, (Path(), 0, 0), 0.0

    @property
    def path(self) -> Path:
        """Where it is. It need not exist."""
        return user_config_file().with_name(self._file)

    def current(self) -> Content:
        """What holds now. A file that cannot be read says nothing: `stored` tells why."""
        if (now := time.monotonic()) >= self._until or self._stamp[0] != self.path:
            self._until, path = now + LOOK_AGAIN_SECONDS, self.path
            try:
                stats = path.stat()
                stamp = (path, stats.st_mtime_ns, stats.st_size)
                if stamp != self._stamp:
                    self._stamp, self._known = stamp, self.stored()
            except (OSError, CornermanError):
                self._stamp, self._known = (path, 0, 0), self._empty
        return self._known

    def stored(self) -> Content:
        """The file's content; InvalidOption where it cannot be read."""
        try:
            found = self._decode(self.path.read_bytes())
            self._check(found)
            return found
        except FileNotFoundError:
            return self._empty
        except (OSError, CornermanError) as error:
            raise InvalidOption(f"{self.path} cannot be read: {error}", "Mend it, or move it away.") from error

    def change(self, change: Callable[[Content], Content]) -> Content:
        """Replace it by what is made of it. InvalidOption where that cannot be used, or written."""
        content = change(self.stored())
        self._check(content)
        path = self.path
        try:
            replace_file(path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        except OSError as error:
            raise InvalidOption(f"{path} cannot be written: {error.strerror}.", "Check the folder.") from error
        self._until = 0.0
        return content
