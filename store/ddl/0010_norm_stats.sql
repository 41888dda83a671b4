-- Running statistics of Gymnasium's normalizing wrappers: a few snapshots in the life of a stream, never one a step.

create table norm_stats (
    stream integer not null references stream (id),
    kind   text not null,              -- observation, reward; observation.KEY of a Dict
    t      integer not null,           -- the vector step whose values they have seen
    place  text not null,              -- below the recorder: what is recorded is normalized; above: it is not
    count  real not null,              -- how many values they were computed of
    mean   blob not null,              -- an array, as core/values.py packs it
    var    blob not null,
    primary key (stream, kind, t)
) strict, without rowid;
