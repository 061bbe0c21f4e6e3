"""How often the page Run looks into the store, what it leaves for later, and that what is kept sees what is new."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import assay
import dashboard
from dashboard import cached, kept_runs
from dashboard.kept_runs import KeptRuns
from dashboard.pages import page_path
from store.clock import utc_now
from store.database import Statement, Store
from store.loading import load_spools

APP = Path(dashboard.__file__).parent / "app.py"
SHOWN = ("loss", "grad_norm", "lr", "tokens_per_s", "loss/facts")
"""A chart each: one large, then three small ones, then one in the group that is open."""


def recorded(root, name="live", shown=SHOWN, **facts):
    with assay.run(name, store=root, total_steps=100) as run:
        run.facts(**facts)
        for step in range(1, 31):
            run.log(step, dict.fromkeys(shown, 1.0 / step))
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def going_on(store):
    alive = "UPDATE run SET status = 'running', ended = NULL, heartbeat = $now WHERE name = 'live'"
    store.transact([Statement(alive, {"now": utc_now()})])
    return store


@pytest.fixture
def store(tmp_path):
    return going_on(recorded(tmp_path))


def opened(monkeypatch, store, **asked):
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.query_params.update({"lang": "en", "run": "live", **asked})
    app.switch_page(page_path("run")).run()
    assert not app.exception
    return app


def below(app):
    """Groups of metrics, and files to be had of the chart."""
    return len(app.expander), len(app.get("download_button"))


def titles(app):
    return [block.body for block in app.html if "a-title" in block.body]


@pytest.fixture
def looks(monkeypatch):
    """A list that grows with each look into the store."""
    found, real = [], Store.snapshot
    monkeypatch.setattr(Store, "snapshot", lambda *args, **options: found.append(1) or real(*args, **options))
    return found


def test_a_first_view_looks_into_the_store_four_times_and_a_refresh_once(monkeypatch, store, looks):
    app = opened(monkeypatch, store)
    # Who sits here, the run with all that stands beside it, its curves, and whether this is a demo.
    assert len(looks) == 4
    looks.clear()
    cached.run_now.clear()
    app.run()
    assert len(looks) == 1


def test_the_first_look_at_a_run_under_way_is_for_its_loss_the_refresh_after_it_for_all(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert len(app.get("vega_lite_chart")) == 1
    assert (titles(app), below(app)) == ([], (0, 0))
    app.run()
    assert len(app.get("vega_lite_chart")) == len(SHOWN)
    assert (len(titles(app)), below(app)) == (len(SHOWN) - 1, (1, 2))


def test_a_run_that_has_ended_is_shown_whole_at_once(monkeypatch, store):
    store.transact([Statement("UPDATE run SET status = 'finished', ended = heartbeat")])
    assert len(opened(monkeypatch, store).get("vega_lite_chart")) == len(SHOWN)


def test_a_run_whose_next_refresh_is_seconds_away_is_shown_whole_at_once(monkeypatch, store):
    store.transact([Statement("UPDATE run SET heartbeat = heartbeat - INTERVAL 10 MINUTE")])
    assert len(opened(monkeypatch, store).get("vega_lite_chart")) == len(SHOWN)


def test_a_run_without_a_loss_has_all_its_charts_at_once(monkeypatch, tmp_path):
    shown = tuple(name for name in SHOWN if name != "loss")
    store = going_on(recorded(tmp_path, shown=shown))
    assert len(opened(monkeypatch, store).get("vega_lite_chart")) == len(shown)


@pytest.fixture
def seldom(monkeypatch):
    """What changes seldom is kept, as for viewers; call it to let its time pass."""
    monkeypatch.setattr(kept_runs, "SELDOM", 1000.0)
    return lambda: monkeypatch.setattr(kept_runs, "SELDOM", 0.0)


def test_what_a_run_did_itself_is_in_its_strip_at_once(store, seldom):
    kept = KeptRuns()
    assert kept.now(store, "live").beside.strip["moments"] == []
    with assay.run("live", store=store.root, resume=True) as run:
        run.event("guard", "jump of the loss", level="alarm", step=30)
        run.fork(after=20, reason="rollback")
        run.record("checkpoint", s=10, b=1, state="stable", path="live/c/10", sha256="a" * 64, data={})
    load_spools(store)
    strip = kept.now(store, "live").beside.strip
    assert [row["kind"] for row in strip["moments"]] == ["alarm", "branch"]
    assert [row["step"] for row in strip["shelf"]] == [10]


def test_what_comes_from_elsewhere_is_seen_in_its_time(store, seldom):
    kept = KeptRuns()
    assert kept.now(store, "live").beside.names == ["live"]
    recorded(store.root, "child", parent="live/1@30")
    assert kept.now(store, "live").beside.names == ["live"]
    seldom()
    beside = kept.now(store, "live").beside
    assert sorted(beside.names) == ["child", "live"]
    assert [row["name"] for row in beside.strip["children"]] == ["child"]
    store.transact([Statement("UPDATE run SET archived = true WHERE name = 'child'")])
    assert kept.now(store, "live").beside.names == ["live"]


def test_a_run_that_was_renamed_or_removed_is_found_by_its_new_name_only(store, seldom):
    kept = KeptRuns()
    assert kept.now(store, "live").beside.names == ["live"]
    store.transact([Statement("UPDATE run SET name = 'renamed'")])
    assert kept.now(store, "live") is None
    seldom()
    assert kept.now(store, "renamed").beside.names == ["renamed"]
    store.transact([Statement("DELETE FROM branch"), Statement("DELETE FROM run")])
    assert kept.now(store, "renamed") is None


def test_a_run_made_anew_brings_its_own_configuration_and_pace(tmp_path, seldom):
    store, kept = recorded(tmp_path), KeptRuns()
    assert kept.now(store, "live").beside.config == {}
    change = 'UPDATE run SET created = created + INTERVAL 1 DAY, config = \'{"guard": {"mode": "act"}}\''
    store.transact([Statement(change), Statement("DELETE FROM metric")])
    now = kept.now(store, "live")
    assert now.beside.config == {"guard": {"mode": "act"}}
    assert now.facts["seconds_a_step"] is None


def test_names_of_metrics_are_read_again_with_the_curves(store):
    path = str(store.path)
    run = cached.run_facts(path, "live")
    assert cached.names_shown(path, run, cached.Span()) == sorted(SHOWN)
    with assay.run("live", store=store.root, resume=True) as recording:
        recording.log(31, {"accuracy": 0.5})
    load_spools(store)
    st.cache_data.clear()
    assert "accuracy" in cached.names_shown(path, cached.run_facts(path, "live"), cached.Span())


def test_a_run_without_any_shared_metric_has_curves_of_none(tmp_path):
    with assay.run("odd", store=tmp_path) as recording:
        recording.log(1, accuracy=0.5)
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    run = cached.run_facts(str(store.path), "odd")
    assert cached.names_shown(str(store.path), run, cached.Span()) == ["accuracy"]
