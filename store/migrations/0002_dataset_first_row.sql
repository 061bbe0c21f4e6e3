-- A run may read several data files: the number of a row in step_batch says which file it is of.

ALTER TABLE dataset ADD COLUMN first_row BIGINT;
COMMENT ON COLUMN dataset.first_row IS 'Number of its row 0 among all rows of the run, as step_batch.rows counts them; null means 0.';
COMMENT ON COLUMN dataset.role IS 'train, general or validation.';
COMMENT ON COLUMN step_batch.rows IS 'Samples of the batch: dataset.first_row of their file plus their row in it.';
