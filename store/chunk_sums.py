"""What a stream's chunks add up to by their rows, without decoding any; what was added up before is not added again."""

from __future__ import annotations

from typing import NamedTuple

from .reader import StreamRows


class Statistics(NamedTuple):
    """Of transitions: how many, and the sum, least and greatest of their rewards that are numbers, and how many are.

    `numbers` is None where that is not known.
    """

    number: int = 0
    total: float = 0.0
    least: float | None = None
    greatest: float | None = None
    numbers: int | None = 0

    def __or__(self, other: Statistics) -> Statistics:
        least = [value for value in (self.least, other.least) if value is not None]
        greatest = [value for value in (self.greatest, other.greatest) if value is not None]
        return Statistics(
            self.number + other.number, self.total + other.total,
            min(least) if least else None, max(greatest) if greatest else None,
            None if self.numbers is None or other.numbers is None else self.numbers + other.numbers,
        )  # fmt: skip


_SUMS = (
    "select coalesce(sum(transitions), 0), coalesce(sum(reward_sum), 0.0), min(reward_min), max(reward_max),"
    " case when count(*) = count(reward_numbers) then coalesce(sum(reward_numbers), 0) end,"
    " ?2 = 0 or ?2 = ?3 or exists (select 1 from chunk where stream = ?1 and first_row = ?2)"
    " from chunk where stream = ?1 and first_row >= ?2 and first_row < ?3"
)


def sealed_statistics(rows: StreamRows, stop: int) -> Statistics:
    """Of the chunks before row `stop`, where one ends."""
    first, known = rows.counted
    if first > stop:
        first, known = 0, ()
    while True:
        ((*sums, whole),) = rows.shelf.query(_SUMS, (rows.stream_id, first, stop))
        if whole:
            break
        first, known = 0, ()  # chunks on both sides of the row up to which was counted are one by now
    found = Statistics(*known) | Statistics(*sums)
    rows.counted = (stop, found)
    return found
