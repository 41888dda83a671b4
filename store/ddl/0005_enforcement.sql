-- What schemas said of the steps that were recorded, the rules by which that is decided, and what was refused.

create table step_schema (             -- each schema that steps were judged by, as it was; those of spaces too
    id       integer primary key,
    pin      text not null,            -- id@1.2.0
    digest   text not null,            -- SHA-256 of the canonical JSON, hexadecimal
    document text not null,            -- JSON
    unique (pin, digest)
) strict;

alter table chunk add column step_schema integer references step_schema (id);  -- null: its steps were not judged
alter table chunk add column bad integer;                                      -- steps that the schema does not allow

create table judged (                  -- by stream and schema version: the verdicts so far
    stream      integer not null references stream (id),
    step_schema integer not null references step_schema (id),
    mode        text not null,         -- the newest: observe, warn, enforce
    steps       integer not null,
    judged      integer not null,      -- looked at; fewer than steps where single rows are costly to judge
    bad         integer not null,
    refused     integer not null,      -- of the bad ones, those that went to quarantine
    first_us    integer not null,
    last_us     integer not null,
    primary key (stream, step_schema)
) strict, without rowid;

create table mismatch (                -- each broken rule once, with its count and the first example
    stream      integer not null references stream (id),
    step_schema integer not null references step_schema (id),
    path        text not null,         -- JSON pointer into the step; * is any item of an array
    rule        text not null,
    expected    text not null,
    got         text not null,
    place       text not null,         -- of the example, without a star
    row         integer not null,
    env         integer not null,
    count       integer not null,      -- steps
    first_us    integer not null,
    last_us     integer not null,
    primary key (stream, step_schema, path, rule)
) strict, without rowid;

create table quarantine (              -- what a schema refused, whole
    id         integer primary key,
    at_us      integer not null,
    source     text not null,          -- a run and its stream, or a file
    place      text not null,          -- where in the source
    schema     text not null,          -- the pin that refused it
    errors     text not null,          -- JSON: [[path, rule, expected, got, message], …]
    media      text not null,          -- what `raw` is
    raw        blob not null,
    run_id     text,
    stream     integer references stream (id),
    row        integer,
    t          integer,
    env        integer,
    state      text not null,          -- held, accepted, discarded
    changed_us integer not null,
    changed_by text not null,
    note       text not null,
    unique (stream, row, env)
) strict;
create index quarantine_by_state on quarantine (state, schema);

create table enforcement_rule (
    schema text not null,
    job    text not null,
    cohort text not null,              -- '' for everybody
    mode   text not null,
    primary key (schema, job, cohort)
) strict, without rowid;

create table enforcement_cohort (
    name  text primary key,
    share real not null,               -- of the runs of its jobs
    job   text not null
) strict, without rowid;

create table enforcement_event (       -- who changed the rules, when and how: before and after are all rules as JSON
    id     integer primary key,
    at_us  integer not null,
    who    text not null,
    action text not null,
    what   text not null,
    note   text not null,
    forced integer not null,
    before text not null,
    after  text not null
) strict;

create table enforcement_checkpoint (  -- adoption that was reached
    pin     text not null,
    measure text not null,
    share   real not null,
    met_us  integer not null,
    primary key (pin, measure, share)
) strict, without rowid;

create trigger enforcement_event_is_final before update on enforcement_event
begin
    select raise(abort, 'the history of the rules never changes');
end;

create trigger enforcement_event_stays before delete on enforcement_event
begin
    select raise(abort, 'the history of the rules never changes');
end;
