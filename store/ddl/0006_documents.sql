-- Documents of other programs: records of a file that fit a registered schema and are no steps.

create table document_import (         -- a file, as far as it was read
    id         integer primary key,
    source     text not null,
    form       text not null,          -- jsonl or csv
    schema_id  text not null,
    version    text not null,
    head       blob not null,          -- SHA-256 of its first record: which imports may be of the same file
    chain      blob not null,          -- SHA-256 of its records so far: where to go on, and that nothing changed before
    lines      integer not null,       -- how many lines those are
    accepted   integer not null,
    refused    integer not null,
    began_us   integer not null,
    changed_us integer not null,
    whole      integer not null        -- 1: its end was reached
) strict;
create index document_import_by_schema on document_import (schema_id, version, head);

create table document (
    import  integer not null references document_import (id),
    line    integer not null,          -- on which it began, from 1
    content text not null,             -- JSON, as it came; of CSV the typed cells
    primary key (import, line)
) strict, without rowid;
