"""`assay db`: check, migrate, rebuild, query, export."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

import assay
from store.commands.db import db
from store.database import Statement, Store
from store.errors import StoreError, StoreVersionError
from store.loading import load_spools
from store.pins import holders_of_run, pin
from store.requests import ask, waiting


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("full") / "runs"
    for name in ("first", "second"):
        with assay.run(name, store=root) as run:
            for step in range(1, 4):
                run.log(step, loss=1 / step)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


@pytest.fixture
def full(untouched: Store, root: Path) -> Store:
    """A store with two short runs."""
    shutil.copytree(untouched.root, root, dirs_exist_ok=True)
    return Store.at(root / untouched.path.name)


def invoke(store: Store, *arguments: str):
    return CliRunner().invoke(db, [*arguments, "--store", str(store.path)], catch_exceptions=False)


def failing(store: Store) -> list[str]:
    result = invoke(store, "check", "--json")
    document = json.loads(result.stdout)
    assert document["ok"] == (result.exit_code == 0)
    return [check["name"] for check in document["checks"] if not check["ok"]]


PROPOSAL = "1, 1, 'r@1', 1, 1, 'r/c', 'x', '.exports/r', 'y', false, '{}', '[]', now(), 'rules', '{}'"

DECISION = "1, 1, 'prod', 'p', 'e', '{}', 'pass', '[]', now(), 'rules'"

APPROVAL = "1, 1, 1, 'prod', 'e', 'approve', 1, 'lead', 'oidc', '', 'k', '{}', now()"

RELEASE = "1, 'prod', 'release', 1, 1, 1, 'y', false, '', now(), 'rules', 'lead', '{}', '{}', ''"


def test_a_whole_store_passes_every_check(full):
    assert failing(full) == []
    assert "ok    run names: every run has a name of its own" in invoke(full, "check").stdout


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("INSERT INTO metric SELECT * FROM metric LIMIT 1", "steps"),
        ("INSERT INTO run SELECT * FROM run LIMIT 1", "run names"),
        ("UPDATE branch SET parent = 9 WHERE run_id = 1", "branches"),
        ("DELETE FROM metric_name", "metric names"),
        ("UPDATE metric SET run_id = 77 WHERE run_id = 2", "owners"),
        ("INSERT INTO branch SELECT * FROM branch WHERE run_id = 1", "branch numbers"),
        ("UPDATE branch SET parent = 1 WHERE run_id = 1", "branch numbers"),
        ('UPDATE spool_offset SET "offset" = 99999', "spool files"),
        (
            "INSERT INTO checkpoint VALUES (1, 1, 3, 'sealed', 'first/checkpoints/3', '', 0, now(), now(), '{}')",
            "checkpoints",
        ),
        ("INSERT INTO score VALUES (9, 'acc', '', false, NULL, 1, 1, 1, 1, NULL)", "evaluations"),
        ("INSERT INTO item_result (eval_id, item, leaked) VALUES (9, 'q', false)", "evaluations"),
        ("INSERT INTO signing_key SELECT 'k', NULL, 'pem', now(), 'rules', NULL FROM range(2)", "keys"),
        (f"INSERT INTO proposal SELECT {PROPOSAL} FROM range(2)", "releases"),
        (f"INSERT INTO decision VALUES ({DECISION})", "releases"),
        (f"INSERT INTO approval VALUES ({APPROVAL})", "releases"),
        (f"INSERT INTO release VALUES ({RELEASE})", "releases"),
    ],
)
def test_each_kind_of_damage_is_found_by_its_check(full, sql, name):
    full.transact([Statement(sql)])
    assert name in failing(full)


RELEASED = (
    f"INSERT INTO proposal VALUES ({PROPOSAL})", f"INSERT INTO decision VALUES ({DECISION})",
    f"INSERT INTO approval VALUES ({APPROVAL})", f"INSERT INTO release VALUES ({RELEASE})",
)  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT 1", None),
        ("INSERT INTO proposal SELECT * FROM proposal", "proposal, 1"),
        ("INSERT INTO decision SELECT * REPLACE (2 AS id) FROM decision", "decision, "),
        ("INSERT INTO decision SELECT * REPLACE ('z' AS evidence_sha256) FROM decision", "decision, 1"),
        ("INSERT INTO approval SELECT * FROM approval", "approval, 1"),
        ("INSERT INTO release SELECT * REPLACE (2 AS id) FROM release", "release, prod v1"),
        ("INSERT INTO release SELECT * REPLACE (2 AS id, 'restore' AS kind) FROM release", None),
        ("INSERT INTO release SELECT * REPLACE (2 AS id, 'test' AS environment) FROM release", None),
        ("INSERT INTO release SELECT * REPLACE ('restore' AS kind) FROM release", "release, 1"),
        ("UPDATE approval SET decision_id = 9", "approval, 1"),
        ("DELETE FROM proposal", "decision, 1; approval, 1; release, 1"),
    ],
)
def test_what_was_released_stands_once_and_is_of_what_is_there(full, sql, says):
    full.transact([*map(Statement, RELEASED), Statement(sql)])
    found = {check["name"]: check for check in json.loads(invoke(full, "check", "--json").stdout)["checks"]}["releases"]
    assert found["ok"] == (says is None)
    assert says is None or found["says"].startswith(f"rows that stand twice, or are of what is not there: {says}")


OWNED = {
    "branch": "77, 1, NULL, -1, 'start', now(), '{}'",
    "metric": "77, 1, 1, 9, 1.0, now()",
    "metric_span": "77, 1, 1, 0, 1, 2, 2, 0, 1, 1, 0, 2",
    "step_batch": "77, 1, 1, 1, 'commit', [], []",
    "checkpoint": "77, 1, 1, 'deleted', 'x', '', 0, now(), now(), '{}'",
    "event": "77, 1, 1, now(), 'note', 'info', 'x', '{}'",
    "request": "1, 77, 'note', '{}', 'ann', now(), NULL, NULL, NULL",
    "pin": "'x', 'checkpoint', 77, 'y', 'run', now(), NULL",
    "dataset": "77, 'x', 'y', 1, 'train', 0",
    "sample": "77, 'x', 1, NULL, NULL, NULL, 'h'",
    "spool_offset": "77, 'x', 0, 0, 0",
    "campaign": (
        "1, 'n', 't', 'c', 'x', 'b', 'y', 77, 'p', 'zh', '', 1, false, now(), 'rules', now(), NULL, NULL, NULL, '{}'"
    ),
    "proposal": PROPOSAL.replace("1, 1,", "1, 77,", 1),
    "eval_run": "1, 'k', 77, 1, 1, 'a', NULL, 'm', 's', 'd', 'kept', 'choice', 'x', 0, 0, now(), 0, '{}'",
}


def test_every_table_with_a_run_is_asked_for_its_owners(full):
    sql = "SELECT table_name AS t FROM duckdb_columns() WHERE column_name = 'run_id' AND NOT internal"
    views = {row["v"] for row in full.rows("SELECT view_name AS v FROM duckdb_views() WHERE NOT internal")}
    assert {row["t"] for row in full.rows(sql)} - views == set(OWNED)
    pin(full, "x", target_kind="base", run_id=None, holder="first", holder_kind="run")
    assert failing(full) == []


@pytest.mark.parametrize("table", OWNED)
def test_a_row_without_its_run_is_found_in_every_table(full, table):
    full.transact([Statement(f"INSERT INTO {table} VALUES ({OWNED[table]})")])
    result = invoke(full, "check", "--json")
    says = {check["name"]: check["says"] for check in json.loads(result.stdout)["checks"]}
    assert says["owners"] == f"rows without a run, in {table}"


def test_damaged_and_torn_lines_are_reported(full):
    [spool] = (full.root / "first" / "spool").iterdir()
    with spool.open("ab") as file:
        file.write(b"damage\n" + b'{"k":"step","t":1')
    result = invoke(full, "check", "--json")
    says = {check["name"]: check["says"] for check in json.loads(result.stdout)["checks"]}
    assert says["damaged lines"] == f"lines skipped (run, file, lines): first, {spool.name}, 1"
    assert says["not loaded"].endswith(f"torn when their writer died, in first/{spool.name} (0 whole, 17 bytes)")
    assert result.exit_code == 1


def dump(store: Store) -> list[dict]:
    return store.rows("SELECT r.name, m.* EXCLUDE (run_id) FROM metric m JOIN run r ON r.id = m.run_id ORDER BY ALL")


def test_a_lost_store_is_made_anew_from_the_spools(full):
    before = dump(full)
    full.path.unlink()
    result = invoke(full, "rebuild", "--json")
    assert json.loads(result.stdout)["runs"] == 2
    assert dump(full) == before
    assert failing(full) == []


def test_a_damaged_store_is_put_aside_and_made_anew(full):
    before = dump(full)
    full.path.write_bytes(b"damage" * 10_000)
    result = invoke(full, "rebuild")
    assert "It could not be read" in result.stderr
    assert dump(full) == before
    [old] = full.root.glob("assay.duckdb.before-*")
    assert old.read_bytes()[:6] == b"damage"


def test_a_rebuild_keeps_what_people_added(full):
    full.transact([Statement("UPDATE run SET starred = true, notes = 'keep', tags = ['a'] WHERE name = 'second'")])
    ask(full, "second", "note", {"text": "hi"}, actor="ann")
    pin(full, "second/x", target_kind="checkpoint", run_id=2, holder="first", holder_kind="run")
    # The first run goes, so that the second one gets another number.
    shutil.rmtree(full.root / "first")
    invoke(full, "rebuild", "--force")
    assert full.rows("SELECT id FROM run") == [{"id": 1}]
    [row] = full.rows("SELECT id, starred, notes, tags FROM run WHERE name = 'second'")
    assert (row["starred"], row["notes"], row["tags"]) == (True, "keep", ["a"])
    assert [request.args for request in waiting(full, "second")] == [{"text": "hi"}]
    assert [held.holder for held in holders_of_run(full, row["id"])] == ["first"]


def test_a_rebuild_that_would_lose_a_run_is_refused(full):
    [spool] = (full.root / "first" / "spool").iterdir()
    spool.unlink()
    with pytest.raises(StoreError, match="first would be lost"):
        invoke(full, "rebuild")
    assert len(dump(full)) == 6
    invoke(full, "rebuild", "--force")
    assert {row["name"] for row in dump(full)} == {"second"}


def test_a_query_answers_in_json_with_columns_and_rows(full):
    sql = "SELECT name, 1.5 AS x, 'nan'::DOUBLE AS y, NULL AS z FROM run ORDER BY name"
    assert json.loads(invoke(full, "query", "--json", sql).stdout) == {
        "columns": ["name", "x", "y", "z"],
        "rows": [["first", 1.5, None, None], ["second", 1.5, None, None]],
        "nonfinite": [[0, "y", "nan"], [1, "y", "nan"]],
    }
    assert json.loads(invoke(full, "query", "--json", "SELECT 1 AS a, 2 AS a").stdout) == {
        "columns": ["a", "a"],
        "rows": [[1, 2]],
    }
    assert "first" in invoke(full, "query", "SELECT name FROM run").stdout


@pytest.mark.parametrize(("kind", "reader"), [("parquet", "read_parquet"), ("csv", "read_csv")])
def test_an_export_has_every_table_and_every_row(full, tmp_path, kind, reader):
    folder = tmp_path / "out"
    result = invoke(full, "export", str(folder), "--format", kind, "--json")
    tables = [row["table_name"] for row in full.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1")]
    assert json.loads(result.stdout)["files"] == [f"{table}.{kind}" for table in tables]
    with duckdb.connect(":memory:") as reading:
        found = reading.execute(f"SELECT count(*), min(value) FROM {reader}('{folder}/metric.{kind}')").fetchone()
    assert found == (6, 1 / 3)
    with pytest.raises(StoreError, match="exists already"):
        invoke(full, "export", str(folder))


def test_an_export_that_fails_leaves_nothing(full, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        invoke(full, "export", str(tmp_path / "file" / "out"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "runs"]


def test_migrating_a_current_store_says_there_is_nothing_to_do(full):
    assert json.loads(invoke(full, "migrate", "--json").stdout)["applied"] == []
    assert "nothing to do" in invoke(full, "migrate").stdout


def test_every_command_refuses_a_newer_store(full, tmp_path):
    full.transact([Statement("UPDATE meta SET version = 99")])
    for arguments in (["check"], ["query", "SELECT 1"], ["export", str(tmp_path / "out")], ["migrate"], ["rebuild"]):
        with pytest.raises(StoreVersionError, match="schema 99"):
            invoke(full, *arguments)


def test_an_item_of_a_list_that_is_no_number_has_its_word_too(full):
    sql = "SELECT ['nan'::DOUBLE, 1.0, '-inf'::DOUBLE] AS losses, 'inf'::DOUBLE AS y"
    assert json.loads(invoke(full, "query", sql, "--json").stdout) == {
        "columns": ["losses", "y"],
        "rows": [[[None, 1.0, None], None]],
        "nonfinite": [[0, "losses[0]", "nan"], [0, "losses[2]", "-inf"], [0, "y", "inf"]],
    }
