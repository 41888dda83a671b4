-- What the episodes that ended in a chunk reach at most: the best, worst or longest of a run are found by reading the
-- chunks that can hold them. Null: not known (an older store, an import, a return that is no number), so look.

alter table chunk add column return_min real;
alter table chunk add column return_max real;
alter table chunk add column length_max integer;
