"""The naive way to share a DuckDB file: connect for every use, try again while it is refused."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

__all__ = ["NaiveStore", "metric_rows"]

RETRY_SECONDS = 0.01
GIVE_UP_SECONDS = 30.0

T = TypeVar("T")

_CHART = """
SELECT metric_id, branch, min(step) AS step, max(step) AS step_last, count(*) AS n,
       min(value) AS min, max(value) AS max, arg_max(value, step) AS last
FROM metric WHERE run_id = $run_id AND metric_id IN $metrics
GROUP BY metric_id, branch, step >> $shift ORDER BY metric_id, branch, step
"""


class NaiveStore:
    """One DuckDB file, opened anew for each call, with the columns that Assay's rows have."""

    def __init__(self, folder: Path) -> None:
        """Use the file in `folder`; `create` makes it."""
        self._path = str(folder / "naive.duckdb")
        self.refusals = 0
        """How often DuckDB refused to open it."""

    def create(self) -> None:
        """Make the file and its tables."""
        self.use(lambda connection: connection.execute(
            "CREATE TABLE metric (run_id INTEGER, branch INTEGER, metric_id INTEGER, step BIGINT, value DOUBLE, "
            "time TIMESTAMP); CREATE TABLE verdict (item VARCHAR, grader VARCHAR)"
        ))  # fmt: skip

    def use(self, work: Callable[[duckdb.DuckDBPyConnection], T], *, read_only: bool = False) -> T:
        """Connect, work, close. Raises TimeoutError after half a minute of refusals."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                connection = duckdb.connect(self._path, read_only=read_only)
            except (duckdb.IOException, duckdb.ConnectionException, duckdb.BinderException) as error:
                self.refusals += 1
                if time.monotonic() > deadline:
                    raise TimeoutError(str(error).splitlines()[0]) from error
                time.sleep(RETRY_SECONDS)
                continue
            with connection:
                return work(connection)

    def insert(self, rows: pa.Table) -> None:
        """Append rows of `metric`."""

        def work(connection: duckdb.DuckDBPyConnection) -> None:
            connection.register("incoming_rows", rows)
            connection.execute("INSERT INTO metric SELECT * FROM incoming_rows")

        self.use(work)

    def chart(self, run_id: int, metrics: list[int], shift: int = 0) -> list[dict[str, Any]]:
        """The points of a chart, as `store.series` reads them."""
        given = {"run_id": run_id, "metrics": metrics, "shift": shift}
        read = self.use(lambda connection: connection.execute(_CHART, given).to_arrow_table(), read_only=True)
        return read.to_pylist()

    def judge(self, item: str) -> None:
        """Insert a verdict unless there is one."""

        def work(connection: duckdb.DuckDBPyConnection) -> None:
            connection.execute("BEGIN")
            if not connection.execute("SELECT 1 FROM verdict WHERE item = $item", {"item": item}).fetchall():
                connection.execute("INSERT INTO verdict VALUES ($item, 'ann')", {"item": item})
            connection.execute("COMMIT")

        self.use(work)

    def wrong_values(self, expected: int) -> int:
        """Values missing, plus values there more than once."""
        counts = "SELECT count(*), count(DISTINCT (run_id, branch, metric_id, step)) FROM metric"
        total, different = self.use(lambda connection: connection.execute(counts).fetchall())[0]
        return abs(expected - different) + total - different


def metric_rows(run_id: int, first: int, values: list[list[float]]) -> pa.Table:
    """Rows of `metric`: one inner list a step, a value a metric."""
    width = len(values[0])
    steps = [step for step in range(first, first + len(values)) for _ in range(width)]
    return pa.table(
        {
            "run_id": pa.array([run_id] * len(steps), pa.int32()),
            "branch": pa.array([1] * len(steps), pa.int32()),
            "metric_id": pa.array(list(range(1, width + 1)) * len(values), pa.int32()),
            "step": pa.array(steps, pa.int64()),
            "value": pa.array([value for row in values for value in row], pa.float64()),
            "time": pa.array([time.time_ns() // 1000] * len(steps), pa.timestamp("us")),
        }
    )
