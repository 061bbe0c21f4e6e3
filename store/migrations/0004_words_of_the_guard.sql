-- What the guard and a rollback of a stopped run write.

COMMENT ON COLUMN run.status IS 'queued, running, paused, finished, failed, or lost where it was sent back after its process had gone, as last reported; a running run without a heartbeat is shown as lost.';
COMMENT ON COLUMN step_batch.verdict IS 'commit, skip, rollback, overflow (fp16) or left-out.';
