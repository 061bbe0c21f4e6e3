"""Rebuilding while others work, after a kill, and what it leaves alone."""

import threading
from pathlib import Path

import pytest

import assay
from store import rebuild as rebuilding
from store.audit import Entry, append, first_broken
from store.database import Statement, Store
from store.errors import StoreBusyError, StoreError
from store.heads import sign_head, verify_audit
from store.loading import load_spools
from store.pins import held, pin
from store.rebuild import rebuild


@pytest.fixture
def full(root: Path) -> Store:
    """A store with one run of three steps."""
    with assay.run("mine", store=root) as run:
        for step in range(1, 4):
            run.log(step, loss=1 / step)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def test_what_people_add_while_it_loads_is_kept(full, monkeypatch):
    real = rebuilding.SpoolLoader

    class SlowLoader(real):
        def load(self):
            full.transact([Statement("UPDATE run SET starred = true, notes = 'meanwhile'")])
            pin(full, "mine/c", target_kind="checkpoint", run_id=1, holder="child", holder_kind="run")
            return super().load()

    monkeypatch.setattr(rebuilding, "SpoolLoader", SlowLoader)
    rebuild(full)
    assert full.rows("SELECT starred, notes FROM run") == [{"starred": True, "notes": "meanwhile"}]
    assert [item.holder for item in held(full, "mine/c")] == ["child"]


def test_a_second_one_at_the_same_time_is_told_to_wait(full, monkeypatch):
    inside, go_on = threading.Event(), threading.Event()
    real = rebuilding.SpoolLoader

    class WaitingLoader(real):
        def load(self):
            inside.set()
            go_on.wait(20)
            return super().load()

    monkeypatch.setattr(rebuilding, "SpoolLoader", WaitingLoader)
    first = threading.Thread(target=lambda: rebuild(full))
    first.start()
    inside.wait(20)
    with pytest.raises(StoreBusyError, match="another process is rebuilding"):
        rebuild(full)
    go_on.set()
    first.join()
    assert full.rows("SELECT count(*) AS n FROM metric") == [{"n": 3}]


def test_a_copy_that_finds_no_room_leaves_the_old_store_and_nothing_half_made(full, monkeypatch):
    def no_room(_, copy):
        Path(copy).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    before = full.path.read_bytes()
    monkeypatch.setattr("store.aside.shutil.copy2", no_room)
    with pytest.raises(StoreError, match="before it is made anew: No space left on device; make room"):
        rebuild(full)
    assert full.path.read_bytes() == before
    assert list(full.root.glob("assay.duckdb.before-*")) == []
    assert list(full.root.glob("*.rebuilding*")) == []


def test_a_log_left_by_a_kill_is_not_replayed_into_the_new_file(full):
    full.path.unlink()
    Path(f"{full.path}.wal").write_bytes(b"left")
    rebuild(full)
    assert full.rows("SELECT count(*) AS n FROM metric") == [{"n": 3}]
    assert not Path(f"{full.path}.wal").exists()


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("my thesis")
    with pytest.raises(StoreError, match="is no DuckDB file and is left alone"):
        rebuild(Store.at(note))
    assert note.read_text() == "my thesis"
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_it_leaves_the_old_file_and_no_locks_of_its_own(full):
    made = rebuild(full)
    assert made.kept is not None
    assert Store.at(made.kept).rows("SELECT count(*) AS n FROM metric") == [{"n": 3}]
    names = {path.name for path in full.root.iterdir()}
    assert not any("rebuilding" in name for name in names), names


def test_people_and_campaigns_and_the_audit_log_are_carried_over(full):
    assert set(rebuilding.REVIEW_TABLES) == tables_without_spools(full)
    campaign = (
        "INSERT INTO campaign VALUES (1, 'n', 't', 'mine@1', 'x', 'b', 'y', 1, 'p', 'zh', '', 1, false, now(), "
        "'rules', now(), NULL, NULL, NULL, '{}')"
    )
    full.transact([Statement(campaign), Statement("INSERT INTO mapping VALUES (1, 'q', 'first')")])
    full.transaction(lambda done: append(done, Entry("rules", "", "open", "campaign:1", {"pairs": 1})))
    full.transaction(lambda done: sign_head(done, full))
    proposal = "1, 1, 'mine@1', 1, 1, 'mine/c', 'x', '.exports/m', 'y', false, '{}', '[]', now(), 'rules', '{}'"
    full.transact(
        [
            Statement(f"INSERT INTO proposal VALUES ({proposal})"),
            Statement("INSERT INTO decision VALUES (1, 1, 'prod', 'p', 'e', '{}', 'pass', '[]', now(), 'rules')"),
            Statement("INSERT INTO confirmation VALUES ('prod', 'y', 'host', now(), 'rules')"),
        ]
    )
    before = {name: full.rows(f'SELECT * FROM "{name}"') for name in rebuilding.REVIEW_TABLES}
    rebuild(full)
    assert {name: full.rows(f'SELECT * FROM "{name}"') for name in rebuilding.REVIEW_TABLES} == before
    assert full.snapshot(first_broken) is None
    assert full.snapshot(verify_audit).heads == 1


def tables_without_spools(store: Store) -> set[str]:
    """Every table that neither a spool, nor an evaluation's file, nor a run's own rows fill."""
    from_spools = {
        "meta", "run", "branch", "metric_name", "metric", "metric_span", "step_batch", "checkpoint", "event", "request",
        "pin", "dataset", "sample", "spool_offset", "eval_run", "score", "item_result", "eval_item",
    }  # fmt: skip
    return {row["t"] for row in store.rows("SELECT table_name AS t FROM duckdb_tables()")} - from_spools
