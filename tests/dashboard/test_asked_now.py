"""Answers to questions that an open blind review asks: no page of a run shows whose they are until it closes."""

from html import unescape

import pytest
import streamlit as st

from dashboard.views import forgetting_questions
from evals.review.service import close_campaign
from evals.review.used import asked_now, is_asked_among
from tests.dashboard.evaluated import evaluated_store
from tests.dashboard.opening import open_page
from tests.evals.review.campaigns import make_campaign

NOTE = "asked in an open blind review; shown after it closes"


@pytest.fixture
def reviewed(tmp_path):
    """An evaluated store, all of whose questions an open campaign asks."""
    store = evaluated_store(tmp_path)
    questions = [row["question"] for row in store.rows("SELECT DISTINCT question FROM eval_item ORDER BY question")]
    made = make_campaign(store, pairs=len(questions), practice=0)
    for place, question in enumerate(questions):
        values = {"question": f" {question}  ", "item": f"item-{place:02}"}
        store.transaction(lambda tx, values=values: tx.execute(UPDATE, values))
    return store, made


UPDATE = "UPDATE pair SET question = $question WHERE item = $item"


def shown(monkeypatch, store, view):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    app = open_page("run", {"lang": "en", "run": "triage", "view": view})
    return app, unescape("\n".join(block.body for block in app.html))


def test_samples_hide_answers_while_the_review_is_open(monkeypatch, reviewed):
    store, made = reviewed
    app, words = shown(monkeypatch, store, "samples")
    assert set(app.dataframe[0].value.iloc[0]) == {"头痛两天，应该看哪个科？", NOTE}
    assert NOTE in words
    close_campaign(store, made.lead, made.campaign, "enough")
    app, words = shown(monkeypatch, store, "samples")
    assert NOTE not in words
    row = set(app.dataframe[0].value.iloc[0])
    assert NOTE not in row
    assert len(row) > 2


def test_scores_hide_what_was_answered_and_whether_it_was_right(monkeypatch, reviewed):
    store, _ = reviewed
    _, words = shown(monkeypatch, store, "scores")
    cards = next(part for part in words.split('class="a-items"')[1:])
    assert cards.count(NOTE) == cards.count('<div class="a-item">') > 0
    assert "Answer" not in cards
    assert "a-status" not in cards


def test_questions_lost_and_gained_hide_what_was_answered(monkeypatch, reviewed):
    store, _ = reviewed
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    st.cache_data.clear()
    question = store.rows("SELECT question FROM eval_item LIMIT 1")[0]["question"]
    asked, other = ({"question": text, "said": "B"} for text in (question, "another one"))
    assert forgetting_questions._said(other, "said") == "B"
    assert forgetting_questions._said(asked, "said") != "B"


def test_a_demo_where_one_person_plays_all_roles_hides_nothing(reviewed):
    store, _ = reviewed
    question = store.rows("SELECT question FROM eval_item LIMIT 1")[0]["question"]
    assert is_asked_among(asked_now(store), question)
    store.transaction(lambda tx: tx.execute("UPDATE meta SET demo = true"))
    assert not is_asked_among(asked_now(store), question)
