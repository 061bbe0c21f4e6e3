"""The story bar and the people who are played: in demos alone, ticked by rows, silent where pairs are judged."""

import json
import shutil

import pytest
import streamlit as st

import assay
from dashboard.demo_story import next_step, steps_of
from dashboard.entrance import Entrance, open_by
from dashboard.queries.story import story
from dashboard.release_states import State
from dashboard.views import story as bar_of_story
from store.database import Store
from store.loading import load_spools
from store.personas import add_people
from store.story import ALONE, GUARDED, PART, SECOND, TRIAGE, WATCHED
from tests.dashboard.test_pages import opened, shown
from tests.store.people import COMMAND

STEPS = ["train", "spike", "rollback", "scores", "forgetting", "review", "check", "approve", "release", "restore"]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A demo whose four runs are trained, with a spike and a rollback; nothing is judged yet."""
    root = tmp_path_factory.mktemp("demo")
    store = Store.at(root / "assay.duckdb")
    store.create(demo=True)
    for name in (TRIAGE, ALONE, WATCHED, GUARDED):
        run = assay.run(name, store=root, total_steps=10)
        run.log(1, loss=2.0)
        if name != TRIAGE:
            run.event("spike", "jump of the loss", level="alarm", step=1)
        if name == GUARDED:
            run.fork(after=0, reason="rollback")
        if name == TRIAGE:
            run.record("checkpoint", s=1, b=1, state="stable", path=f"{name}/checkpoints/1", sha256="c" * 64, bytes=1)
        run.finish()
    load_spools(store)
    add_people(store, COMMAND)
    return store


@pytest.fixture
def demo(told, tmp_path):
    shutil.copytree(told.root, tmp_path / "demo")
    return Store.at(tmp_path / "demo" / "assay.duckdb")


def evaluated(store):
    """Scores and questions of both desks."""
    for number, (run, measures) in enumerate(((TRIAGE, "learned"), (TRIAGE, "kept"), (ALONE, "kept")), start=1):
        store.transaction(
            lambda tx, values={"id": number, "run": run, "measures": measures}: tx.execute(
                "INSERT INTO eval_run BY NAME SELECT $id AS id, CAST($id AS VARCHAR) AS key, r.id AS run_id, "
                "$measures AS measures, '' AS suite, '' AS suite_sha256, '' AS kind, 'c' AS artifact, '' AS scorer, "
                "'' AS model, now() AS created, 1 AS n, 1 AS \"of\", 1.0 AS seconds, '{}' AS data "
                "FROM run r WHERE name = $run",
                values,
            )
        )


def asked(store, part=SECOND):
    """A campaign of the desk's checkpoint."""
    store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO campaign VALUES (1, 'second', 'Desk', 'demo-triage@1', $c, 'base', 'b', NULL, 'p', 'en', "
            "'', 7, false, now(), 'command:ann', now() + INTERVAL 1 DAY, NULL, NULL, NULL, $data)",
            {"c": "c" * 64, "data": json.dumps({PART: part})},
        )
    )


def done(steps):
    return [step.key for step in steps if step.is_done]


def test_each_step_is_ticked_by_the_rows_that_show_it(demo):
    steps = steps_of(story(demo), None)
    assert [step.key for step in steps] == STEPS
    assert done(steps) == ["train", "spike", "rollback"]
    assert next_step(steps).key == "scores"
    evaluated(demo)
    steps = steps_of(story(demo), None)
    assert (done(steps), next_step(steps).key) == (STEPS[:5], "review")
    # There is nothing to judge yet, so the step leads nowhere.
    assert next_step(steps).page == ""
    asked(demo, "first")
    assert next_step(steps_of(story(demo), None)).page == ""
    demo.transaction(lambda tx: tx.execute("UPDATE campaign SET data = $data", {"data": json.dumps({PART: SECOND})}))
    assert next_step(steps_of(story(demo), None)).page == "review"


def test_the_first_part_leads_to_the_runs_that_show_it(demo):
    evaluated(demo)
    places = {step.key: (step.page, step.asked) for step in steps_of(story(demo), None)}
    assert places["train"] == ("run", {"run": TRIAGE, "view": "curves"})
    assert places["spike"] == ("run", {"run": WATCHED, "view": "spikes"})
    assert places["rollback"] == ("run", {"run": GUARDED, "view": "spikes"})
    assert places["scores"] == ("run", {"run": TRIAGE, "view": "scores"})
    assert places["forgetting"] == ("run", {"run": ALONE, "view": "forgetting"})


