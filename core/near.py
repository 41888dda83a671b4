"""Names that somebody may have meant: said beside every name that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def near(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that are most like a word, the likeliest first; in any case, and by a part of them too."""
    import difflib  # not before somebody mistyped: it costs two milliseconds

    names = list(dict.fromkeys(known))
    by_lower = {name.lower(): name for name in reversed(names)}
    wanted = word.lower()
    part = [name for name in names if len(wanted) >= 3 and wanted in name.lower()]
    like = [by_lower[name] for name in difflib.get_close_matches(wanted, by_lower, most, 0.6)]
    return list(dict.fromkeys([*like, *part]))[:most]


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The sentence for an error's remedy: `Did you mean view.fps?`, else `otherwise`."""
    return meant(near(word, known)) or otherwise


def meant(names: Sequence[str]) -> str:
    """`Did you mean CartPole-v1 or CartPole-v0?`; '' where there are no names."""
    *others, last = names or ("",)
    return f"Did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if last else ""
