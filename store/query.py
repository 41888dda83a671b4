"""SQL for people: read-only, interruptible, over steps and episodes as if they were tables.

    select env_index, avg(reward) from step where run = '…' group by env_index

Nothing can be written and no other file attached: an authorizer allows reading alone.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import apsw

from cornerman.core.errors import InvalidQuery

from .aggregates import bare_aggregate
from .connection import connect
from .episode_table import episode_table
from .logs.table import counted, log_table
from .step_table import step_table

if TYPE_CHECKING:
    from .api import Store

_ISO = "strftime('%Y-%m-%dT%H:%M:%fZ', {0} / 1e6, 'unixepoch')"

VIEWS = f"""
create temp view run as select
    r.run_id as run, r.job, {_ISO.format("r.created_us")} as created, count(s.id) as streams,
    sum(s.transitions) as stored, sum(s.episodes) as episodes, sum(s.bytes) as bytes, r.created_us
    from main.run r left join main.stream s on s.run = r.id where r.deleted_us is null group by r.id;
create temp view stream as select
    s.id as stream, r.run_id as run, r.job, s.name, s.num_envs, s.autoreset as autoreset_mode,
    {_ISO.format("s.created_us")} as created, {_ISO.format("s.ended_us")} as ended, s.rows, s.t as steps,
    s.transitions as stored, s.episodes, s.reward_sum, s.frames, s.bytes, s.process, s.created_us, s.ended_us
    from main.stream s join main.run r on r.id = s.run where r.deleted_us is null;
create temp view chunk as select
    c.id as chunk, r.run_id as run, r.job, c.stream, c.first_row, c.rows, c.first_t, c.steps, c.transitions,
    c.first_episode, c.episodes, c.reward_sum, c.reward_min, c.reward_max, {_ISO.format("c.first_us")} as first_time,
    {_ISO.format("c.last_us")} as last_time, c.bytes, hex(c.sha256) as sha256, k.pin as schema, c.bad,
    c.first_us, c.last_us
    from main.chunk c join main.stream s on s.id = c.stream join main.run r on r.id = s.run
    left join main.step_schema k on k.id = c.step_schema
    where r.deleted_us is null;
create temp view space as select
    r.run_id as run, r.job, s.id as stream, l.name, json_extract(p.descriptor, '$.type') as type, l.digest,
    length(p.descriptor) as bytes, p.descriptor
    from main.stream_space l join main.space p using (digest) join main.stream s on s.id = l.stream
    join main.run r on r.id = s.run where r.deleted_us is null;
create temp view vector_env as select
    r.run_id as run, r.job, s.id as stream, s.name, s.num_envs, s.autoreset as autoreset_mode,
    max(l.digest) filter (where l.name = 'single_observation_space') as single_observation_space,
    max(l.digest) filter (where l.name = 'single_action_space') as single_action_space
    from main.stream s join main.run r on r.id = s.run left join main.stream_space l on l.stream = s.id
    where r.deleted_us is null and s.num_envs > 0 group by s.id;
create temp view norm_stats as select
    r.run_id as run, r.job, n.stream, n.t, n.kind, n.place, n.count, n.mean, n.var
    from main.norm_stats n join main.stream s on s.id = n.stream join main.run r on r.id = s.run
    where r.deleted_us is null;
create temp view seed as select
    run, job, stream, env_index, episode, seed, seed_source, first_row from temp.episode where seed is not null;
create temp view document as select
    d.import, i.schema_id || '@' || i.version as schema, i.source, d.line, d.content, i.began_us
    from main.document d join main.document_import i on i.id = d.import;
"""
"""What is sealed, in words; `step`, `step_all` and `episode` have what is open as well."""

_ALLOWED = {apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE}


class Result:
    """The rows of a query, as they come. Its `columns` are known at once; closing it ends its transaction."""

    def __init__(self, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]], close: Any = None) -> None:
        self.columns = columns
        self._rows, self._close = rows, close

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def close(self) -> None:
        if self._close is not None:
            self._close()

    def __enter__(self) -> Result:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_query(store: Store, statement: str, bindings: Sequence[Any] | dict[str, Any], timeout: float | None) -> Result:
    """Answer a statement; InvalidQuery where it is not SQL, is not about reading, or takes longer than `timeout`."""
    known = bare_aggregate(store, statement, bindings) or counted(store.logs, statement)
    if known is not None:
        return Result(known[0], iter([known[1]]))
    connection = _connection(store)
    deadline = None if timeout is None else time.monotonic() + timeout
    # Ctrl-C arrives as soon as some Python runs: this is, every few thousand of SQLite's own operations
    connection.set_progress_handler(lambda: deadline is not None and time.monotonic() > deadline, 20_000)
    rows = _rows(connection, statement, bindings, timeout)
    columns: tuple[str, ...] = next(rows)
    return Result(columns, rows, rows.close)


def _rows(
    connection: apsw.Connection, statement: str, bindings: Any, timeout: float | None
) -> Generator[Any, None, None]:
    """First the names of the columns, then the rows."""
    try:
        cursor = connection.cursor()
        names: list[tuple[str, ...]] = []

        def trace(cursor: apsw.Cursor, _sql: str, _bindings: Any) -> bool:
            if names:
                raise InvalidQuery("That is more than one question.", "Leave out what stands behind the first `;`.")
            names.append(_names(cursor))
            return True

        cursor.exec_trace = trace
        cursor.execute(statement, bindings or None)
        yield names[0] if names else ()
        yield from cursor
    except apsw.InterruptError as error:
        raise InvalidQuery(
            f"The query took longer than {timeout:g} s." if timeout else "The query was interrupted.",
            "Ask for less: a run, a range of t, fewer columns; or give it more time with --timeout.",
        ) from error
    except apsw.AuthError as error:
        raise InvalidQuery("Only reading is allowed here.", "Use `select`; `cornerman delete` removes runs.") from error
    except apsw.Error as error:
        raise InvalidQuery(f"SQLite cannot answer this: {error}.", _HELP) from error
    finally:
        connection.close(True)


def _names(cursor: apsw.Cursor) -> tuple[str, ...]:
    return tuple(name for name, _ in cursor.get_description())


_HELP = (
    "The tables are step, step_all, episode, seed, run, stream, vector_env, space, norm_stats, chunk,"
    " document and log;"
    " `select * from step limit 1` shows the columns of one."
)


def _connection(store: Store) -> apsw.Connection:
    """A connection of its own: a query may go on while others are asked."""
    connection = connect(store.path)
    step_table(store, resets=False).register(connection, "step")
    step_table(store, resets=True).register(connection, "step_all")
    episode_table(store).register(connection, "episode")
    log_table(store.logs).register(connection, "log")
    connection.execute(VIEWS)
    connection.authorizer = lambda action, *_: apsw.SQLITE_OK if action in _ALLOWED else apsw.SQLITE_DENY
    return connection
