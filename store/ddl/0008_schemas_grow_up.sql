-- What the registry, the rules and the quarantine learned later.

-- Stores of the formats 4 to 6 may have been made while no version could be purged: everybody gets the same trigger.
drop trigger schema_version_stays;
create trigger schema_version_stays before delete on schema_version when old.retired_us is null
begin
    select raise(abort, 'a schema version in force is never deleted');
end;

-- Where a change of the registry was made: null here, else the node from which it came by a network folder.
alter table schema_event add column origin text;

create table schema_relay (            -- how far this node's changes of the registry were carried
    sink  text primary key,
    event integer not null             -- of schema_event: the last one that was brought
) strict, without rowid;

-- Of two rules that are as close, the one that was set later decides.
alter table enforcement_rule add column rank integer not null default 0;

create table quarantine_edit (         -- what was made of a refused record that was then accepted; the record itself stays
    id     integer primary key,
    record integer not null references quarantine (id),
    at_us  integer not null,
    who    text not null,
    what   text not null,              -- the changes, in the words of core/schema/edits.py, or that it was written anew
    note   text not null,
    schema text not null,              -- the pin that allows the result
    raw    blob not null               -- the result: a step as a step, all else as JSON
) strict;
create index quarantine_edit_by_record on quarantine_edit (record);

create trigger quarantine_edit_is_final before update on quarantine_edit
begin
    select raise(abort, 'the history of quarantine never changes');
end;

create trigger quarantine_stays_as_it_came
    before update of at_us, source, place, schema, errors, media, raw, run_id, stream, row, t, env on quarantine
begin
    select raise(abort, 'a refused record stays as it came');
end;

-- The first eight bytes of the SHA-256 of its content; null: stored before there were any.
alter table document add column checksum integer;
