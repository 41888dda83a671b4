-- Records travel between the nodes of a store on a network: what of ours was carried, and what came from the others.
-- `log_meta` has this database's own name among them under 'origin', once something was carried.

create table relay (
    sink      text primary key,        -- the network folder
    last_id   integer not null,        -- our records up to here were carried
    first_id  integer not null,        -- the others were told that we have none before this one
    gone      integer not null,        -- the others were told of so many deleted runs
    number    integer not null,        -- the file that was written last, and how long it was then
    size      integer not null,
    time_us   integer not null,        -- of the newest record that was carried
    copied_us integer not null,
    trouble   text not null            -- why nothing can be carried, or ''
) strict, without rowid;

create table relay_file (
    sink     text not null,
    number   integer not null,
    last_id  integer not null,         -- its records are those after the file before it, up to here
    primary key (sink, number)
) strict, without rowid;

create table relay_run (
    sink      text not null,
    run_id    text not null,
    noted_ns  integer not null,        -- of the file in commands/ that was carried
    sample_us integer not null,        -- its samples up to here were carried
    primary key (sink, run_id)
) strict, without rowid;

create table replica (
    origin    text primary key,        -- another node's database
    host      text not null,
    number    integer not null,        -- its files were read up to here
    offset    integer not null,
    last_id   integer not null,        -- its records up to here are in blocks
    missing   integer not null,        -- so many ids are in no file that can be read
    time_us   integer not null,        -- of its newest record
    copied_us integer not null
) strict, without rowid;

create table replica_kind (
    kind   integer primary key,        -- such as have no row here are of our own records
    origin text not null
) strict;

create table replica_ids (
    origin   text not null,
    first_id integer not null,         -- from this id of theirs on,
    shift    integer not null,         -- ours is so much higher
    primary key (origin, first_id)
) strict, without rowid;
