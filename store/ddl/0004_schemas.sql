-- The schema registry: ids, their versions exactly as they were given, and who changed what when. A version that was
-- registered never changes; it can be retired, and that can be taken back. A retired one that nothing names may be purged.

create table schema (
    id         text primary key,
    mode       text not null,          -- core.schema.MODES: what a new version of a MAJOR line must keep
    policy     text not null,          -- core.schema.POLICIES: what readers are taken to do
    created_us integer not null
) strict, without rowid;

create table schema_version (
    schema        text not null references schema (id),
    major         integer not null,
    minor         integer not null,
    patch         integer not null,
    content       text not null,       -- JSON, as it was given
    digest        text not null,       -- SHA-256 of its canonical form, hexadecimal
    registered_us integer not null,
    who           text not null,
    note          text not null,
    git_commit    text,                -- of the folder that it was synced from
    retired_us    integer,
    primary key (schema, major, minor, patch)
) strict, without rowid;

create table schema_event (            -- the history: one row for each change, in the transaction that made it
    id         integer primary key,
    at_us      integer not null,
    who        text not null,
    action     text not null,          -- add, retire, restore, purge, mode
    schema     text not null,
    version    text,
    before     text,                   -- a digest, or a mode and policy
    after      text,
    note       text not null,
    git_commit text
) strict;
create index schema_event_by_schema on schema_event (schema);

create trigger schema_version_stays before delete on schema_version when old.retired_us is null
begin
    select raise(abort, 'a schema version in force is never deleted');
end;

create trigger schema_version_is_final before update of schema, major, minor, patch, content, digest on schema_version
begin
    select raise(abort, 'a registered schema version never changes');
end;

create trigger schema_event_is_final before update on schema_event
begin
    select raise(abort, 'the history of the schemas never changes');
end;

create trigger schema_event_stays before delete on schema_event
begin
    select raise(abort, 'the history of the schemas never changes');
end;
