"""What of the blocks cannot be read, as far as whoever reads has come across it: left out, counted and said."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cornerman.core.logs.port import Damaged
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_BLOCK_DAMAGED

from .block import SLICES
from .database import FILE


class Damage:
    """The damaged blocks of one database, and the damaged slices of others, with how many records each had."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.blocks: dict[int, int] = {}
        self.slices: dict[int, int] = {}

    def add_block(self, id: int, records: int, reason: str) -> None:
        """Nothing of a block can be read."""
        if id not in self.blocks:
            self.blocks[id] = records
            self._say(id, records, reason)

    def add_slice(self, id: int, number: int, records: int, reason: str) -> None:
        """The texts of some records of a block cannot be read."""
        if id * SLICES + number not in self.slices:
            self.slices[id * SLICES + number] = records
            self._say(id, records, reason)

    def facts(self) -> Damaged:
        return Damaged(sum(self.blocks.values()), sum(self.slices.values()))

    def keep(self, blocks: Iterable[int]) -> None:
        """Others were removed: there is nothing wrong with them any more."""
        there = set(blocks)
        self.blocks = {id: records for id, records in self.blocks.items() if id in there}
        self.slices = {id: records for id, records in self.slices.items() if id // SLICES in there}

    def _say(self, id: int, records: int, reason: str) -> None:
        """The first, the tenth, the hundredth, …: a damaged disk damages many."""
        found = len(self.blocks) + len(self.slices)
        if found == 10 ** (len(str(found)) - 1):
            log(LOG_BLOCK_DAMAGED, path=str(self.path / FILE), block=id, records=records, reason=reason, found=found)
