-- The outbox by reference: chunks never change and are ordered, so what must still leave is a cursor for each stream.
-- And the other side of it: what this database holds of streams that were recorded on other nodes.

create table relay (                   -- how far a stream was carried to a sink
    sink      text not null,
    stream    integer not null,
    run_id    text not null,
    rows      integer not null,        -- rows [0, rows) are there, in sealed chunks
    frames    integer not null,
    reach     integer not null,        -- rows [0, reach) are there, those counted that were open
    sequence  integer not null,
    t         integer not null,
    ended     integer not null,        -- 1: the stream's end is there too
    copied_us integer not null,
    primary key (sink, stream)
) strict, without rowid;

create table relay_trouble (           -- why nothing goes to a sink at present
    sink     text primary key,
    reason   text not null,
    since_us integer not null
) strict, without rowid;

create table replica (                 -- a stream that was recorded on another node, read from its copies
    stream    integer primary key,
    host      text not null,
    process   text not null,
    t         integer not null,
    copied_us integer not null
) strict;

create table copy_file (               -- how far a file of copies was read; -1: it is our own
    name   text primary key,
    offset integer not null
) strict, without rowid;
