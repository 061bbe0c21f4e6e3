"""What each refresh of a run's page reads: once, and figures only after something new."""

import threading
from itertools import count

import pytest

import assay
from dashboard import cached, kept_runs
from dashboard.kept_runs import KeptRuns
from dashboard.queries import run as queries
from dashboard.views.figures import figure_cards
from store.database import Statement, Store
from store.loading import load_spools
from store.requests import ask

HEARTBEAT = "UPDATE run SET heartbeat = heartbeat + INTERVAL 1 SECOND WHERE name = $name"


def of(now):
    return {row["metric"]: row for row in now.moment.figures.to_pylist()}


@pytest.fixture
def own_store(tmp_path):
    """A store that a test may write in, with one run and a checkpoint."""
    with assay.run("triage", store=tmp_path) as recorded:
        for step in range(1, 201):
            recorded.log(step, loss=2.0 - step / 200, val_loss=float(step))
        recorded.record("checkpoint", s=100, b=1, state="stable", path="c/100", sha256=None, data={})
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    return store


def test_a_run_is_read_in_one_attach_as_its_parts_are_alone(own_store, monkeypatch):
    snapshots, real = [], Store.snapshot
    monkeypatch.setattr(Store, "snapshot", lambda *args, **options: snapshots.append(1) or real(*args, **options))
    now = KeptRuns().now(own_store, "triage")
    assert len(snapshots) == 1
    run_id = now.facts["id"]
    assert now.facts == queries.run_facts(own_store, "triage")
    assert now.moment == queries.moment(own_store, run_id, queries.before(own_store, run_id))
    assert KeptRuns().now(own_store, "nobody") is None


def test_figures_are_read_again_after_a_heartbeat_requests_and_checkpoints_always(own_store, monkeypatch):
    asked, kept = [], KeptRuns()
    monkeypatch.setattr(kept_runs, "figures", lambda *args: asked.append(1) or queries.figures(*args))
    first = kept.now(own_store, "triage")
    ask(own_store, "triage", "note", {"text": "seen"}, actor="me")
    own_store.transact([Statement("UPDATE checkpoint SET state = 'deleted'")])
    again = kept.now(own_store, "triage")
    assert len(asked) == 1
    assert [row["kind"] for row in again.requests] == ["note"]
    assert first.moment.checkpoints.num_rows > 0 == again.moment.checkpoints.num_rows
    own_store.transact([Statement(HEARTBEAT, {"name": "triage"})])
    assert of(kept.now(own_store, "triage")) == of(first)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("steps", "note"), [(1, "at step 1"), (3, "unchanged for 3 steps"), (200, "unchanged for 128 steps")]
)
def test_a_card_speaks_of_as_many_steps_as_there_are(tmp_path, monkeypatch, steps, note):
    monkeypatch.setattr("dashboard.language.current", lambda: "en")
    with assay.run("young", store=tmp_path) as recorded:
        for step in range(1, steps + 1):
            recorded.log(step, lr=0.5)
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    [card] = figure_cards(list(of(KeptRuns().now(store, "young")).values()))
    assert card.note == note


def test_writers_get_in_while_pages_refresh_without_a_pause(own_store):
    """Four viewers that never rest: each write comes before the next readers, so that none of them gives up."""
    over, rounds, kept = threading.Event(), [count(1) for _ in range(4)], KeptRuns()
    seen = [0] * 4

    def refresh(viewer):
        while not over.is_set():
            kept.now(own_store, "triage")
            seen[viewer] = next(rounds[viewer])

    viewers = [threading.Thread(target=refresh, args=(viewer,)) for viewer in range(4)]
    for viewer in viewers:
        viewer.start()
    try:
        for number in range(20):
            own_store.transact([Statement(HEARTBEAT, {"name": "triage"})], timeout=10)
            assert own_store.query("SELECT 1 AS one", timeout=10)["one"].to_pylist() == [1], number
    finally:
        over.set()
        for viewer in viewers:
            viewer.join(20)
    assert min(seen) > 0


def test_what_was_long_ago_is_read_again_each_minute_at_each_branch_and_at_the_end(own_store, monkeypatch):
    asked, kept = [], KeptRuns()
    monkeypatch.setattr(kept_runs, "before", lambda *args: asked.append(1) or queries.before(*args))

    def after(change):
        own_store.transact([Statement(f"UPDATE run SET {change} WHERE name = 'triage'")])
        kept.now(own_store, "triage")
        return len(asked)

    assert after("heartbeat = '2026-11-29 12:00:00', status = 'running'") == 1
    assert after("heartbeat = '2026-11-29 12:00:59'") == 1
    assert after("heartbeat = '2026-11-29 12:01:00'") == 2
    assert after(f"last_step = {queries.WINDOW + 200}, heartbeat = '2026-11-29 12:01:01'") == 3
    assert after("status = 'finished'") == 4


def test_a_refresh_looks_its_run_up_once(own_store, monkeypatch):
    asked, path = [], str(own_store.path)
    monkeypatch.setattr(cached, "run_now", lambda *args: asked.append(args) or KeptRuns().now(own_store, "triage"))
    for refresh in (1, 2):
        with cached.one_look():
            run = cached.run_facts(path, "triage")
            assert cached.figures(path, run)
            assert cached.forks(path, run) == cached.spikes(path, run) == cached.requests(path, run) == []
        assert asked == [(path, "triage")] * refresh
