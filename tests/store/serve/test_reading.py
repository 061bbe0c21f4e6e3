"""What a `read` token may ask: one SELECT over the tables of runs."""

import duckdb
import pytest

import assay
from store.errors import StoreError
from store.loading import load_spools
from store.pins import pin, release
from store.requests import ask
from store.serve.reading import REFUSED_FUNCTIONS, ROW_MAKERS, TABLES, Questions, _check_plan

HIDDEN = (
    "user", "role", "invite", "login", "policy", "campaign", "pair", "mapping", "sitting", "lease", "verdict", "draft",
    "flag", "guess", "used_item", "audit", "proposal", "decision", "approval", "release", "confirmation", "signing_key",
    "audit_head",
)  # fmt: skip


@pytest.fixture
def questions(store):
    return Questions(store)


def test_each_table_is_either_given_or_hidden(store):
    sql = "SELECT table_name AS name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
    assert {row["name"] for row in store.rows(sql)} == TABLES | set(HIDDEN)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_what_runs_recorded_can_be_read(questions, table):
    assert questions.answer(f'SELECT count(*) AS n FROM "{table}"', {}).num_rows == 1


def test_a_question_that_is_forgotten_while_it_is_asked_again_is_answered(monkeypatch, questions):
    class Forgetting(dict):
        """As where another thread clears it between two looks."""

        def __contains__(self, sql):
            is_known = super().__contains__(sql)
            self.clear()
            return is_known

    monkeypatch.setattr(questions, "_known", Forgetting())
    for _ in range(2):
        assert questions.answer("SELECT count(*) AS n FROM run", {}).to_pylist() == [{"n": 0}]


@pytest.fixture
def asked(store):
    """What people asked of a run, and what holds its checkpoints."""
    with assay.run("demo", store=store.root):
        pass
    load_spools(store)
    ask(store, "demo", "pause", actor="user:12")
    ask(store, "demo", "note", {"text": "look"}, actor="command:ann")
    for kind in ("open-campaign", "propose"):
        ask(store, "demo", kind, {"candidate": "demo@5"}, actor="user:12")
    for target, kind, holder in (
        ("demo/checkpoints/1", "checkpoint", "campaign"),
        ("demo/checkpoints/1", "checkpoint", "release"),
        ("demo/checkpoints/2", "checkpoint", "approval"),
        ("demo/evaluations/x.json", "answers", "campaign"),
    ):
        pin(store, target, target_kind=kind, run_id=1, holder="the review", holder_kind=holder)
    release(store, "demo/checkpoints/2", holder="the review", holder_kind="approval")


def test_of_what_was_asked_a_token_reads_what_but_not_by_whom_and_nothing_of_reviews_and_releases(questions, asked):
    rows = questions.answer("SELECT kind, args, actor FROM request ORDER BY id", {}).to_pylist()
    assert rows == [
        {"kind": "pause", "args": "{}", "actor": ""}, {"kind": "note", "args": '{"text": "look"}', "actor": ""},
    ]  # fmt: skip


def test_of_pins_a_token_reads_which_checkpoints_are_held_and_not_for_what(questions, asked):
    rows = questions.answer("FROM pin ORDER BY target", {}).to_pylist()
    assert rows == [{"target": "demo/checkpoints/1", "held": True}, {"target": "demo/checkpoints/2", "held": False}]


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT {column} FROM "{table}"', 'SELECT "{table}".{column} FROM "{table}"',
        "WITH x AS (FROM {table}) SELECT {column} FROM x", "SELECT COLUMNS('{column}') FROM {table}",
        "SELECT t.{column} FROM run, LATERAL (FROM {table}) t",
        "SELECT {column} FROM {table} UNION ALL SELECT '' WHERE false",
        "SELECT {column} FROM main.{table}", "SELECT {column} FROM memory.main.{table}",
        "SELECT {column} FROM {alias}.main.{table}", "SELECT {column} FROM {alias}.{table}",
        "SELECT {column} FROM temp.{table}", 'SELECT {column} FROM "{alias}.main.{table}"',
        "SELECT (SELECT max({column}) FROM {table}) FROM range(1)",
        "SELECT {column} FROM {table} AS {table}",
        "SELECT json_extract_string(to_json(t), '$.{column}') AS x FROM {table} t",
        "SELECT {table} FROM {table}",
    ],
)  # fmt: skip
def test_what_is_left_out_of_a_table_is_read_by_no_spelling(questions, store, asked, sql):
    for table, column in (("request", "actor"), ("pin", "holder"), ("pin", "holder_kind")):
        try:
            found = questions.answer(sql.format(table=table, column=column, alias=store._alias), {})
        except StoreError:
            continue
        assert not {"user:12", "command:ann", "the review", "campaign", "release"} & set(words_in(found.to_pylist()))


