"""Decoded chunks that were read lately, bounded in bytes, so that stepping through an episode decodes it once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

LIMIT = 64 << 20


class _Sized(Protocol):
    nbytes: int


Item = TypeVar("Item", bound=_Sized)
Key = tuple[int, ...]


class ChunkCache(Generic[Item]):
    """Least recently used goes first. Items may grow after they were put (columns are decoded late): see `charge`."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.nbytes = 0
        self._items: OrderedDict[Key, Item] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Item | None:
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
            return found

    def put(self, key: Key, item: Item) -> None:
        with self._lock:
            if key not in self._items:
                self._items[key] = item
                self.nbytes += item.nbytes
                self._shrink()

    def charge(self, size: int) -> None:
        """An item of the cache grew. The newest one stays, however large: it is in use."""
        with self._lock:
            self.nbytes += size
            self._shrink()

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
            self.nbytes = 0

    def _shrink(self) -> None:
        if self.nbytes <= self.limit:
            return
        # what was evicted may have grown since: count afresh. And make some room, so that this is not done each time
        self.nbytes = sum(item.nbytes for item in self._items.values())
        while self.nbytes > self.limit * 7 // 8 and len(self._items) > 1:
            _, item = self._items.popitem(last=False)
            self.nbytes -= item.nbytes
