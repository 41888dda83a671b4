-- The first format of a store of log records, `logs.db`. Times are microseconds since 1970, UTC. Records stand in blocks,
-- column by column: a row a record would be read and written ten times as slowly.

create table log_meta (
    key   text primary key,
    value any
) strict, without rowid;               -- next_id, version (grows with each change), generation (with each removal)

create table log_run (
    run_id text primary key,
    job    text not null
) strict, without rowid;               -- as the bridge said it; runs with steps have their job in store.db

create table kind (
    id           integer primary key autoincrement,
    run_id       text not null,
    stream       text not null,
    output       text not null,
    source       text not null,
    code         text not null,
    level        text not null,
    component    text not null,
    subcomponent text not null,
    tags         text not null,        -- JSON list
    logger       text not null,
    flags        text not null         -- JSON list
) strict;

create table block (
    id       integer primary key autoincrement,
    first_id integer not null,         -- ids of its records grow; where some were removed, they have gaps
    last_id  integer not null,
    count    integer not null,
    min_us   integer not null,
    max_us   integer not null,
    sealed   integer not null,         -- 1: full, and never merged again
    bytes    integer not null,         -- all it takes, its other tables included
    kinds    blob not null,            -- uint32 each: the kinds in it, by level and component
    counts   blob not null,            -- uint32 each: how many records of it each has
    ranges   blob not null             -- int64 each: least and greatest episode, step, env, pid; 1 and 0 for none
) strict;
create index block_by_id on block (first_id);

create table block_columns (
    block   integer primary key references block (id),
    payload blob not null              -- msgpack: kind, time, pid, episode, step, env; where each slice begins
) strict;

create table block_grams (
    block  integer primary key references block (id),
    words  blob not null,              -- a set of hashes of pieces of its texts: store/logs/grams.py
    slices blob not null               -- one for each of its slices
) strict;

create table block_text (
    id      integer primary key,       -- block * 65536 + number of the slice
    payload blob not null              -- zstd: the texts and bodies of up to 256 records
) strict;

create table spool (
    name   text primary key,
    offset integer not null            -- up to here it is in blocks
) strict, without rowid;

create table loss (
    cause   text primary key,
    count   integer not null,
    last_us integer not null
) strict, without rowid;

create table sample (
    run_id  text not null,
    time_us integer not null,
    content text not null,             -- JSON: what was measured
    primary key (run_id, time_us)
) strict, without rowid;