def test_the_plan_alone_would_find_a_table_that_is_read_whole(store):
    for table in ("request", "pin"):
        with pytest.raises(StoreError, match=f"{table} is not given to tokens"):
            store.snapshot(lambda snapshot, table=table: _check_plan(snapshot, f"FROM {table}", {}))


def words_in(value):
    """All texts in rows, however deep."""
    if isinstance(value, dict):
        return [word for item in value.values() for word in words_in(item)]
    return [word for item in value for word in words_in(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT * FROM "{0}"',
        'FROM "{0}"',
        'TABLE "{0}"',
        'SELECT (SELECT count(*) FROM "{0}")',
        'SELECT name FROM run WHERE EXISTS (FROM "{0}")',
        'WITH "{0}" AS (FROM "{0}") FROM "{0}"',
        'WITH x AS (FROM "{0}") SELECT max(1) FROM run',
        'WITH RECURSIVE x AS (SELECT 1 FROM "{0}" UNION SELECT 1 FROM x) FROM x',
        'SELECT * FROM run JOIN "{0}" ON true',
        'SELECT * FROM run, LATERAL (FROM "{0}")',
        'SELECT 1 UNION ALL SELECT 1 FROM "{0}"',
        'FROM main."{0}"',
        'FROM run SELECT list(SELECT x FROM "{0}" x)',
        "FROM query('FROM \"{0}\"')",
        "FROM query_table('{0}')",
        "SELECT json_serialize_plan('FROM \"{0}\"')",
        'DESCRIBE "{0}"',
        'SUMMARIZE "{0}"',
        'PIVOT "{0}" ON 1 USING count(*)',
        'EXPLAIN ANALYZE FROM "{0}"',
        "COPY \"{0}\" TO '/tmp/x.csv'",
    ],
)
def test_a_hidden_table_is_read_by_no_spelling(questions, sql):
    for table in HIDDEN:
        with pytest.raises(StoreError):
            questions.answer(sql.format(table), {})


@pytest.mark.parametrize(
    "name", ["{0}/x.csv", "{0}/*.csv", "{0}/x.json", "{0}/x.parquet", "{0}/other.duckdb", "https://127.0.0.1:9/x.csv"]
)
@pytest.mark.parametrize(
    "sql",
    [
        'WITH "{0}" AS (FROM "{0}") FROM "{0}"',
        'SELECT * FROM "{0}", (WITH "{0}" AS (SELECT 1) SELECT * FROM "{0}") x',
        'SELECT (WITH "{0}" AS (SELECT 1) SELECT 1), * FROM "{0}"',
        'WITH a AS (FROM "{0}"), "{0}" AS (SELECT 1) FROM a',
        'FROM "{0}"',
    ],
)
def test_a_file_is_read_by_no_spelling(questions, tmp_path, name, sql):
    """Outside of its query a name of a WITH is what DuckDB takes it for: a file, where it has the name of one."""
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "x.json").write_text('[{"a": 1}]')
    with duckdb.connect() as made:
        made.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path / 'x.parquet'}'")
        made.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS o; CREATE TABLE o.t AS SELECT 1 AS a")
    with pytest.raises(StoreError):
        questions.answer(sql.format(name.format(tmp_path)), {})


def test_a_variable_of_python_is_no_table(questions):
    with pytest.raises(StoreError):
        questions.answer("WITH params AS (FROM params) FROM params", {})


def test_the_plan_alone_would_find_a_file(store, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(StoreError, match="read_csv_auto may not be read here"):
        store.snapshot(lambda snapshot: _check_plan(snapshot, f"SELECT * FROM '{tmp_path}/x.csv'", {}))


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x WHERE a < 3) FROM x",
        "WITH 运行 AS MATERIALIZED (SELECT id FROM run) SELECT * FROM 运行, 运行 AS y",
        "SELECT * FROM (VALUES (1), (2)) t(a)", "SELECT 1 WHERE false", "FROM repeat(1, 3)",
        "SELECT i, (SELECT max(id) FROM run WHERE id < i) FROM range(3) t(i)",
        "SELECT x FROM range(3) t(i), LATERAL (SELECT unnest([i, i]) AS x)", "SELECT id FROM run EXCEPT SELECT 1",
        "SELECT *, row_number() OVER (ORDER BY id) FROM run QUALIFY id > 0 ORDER BY id LIMIT 3",
        "SELECT id FROM run WHERE id IN (" + ", ".join(map(str, range(50))) + ")",
        "SELECT r.id FROM run r ASOF JOIN branch b ON r.created >= b.created",
    ],
)  # fmt: skip
def test_what_a_question_is_made_of_is_let_through(questions, sql):
    assert questions.answer(sql, {}).num_columns >= 1