ROW = {
    "triage": TRIAGE, "alone": ALONE, "watched": WATCHED, "guarded": GUARDED, "going": GUARDED, "trained": True,
    "spiked": True, "rolled_back": True, "scored": True, "asked": True, "run": TRIAGE, "branch": 1, "step": 390,
    "campaign": 2, "judged": 15, "is_closed": True, "is_looked": True, "restored": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "state", "key", "persona"),
    [
        ({"is_closed": False, "is_looked": False}, State("judging"), "review", "expert"),
        ({"is_looked": False}, State("judged"), "check", "li"),
        ({}, State("built"), "approve", "li"),
        ({}, State("signing", given=1, required=2), "approve", "zhao"),
        ({}, State("refused"), "approve", "li"),
        ({}, State("signed", given=2, required=2), "release", "li"),
        ({}, State("live"), "restore", "zhao"),
    ],
)
def test_the_second_part_goes_from_the_expert_to_two_leads(change, state, key, persona):
    lit = next_step(steps_of({**ROW, **change}, state))
    assert (lit.key, lit.persona) == (key, persona)


def test_what_was_put_back_is_the_end_of_it():
    steps = steps_of({**ROW, "restored": True}, State("replaced"))
    assert next_step(steps) is None
    assert steps[6].asked == {"run": TRIAGE, "at": "1@390"}


def bar(app):
    return [found for found in app.get("selectbox") if found.key == "persona-switch"]


def test_a_store_that_is_no_demo_has_neither_bar_nor_people(monkeypatch, full_store, demo):
    app = opened(monkeypatch, full_store)
    assert bar(app) == []
    assert "persona" not in app.session_state
    # What the session says is not believed there either.
    app.session_state["persona"] = "li"
    app.run()
    assert (bar(app), app.exception) == ([], [])
    demo.transaction(lambda tx: tx.execute("UPDATE meta SET demo = false"))
    assert bar(opened(monkeypatch, demo)) == []


def test_a_demo_that_others_reach_has_neither(monkeypatch, demo):
    open_by(Entrance("https://assay.example.org"))
    try:
        app = opened(monkeypatch, demo)
        app.session_state["persona"] = "li"
        app.run()
    finally:
        open_by(Entrance())
    assert bar(app) == []
    assert [link.proto.label for link in app.get("page_link")] == []


def links(app):
    return [link.proto.label.replace("\\", "") for link in app.get("page_link")][:10]


def test_the_bar_stands_on_every_page_with_the_next_step_as_a_button(monkeypatch, demo):
    evaluated(demo)
    asked(demo)
    app = opened(monkeypatch, demo, "runs")
    assert links(app)[:6] == ["✓ train", "✓ spike", "✓ rollback", "✓ scores", "✓ forgetting", "blind review"]
    assert "Judge fifteen pairs as Dr Wang" in shown(app)
    assert app.button(key="story-go").label == "Go there as expert Dr Wang"
    assert app.selectbox(key="persona-switch").options == [
        "yourself, in every role", "engineer Chen", "expert Dr Wang", "lead Li", "lead Zhao", "auditor Sun",
    ]  # fmt: skip


def test_where_pairs_are_judged_the_bar_names_neither_run_nor_step_and_leads_nowhere(monkeypatch, demo):
    evaluated(demo)
    asked(demo)
    for persona in (None, "expert"):
        app = opened(monkeypatch, demo, "review")
        app.session_state["persona"] = persona
        app.run()
        assert "Step 6 of 10 of the story: the blind review." in shown(app)
        assert links(app) == []
        assert "demo-triage" not in shown(app)
        assert [button.key for button in app.button if button.key == "story-go"] == []


def test_a_choice_whose_place_is_gone_plays_nobody(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    bar_of_story._switched()
    assert st.session_state == {}
    monkeypatch.setattr(st, "session_state", {"persona-switch": "li"})
    bar_of_story._switched()
    assert st.session_state["persona"] == "li"


def test_whom_one_plays_decides_on_pages_and_stands_in_the_log(monkeypatch, demo):
    app = opened(monkeypatch, demo)
    app.selectbox(key="persona-switch").select("auditor").run()
    assert app.session_state["persona"] == "auditor"
    app.selectbox(key="persona-switch").select("self").run()
    assert app.session_state["persona"] is None
