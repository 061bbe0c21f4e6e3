"""What can be asked of a store while it is attached, and what can be done in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from store.database import Store

__all__ = ["Snapshot", "Transaction"]

BATCH_ROWS = 2048

Params = Mapping[str, Any]


class Snapshot:
    """Several reads that all see the same state of the store."""

    is_served = False
    """Whether a server has it; see `Store.is_served`."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def read(self, sql: str, params: Params | None = None) -> pa.Table:
        """Run a query and return its rows. Raises duckdb.Error for wrong SQL."""
        return self._cursor.execute(sql, dict(params or {})).to_arrow_table()

    def rows(self, sql: str, params: Params | None = None) -> list[dict[str, Any]]:
        """`read` as a list of dictionaries, for few rows. A sum of integers is one, where a table has a decimal."""
        done = self._cursor.execute(sql, dict(params or {}))
        # Without a table between: making it takes as long as reading one row does.
        names = [column[0] for column in done.description or ()]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]

    def batches(self, sql: str, params: Params | None = None) -> pa.RecordBatchReader:
        """`read`, a part at a time, for what may be more than there is room for."""
        return self._cursor.execute(sql, dict(params or {})).to_arrow_reader(BATCH_ROWS)

    def interrupt(self) -> None:
        """End what is being read; it raises duckdb.InterruptException. Called from another thread."""
        self._cursor.interrupt()


class Transaction(Snapshot):
    """What can be done inside an exclusive transaction; reads see what it wrote."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, store: "Store") -> None:
        super().__init__(cursor)
        self.store = store
        """The store it writes in."""

    def execute(self, sql: str, params: Params | None = None) -> None:
        """Run one statement."""
        self._cursor.execute(sql, dict(params or {}))

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows; columns go by name, those left out are null."""
        self.execute_with(rows, f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming_rows')

    def execute_with(self, rows: pa.Table, sql: str) -> None:
        """Run one statement in which `incoming_rows` are these rows."""
        self._cursor.register("incoming_rows", rows)
        self._cursor.execute(sql)
        self._cursor.unregister("incoming_rows")
