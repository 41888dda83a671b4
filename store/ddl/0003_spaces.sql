-- Descriptors of spaces, each stored once; streams refer to them. The table of the first format was never written.

drop table space;

create table space (
    digest     text primary key,       -- SHA-256 of the descriptor, hexadecimal
    descriptor text not null           -- canonical JSON: core/spaces/document.py
) strict;

create table stream_space (
    stream integer not null references stream (id),
    name   text not null,              -- observation_space, single_action_space, …
    digest text not null references space (digest),
    primary key (stream, name)
) strict, without rowid;
create index stream_space_by_digest on stream_space (digest);
