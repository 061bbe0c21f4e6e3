-- The roll-up holds sums: a smoothed line over wide points is a mean of every value, not of each point's last.

ALTER TABLE metric_span ADD COLUMN total DOUBLE;
COMMENT ON COLUMN metric_span.first_step IS 'Lowest step with a finite value; null where there is none, as in last_step, min, max, last and total.';
COMMENT ON COLUMN metric_span.total IS 'Sum of the finite values.';
COMMENT ON TABLE metric_span IS 'Metrics rolled up, a row for 512 steps; derived from metric, and only for spans that a branch has gone beyond and for those of runs that have ended.';

UPDATE metric_span AS s SET total = found.total
FROM (
    SELECT run_id, branch, metric_id, step >> 9 AS span, sum(value) AS total
    FROM metric WHERE isfinite(value) GROUP BY ALL
) found
WHERE found.run_id = s.run_id AND found.branch = s.branch AND found.metric_id = s.metric_id AND found.span = s.span;
