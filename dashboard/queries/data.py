"""What one run learns from: its files, what it has seen of each source, and its hardest samples."""

import pyarrow as pa

from store.database import Store
from store.series import width_shift

__all__ = ["HARDEST", "WINDOW", "datasets", "hardest", "mix", "sources"]

WINDOW = 500
"""Steps back in which the hardest samples are looked for."""

HARDEST = 20
"""Samples shown."""

MOMENTS = 24
"""Points of a line of the mix, at most: a step holds so few samples that more would show chance alone."""


def datasets(store: Store, run_id: int) -> pa.Table:
    """The run's files in the order of their rows: role, path, rows, sha256. Raises StoreError."""
    return store.read(_DATASETS, {"run_id": run_id})


def sources(store: Store, run_id: int) -> pa.Table:
    """What each source has given so far, the largest first: source (null where it is not known), samples,
    different (of them, each counted once) and loss (newest `loss/<source>`, null where there is none).

    Counts steps of the active path that were not skipped. Raises StoreError.
    """
    return store.read(_SOURCES, {"run_id": run_id})


def mix(store: Store, run_id: int, last_step: int) -> pa.Table:
    """How many samples each source gave, bucket by bucket of steps, over the same steps as `sources`: step, step_last
    (of the bucket's steps that have samples), source, samples. Raises StoreError.
    """
    return store.read(_MIX, {"run_id": run_id, "shift": width_shift(0, last_step, MOMENTS)})


def hardest(store: Store, run_id: int, last_step: int) -> pa.Table:
    """The samples with the highest loss in the last `WINDOW` steps of the active path, the highest first,
    each once: loss, step, path, row (in the file), source, hash. What is no number counts as highest.

    path and row are null where the run recorded no file. Raises StoreError.
    """
    return store.read(_HARDEST, {"run_id": run_id, "since": last_step - WINDOW, "most": HARDEST})


_DATASETS = """
SELECT role, path, rows, sha256 FROM dataset WHERE run_id = $run_id
ORDER BY coalesce(first_row, 0), role = 'validation', path
"""

# A file whose rows were partly held out is listed twice, as train and as validation: its rows are the same.
_FILES = """
files AS (
    SELECT coalesce(first_row, 0) AS first_row, min(path) AS path, min(sha256) AS sha256
    FROM dataset WHERE run_id = $run_id GROUP BY coalesce(first_row, 0)
)"""

_SOURCES = f"""
WITH {_FILES}, seen AS (
    SELECT unnest(b.rows) AS row
    FROM step_batch b
    JOIN active_path p ON p.run_id = b.run_id AND p.branch = b.branch AND b.step BETWEEN p.first_step AND p.last_step
    WHERE b.run_id = $run_id AND b.verdict IS DISTINCT FROM 'skip'
), counted AS (
    SELECT row, count(*) AS times FROM seen GROUP BY row
), named AS (
    SELECT f.first_row + s.row AS row, min(s.source) AS source
    FROM sample s JOIN files f ON f.sha256 = s.dataset
    WHERE s.run_id = $run_id GROUP BY f.first_row + s.row
), newest AS (
    SELECT n.name[6:] AS source, arg_max(m.value, m.step) AS loss
    FROM metric m
    JOIN metric_name n ON n.id = m.metric_id AND n.name LIKE 'loss/%'
    JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step BETWEEN p.first_step AND p.last_step
    WHERE m.run_id = $run_id GROUP BY n.name
), given AS (
    SELECT n.source, CAST(sum(c.times) AS BIGINT) AS samples, count(*) AS different
    FROM counted c LEFT JOIN named n USING (row) GROUP BY n.source
)
SELECT coalesce(g.source, e.source) AS source, g.samples, g.different, e.loss
FROM given g FULL JOIN newest e ON e.source = g.source
ORDER BY g.samples DESC NULLS LAST, source
"""

_MIX = f"""
WITH {_FILES}, seen AS (
    SELECT b.step, unnest(b.rows) AS row
    FROM step_batch b
    JOIN active_path p ON p.run_id = b.run_id AND p.branch = b.branch AND b.step BETWEEN p.first_step AND p.last_step
    WHERE b.run_id = $run_id AND b.verdict IS DISTINCT FROM 'skip'
), counted AS (
    SELECT step >> $shift AS bucket, row, min(step) AS step, max(step) AS step_last, count(*) AS times
    FROM seen GROUP BY bucket, row
), named AS (
    SELECT f.first_row + s.row AS row, min(s.source) AS source
    FROM sample s JOIN files f ON f.sha256 = s.dataset
    WHERE s.run_id = $run_id GROUP BY f.first_row + s.row
)
SELECT min(min(c.step)) OVER (PARTITION BY c.bucket) AS step,
       max(max(c.step_last)) OVER (PARTITION BY c.bucket) AS step_last,
       n.source, CAST(sum(c.times) AS BIGINT) AS samples
FROM counted c LEFT JOIN named n USING (row) GROUP BY c.bucket, n.source
ORDER BY step, source
"""

_HARDEST = f"""
WITH {_FILES}, seen AS (
    SELECT b.step, unnest(b.rows) AS row, unnest(b.losses) AS loss
    FROM step_batch b
    JOIN active_path p ON p.run_id = b.run_id AND p.branch = b.branch AND b.step BETWEEN p.first_step AND p.last_step
    WHERE b.run_id = $run_id AND b.step > $since
), highest AS (
    SELECT row, max(loss) AS loss, arg_max(step, loss) AS step
    FROM seen WHERE row IS NOT NULL AND loss IS NOT NULL
    GROUP BY row ORDER BY loss DESC, row LIMIT $most
), placed AS (
    SELECT h.loss, h.step, f.path, f.sha256, h.row - f.first_row AS row, h.row AS number
    FROM highest h ASOF LEFT JOIN files f ON f.first_row <= h.row
)
SELECT p.loss, p.step, p.path, p.row, min(s.source) AS source, min(s.hash) AS hash
FROM placed p LEFT JOIN sample s ON s.run_id = $run_id AND s.dataset = p.sha256 AND s.row = p.row
GROUP BY p.loss, p.step, p.path, p.row, p.number
ORDER BY p.loss DESC, p.number
"""
