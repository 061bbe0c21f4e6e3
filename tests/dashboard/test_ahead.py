"""What a page begins with is read when its address is asked for, by those who may see it."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard import ahead, assets, cached, entrance, identity
from dashboard.queries.curves import Span
from store.database import Store
from store.errors import StoreBusyError, StoreError

OPENED = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
"""What a browser says of an address that a person has opened."""


@pytest.fixture
def browser(monkeypatch, full_store):
    monkeypatch.setattr(ahead, "TIMES", 1)
    # On a busy machine reading takes long; by the clock of a test of its own what is live is read again.
    monkeypatch.setattr(ahead, "SOON", 60.0)
    monkeypatch.setenv("ASSAY_STORE", str(full_store.path))
    return TestClient(Starlette(routes=assets.asset_routes()), headers=OPENED)


@pytest.fixture
def looks(monkeypatch):
    """A list that grows with each look into the store."""
    found, real = [], Store.snapshot
    monkeypatch.setattr(Store, "snapshot", lambda *args, **options: found.append(1) or real(*args, **options))
    return found


def begin_run(store, span=Span()):  # noqa: B008 - a range is never changed
    path = str(store.path)
    return cached.names_shown(path, cached.run_facts(path, "triage"), span)


def test_a_run_that_was_asked_for_is_there_when_its_page_begins(browser, looks, full_store):
    assert browser.get("/run?run=triage&lang=en").status_code == 200
    assert len(looks) == 3
    assert "loss" in begin_run(full_store)
    assert identity.local_number(str(full_store.path))
    assert len(looks) == 3


def test_what_is_live_is_read_again_when_it_is_out_of_date_however_long_its_charts_took(browser, looks, monkeypatch):
    clock, asked = [100.0], []
    run_facts, names_shown = cached.run_facts, cached.names_shown

    def charts(*arguments):
        clock[0] += 0.5 if len(asked) == 1 else 0.0
        return names_shown(*arguments)

    def facts(*arguments):
        asked.append(clock[0])
        return run_facts(*arguments)

    monkeypatch.setattr(ahead, "TIMES", 3)
    monkeypatch.setattr(ahead, "SOON", 0.1)
    monkeypatch.setattr(ahead, "monotonic", lambda: clock[0])
    monkeypatch.setattr(ahead, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr(cached, "names_shown", charts)
    monkeypatch.setattr(cached, "run_facts", facts)
    browser.get("/run?run=triage")
    assert asked == pytest.approx([100.0, 100.5, 100.5 + ahead.AGAIN, 100.5 + 2 * ahead.AGAIN])
    assert len(looks) == 4, "what was kept before the charts were read is not what is kept after them"
    assert cached.LIVE < ahead.AGAIN < cached.LIVE + 0.1


def test_of_a_browser_that_takes_its_time_it_is_read_again(browser, looks, full_store, monkeypatch):
    monkeypatch.setattr(ahead, "TIMES", 2)
    monkeypatch.setattr(ahead, "AGAIN", 0.0)
    monkeypatch.setattr(ahead, "_run", lambda path, _: (cached.run_now.clear(), cached.run_facts(path, "triage"))[1])
    browser.get("/run?run=triage&view=log")
    assert len(looks) == 3
    cached.run_facts(str(full_store.path), "triage")
    assert len(looks) == 3


def test_the_range_in_the_address_is_the_one_that_is_read(browser, looks, full_store):
    browser.get("/run?run=triage&first=5&last=20")
    begin_run(full_store, Span(5, 20))
    assert len(looks) == 3
    begin_run(full_store)
    assert len(looks) == 4


def test_of_a_view_without_curves_only_the_run_is_read(browser, looks):
    browser.get("/run?run=triage&view=log")
    assert len(looks) == 2


def test_without_a_name_it_is_the_newest_run(browser, looks, full_store):
    browser.get("/run")
    assert len(looks) == 4
    assert cached.run_facts(str(full_store.path), cached.run_names(str(full_store.path))[0])
    assert len(looks) == 4


@pytest.mark.parametrize(("address", "archived"), [("/", False), ("/runs", True)])
def test_lists_of_runs_are_read_with_what_they_show(browser, looks, full_store, address, archived):
    browser.get(address)
    asked = len(looks)
    assert asked
    assert cached.runs(str(full_store.path), archived=archived)
    assert len(looks) == asked


@pytest.mark.parametrize("address", ["/review", "/campaigns", "/run?run=nobody"])
def test_what_is_not_read_ahead_is_answered_all_the_same(browser, address):
    assert browser.get(address).status_code == 200


def test_where_others_come_in_nothing_is_read_before_they_have_said_who_they_are(browser, looks, monkeypatch):
    monkeypatch.setattr(ahead, "entrance", lambda: entrance.Entrance(public="https://assay.example.org"))
    assert browser.get("/run?run=triage").status_code == 200
    assert looks == []


@pytest.mark.parametrize(
    "said",
    [
        {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Dest": "", "Sec-Fetch-Site": ""},
    ],
)
def test_nothing_is_read_for_a_page_of_somebody_else_that_asks_for_it(browser, looks, said):
    assert browser.get("/run?run=triage", headers=said).status_code == 200
    assert looks == []


@pytest.mark.parametrize(("first", "last"), [("²", "³"), ("1", "9" * 5001), ("x", ""), ("9", "1")])
def test_an_odd_range_is_all_steps(browser, full_store, looks, first, last):
    assert browser.get("/run", params={"run": "triage", "first": first, "last": last}).status_code == 200
    asked = len(looks)
    begin_run(full_store)
    assert len(looks) == asked


def test_one_is_read_at_a_time(browser, looks):
    with ahead._reading:
        browser.get("/run?run=triage")
    assert looks == []
    browser.get("/run?run=triage")
    assert looks


def test_where_nobody_at_the_machine_is_known_the_run_is_read_all_the_same(browser, looks, full_store, monkeypatch):
    def refused(_):
        raise StoreError("the store is on a server")

    monkeypatch.setattr(ahead, "local_number", refused)
    assert browser.get("/run?run=triage").status_code == 200
    assert len(looks) == 2
    begin_run(full_store)
    assert len(looks) == 2


def test_a_store_in_trouble_is_left_to_the_page(browser, monkeypatch):
    def busy(*_, **__):
        raise StoreBusyError("held by another process")

    monkeypatch.setattr(Store, "snapshot", busy)
    assert browser.get("/run?run=triage").status_code == 200
    assert not ahead._reading.locked()
