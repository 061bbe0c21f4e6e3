"""Schema and migrations: a fresh store and a migrated one are the same, and a wrong one is refused."""

import threading
from pathlib import Path

import duckdb
import pytest

from store import migrate as migrating
from store.database import Statement, Store
from store.errors import StoreError, StoreMissingError, StoreVersionError
from store.migrate import migrate
from store.version import Migration, migrations, schema_version

SCHEMA = Path(__file__).parents[2] / "store" / "schema.sql"


def catalogue(scripts: list[str]) -> list[tuple]:
    with duckdb.connect(":memory:") as database:
        for script in scripts:
            database.execute(script)
        columns = database.execute(
            "SELECT table_name, column_index, column_name, data_type, is_nullable, column_default, comment "
            "FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        tables = database.execute("SELECT table_name, comment FROM duckdb_tables() ORDER BY ALL").fetchall()
        views = database.execute("SELECT view_name, sql, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL")
        indexes = database.execute("SELECT index_name, sql FROM duckdb_indexes()").fetchall()
        return [*columns, *tables, *views.fetchall(), *indexes]


def test_a_fresh_store_and_a_migrated_one_are_the_same():
    fresh, replayed = catalogue([SCHEMA.read_text()]), catalogue([step.sql for step in migrations()])
    assert fresh == replayed
    assert len(fresh) > 100


def test_every_table_view_and_column_says_what_it_is():
    with duckdb.connect(":memory:") as database:
        database.execute(SCHEMA.read_text())
        silent = database.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal "
            "AND table_name IN (SELECT table_name FROM duckdb_tables()) "
            "UNION ALL SELECT table_name, NULL FROM duckdb_tables() WHERE comment IS NULL "
            "UNION ALL SELECT view_name, NULL FROM duckdb_views() WHERE comment IS NULL AND NOT internal"
        ).fetchall()
    assert silent == []


def test_a_new_store_has_this_programs_version(store):
    assert store.rows("SELECT version, demo FROM meta") == [{"version": schema_version(), "demo": False}]


def test_a_demo_store_is_marked_from_the_start(root):
    store = Store.at(root / "demo.duckdb")
    store.create(demo=True)
    store.create(demo=False)
    assert store.rows("SELECT demo FROM meta") == [{"demo": True}]


def test_a_newer_store_is_refused_by_readers_and_writers(store):
    store.transact([Statement("UPDATE meta SET version = 99")])
    for use in (lambda: store.read("SELECT 1"), lambda: store.transact([]), lambda: store.query("SELECT 1")):
        with pytest.raises(StoreVersionError, match=r"schema 99.*install a newer Assay"):
            use()
    with pytest.raises(StoreVersionError, match="schema 99"):
        migrate(store)


def test_an_older_store_names_the_command(store):
    store.transact([Statement("UPDATE meta SET version = 0")])
    with pytest.raises(StoreVersionError, match=f"assay db migrate --store {store.path}"):
        store.read("SELECT 1")


def test_migrating_applies_what_is_pending_and_keeps_a_copy(store):
    number = schema_version() + 1
    step = Migration(number, f"{number:04}_colour.sql", "ALTER TABLE run ADD COLUMN colour VARCHAR")
    assert migrate(store, [*migrations(), step]) == [step.name]
    with pytest.raises(StoreVersionError):
        store.read("SELECT colour FROM run")
    found = store.maintenance(lambda transaction: transaction.rows("SELECT version FROM meta"))
    assert found == [{"version": number}]
    [copy] = store.root.glob("assay.duckdb.schema-*Z")
    assert Store.at(copy).rows("SELECT version FROM meta") == [{"version": schema_version()}]


