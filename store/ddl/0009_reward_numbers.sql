-- How many rewards of a chunk's transitions are numbers: with their sum, the mean, without a look at any step. Null: not
-- known (sealed by an older version).

alter table chunk add column reward_numbers integer;
