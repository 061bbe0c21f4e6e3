"""Questions of those who hold a `read` token: one SELECT over the tables of runs, and nothing else.

DuckDB has no grants, so the question is read as a tree before it is asked: each table it names is on a list, each
function that makes rows is on another. What the tree holds beyond that is refused, so that what is new in DuckDB is
refused too. A name of a WITH may not be that of a table or view: inside its own query it would mean that one. It
is a word: outside of its query DuckDB would take `x.csv` for a file. Then DuckDB says what it would read, whatever that
was called, and every source of rows is looked up once more.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

import duckdb
import pyarrow as pa

from store import instance
from store.database import Snapshot, Store
from store.errors import StoreError
from store.question import ending_after, require_question
from store.requests import ACTIONS, KINDS
from store.serve.wire import NOT_GIVEN, quoted

__all__ = ["IN_PART", "LIMIT", "MOST_BYTES", "TABLES", "Questions"]

TABLES = frozenset((
    "meta", "run", "branch", "metric_name", "metric", "metric_span", "step_batch", "checkpoint", "event", "request",
    "pin", "dataset", "sample", "eval_run", "score", "item_result", "eval_item", "spool_offset", "run_path",
    "active_path",
))  # fmt: skip
"""What may be read: what runs recorded, and how checkpoints scored. Nothing of people, reviews, releases and keys."""

_SHOWN = ", ".join(quoted(kind) for kind in KINDS if kind not in ACTIONS)

IN_PART = {
    "request": (
        "SELECT id, run_id, kind, args, '' AS actor, created, taken, done, result FROM {table} "
        f"WHERE kind IN ({_SHOWN})"
    ),
    "pin": (
        "SELECT target, bool_or(released IS NULL) AS held FROM {table} WHERE target_kind = 'checkpoint' GROUP BY target"
    ),
}
"""Tables that name people, reviews and releases, and what is read in their place: what was asked of runs, not by whom;
which checkpoints are held, not for what."""

ROW_MAKERS = frozenset(("range", "generate_series", "unnest", "repeat", "repeat_row"))
"""Functions that may stand in place of a table."""

REFUSED_FUNCTIONS = frozenset((
    "json_serialize_plan", "json_deserialize_sql", "current_setting", "getvariable", "write_log", "sleep_ms",
    "pg_sleep", "nextval", "currval", "setseed", "getenv",
))  # fmt: skip
"""Functions that plan other questions, say how the server is set, write, or wait."""

NODES = frozenset((
    "SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE", "BASE_TABLE", "TABLE_FUNCTION", "SUBQUERY",
    "JOIN", "EMPTY", "EMPTY_FROM", "EXPRESSION_LIST", "PIVOT", "ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER",
    "LIMIT_PERCENT_MODIFIER", "ORDER_DEFAULT", "ASCENDING", "DESCENDING",
))  # fmt: skip
"""What a question may be made of, besides expressions."""

SOURCES = frozenset((
    "DUMMY_SCAN", "CTE_SCAN", "REC_CTE_SCAN", "DELIM_GET", "DELIM_SCAN", "EMPTY_RESULT", "EXPRESSION_GET",
    "EXPRESSION_SCAN", "CHUNK_SCAN", "COLUMN_DATA_SCAN", *map(str.upper, ROW_MAKERS),
))  # fmt: skip
"""What rows may come from in a plan, besides tables."""

WORD = re.compile(r"[^\W\d]\w*")
"""A name that is no file, address or pattern."""

LONGEST = 64 << 10
"""Characters of a question: reading a longer one would take memory without a limit."""

LIMIT = 10.0
"""Seconds a question may take: meanwhile what arrives is kept, but not loaded."""

MOST_BYTES = 256 << 20
"""Size of an answer."""

MOST_MEMORY = "2GiB"
"""Of all questions together; none is carried on the disk."""

MOST_KNOWN = 2000
"""Questions that are not looked through again."""

Node: TypeAlias = dict[str, Any]


class Questions:
    """Answers questions about one store."""

    def __init__(self, store: Store) -> None:
        """Nothing is read yet."""
        self._store = store
        self._hidden: frozenset[str] = frozenset()
        self._known: dict[str, frozenset[str]] = {}
        self._limited = -1

    def answer(self, sql: str, params: Mapping[str, Any]) -> pa.Table:
        """The rows of a question. Raises StoreError for one that may not be asked, cannot be run, or takes too long."""
        self._limit()
        # In one step: another thread may forget all questions right after.
        known = self._known.get(sql)
        parts = self.check(sql) if known is None else known

        def answered(snapshot: Snapshot) -> pa.Table:
            # Once more: only now will no other instance take the place of this one.
            self._limit()
            return _answer(snapshot, sql, params, parts, is_known=known is not None)

        found = self._store.snapshot(answered)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[sql] = parts
        return found

    def _limit(self) -> None:
        """What a question may use of this machine, once for each instance of the process."""
        # Before the connection is made: were it of the next instance, that one would only be limited twice.
        number = instance.generation()
        if self._limited != number:
            with instance.cursor() as cursor:
                cursor.execute(f"SET GLOBAL memory_limit = '{MOST_MEMORY}'")
                cursor.execute("SET GLOBAL temp_directory = ''")
                for name in ("python_enable_replacements", "autoinstall_known_extensions", "autoload_known_extensions"):
                    cursor.execute(f"SET GLOBAL {name} = false")
                # Each question has the thread that asks it: others have theirs, and small ones cost a quarter less.
                cursor.execute("SET GLOBAL threads = 1")
            self._limited = number

    def check(self, sql: str) -> frozenset[str]:
        """Which tables of `IN_PART` a question reads. Raises StoreError unless it is written as one that a `read` token
        may ask.
        """
        if len(sql) > LONGEST:
            raise StoreError(
                f"the question has {len(sql):,} characters, and {LONGEST:,} are the most; ask for less at a time"
            )
        require_question(sql)
        trees = _read(sql)
        own = {name.casefold() for tree in trees for name in _with_names(tree)}
        if taken := own & self._names_taken():
            raise StoreError(f"a name given by WITH may not be a table's: call {min(taken)} something else")
        if odd := sorted(name for name in own if not WORD.fullmatch(name)):
            raise StoreError(f"a name given by WITH must be a word, and {odd[0]!r} is none")
        for tree in trees:
            for node in _nodes(tree):
                _check_node(node, own)
        return frozenset(name for tree in trees for name in _tables_in(tree) if name in IN_PART)

    def _names_taken(self) -> frozenset[str]:
        """All tables and views there are, DuckDB's own too."""
        if not self._hidden:
            sql = "SELECT table_name AS name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views()"
            self._hidden = frozenset(row["name"].casefold() for row in self._store.rows(sql)) | TABLES
        return self._hidden


