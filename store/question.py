"""Anyone's SQL: one question, answered from the store alone and within a time."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import duckdb

from store.errors import StoreError

__all__ = ["LOCK_DOWN", "ending_after", "require_question"]

LOCK_DOWN = """
SET temp_directory = '';
SET enable_external_access = false;
SET disabled_filesystems = 'LocalFileSystem';
SET lock_configuration = true
"""
"""In this order. Without external access DuckDB still lets a query at the attached file, its log and
its temporary folder; without the filesystem nothing can be opened that is not open."""

_QUESTIONS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def require_question(sql: str) -> None:
    """Raise StoreError unless `sql` is one statement that asks something and changes nothing."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise StoreError(f"the query cannot be run: {str(error).splitlines()[0]}") from error
    if len(statements) != 1:
        raise StoreError(f"the query cannot be run: it holds {len(statements)} statements, one is wanted")
    if statements[0].type not in _QUESTIONS:
        raise StoreError(f"the query cannot be run: {statements[0].type.name} is no question; SELECT and EXPLAIN are")


@contextmanager
def ending_after(seconds: float, end: Callable[[], None]) -> Generator[None]:
    """Call `end` when the block has taken so long."""
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
