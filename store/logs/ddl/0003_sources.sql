-- How far what is read a second time was read: moved by the transaction that brings the records in, or not at all.

create table source (
    name text primary key,             -- raw/<file>: records that were made of a file of spool/; import/<id>: a file
    read text not null                 -- how far, in the words of who reads it
) strict, without rowid;

create table deleted_run (
    run_id text primary key            -- what still comes of it is not stored, but counted
) strict, without rowid;
