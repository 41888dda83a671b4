"""What was seen in one column of CSV, and the schema that it suggests.

A cell on its own says little: `12` in a column with `007` is text, as is `NaN` in a column of names. So a column is
counted under every reading, and decided when all of it was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from . import cells
from .evidence import Doubts, FieldEvidence, Numbers, Texts, Values
from .walk import escape


class CellColumn:
    """The cells of one column."""

    __slots__ = ("kinds", "numbers", "texts", "values")

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.numbers, self.texts, self.values = Numbers(), Texts(), Values()
        """The numbers are worth something only while every cell is one."""

    def take(self, batch: Sequence[str]) -> None:
        filled = [cell for cell in batch if cell]
        self.kinds[cells.EMPTY] += len(batch) - len(filled)
        if not filled:
            return
        kinds = list(map(cells.token, filled))
        self.kinds.update(kinds)
        if self.only(cells.INTEGER, cells.NUMBER, cells.NOT_FINITE):
            whole = [int(cell) for cell, kind in zip(filled, kinds, strict=True) if kind == cells.INTEGER]
            if whole:
                self.numbers.take_integers(whole)
            if len(whole) < len(filled):
                self.numbers.take_floats(
                    [float(cell) for cell, kind in zip(filled, kinds, strict=True) if kind != cells.INTEGER]
                )
        self.texts.take(filled)
        self.values.take(filled)

    def only(self, *kinds: str) -> bool:
        """Whether the column has cells of these kinds and of no other."""
        total = sum(self.kinds.values()) - self.kinds[cells.EMPTY]
        return total > 0 and sum(self.kinds[kind] for kind in kinds) == total

    def type(self) -> str | None:
        """integer, number, boolean or string; None for a column without a value."""
        if not sum(self.kinds.values()) - self.kinds[cells.EMPTY]:
            return None
        if self.only(cells.INTEGER):
            return "integer"
        if self.only(cells.INTEGER, cells.NUMBER, cells.NOT_FINITE) and not self.only(cells.NOT_FINITE):
            return "number"
        return "boolean" if self.only(cells.BOOLEAN) else "string"

    def schema(self, tight: bool) -> dict[str, Any]:
        kind = self.type()
        if kind is None:
            return {}
        nullable = bool(self.kinds[cells.EMPTY])
        found: dict[str, Any] = {"type": [kind, "null"] if nullable else kind}
        if kind == "string":
            few = self.values.counts if tight and self.values.candidates() else None
            if few:
                return found | {"enum": sorted(few) + [None] * nullable}
            return found | self.texts.schema(tight)
        if tight and kind != "boolean" and self.numbers.minimum is not None:
            found |= {"minimum": self.numbers.minimum, "maximum": self.numbers.maximum}
        return found

    def arrow(self) -> dict[str, Any] | None:
        match self.type():
            case "integer":
                return self.numbers.arrow
            case "number":
                return {"name": "float64"}
            case "boolean":
                return {"name": "bool"}
            case "string":
                return self.texts.arrow
            case _:
                return {"name": "null"}

    def nullable(self) -> bool:
        return "null" in self.schema(False).get("type", "null")

    def evidence(self, name: str, tight: bool) -> FieldEvidence:
        kind, doubts = self.type(), self._doubts()
        total, empty = sum(self.kinds.values()), self.kinds[cells.EMPTY]
        text, numeric = kind == "string", kind in ("integer", "number")
        return FieldEvidence(
            f"/{escape(name)}",
            self.schema(tight),
            doubts.confidence(total - empty),
            total,
            0,
            empty,
            {kind: count for kind, count in sorted(self.kinds.items()) if count},
            self.numbers.minimum if numeric else None,
            self.numbers.maximum if numeric else None,
            self.texts.shortest if text else None,
            self.texts.longest if text else None,
            self.values.candidates(),
            self.texts.formats if text else (),
            self.values.examples,
            tuple(doubts.said),
        )

    def _doubts(self) -> Doubts:
        doubts, kind = Doubts(), self.type()
        if kind is None:
            doubts.add(0.0, "never seen with a value: anything is allowed")
        if kind in ("integer", "number"):
            self.numbers.doubt(doubts)
        if kind == "string":
            self._doubt_text(doubts)
        return doubts

    def _doubt_text(self, doubts: Doubts) -> None:
        zeros = self.kinds[cells.LEADING_ZERO]
        if zeros and self.only(cells.LEADING_ZERO, cells.INTEGER):
            doubts.add(0.95, f"{zeros:,} begin with 0, which a number would not give back: kept as text")
        elif self.only(cells.NOT_FINITE):
            doubts.add(0.7, "NaN and infinities only: perhaps numbers")
        else:
            strange = self.kinds[cells.TEXT] + self.kinds[cells.BOOLEAN] + zeros
            filled = sum(self.kinds.values()) - self.kinds[cells.EMPTY]
            if strange * 10 <= filled:
                doubts.add(0.6, f"{strange:,} of {filled:,} are no numbers, the others are: perhaps numbers with slips")
        if not self.only(cells.INTEGER, cells.NUMBER):
            self.texts.doubt(doubts)
