-- The first format of the store. Step files are applied in the order of their numbers, each in one transaction, and
-- never edited once released. Times are microseconds since 1970, UTC. The wide bytes stand in tables of their own, so
-- that scanning what is small (a sum over ten million steps) reads nothing else.

create table store_meta (
    key   text primary key,
    value any
) strict, without rowid;

create table run (
    id         integer primary key,
    run_id     text not null unique,
    job        text not null,
    session    text unique,            -- what workers of one program find their common run by
    created_us integer not null,
    provenance blob not null,          -- msgpack: command line, git commit, packages, host, …
    deleted_us integer
) strict;

create table space (
    digest     blob primary key,       -- SHA-256 of the descriptor
    descriptor text not null           -- JSON
) strict, without rowid;

create table stream (
    id          integer primary key,   -- drawn by the recorder: see core/ids.py
    run         integer not null references run (id),
    name        text not null,
    manifest    blob not null,         -- msgpack: environment id, kwargs, spaces, frames, …
    num_envs    integer not null,      -- 0: a single environment
    autoreset   text not null,
    process     text not null,         -- whose lock file says that it is alive
    schema      text not null,         -- id and version of the payloads it writes
    created_us  integer not null,
    ended_us    integer,               -- set by a clean end; without it a dead stream was interrupted
    rows        integer not null default 0,   -- sealed: the high-water mark
    t           integer not null default 0,   -- calls of step up to it, dropped ones included
    sequence    integer not null default 0,   -- records received up to it, dropped ones included
    transitions integer not null default 0,   -- stored
    episodes    integer not null default 0,
    reward_sum  real not null default 0,
    frames      integer not null default 0,
    bytes       integer not null default 0,
    last_us     integer not null default 0,
    open        blob not null,         -- core.episodes.Open: the episodes under way
    notes       text not null default '[]'
) strict;
create index stream_by_run on stream (run);

create table chunk (
    id            integer primary key,
    stream        integer not null references stream (id),
    first_row     integer not null,
    rows          integer not null,
    first_t       integer not null,
    steps         integer not null,    -- calls of step among its rows
    transitions   integer not null,
    first_episode integer not null,    -- episodes of the stream that ended before
    episodes      integer not null,
    reward_sum    real not null,
    reward_min    real,
    reward_max    real,
    first_us      integer not null,
    last_us       integer not null,
    segment       integer not null,    -- where in the journal it came from: sealing is exactly once
    generation    integer not null,
    bytes         integer not null,
    sha256        blob not null,
    unique (stream, first_row),
    unique (stream, segment, generation, first_row)
) strict;
create index chunk_by_t on chunk (stream, first_t);
create index chunk_by_episode on chunk (stream, first_episode) where episodes > 0;

create table chunk_payload (
    chunk   integer primary key references chunk (id),
    payload blob not null              -- msgpack: core/payloads/chunk_v1.py
) strict;

create table frame_chunk (
    id          integer primary key,
    stream      integer not null references stream (id),
    first_frame integer not null,
    frames      integer not null,
    bytes       integer not null,
    sha256      blob not null,
    unique (stream, first_frame)
) strict;

create table frame_payload (
    frame_chunk integer primary key references frame_chunk (id),
    payload     blob not null          -- msgpack: core/payloads/frame_chunk_v1.py
) strict;

create table ledger (                  -- what did not become a stored transition, by cause; counted by the recorder
    stream      integer not null references stream (id),
    cause       text not null,         -- 'received', or why it was dropped
    transitions integer not null,
    first_us    integer not null,
    last_us     integer not null,
    primary key (stream, cause)
) strict, without rowid;
