"""What waits for someone on the page Home, and what no longer does."""

import itertools
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import assay
import dashboard
from dashboard.queries import waiting
from dashboard.texts import TEXTS
from dashboard.views.waiting import MOST, NEW
from evals.gate.health import health
from store.clock import utc_now
from store.database import Store
from store.loading import load_spools
from store.places import Place
from store.requests import ask, take

APP = Path(dashboard.__file__).parent / "app.py"
DAY = NEW + timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One run of each kind: failed, lost, alarmed, paused, asked, and one at peace."""
    root = tmp_path / "runs"
    for name in ("lost", "alarmed", "paused", "asked", "fine"):
        run = assay.run(name, store=root, total_steps=100)
        run.log(40, loss=1.0)
        if name == "alarmed":
            run.event("guard", "an <older> alarm", level="alarm", step=20)
            run.event("guard", "the loss <jumped>", level="alarm", step=38)
        if name == "paused":
            run.status("paused")
        run.finish()
    with pytest.raises(RuntimeError), assay.run("failed", store=root, total_steps=100) as run:
        run.log(3, loss=1.0)
        raise RuntimeError("out of <memory>")
    found = Store.at(root / "assay.duckdb")
    load_spools(found)
    for name, status in (("lost", "running"), ("alarmed", "running"), ("paused", "paused"), ("asked", "running")):
        put(found, "status = $status, ended = NULL, heartbeat = $now", name, status=status, now=utc_now())
    put(found, "heartbeat = $old", "lost", old=utc_now() - timedelta(minutes=10))
    ask(found, "asked", "rollback", {"step": 20}, actor="bo")
    found.transaction(lambda tx: tx.execute("UPDATE request SET created = created - INTERVAL 1 MINUTE"))
    return found


def put(store, changes, name, **values):
    store.transaction(lambda tx: tx.execute(f"UPDATE run SET {changes} WHERE name = $name", {"name": name, **values}))


def opened(monkeypatch, store, lang="en"):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.query_params["lang"] = lang
    app.run()
    assert not app.exception
    return app


def words(app):
    return "\n".join(block.body for block in app.html)


def waits(app):
    """Run, view and first step of each link from above; None for the heading of what is under way."""
    return [item for child in app.main.children.values() for item in found_in(child)]


def found_in(child):
    if child.type == "page_link":
        asked = dict(parse_qsl(child.proto.query_string))
        return [(asked["run"], asked.get("view"), asked.get("first"))]
    if child.type == "html":
        return [None] if "under way" in child.proto.body else []
    return [item for below in getattr(child, "children", {}).values() for item in found_in(below)]


def listed(app):
    """What waits: the links before that heading."""
    return list(itertools.takewhile(lambda item: item is not None, waits(app)))


def test_what_waits_is_listed_the_most_pressing_first_and_leads_to_its_view(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert listed(app) == [
        ("failed", "log", None),
        ("lost", "log", None),
        ("alarmed", "spikes", "8"),
        ("asked", None, None),
        ("paused", None, None),
    ]
    said = words(app)
    assert "RuntimeError: out of &lt;memory&gt;" in said
    assert "no word for 10 min · step 40 of 100" in said
    assert "the loss &lt;jumped&gt;" in said
    assert "&lt;older&gt;" not in said
    assert "bo asked to roll back to step 20 1 min ago; not taken yet" in said
    assert "fine" in [asked[0] for asked in waits(app) if asked]


def test_it_is_said_in_chinese(monkeypatch, store):
    said = words(opened(monkeypatch, store, "zh"))
    assert "等你处理" in said
    assert "bo 1 分钟前请求“回滚到第 20 步”，还没有被接收" in said


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "step 39: the loss, 9.500, is above 3.000"), ("zh", "第 39 步：损失 9.500，高于界限 3.000")],
)
def test_a_spike_is_told_in_the_reader_s_language_in_both_places(monkeypatch, store, lang, said):
    facts = '{"rule": "T1", "series": "loss", "action": "rollback", "value": 9.5, "limit": 3.0}'
    row = "INSERT INTO event SELECT id, 1, 39, $at, 'spike', 'alarm', 'as told', $facts FROM run WHERE name = 'alarmed'"
    store.transaction(lambda tx: tx.execute(row, {"at": utc_now() + timedelta(seconds=1), "facts": facts}))
    blocks = [block.body for block in opened(monkeypatch, store, lang).html]
    assert sum(said in block for block in blocks) == 2
    assert not any("as told" in block for block in blocks)


def test_when_nothing_waits_that_is_said(monkeypatch, store):
    store.transaction(lambda tx: tx.execute("UPDATE run SET archived = name <> 'fine'"))
    app = opened(monkeypatch, store)
    assert f">{TEXTS['waiting.nothing']['en']}<" in words(app)
    assert [item[0] for item in waits(app)] == ["fine"]


def test_what_ended_more_than_a_day_ago_waits_no_longer_but_is_still_shown(monkeypatch, store):
    put(store, "ended = $old", "failed", old=utc_now() - DAY)
    put(store, "heartbeat = $old", "lost", old=utc_now() - 2 * DAY)
    app = opened(monkeypatch, store)
    assert [name for name, *_ in listed(app)] == ["alarmed", "asked", "paused"]
    assert [asked[0] for asked in waits(app)[-3:]] == ["fine", "failed", "lost"]
    assert "RuntimeError: out of &lt;memory&gt;" in words(app)


@pytest.mark.parametrize("answer", ["note", "rollback"])
def test_an_alarm_is_answered_by_a_note_or_a_rollback(store, answer):
    assert [row["message"] for row in waiting.open_alarms(store).to_pylist()] == ["the loss <jumped>"]
    later = utc_now() + timedelta(seconds=1)
    put_answer = {
        "note": "INSERT INTO event SELECT id, 1, 40, $at, 'note', 'info', 'seen', NULL FROM run WHERE name = 'alarmed'",
        "rollback": "INSERT INTO branch SELECT id, 2, 1, 20, 'rollback', $at, NULL FROM run WHERE name = 'alarmed'",
    }[answer]
    store.transaction(lambda tx: tx.execute(put_answer, {"at": later}))
    assert waiting.open_alarms(store).num_rows == 0
    again = "INSERT INTO event SELECT id, 1, 50, $at, 'guard', 'alarm', 'again', NULL FROM run WHERE name = 'alarmed'"
    store.transaction(lambda tx: tx.execute(again, {"at": later + timedelta(seconds=1)}))
    assert [(row["step"], row["message"]) for row in waiting.open_alarms(store).to_pylist()] == [(50, "again")]


ANSWERS = {
    "none": ("", 0, 2),
    "a note": ("INSERT INTO event SELECT id, 1, 40, $at, 'note', 'info', 'seen', NULL FROM run", 0, 0),
    "a rollback": ("INSERT INTO branch SELECT id, 2, 1, 40, 'rollback', $at, NULL FROM run", 1, 0),
    "going on": ("INSERT INTO branch SELECT id, 2, 1, 40, 'resume', $at, NULL FROM run", 1, 2),
    "resumed between the alarms": ("INSERT INTO branch SELECT id, 2, 1, 30, 'resume', $at, NULL FROM run", 1, 1),
    "resumed before both": ("INSERT INTO branch SELECT id, 2, 1, 10, 'resume', $at, NULL FROM run", 1, 0),
}
"""What follows alarms at steps 20 and 38: the row, how many branches it opens, how many alarms stay open."""


@pytest.mark.parametrize(("statement", "branches", "count"), ANSWERS.values(), ids=ANSWERS)
def test_home_and_the_gate_agree_on_which_alarms_are_open(store, statement, branches, count):
    if statement:
        values = {"at": utc_now() + timedelta(seconds=1)}
        store.transaction(lambda tx: tx.execute(f"{statement} WHERE name = 'alarmed'", values))
    run = store.rows("SELECT id FROM run WHERE name = 'alarmed'")[0]["id"]
    place = Place("alarmed", run, 1 + branches, 40, "", "", "stable")
    gate = store.snapshot(lambda snapshot: health(snapshot, place))["alarms"]
    # At the tip before the branch all that happened lies in the history.
    before = store.snapshot(lambda snapshot: health(snapshot, place._replace(branch=1)))["alarms"]
    assert (len(before), [row["step"] for row in gate]) == (count, [row["step"] for row in before])
    home = [(row["step"], row["message"]) for row in waiting.open_alarms(store).to_pylist()]
    assert home == [(row["step"], row["message"]) for row in gate[:1]]


def test_the_newest_alarm_is_told_whole_though_it_has_no_step(store):
    values = {"at": utc_now() + timedelta(seconds=1)}
    told = "INSERT INTO event SELECT id, NULL, NULL, $at, 'mirror', 'alarm', 'no word', NULL FROM run"
    store.transaction(lambda tx: tx.execute(f"{told} WHERE name = 'alarmed'", values))
    assert [(row["step"], row["message"]) for row in waiting.open_alarms(store).to_pylist()] == [(None, "no word")]


def test_an_alarm_of_a_run_that_finished_waits_for_a_day(monkeypatch, store):
    for ended, count in ((utc_now(), 1), (utc_now() - DAY, 0)):
        put(store, "status = 'finished', ended = $ended", "alarmed", ended=ended)
        assert [name for name, *_ in listed(opened(monkeypatch, store))].count("alarmed") == count


def test_a_request_waits_until_it_is_taken_and_only_after_a_few_seconds(monkeypatch, store):
    assert [(row["kind"], row["actor"]) for row in waiting.untaken(store).to_pylist()] == [("rollback", "bo")]
    ask(store, "fine", "pause", actor="ann")
    names = [name for name, *_ in listed(opened(monkeypatch, store))]
    assert "asked" in names
    assert "fine" not in names
    take(store, "asked")
    assert "asked" not in [name for name, *_ in listed(opened(monkeypatch, store))]


def test_a_watched_run_whose_watcher_ended_waits_for_nobody(monkeypatch, store):
    put(store, "source = '/logs'", "paused")
    assert "paused" not in [name for name, *_ in listed(opened(monkeypatch, store))]
    assert len(waiting.paused(store)) == 1


def test_a_long_list_is_cut_and_says_how_much_more_there_is(monkeypatch, store):
    for number in range(MOST):
        ask(store, "asked", "note", {"text": str(number)}, actor="bo")
    store.transaction(lambda tx: tx.execute("UPDATE request SET created = created - INTERVAL 1 MINUTE"))
    app = opened(monkeypatch, store)
    assert len(listed(app)) == MOST
    assert "5 more" in words(app)


def test_nothing_waits_in_an_empty_store(empty_store):
    for read in (waiting.untaken, waiting.open_alarms, waiting.paused):
        assert read(empty_store).num_rows == 0