def _answer(
    snapshot: Snapshot, sql: str, params: Mapping[str, Any], parts: frozenset[str], *, is_known: bool
) -> pa.Table:  # fmt: skip
    try:
        with ending_after(LIMIT, snapshot.interrupt):
            _put_before(snapshot, parts)
            if not is_known:
                _check_plan(snapshot, sql, params, parts)
            return _gathered(snapshot.batches(sql, params))
    except duckdb.InterruptException as error:
        raise StoreError(f"the query took longer than {LIMIT:g} s; ask for less at a time") from error
    except duckdb.Error as error:
        raise StoreError(f"the query cannot be run: {str(error).splitlines()[0]}") from error


def _put_before(snapshot: Snapshot, parts: frozenset[str]) -> None:
    """Put what may be read of a table before the table itself, for this connection."""
    for name in parts:
        table = f"{snapshot.rows('SELECT current_database() AS name')[0]['name']}.main.{name}"
        snapshot.read(f"CREATE TEMP VIEW {name} AS {IN_PART[name].format(table=table)}")


def _gathered(reader: pa.RecordBatchReader) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    size = 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > MOST_BYTES:
            raise StoreError(f"the answer is larger than {MOST_BYTES >> 20} MiB; ask for less at a time")
    return pa.Table.from_batches(batches, reader.schema)


def _check_plan(
    snapshot: Snapshot, sql: str, params: Mapping[str, Any], parts: frozenset[str] = frozenset()
) -> None:  # fmt: skip
    """Raise StoreError where DuckDB would read anything else; before it optimizes, which leaves some out. Of the tables
    in `IN_PART`, those in `parts` have their view before them.
    """
    whole = TABLES - IN_PART.keys()
    snapshot.read("SET explain_output = 'all'")
    plan = snapshot.rows(f"EXPLAIN (FORMAT JSON) {sql}", params)[0]["explain_value"]
    for node in _nodes(json.loads(plan)):
        table = node.get("Table")
        name = str(table).rpartition(".")[2].strip('"').casefold()
        if table is not None and name not in whole | parts:
            raise StoreError(_not_given(name))
        if "name" in node and not node.get("children") and not _is_table(node) and node["name"] not in SOURCES:
            raise StoreError(f"{node['name'].lower()} may not be read here")


def _is_table(node: Node) -> bool:
    """Whether a step of a plan reads a table, which is looked at for itself."""
    return "Table" in node.get("extra_info", {})


def _read(sql: str) -> list[Node]:
    """The statement as a tree."""
    with instance.cursor() as cursor:
        [row] = cursor.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()
    found = json.loads(row[0])
    if found["error"]:
        raise StoreError(f"the query cannot be run: {found['error_message']}")
    return [statement["node"] for statement in found["statements"]]


def _nodes(tree: Any) -> Iterator[Node]:
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            node = cast("Node", item)
            yield node
            waiting.extend(node.values())
        elif isinstance(item, list):
            waiting.extend(cast("list[Any]", item))


def _tables_in(tree: Node) -> Iterator[str]:
    for node in _nodes(tree):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"].casefold()


def _with_names(tree: Node) -> Iterator[str]:
    for node in _nodes(tree):
        for entry in node.get("cte_map", {}).get("map", []):
            yield entry["key"]
        if "cte_name" in node:
            yield node["cte_name"]


def _check_node(node: Node, own: set[str]) -> None:
    kind, name = node.get("type"), str(node.get("function_name", "")).casefold()
    if name in REFUSED_FUNCTIONS:
        raise StoreError(f"the function {name} may not be used here")
    # An expression has a class, a value's type an id.
    if isinstance(kind, str) and "class" not in node and "id" not in node and kind not in NODES:
        if kind.endswith("_TYPE_INFO"):
            return
        raise StoreError(f"{kind.replace('_', ' ').lower()} may not be used here")
    if kind == "BASE_TABLE":
        _check_table(node, own)
    if kind == "TABLE_FUNCTION" and node["function"].get("function_name", "").casefold() not in ROW_MAKERS:
        raise StoreError(f"{node['function'].get('function_name', 'this')} may not stand in place of a table here")


def _check_table(node: Node, own: set[str]) -> None:
    name = node["table_name"].casefold()
    if node["catalog_name"] or node["schema_name"]:
        raise StoreError(f"write {node['table_name']} alone, without the name of a schema or database")
    if name not in TABLES and name not in own:
        raise StoreError(_not_given(node["table_name"]))


def _not_given(name: str) -> str:
    return f"{name} {NOT_GIVEN}: they read what runs recorded, in the tables {', '.join(sorted(TABLES))}"
