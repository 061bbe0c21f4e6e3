"""The table of all runs: how many it shows, its figures, which columns, and what a phone shows of it."""

import pytest
import streamlit as st

import assay
from store.database import Store
from store.loading import load_spools
from tests.dashboard.opening import open_page

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


@pytest.fixture
def losses(tmp_path):
    """Three finished runs of quite different losses; the last one does not say how far it goes."""
    for name, loss, total in (("small", 0.006667, 40), ("usual", 2.5, 40), ("open", 5.39, None)):
        with assay.run(name, store=tmp_path, total_steps=total, project="ward") as run:
            run.log(40, loss=loss, val_loss=loss + 1)
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    return store


def opened(monkeypatch, store, **asked):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page("runs", {"lang": "en", **asked})


def words(app):
    return "\n".join(block.body for block in app.html)


def columns(app):
    return list(app.dataframe[0].proto.column_order)


def formats(app):
    found = app.dataframe[0].proto.columns
    return [part for part in ("%.3f", "%.4f", "%.5f", "%.4g") if f'"{part}"' in found]


@pytest.mark.parametrize(
    ("language", "all_of_them", "some"),
    [
        ("en", "3 runs, 0 under way", "1 of 3 runs, 0 under way"),
        ("zh", "共 3 个运行", "3 个运行中的 1 个，0 个正在进行"),
    ],
)
def test_the_heading_says_how_many_of_all_runs_a_filter_shows(monkeypatch, losses, language, all_of_them, some):
    app = opened(monkeypatch, losses, lang=language)
    assert all_of_them in words(app)
    app.text_input(key="q").set_value("small").run()
    assert some in words(app)


def test_losses_have_as_many_decimals_as_everywhere(monkeypatch, losses):
    # The validation losses are all above 1, the smallest training loss is below 0.01.
    assert formats(opened(monkeypatch, losses)) == ["%.3f", "%.5f"]
    losses.transaction(lambda tx: tx.execute("UPDATE metric SET value = 0.00001 WHERE value < 0.01"))
    losses.transaction(lambda tx: tx.execute("DELETE FROM metric_span"))
    losses.transaction(lambda tx: tx.execute("UPDATE run SET heartbeat = heartbeat + INTERVAL 1 SECOND"))
    assert formats(opened(monkeypatch, losses)) == ["%.3f", "%.4g"]


def test_a_run_that_does_not_say_how_far_it_goes_shows_its_step(monkeypatch, losses):
    assert columns(opened(monkeypatch, losses))[3:6] == ["progress", "step", "loss"]
    losses.transaction(lambda tx: tx.execute("UPDATE run SET total_steps = NULL"))
    assert columns(opened(monkeypatch, losses))[3:5] == ["step", "loss"]


def test_a_phone_shows_progress_and_loss_beside_the_name(monkeypatch, losses):
    monkeypatch.setattr("dashboard.views.table._is_phone", lambda: True)
    app = opened(monkeypatch, losses)
    assert columns(app)[:4] == ["name", "status", "progress", "loss"]
    assert columns(app)[-1] == "star"


@pytest.mark.parametrize(("agent", "phone"), [(PHONE, True), ("Mozilla/5.0 (X11; Linux x86_64)", False), (None, False)])
def test_a_phone_is_told_by_what_its_browser_calls_itself(monkeypatch, agent, phone):
    from dashboard.views import table  # noqa: PLC0415 - a page's part, loaded once the page's names are there

    headers = {} if agent is None else {"User-Agent": agent}
    monkeypatch.setattr(table.st, "context", type("Context", (), {"headers": headers}))
    assert table._is_phone() is phone
