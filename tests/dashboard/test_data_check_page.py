"""Run · Data: the check of a run's data, from the button to what was found, for those who may and those who may not."""

import hashlib
import json
import time
from pathlib import Path

import pytest
import streamlit as st

import assay
from dashboard import data_checks
from dashboard.charts.made_up import Kind, kinds_chart, lengths_chart
from dashboard.colors import LIGHT
from dashboard.queries.data_check import STOPPED
from dashboard.texts import TEXTS
from evals.data.check import CheckOptions, check_data
from evals.data.kept import keep, key_of
from evals.data.meanings import MEANINGS
from store.access import Actor
from store.database import Store
from store.loading import load_spools
from store.requests import SERVER, finish, take, waiting
from store.users import NewUser, add_user
from tests.dashboard.opening import open_page
from tests.evals.written import written
from tests.store.people import COMMAND

BUTTON = "check-data-1"
HOSTILE = "<img src=x onerror=alert(1)>"
ROWS = [
    {"prompt": "怎样挂号？", "completion": f"打13800138000。{HOSTILE}", "task": "挂号"},
    *({"prompt": f"第{n}天吃什么东西？", "completion": f"吃{n}个苹果，喝水。", "task": "饮食"} for n in range(20)),
]


@pytest.fixture
def store(root: Path, monkeypatch) -> Store:
    """A run of a file with a few faults; no check is ever begun."""
    root.mkdir(exist_ok=True)
    file = written(root, *ROWS)
    with assay.run("triage", store=root) as run:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        run.record("dataset", path=str(file), sha256=digest, rows=21, role="train", first_row=0)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    monkeypatch.setattr(data_checks, "begin", lambda store: None)
    return store


def checked(store):
    """Keep what the command would say."""
    result = check_data([str(store.root / "data.jsonl")], CheckOptions()).as_dict()
    keep(store.root, key_of([result["files"][0]["sha256"]], {}, None), {**result, "checked": time.time(), "suites": []})


def opened(monkeypatch, store, lang="en"):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page("run", {"lang": lang, "run": "triage", "view": "data"})


def shown(app):
    return "\n".join(block.body for block in app.html)


def buttons(app):
    return [button.key for button in app.button if button.key and button.key.startswith("check-data")]


def test_the_button_asks_once_and_says_so_until_it_is_done(monkeypatch, store):
    app = opened(monkeypatch, store)
    assert TEXTS["check.none"]["en"] in shown(app)
    app.button(key=BUTTON).click().run()
    assert "waits to be checked" in shown(app)
    assert app.button(key=BUTTON).disabled
    assert [request.kind for request in waiting(store, "triage", SERVER)] == ["check-data"]
    take(store, "triage", SERVER)
    words = shown(opened(monkeypatch, store))
    assert "being checked, begun " in words
    assert "asked for by" in words


def test_what_was_found_is_shown_with_its_examples_as_plain_text(monkeypatch, store):
    checked(store)
    app = opened(monkeypatch, store)
    words = shown(app)
    assert "of 100 · 21 rows · checked" in words
    assert "<b>phone numbers</b>" in words
    assert "data.jsonl:1" in words
    assert "138******00" in words
    assert HOSTILE not in words
    assert "<details><summary>1 example</summary>" in words
    assert [button.label for button in app.button if button.key == BUTTON] == ["Check again"]


def test_how_the_data_is_made_up_is_drawn_and_what_all_rows_share_is_a_word(monkeypatch, store):
    checked(store)
    app = opened(monkeypatch, store)
    words = shown(app)
    assert "Length of questions, in characters" in words
    assert "1, in all rows" in words
    # Lengths of questions and answers, subtasks; languages where short answers are not told.
    assert len(app.get("vega_lite_chart")) >= 3


def test_in_chinese_no_english_is_left_of_the_checks_own_words(monkeypatch, store):
    checked(store)
    words = shown(opened(monkeypatch, store, "zh"))
    assert "电话号码" in words
    assert "个人信息" in words
    assert "personal data" not in words


def test_every_check_has_a_name_and_a_sentence():
    assert {key.removeprefix("finding.").removesuffix(".means") for key in TEXTS if key.endswith(".means")} >= set(
        MEANINGS
    )
    assert all(f"finding.{check}" in TEXTS for check in MEANINGS)


