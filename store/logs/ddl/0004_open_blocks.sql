-- Which blocks are not sealed is asked with each commit and by each reader after it: among thousands, that took 7 ms.

create index block_open on block (first_id) where not sealed;
