"""The page Run refreshes in two parts: its charts less often where a second cannot be seen in them."""

import pytest
import streamlit as st

import assay
from dashboard.views import curves
from store.database import Statement, Store
from store.loading import load_spools
from store.runs import remove_run
from tests.dashboard.test_looks import going_on, opened, recorded

pytest.importorskip("playwright", reason="playwright is not installed")

from tests.dashboard.looking import charts, follow, until


@pytest.fixture
def store(tmp_path):
    return going_on(recorded(tmp_path))


@pytest.fixture
def beats(monkeypatch, store):
    """Opens the page; the seconds between two refreshes of each of its live parts."""
    found, real = [], st.fragment

    def noted(part, run_every=None):
        found.append(run_every)
        return real(part, run_every=run_every)

    monkeypatch.setattr(st, "fragment", noted)

    def read(**asked):
        found.clear()
        opened(monkeypatch, store, **asked)
        return found

    return read


def grows(monkeypatch, seconds):
    """A line of the run's charts takes so long to grow by a pixel."""
    monkeypatch.setattr(curves, "growth", lambda run, span: seconds)


def test_charts_in_which_each_second_is_seen_are_refreshed_each_second(beats):
    assert beats() == [1.0, 1.0]


def test_charts_that_hardly_change_are_refreshed_each_two_seconds_all_else_each_second(monkeypatch, beats):
    grows(monkeypatch, 4.0)
    assert beats() == [1.0, 2.0]


def test_a_view_without_charts_of_its_own_is_one_part(monkeypatch, beats):
    grows(monkeypatch, 4.0)
    assert beats(view="spikes") == [1.0]


def test_a_run_that_has_ended_is_refreshed_no_more(beats, store):
    store.transact([Statement("UPDATE run SET status = 'finished', ended = heartbeat")])
    assert beats() == [None, None]


def test_charts_of_a_silent_run_are_looked_at_no_more_often_than_the_run(monkeypatch, beats, store):
    grows(monkeypatch, 4.0)
    store.transact([Statement("UPDATE run SET heartbeat = heartbeat - INTERVAL 10 MINUTE")])
    assert beats() == [5.0, 5.0]


def test_a_pace_that_goes_to_and_fro_does_not_change_the_beat_each_time(monkeypatch):
    run = {"name": "r"}
    monkeypatch.setattr("dashboard.widgets.beat", lambda run: 1.0)
    found, now = [], None
    for seconds in (3.9, 4.0, 3.9, 2.0, 1.9, 2.1, 3.9, 4.1):
        grows(monkeypatch, seconds)
        found.append(now := curves.beat(run, now))
    assert found == [1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0]


@pytest.mark.browser
def test_a_run_that_is_removed_while_its_page_is_open_is_said_to_be_gone(watched):
    page, url, root = watched
    for name in ("other", "gone"):
        with assay.run(name, store=root) as run:
            run.log(1, loss=1.0)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    page.goto(f"{url}/run?run=gone&lang=en")
    charts(page)
    remove_run(store, "gone")
    page.wait_for_timeout(1200)  # what is live is kept for 0.8 s
    # Nothing of a run that has ended is refreshed until someone does something.
    page.get_by_text("log", exact=True).click()
    page.get_by_text("There is no run called gone.").wait_for()
    assert page.locator(".a-head, [data-testid=stVegaLiteChart]").count() == 0
    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name="other").click()
    charts_of(page, "other").wait_for()


@pytest.mark.browser
def test_a_slow_refresh_does_not_dim_the_page(watched):
    page, url, root = watched
    run = assay.run("live", store=root, total_steps=500)
    run.log(1, loss=3.0)
    page.goto(f"{url}/run?run=live&lang=en")
    charts(page)
    with Store.at(root / "assay.duckdb").exclusive():
        found = page.evaluate(_DIMMEST)
    assert found["stale"] > 0
    assert found["opacity"] == 1
    run.finish()


@pytest.mark.browser
def test_what_streamlit_notes_of_each_refresh_is_forgotten_each_minute(watched):
    page, url, root = watched
    run = assay.run("live", store=root, total_steps=500)
    run.log(1, loss=3.0)
    page.add_init_script(_A_MINUTE_IS_SHORT)
    page.goto(f"{url}/run?run=live&lang=en")
    charts(page)
    page.evaluate("performance.mark('mine'), performance.measure('mine')")
    until(page, "!performance.getEntriesByName('mine').length && window.refreshes > 3")
    run.finish()


_A_MINUTE_IS_SHORT = """
window.refreshes = 0;
const every = window.setInterval, mark = performance.mark.bind(performance);
window.setInterval = (work, milliseconds, ...more) => every(work, milliseconds === 60000 ? 500 : milliseconds, ...more);
performance.mark = name => { window.refreshes += name === 'running'; return mark(name); };
"""
"""Also counts what Streamlit notes."""


_DIMMEST = """async () => {
    const found = {stale: 0, opacity: 1};
    for (let look = 0; look < 30; look++) {
        await new Promise(done => setTimeout(done, 100));
        for (const item of document.querySelectorAll('[data-testid=stElementContainer]')) {
            found.stale += item.dataset.stale === 'true';
            found.opacity = Math.min(found.opacity, Number(getComputedStyle(item).opacity));
        }
    }
    return found;
}"""
"""For three seconds, how often something waited to be sent again, and how dim anything was."""


@pytest.mark.browser
def test_charts_go_and_come_with_the_view_and_with_the_run(watched):
    page, url, root = watched
    with assay.run("other", store=root) as other:
        other.log(1, loss=1.0)
    run = assay.run("live", store=root, total_steps=500)
    for step in range(1, 20):
        run.log(step, loss=3.0 / step, grad_norm=1.0)
    load_spools(Store.at(root / "assay.duckdb"))
    page.goto(f"{url}/run?run=live&lang=en")
    charts(page)
    page.get_by_text("Log & config", exact=True).click()
    page.locator(".a-card").first.wait_for(state="detached")
    charts_of(page, "live").wait_for(state="detached")
    page.get_by_text("Curves", exact=True).click()
    charts_of(page, "live").wait_for()
    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name="other").click()
    follow(page, "other")
    charts_of(page, "other").wait_for()
    charts_of(page, "live").wait_for(state="detached")
    run.finish()


def charts_of(page, name):
    """The loss chart of a run, as it tells the blind."""
    return page.locator(f"[data-testid=stVegaLiteChart][aria-label*='of {name} over']")