def test_a_migration_that_fails_leaves_the_version_it_had(store):
    number = schema_version() + 1
    bad = Migration(number, "bad.sql", "ALTER TABLE run ADD COLUMN colour VARCHAR; SELECT nonsense FROM nowhere")
    with pytest.raises(duckdb.Error):
        migrate(store, [*migrations(), bad])
    assert store.rows("SELECT version FROM meta") == [{"version": schema_version()}]
    assert "colour" not in store.read("SELECT * FROM run").column_names


def test_an_older_stores_roll_up_gets_its_sums(root):
    path = root / "assay.duckdb"
    root.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as database:
        for step in migrations()[:7]:
            database.execute(step.sql)
        database.execute("INSERT INTO meta VALUES (7, '2026-01-01', 'assay 0.0.1', false)")
        # One branch with a value that is no number, one with nothing else.
        database.execute(
            "INSERT INTO metric SELECT 1, 1, 1, i, CASE WHEN i = 600 THEN 'nan'::DOUBLE ELSE i END, '2026-01-01' "
            "FROM range(1100) r(i) UNION ALL SELECT 1, 2, 1, 5, 'inf'::DOUBLE, '2026-01-01'"
        )
        database.execute(
            "INSERT INTO metric_span VALUES (1, 1, 1, 0, 0, 511, 512, 0, 511, 511, 0), "
            "(1, 1, 1, 1, 512, 1023, 511, 512, 1023, 1023, 1), (1, 2, 1, 0, NULL, NULL, 0, NULL, NULL, NULL, 1)"
        )
    store = Store.at(path)
    assert migrate(store) == [step.name for step in migrations()[7:]]
    found = store.rows("SELECT branch, span, total FROM metric_span ORDER BY ALL")
    expected = [sum(range(512)), sum(range(512, 1024)) - 600, None]
    assert [row["total"] for row in found] == expected


def test_two_that_migrate_at_once_apply_each_step_once(store):
    number = schema_version() + 1
    step = Migration(number, "note.sql", "INSERT INTO metric_name VALUES (1, 'once')")
    barrier = threading.Barrier(2)
    applied = []

    def run():
        barrier.wait(20)
        applied.extend(migrate(store, [*migrations(), step]))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert applied == ["note.sql"]
    found = store.maintenance(lambda transaction: transaction.rows("SELECT count(*) AS n FROM metric_name"))
    assert found == [{"n": 1}]


def test_who_comes_too_late_to_migrate_leaves_the_others_copy_alone(store, monkeypatch):
    number = schema_version() + 1
    steps = [*migrations(), Migration(number, "colour.sql", "ALTER TABLE run ADD COLUMN colour VARCHAR")]
    real = migrating._copied

    def overtaken(of, version):
        with monkeypatch.context() as patched:
            patched.setattr(migrating, "_copied", real)
            assert migrate(store, steps) == ["colour.sql"]
        return real(of, version)

    monkeypatch.setattr(migrating, "_copied", overtaken)
    assert migrate(store, steps) == []
    [copy] = store.root.glob("assay.duckdb.schema-*Z")
    assert Store.at(copy).rows("SELECT version FROM meta") == [{"version": schema_version()}]


def test_a_copy_that_finds_no_room_is_not_kept_and_nothing_is_migrated(store, monkeypatch):
    def full(_, copy):
        Path(copy).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("store.aside.shutil.copy2", full)
    number = schema_version() + 1
    with pytest.raises(StoreError, match="No space left on device; make room"):
        migrate(store, [*migrations(), Migration(number, "x.sql", "ALTER TABLE run ADD COLUMN colour VARCHAR")])
    assert list(store.root.glob("assay.duckdb.schema-*")) == []
    assert store.rows("SELECT version FROM meta") == [{"version": schema_version()}]


def test_migrating_a_current_store_does_nothing(store):
    assert migrate(store) == []
    assert list(store.root.glob("assay.duckdb.schema-*")) == []


def test_there_must_be_a_store_to_migrate(root):
    with pytest.raises(StoreMissingError):
        migrate(Store.at(root / "none.duckdb"))
