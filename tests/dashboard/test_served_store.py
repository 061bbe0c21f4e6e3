"""The dashboard over a store that a server has: what runs recorded is shown, the rest says where to look."""

import json
from collections.abc import Iterator

import pytest
import streamlit

from assay.cli import main
from dashboard.cached_people import called
from dashboard.language import speaking
from dashboard.queries.checkpoints import shelf
from dashboard.text_tables.common import TEXTS
from dashboard.texts import TEXTS as ALL_TEXTS
from store.database import Statement, Store
from store.requests import ask
from tests.dashboard.opening import open_page
from tests.store.serve.serving import Served

OFFERED = tuple(
    ALL_TEXTS[key]["en"].partition("{")[0]
    for key in (
        "action.stop-and-save", "action.save-now", "action.pause", "action.continue", "spikes.points.confirm",
        "samples.ask.send", "scores.now", "check.button", "check.again",
    )
)  # fmt: skip
"""Beginnings of the labels of what takes the run's own machine."""


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
    return open_page(page, {"lang": "en", **asked})


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


def test_a_checkpoint_that_is_held_is_shown_as_held_and_not_for_what(team, full_store, monkeypatch):
    served, token = team
    monkeypatch.setenv("ASSAY_TOKEN", token)
    run_id = full_store.rows("SELECT id FROM run WHERE name = 'triage'")[0]["id"]
    here = shelf(full_store, run_id).to_pylist()
    there = shelf(Store.at(served.address), run_id).to_pylist()
    held = [row["path"] for row in here if row["pins"]]
    assert held == ["triage/checkpoints/30"]
    assert there == [{**row, "pins": ["server:"] if row["path"] in held else []} for row in here]
    app = opened(monkeypatch, team, "run", run="triage", view="checkpoints")
    notes = [note for table in app.dataframe for note in table.value.get("notes", ())]
    assert any("pinned; the server knows by what" in note for note in notes)


def test_what_was_asked_of_a_run_is_shown_without_who_asked(team, full_store, monkeypatch):
    number = ask(full_store, "begun", "pause", actor="command:ann-of-the-ward")
    try:
        app = opened(monkeypatch, team, "run", run="begun")
        assert "pause" in words(app)
        assert "ann-of-the-ward" not in words(app)
        assert " · , " not in words(app)
    finally:
        full_store.transact([Statement("DELETE FROM request WHERE id = $id", {"id": number})])


def test_a_run_with_checkpoints_is_shown_on_the_command_line(team, full_store, monkeypatch, capsys):
    monkeypatch.setenv("ASSAY_TOKEN", team[1])
    with pytest.raises(SystemExit) as ended:
        main(["runs", "show", "triage", "--json", "--store", team[0].address])
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)["checkpoints"]
    assert [row["path"] for row in found] == [
        row["path"]
        for row in full_store.rows("SELECT path FROM checkpoint WHERE path LIKE 'triage/%' ORDER BY branch, step")
    ]


def test_curves_are_drawn_of_what_the_server_has(monkeypatch, team):
    app = opened(monkeypatch, team, "run", run="triage")
    assert len(app.get("vega_lite_chart")) > 1


@pytest.mark.parametrize("view", ["curves", "spikes", "checkpoints", "samples", "scores", "forgetting", "data", "log"])
@pytest.mark.parametrize("run", ["triage", "begun"])
def test_nothing_is_offered_that_only_the_machine_with_the_files_can_do(monkeypatch, team, run, view):
    app = opened(monkeypatch, team, "run", run=run, view=view)
    labels = [button.label for button in app.button]
    assert not [label for label in labels if label.startswith(OFFERED)]
    assert not [code.value for code in app.code if "quack:" in code.value or "--store" in code.value]
    assert "cannot be read" not in words(app)


def test_a_checkpoint_is_gone_on_with_where_it_lies(monkeypatch, team, full_store):
    app = opened(monkeypatch, team, "run", run="triage", view="checkpoints")
    newest = full_store.rows(
        "SELECT c.branch, c.step FROM checkpoint c JOIN run r ON r.id = c.run_id WHERE r.name = 'triage' "
        "ORDER BY c.step DESC LIMIT 1"
    )[0]
    assert f"assay train --from triage/{newest['branch']}@{newest['step']}" in [code.value for code in app.code]
    assert TEXTS["elsewhere.checkpoint"]["en"] in words(app)


def test_a_run_may_have_another_name_where_its_checkpoints_are():
    assert "where the run may have another name" in TEXTS["elsewhere.checkpoint"]["en"]
    assert "可能另有名字" in TEXTS["elsewhere.checkpoint"]["zh"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_people_are_someone_and_the_server_is_not_asked_for_their_names(monkeypatch, language):
    monkeypatch.setenv("ASSAY_STORE", "quack://127.0.0.1:9494")
    monkeypatch.setenv("ASSAY_TOKEN", "assay-read-none")
    asked = []
    monkeypatch.setattr("dashboard.cached_people.names", lambda store: asked.append(store) or {})
    with speaking(language):
        assert called("user:3") == {"en": "someone", "zh": "某人"}[language]
        assert called("command:ann") == "ann"
    assert asked == []


def test_runs_are_listed_without_what_changes_them(monkeypatch, team):
    app = opened(monkeypatch, team, "runs")
    assert app.dataframe[0].proto.column_order[0] == "name"


@pytest.mark.parametrize("view", ["data", "log"])
def test_views_of_files_say_quietly_where_they_are(monkeypatch, team, view):
    said = words(opened(monkeypatch, team, "run", run="triage", view=view))
    assert TEXTS["elsewhere.files"]["en"] in said
    assert "a-notice a-bad" not in said


def test_menus_lead_to_what_is_shown_alone(monkeypatch, team):
    seen = {}
    navigate = streamlit.navigation
    monkeypatch.setattr(streamlit, "navigation", lambda pages, **more: seen.update(pages) or navigate(pages, **more))
    opened(monkeypatch, team, "home")
    shown = {page.url_path for listed in seen.values() for page in listed if page.visibility == "visible"}
    assert shown == {"", "runs", "run"}


@pytest.mark.parametrize("page", ["review", "campaigns", "releases", "audit"])
def test_pages_of_reviews_and_releases_say_where_they_are_shown(monkeypatch, team, page):
    assert TEXTS["not_served"]["en"] in words(opened(monkeypatch, team, page))


def test_others_are_not_served_from_a_store_that_a_server_has(monkeypatch, capsys, team):
    monkeypatch.setenv("ASSAY_TOKEN", team[1])
    with pytest.raises(SystemExit) as ended:
        main(["dash", "--store", team[0].address, "--public", "https://assay.example.org", "--no-browser"])
    assert ended.value.code == 2
    assert "runs where the store is: on the machine of `assay serve`" in capsys.readouterr().err
