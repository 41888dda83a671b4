"""Versions of a schema document: what may follow what, and which step a change needs.

A version is MAJOR.MINOR.PATCH, integers only. Each MAJOR is a line of its own: 1.3.0 may follow 1.2.0 after 2.0.0 was
published, and is then compared within the 1.x line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import semver

from ..errors import InvalidVersion

LARGEST = 10**15
"""Numbers of a version stay below it, so that every program and database can count on from them."""
Bump = Literal["none", "patch", "minor", "major"]
BUMPS: tuple[Bump, ...] = ("none", "patch", "minor", "major")


def parse_version(text: str) -> semver.Version:
    """MAJOR.MINOR.PATCH as a comparable value. Raises InvalidVersion, for pre-releases and build tags too."""
    try:
        version = semver.Version.parse(text)
    except (ValueError, TypeError):
        version = None
    if version is None or version.prerelease or version.build or max(version.to_tuple()[:3]) >= LARGEST:
        raise InvalidVersion(f"{text!r} is no schema version.", "Write MAJOR.MINOR.PATCH in integers, such as 1.2.0.")
    return version


@dataclass(frozen=True, slots=True)
class Pin:
    """A schema by id, and by version when it is pinned; without a version it means the highest one."""

    id: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.id}@{self.version or 'latest'}"


def parse_pin(text: str) -> Pin:
    """`id@1.2.0`, `id@latest` or `id`. Raises InvalidVersion."""
    schema_id, at, version = text.strip().rpartition("@")
    if not at:
        schema_id, version = version, "latest"
    if not schema_id or not version:
        raise InvalidVersion(f"{text!r} names no schema.", "Write `id@1.2.0`, or `id` for the latest version.")
    return Pin(schema_id, None if version == "latest" else str(parse_version(version)))


def order(versions: Iterable[str]) -> list[str]:
    """The versions from the lowest to the highest, by their numbers."""
    return sorted(versions, key=parse_version)


def latest(versions: Iterable[str]) -> str | None:
    """The highest version, which need not be the one that was stored last."""
    return max(versions, key=parse_version, default=None)


def line(versions: Iterable[str], version: str) -> list[str]:
    """Those that come before `version` in its own MAJOR, lowest first; in a new MAJOR all that are lower."""
    new = parse_version(version)
    lower = [each for each in order(versions) if parse_version(each) < new]
    return [each for each in lower if parse_version(each).major == new.major] or lower


def bump_between(old: str, new: str) -> Bump:
    """The step from one version to a later one; "none" when `new` is not higher."""
    before, after = parse_version(old), parse_version(new)
    if after <= before:
        return "none"
    if after.major != before.major:
        return "major"
    return "minor" if after.minor != before.minor else "patch"


def suffices(taken: Bump, needed: Bump) -> bool:
    """Whether the step that was taken is at least the one that is needed."""
    return BUMPS.index(taken) >= BUMPS.index(needed)


def next_version(versions: Iterable[str], base: str, bump: Bump) -> str:
    """The lowest free version that is `bump` above `base`: a new MAJOR comes after every other one."""
    before = parse_version(base)
    if bump == "major":
        return f"{max([parse_version(each).major for each in versions] + [before.major]) + 1}.0.0"
    if bump == "minor":
        return str(before.bump_minor())
    return str(before.bump_patch()) if bump == "patch" else base


def base_of(versions: Iterable[str], version: str) -> str | None:
    """The version that a new one follows: the highest of its MAJOR, else the highest of a lower MAJOR, else none.

    Raises InvalidVersion when its line has gone past it already: versions of a line only rise.
    """
    known = list(versions)
    new = parse_version(version)
    own = [each for each in order(known) if parse_version(each).major == new.major]
    if own and parse_version(own[-1]) >= new and version not in own:
        free = " or ".join(next_version(known, own[-1], bump) for bump in ("patch", "minor", "major"))
        raise InvalidVersion(
            f"{version} is below {own[-1]}, the highest version of its line.", f"The next ones are {free}."
        )
    before = line(known, version)
    return before[-1] if before else None