def test_a_question_without_an_end_is_not_read(questions):
    with pytest.raises(StoreError, match="the question has 120,009 characters, and 65,536 are the most"):
        questions.answer(f"SELECT [{'1,' * 60_000}]", {})


def test_duckdb_is_asked_too_which_tables_it_would_read(store):
    # As if the tree had told nothing.
    with pytest.raises(StoreError, match="mapping is not given to tokens"):
        store.snapshot(lambda snapshot: _check_plan(snapshot, "SELECT max(campaign_id) FROM mapping", {}))
    store.snapshot(lambda snapshot: _check_plan(snapshot, "SELECT * FROM active_path, run WHERE name = $n", {"n": "a"}))


def test_a_name_of_a_with_may_be_that_of_no_view_of_duckdb(questions):
    with pytest.raises(StoreError, match="call duckdb_tables something else"):
        questions.answer("WITH duckdb_tables AS (SELECT 1 AS x) FROM duckdb_tables", {})


def functions(kinds):
    names = duckdb.connect().execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE list_contains($kinds, function_type)",
        {"kinds": kinds},
    )
    return sorted(row[0] for row in names.fetchall())


def test_no_function_makes_rows_but_those_on_the_list(questions):
    tried = [name for name in functions(["table", "table_macro", "pragma"]) if name not in ROW_MAKERS]
    assert {"read_text", "read_csv_auto", "glob", "duckdb_secrets", "query", "checkpoint"} <= set(tried)
    for name in tried:
        with pytest.raises(StoreError, match="may not stand in place of a table here"):
            questions.answer(f"SELECT * FROM \"{name}\"('x')", {})


def test_functions_whose_answer_is_another_each_time_are_known():
    """A new one in DuckDB is looked at before it is given to tokens."""
    names = duckdb.connect().execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type = 'scalar' AND stability = 'VOLATILE' ORDER BY 1"
    )
    found = {row[0] for row in names.fetchall()} - REFUSED_FUNCTIONS
    assert found == {
        "current_connection_id", "current_query", "current_query_id", "current_transaction_id", "error",
        "gen_random_uuid", "random", "stats", "uuid", "uuidv4", "uuidv7",
    }  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE run", "DELETE FROM run", "INSERT INTO run (id) VALUES (1)", "UPDATE run SET name = 'x'",
        "CREATE TABLE x AS FROM run", "ATTACH 'x.duckdb'", "DETACH memory", "COPY run TO 'x.csv'", "COPY run FROM 'x'",
        "SET threads = 1", "RESET threads", "PRAGMA database_list", "INSTALL httpfs", "LOAD httpfs", "CHECKPOINT",
        "EXPORT DATABASE 'x'", "IMPORT DATABASE 'x'", "CALL duckdb_settings()", "BEGIN", "VACUUM", "USE memory",
        "CREATE SECRET s (TYPE http)", "PREPARE p AS SELECT 1", "EXECUTE p", "SELECT 1; SELECT 2", "", "SELEC",
        "SHOW TABLES", "SHOW ALL TABLES", "FROM 'x.csv'", "FROM '/etc/passwd'", "FROM \"x.parquet\"",
        "SELECT current_setting('threads')", "SELECT sleep_ms(1)", "SELECT write_log('x')", "FROM duckdb_tables",
        "FROM sqlite_master", "FROM information_schema.tables", "FROM pg_catalog.pg_tables", "FROM system.main.x",
    ],
)  # fmt: skip
def test_anything_but_a_question_about_runs_is_refused(questions, sql):
    with pytest.raises(StoreError):
        questions.answer(sql, {})


def test_values_go_by_name(questions):
    sql = "SELECT $a AS a, $b AS b, sum(i) AS s FROM range(4) t(i)"
    rows = questions.answer(sql, {"a": "it's", "b": [1, 2]}).to_pylist()
    assert rows == questions.answer(sql, {"a": "it's", "b": [1, 2]}).to_pylist()
    assert (rows[0]["a"], rows[0]["b"], int(rows[0]["s"])) == ("it's", [1, 2], 6)


def test_a_question_that_takes_too_long_is_ended(monkeypatch, questions):
    monkeypatch.setattr("store.serve.reading.LIMIT", 0.2)
    with pytest.raises(StoreError, match="took longer than"):
        questions.answer("SELECT sum(a.i * b.i) FROM range(1000000) a(i), range(1000000) b(i)", {})


def test_an_answer_that_is_too_large_is_refused(monkeypatch, questions):
    monkeypatch.setattr("store.serve.reading.MOST_BYTES", 1 << 20)
    with pytest.raises(StoreError, match="the answer is larger than 1 MiB; ask for less at a time"):
        questions.answer("SELECT i FROM range(1000000) t(i)", {})
