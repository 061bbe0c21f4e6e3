"""What stands beside a run's values is read again as soon as one of its rows is another one, and not before."""

import json

import pytest

import assay
from assay.cli import main
from dashboard import kept_runs
from dashboard.kept_runs import KeptRuns
from dashboard.queries.signature import signature
from store.database import Statement, Store
from store.loading import load_spools
from store.requests import ask, finish


def recorded(root, name="live"):
    with assay.run(name, store=root) as run:
        for step in range(1, 31):
            run.log(step, loss=1.0 / step)
        run.event("spike", "jump of the loss", level="alarm", step=15)
        run.record("checkpoint", s=10, b=1, state="sealed", path=f"{name}/c/10", sha256=None, data={})
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


@pytest.fixture
def store(tmp_path):
    return recorded(tmp_path)


def command(*words):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0


def change(sql, **values):
    return lambda store: store.transact([Statement(sql, values)])


def event(kind):
    sql = "INSERT INTO event SELECT id, 1, 20, heartbeat, $kind, 'alarm', 'said', NULL FROM run WHERE name = 'live'"
    return change(sql, kind=kind)


def asked(store):
    ask(store, "live", "note", {"text": "seen"}, actor="me")


CHANGES = {
    "told of a spike": event("spike"),
    "told of the guard": event("guard"),
    "another word of a spike told": change("UPDATE event SET message = 'else'"),
    "a checkpoint's state": change("UPDATE checkpoint SET state = 'stable'"),
    "a checkpoint more": change(
        "INSERT INTO checkpoint SELECT run_id, branch, 20, state, path, sha256, bytes, created, changed, data "
        "FROM checkpoint"
    ),
    "a checkpoint gone": change("DELETE FROM checkpoint"),
    "a branch": change("INSERT INTO branch SELECT run_id, 2, 1, 20, 'rollback', created, data FROM branch"),
    "why a branch was opened": change("UPDATE branch SET data = $data", data=json.dumps({"a": 1})),
    "a request": asked,
    "numbers of the cards": change("UPDATE metric_name SET id = 7 WHERE name = 'loss'"),
}


def of_live(store):
    return store.snapshot(lambda snapshot: signature(snapshot, 1))


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_gives_another_signature(store, name):
    before = of_live(store)
    assert of_live(store) == before
    CHANGES[name](store)
    assert of_live(store) != before


def test_each_state_of_a_request_gives_another_signature(store):
    asked(store)
    waiting = of_live(store)
    change("UPDATE request SET taken = created")(store)
    taken = of_live(store)
    finish(store, 1, "noted")
    assert len({item.rows for item in (waiting, taken, of_live(store))}) == 3


def test_what_is_not_shown_from_these_rows_changes_nothing(store):
    before = of_live(store)
    event("summary")(store)
    recorded(store.root, "other")
    assert of_live(store) == before


def test_it_tells_the_newest_branch_and_the_numbers_of_the_cards(store):
    CHANGES["a branch"](store)
    found = of_live(store)
    assert (found.branch, found.branches) == (2, 2)
    [loss] = store.rows("SELECT id FROM metric_name WHERE name = 'loss'")
    assert found.ids == {"loss": loss["id"]}


def test_rows_are_read_again_after_a_change_alone(store, monkeypatch):
    read, kept = [], KeptRuns()
    real = kept_runs.told
    monkeypatch.setattr(kept_runs, "told", lambda *given: read.append(1) or real(*given))
    for _ in range(3):
        kept.now(store, "live")
    assert len(read) == 1
    event("spike")(store)
    kept.now(store, "live")
    assert len(read) == 2


def test_a_run_made_anew_under_its_number_brings_its_own_rows(store, monkeypatch):
    read, kept = [], KeptRuns()
    real = kept_runs.told
    monkeypatch.setattr(kept_runs, "told", lambda *given: read.append(1) or real(*given))
    kept.now(store, "live")
    change("UPDATE run SET created = created + INTERVAL 1 DAY")(store)
    kept.now(store, "live")
    assert len(read) == 2


def test_a_log_that_is_imported_again_under_its_name_brings_its_own_spikes(tmp_path):
    told, kept, store = [], KeptRuns(), Store.at(tmp_path / "runs" / "assay.duckdb")
    store.create()
    for worst in (9.0, 7.0):
        rows = [{"step": step, "loss": worst if step == 80 else 1.0 + step % 3 / 100} for step in range(1, 121)]
        log = tmp_path / "log.jsonl"
        log.write_text("".join(json.dumps(row) + "\n" for row in rows))
        command("import", str(log), "--name", "live", "--store", str(store.root))
        told.append(kept.now(store, "live").spikes[0].worst.value)
        command("runs", "rm", "live", "--yes", "--store", str(store.root))
    assert told == [9.0, 7.0]
