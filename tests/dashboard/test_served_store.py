"""The dashboard over a store that a server has: what runs recorded is shown, the rest says where to look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from assay.cli import main
from dashboard.pages import page_path
from dashboard.text_tables.common import TEXTS
from store.database import Store
from tests.store.serve.serving import Served

APP = Path(dashboard.__file__).parent / "app.py"


@pytest.fixture(scope="module")
def team(full_store: Store) -> Iterator[tuple[Served, str]]:
    """A served copy of the full store, and a token to read it."""
    served = Served(full_store.root).start()
    token = served.token("read", "dashboard")
    yield served, token
    served.stop()


def opened(monkeypatch, team, page, **asked):
    served, token = team
    monkeypatch.setenv("ASSAY_STORE", served.address)
    monkeypatch.setenv("ASSAY_TOKEN", token)
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params.update({"lang": "en", **asked})
    app.run()
    if page != "home":
        app.switch_page(page_path(page)).run()
    assert not app.exception
    return app


def words(app) -> str:
    return "\n".join(block.body for block in app.html)


def test_home_shows_what_runs_and_what_failed(monkeypatch, team):
    said = words(opened(monkeypatch, team, "home"))
    assert "CUDA out of memory" in said
    assert team[0].address in said


def test_the_list_of_runs_is_that_of_the_server(monkeypatch, team, full_store):
    app = opened(monkeypatch, team, "runs")
    names = sorted(row["name"] for row in full_store.rows("SELECT name FROM run WHERE NOT archived"))
    assert sorted(app.dataframe[0].value["name"]) == names


@pytest.mark.parametrize("view", ["curves", "spikes", "checkpoints", "samples", "scores", "forgetting"])
def test_a_run_is_shown_in_each_view(monkeypatch, team, view):
    app = opened(monkeypatch, team, "run", run="triage", view=view)
    said = words(app)
    assert "triage" in said
    assert TEXTS["not_served"]["en"] not in said
    assert "cannot be read" not in said


def test_curves_are_drawn_of_what_the_server_has(monkeypatch, team):
    app = opened(monkeypatch, team, "run", run="triage")
    assert len(app.get("vega_lite_chart")) > 1


def test_what_is_asked_of_a_run_says_where_it_can_be_asked(monkeypatch, team):
    monkeypatch.setattr("dashboard.views.actions.takes_requests", lambda _: True)
    app = opened(monkeypatch, team, "run", run="begun")
    [stop] = [button for button in app.button if button.label == "Stop and save"]
    stop.click().run()
    assert "do that on the machine that runs `assay serve`" in words(app)


@pytest.mark.parametrize("page", ["review", "campaigns", "releases", "audit"])
def test_pages_of_reviews_and_releases_say_where_they_are_shown(monkeypatch, team, page):
    assert TEXTS["not_served"]["en"] in words(opened(monkeypatch, team, page))


def test_others_are_not_served_from_a_store_that_a_server_has(monkeypatch, capsys, team):
    monkeypatch.setenv("ASSAY_TOKEN", team[1])
    with pytest.raises(SystemExit) as ended:
        main(["dash", "--store", team[0].address, "--public", "https://assay.example.org", "--no-browser"])
    assert ended.value.code == 2
    assert "runs where the store is: on the machine of `assay serve`" in capsys.readouterr().err
