"""Runs that the store knows by their log lines alone, as imported ones are, by the words that a person has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cornerman.core.errors import NotFound
from cornerman.core.logs import LogFilter, Term

if TYPE_CHECKING:
    from cornerman.store.api import Store


def run_named(store: Store, word: str) -> str:
    """The id of the run that a word names, '' where it names none."""
    if not word or any(sign in word for sign in ':>"- '):
        return ""
    try:
        return str(store.run(word).run_id)
    except NotFound:
        return of_lines(store, word)


def of_lines(store: Store, word: str) -> str:
    """The same among the runs that lines name, by id, four or more characters of an end of it, or job."""
    values = store.logs.facets(LogFilter()).values
    runs = [facet.value for facet in values["run"]]
    if word == "latest":
        newest = store.logs.page(LogFilter((Term("run", "", True),)), limit=1)
        return newest[-1].record.run_id if newest else ""
    named = [run for run in runs if word == run or (len(word) >= 4 and (run.startswith(word) or run.endswith(word)))]
    if len(named) == 1:
        return named[0]
    if any(facet.value == word for facet in values["job"]):
        newest = store.logs.page(LogFilter((Term("job", word),)), limit=1)
        return newest[-1].record.run_id
    return ""
