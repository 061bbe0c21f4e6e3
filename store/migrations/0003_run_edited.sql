-- What people set stays, whatever the run's spool says later.

ALTER TABLE run ADD COLUMN edited VARCHAR[];
COMMENT ON COLUMN run.edited IS 'Columns that a person has set: tags and project among them are no longer taken from the spool. Null where there are none.';