def change(store):
    file = store.root / "data.jsonl"
    file.write_text(file.read_text(encoding="utf-8") + json.dumps(ROWS[1]) + "\n", encoding="utf-8")


def test_a_result_of_what_the_run_read_stays_and_says_that_the_file_has_changed(monkeypatch, store):
    checked(store)
    change(store)
    app = opened(monkeypatch, store)
    assert TEXTS["check.changed.kept"]["en"].format(names="data.jsonl") in shown(app)
    assert buttons(app) == []


def test_a_result_of_a_changed_file_is_marked_as_of_another_content(monkeypatch, store):
    change(store)
    assert TEXTS["check.changed.none"]["en"].format(names="data.jsonl") in shown(opened(monkeypatch, store))
    checked(store)
    app = opened(monkeypatch, store)
    assert TEXTS["check.changed"]["en"].format(names="data.jsonl") in shown(app)
    assert "22 rows" in shown(app)
    assert buttons(app) == [BUTTON]


def test_a_file_that_is_gone_keeps_its_result_and_cannot_be_checked(monkeypatch, store):
    checked(store)
    (store.root / "data.jsonl").unlink()
    app = opened(monkeypatch, store)
    assert TEXTS["check.gone"]["en"].format(names="data.jsonl") in shown(app)
    assert "<b>phone numbers</b>" in shown(app)
    assert buttons(app) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("not checked: there is no data file /x.jsonl", "was not made: there is no data file /x.jsonl."),
        ("not done: this needs the role engineer", "was not made: this needs the role engineer."),
        (f"not checked: {STOPPED}", TEXTS["check.stopped"]["en"]),
        (f"not checked: {data_checks.TOO_SLOW}", "longer than 30 minutes"),
    ],
)
def test_a_check_that_was_not_made_says_why_until_one_is(monkeypatch, store, said, words):
    app = opened(monkeypatch, store)
    app.button(key=BUTTON).click().run()
    [request] = take(store, "triage", SERVER)
    finish(store, request.id, said)
    assert words in shown(opened(monkeypatch, store))
    checked(store)
    assert words not in shown(opened(monkeypatch, store))


def test_who_may_not_act_on_runs_sees_the_result_and_no_button(monkeypatch, store):
    add_user(store, COMMAND, NewUser("Root", "admin", "https://i", "0"))
    number = add_user(store, COMMAND, NewUser("Audi", "auditor", "https://i", "1"))
    monkeypatch.setattr("dashboard.identity.actor", lambda: Actor("oidc", number))
    app = opened(monkeypatch, store)
    assert buttons(app) == []
    assert TEXTS["check.none.read"]["en"] in shown(app)
    checked(store)
    app = opened(monkeypatch, store)
    assert buttons(app) == []
    assert "<b>phone numbers</b>" in shown(app)


def test_a_damaged_result_is_none(monkeypatch, store):
    checked(store)
    [file] = (store.root / ".checks").glob("*.json")
    file.write_text("{")
    assert TEXTS["check.none"]["en"] in shown(opened(monkeypatch, store))


def test_the_bar_of_what_is_far_longer_is_as_wide_as_the_others_and_quiet():
    chart = lengths_chart([0, 5, 10, 900], [3, 2, 1], {"length": "length", "rows": "rows"}, LIGHT).to_dict()
    [rows] = chart["datasets"].values()
    assert [(row["low"], row["high"], row["told"], row["rest"]) for row in rows] == [
        (0, 5, "0 – 4", False), (5, 10, "5 – 9", False), (10, 15, "≥ 10", True),
    ]  # fmt: skip
    assert chart["layer"][0]["encoding"]["color"]["scale"]["range"] == [LIGHT.series[0], LIGHT.abandoned]


def test_kinds_keep_their_order_from_top_to_bottom():
    kinds = [Kind("b", 3, "3 · 75.0 %"), Kind("a", 1, "1 · 25.0 %", is_rest=True)]
    chart = kinds_chart(kinds, {"kind": "kind", "rows": "rows"}, LIGHT).to_dict()
    assert chart["layer"][0]["encoding"]["y"]["sort"] == ["b", "a"]
    assert chart["layer"][1]["encoding"]["text"]["field"] == "label"
