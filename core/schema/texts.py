"""Texts that fit a format or match a pattern, for samples and counter-examples. A guess: whoever uses one checks it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache

FORMATS: dict[str, tuple[str, ...]] = {
    "date-time": ("2026-01-31T12:00:00Z", "1969-12-31T23:59:59.5+01:00"),
    "date": ("2026-01-31", "1969-12-31"),
    "time": ("12:00:00Z", "23:59:59.5+01:00"),
    "email": ("a@example.org",),
    "idn-email": ("a@example.org",),
    "hostname": ("example.org",),
    "idn-hostname": ("example.org",),
    "ipv4": ("192.0.2.1",),
    "ipv6": ("2001:db8::1",),
    "uri": ("https://example.org/a",),
    "uri-reference": ("/a",),
    "iri": ("https://example.org/a",),
    "iri-reference": ("/a",),
    "uri-template": ("/a/{b}",),
    "json-pointer": ("/a/0",),
    "relative-json-pointer": ("1/a",),
    "regex": ("^a$",),
}
COMMON = ("", "a", "A", "1", "abc", "ABC", "a1", "x_a", "s-1", "Zz9", "a b", "-", "é", "2026-01-31", "00000000")
_CLASSES = {"d": "01", "w": "aA0_", "s": " ", "D": "a-", "W": "-", "S": "a", ".": "aA0-"}
MOST = 24


class _Unreadable(Exception):
    """A construct that is not followed: a look-around, a back-reference, a class of its own kind."""


@lru_cache(maxsize=512)
def texts(pattern: str) -> tuple[str, ...]:
    """Some texts that may match a pattern: short ones, longer ones, each branch."""
    try:
        found = _Reader(pattern).alternatives()
    except (_Unreadable, IndexError, ValueError):
        return COMMON
    bare = found[:MOST]
    return tuple(
        dict.fromkeys([*bare, *(f"{text}a" for text in bare[:4]), *(f"a{text}" for text in bare[:4]), *COMMON])
    )


class _Reader:
    """Reads a pattern once, from left to right, and keeps a few texts for every part."""

    def __init__(self, pattern: str) -> None:
        self.rest = list(reversed(pattern))

    def peek(self) -> str:
        return self.rest[-1] if self.rest else ""

    def alternatives(self) -> list[str]:
        """`a|b|c` up to the end or the closing bracket."""
        found = self.sequence()
        while self.peek() == "|":
            self.rest.pop()
            found = _mixed(found, self.sequence())
        return found

    def sequence(self) -> list[str]:
        found = [""]
        while self.rest and self.peek() not in "|)":
            part = self.repeated(self.atom())
            found = list(itertools.islice(dict.fromkeys(a + b for b in part for a in found), MOST))
        return found

    def atom(self) -> list[str]:
        sign = self.rest.pop()
        if sign in "^$":
            return [""]
        if sign == "(":
            if self.peek() == "?":
                self.rest.pop()
                if self.rest.pop() != ":":
                    raise _Unreadable
            found = self.alternatives()
            self.rest.pop()
            return found
        if sign == "[":
            return self.characters()
        if sign == "\\":
            return self.escaped()
        return list(_CLASSES["."]) if sign == "." else [sign]

    def escaped(self) -> list[str]:
        sign = self.rest.pop()
        if sign in "bB":
            return [""]
        if sign in _CLASSES and sign != ".":
            return list(_CLASSES[sign])
        if sign == "p":
            return ["a", "A"]
        if sign.isalnum():
            known = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
            if sign not in known:
                raise _Unreadable
            return [known[sign]]
        return [sign]

    def characters(self) -> list[str]:
        negated = self.peek() == "^"
        if negated:
            self.rest.pop()
        found: list[str] = []
        while (sign := self.rest.pop()) != "]":
            if sign == "\\":
                found += self.escaped()
            elif self.peek() == "-" and len(self.rest) > 1 and self.rest[-2] != "]":
                self.rest.pop()
                found += [sign, self.rest.pop()]
            else:
                found.append(sign)
        if not negated:
            return found[:8] or [""]
        return [sign for sign in "aA0-_ é" if sign not in found]

    def repeated(self, part: list[str]) -> list[str]:
        sign = self.peek()
        if sign not in ("*", "+", "?", "{"):
            return part
        self.rest.pop()
        least, most = {"*": (0, 3), "+": (1, 3), "?": (0, 1)}.get(sign) or self.counts()
        if self.peek() == "?":
            self.rest.pop()
        counts = sorted({least, min(least + 1, most), most} & set(range(65)))
        mixed = ["".join(itertools.islice(itertools.cycle(part), count)) for count in counts]
        return list(dict.fromkeys([*(text * count for count in counts for text in part[:4]), *mixed]))

    def counts(self) -> tuple[int, int]:
        body = ""
        while (sign := self.rest.pop()) != "}":
            body += sign
        least, comma, most = body.partition(",")
        return int(least), int(most) if most else int(least) + (3 if comma else 0)


def _mixed(one: list[str], other: list[str]) -> list[str]:
    pairs: Iterator[str | None] = itertools.chain.from_iterable(itertools.zip_longest(one, other))
    return [text for text in itertools.islice(pairs, 2 * MOST) if text is not None]
