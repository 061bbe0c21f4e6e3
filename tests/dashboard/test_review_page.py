"""The Review page on the server: what its script gets, and what its messages do. The script itself is left out."""

import json

import pytest
import streamlit as st

from dashboard.views.review_words import FLAGS, SKIPS
from store.access import Actor
from tests.dashboard.review_seen import Browser
from tests.evals.review.campaigns import make_campaign

BOTH = '[review]\ncriteria = ["accurate", "useful"]\n'


@pytest.fixture
def opened(monkeypatch, empty_store):
    def make(pairs=6, practice=1, **more):
        make_campaign(empty_store, pairs=pairs, practice=practice, **more)
        return Browser(monkeypatch, empty_store), empty_store

    return make


def test_without_a_campaign_it_says_so_and_how_one_is_opened(monkeypatch, full_store):
    found = Browser(monkeypatch, full_store)
    assert found.data is None
    assert "There is nothing for you to judge now" in found.words
    assert found.app.code[0].value == "assay review open --help"


def test_an_expert_without_a_campaign_hears_of_no_commands(monkeypatch, empty_store):
    monkeypatch.setattr("dashboard.views.review.actor", lambda: make_campaign(empty_store).graders[0])
    monkeypatch.setattr("evals.review.service.assignments", lambda *_: [])
    found = Browser(monkeypatch, empty_store)
    assert "There is nothing for you to judge now" in found.words
    assert len(found.app.code) == 0


def test_it_begins_with_the_instructions_and_how_long_so_many_pairs_take(opened):
    found, _ = opened()
    data = found.data
    assert (data["stage"], data["title"]) == ("start", "Which answer helps more?")
    assert data["instructions"]["html"] == "<p>Judge what is said, not how long it is.</p>\n"
    assert [option["words"] for option in data["options"]] == [
        "5 pairs, about 10 min", "10 pairs, about 20 min", "15 pairs, about 30 min", "20 pairs, about 40 min",
    ]  # fmt: skip


def test_of_several_campaigns_one_is_chosen_by_its_title(monkeypatch, empty_store):
    first, second = (make_campaign(empty_store, graders=0).campaign for _ in range(2))
    found = Browser(monkeypatch, empty_store)
    assert found.data["stage"] == "choose"
    titles = [{"campaign": number, "title": "Which answer helps more?"} for number in (second, first)]
    assert found.data["campaigns"] == titles
    found.send("campaign", campaign=first)
    assert (found.data["stage"], found.data["campaign"]) == ("start", first)


def test_a_closed_campaign_asks_for_nothing(opened):
    found, store = opened()
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET closed = now()"))
    found.send("begin", planned=5)
    assert found.data["refused"]["words"].startswith("This review is closed and takes no more verdicts")
    assert (found.load().data["stage"], found.data["title"]) == ("totals", "This review is over")


def test_the_pair_goes_out_without_anything_that_names_it(opened):
    found, _ = opened(practice=0)
    found.send("begin", planned=5)
    pair = found.data["pair"]
    assert set(pair) == {
        "token", "question", "left", "right", "shown_first", "criteria", "answered", "asks_guess", "known",
        "draft", "mark",
    }  # fmt: skip
    assert pair["question"]["raw"] == "What of item-00?"
    assert {pair["left"]["raw"], pair["right"]["raw"]} == {
        "First answer 0. It is this.",
        "Second answer 0. It is that.",
    }
    assert not any(word in json.dumps(found.data) for word in ("secret-run", "secret-base", "campaign-1"))


def test_practice_is_marked_and_a_whole_sitting_ends_with_its_totals(opened):
    found, store = opened(pairs=6, practice=1)
    found.send("begin", planned=5)
    assert found.data["pair"]["mark"] == "Practice: does not count · the last one"
    found.judge("left")
    assert found.data["progress"] == {"words": "0 of 5 tonight · about 10 min left", "share": 0.0}
    for choice in ("left", "right", "tie", "both_bad", "left"):
        assert found.data["stage"] == "pair"
        found.judge(choice)
    assert (found.data["stage"], found.data["says"]) == ("summary", "All pairs of this sitting are done.")
    said = ["A is better", "B is better", "Tie", "Both unacceptable", "A is better"]
    assert [row["choice"] for row in found.data["given"]] == said
    found.send("close")
    assert found.data["stage"] == "totals"
    assert [value for _, value in found.data["figures"]][::2] == ["5", "5"]
    assert store.rows("SELECT count(*) AS n FROM verdict WHERE final IS NOT NULL")[0]["n"] == 5
    found.send("again")
    assert found.data["stage"] == "start"


@pytest.mark.parametrize("demo", [False, True])
def test_after_a_review_is_over_a_closed_sitting_offers_no_other_and_tells_nothing_of_how_it_ended(opened, demo):
    found, store = opened(pairs=10, practice=0)
    found.send("begin", planned=5)
    for _ in range(4):
        found.judge("left")
    if demo:
        store.transaction(lambda tx: tx.execute("UPDATE meta SET demo = true"))
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET expires = now()"))
    found.send("close")
    data = found.data
    assert (data["stage"], data["title"], data["again"]) == ("totals", "This review is over", None)
    assert data["says"] == "It needs no more verdicts; those you gave are kept. Thank you."
    assert [value for _, value in data["figures"]][::2] == ["4", "4"]


def test_a_message_that_comes_twice_is_taken_once(opened):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    token = found.data["pair"]["token"]
    sent = found.judge("left")
    assert sent in found.data["acked"]
    found.waiting = [{"id": sent, "kind": "submit", "token": token, "fields": {"choice": "right"}}]
    found.run()
    assert store.rows("SELECT count(*) AS n FROM verdict")[0]["n"] == 1
    # From another window, with an id of its own, the same verdict is one too.
    found.send("submit", token=token, fields={"choice": "left"})
    assert store.rows("SELECT count(*) AS n FROM verdict")[0]["n"] == 1


def test_all_that_is_filled_in_arrives(opened):
    found, store = opened(practice=0, policy=BOTH)
    found.send("begin", planned=5)
    quote = found.data["pair"]["right"]["raw"]
    errors = [{"side": "right", "type": "wrong-fact", "quote": quote}]
    criteria = {"accurate": "left", "useful": "tie"}
    found.judge("left", criteria=criteria, reasons=["safer"], comment="  a line ", errors=errors)
    assert found.data["refused"] is None
    row = store.rows("SELECT * FROM verdict")[0]
    assert (row["reasons"], row["comment"], json.loads(row["criteria"])["useful"]) == (["safer"], "a line", "tie")
    assert json.loads(row["errors"])[0]["quote"] == quote


def test_a_draft_is_kept_and_changes_nothing_on_the_page(opened):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    before = found.data
    token = before["pair"]["token"]
    sent = found.send("draft", token=token, fields={"comment": "half a wo", "saved": 5, "stray": 1})
    assert found.data == {**before, "acked": [*before["acked"], sent]}
    assert json.loads(store.rows("SELECT fields FROM draft")[0]["fields"]) == {"comment": "half a wo", "saved": 5}
    assert found.load().data["pair"]["draft"] == {"comment": "half a wo", "saved": 5}


def test_ones_own_verdicts_are_opened_one_before_the_other_and_changed(opened):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    tokens = []
    for choice in ("left", "right"):
        tokens.append(found.data["pair"]["token"])
        found.judge(choice)
    now = found.data["pair"]["token"]
    for token in reversed(tokens):
        found.send("undo", token=found.data["pair"]["token"])
        assert (found.data["pair"]["token"], found.data["pair"]["answered"]) == (token, True)
    assert found.data["pair"]["draft"]["choice"] == "left"
    found.send("undo", token=tokens[0])
    assert found.data["pair"]["token"] == tokens[0]
    found.judge("both_bad")
    assert found.data["pair"]["token"] == now
    said = store.rows("SELECT choice FROM verdict WHERE superseded IS NULL AND token = $token", {"token": tokens[0]})
    assert said[0]["choice"] == "both_bad"


def test_one_can_stop_early_look_and_go_on(opened):
    found, _ = opened(practice=0)
    found.send("begin", planned=5)
    found.judge("left")
    found.send("finish")
    assert (found.data["stage"], len(found.data["given"]), found.data["more"]) == ("summary", 1, "Go on judging")
    found.send("open", token=found.data["given"][0]["token"])
    assert found.data["pair"]["mark"] == "Your earlier verdict, open to be changed"
    found.send("next")
    assert found.data["stage"] == "summary"
    found.send("more")
    assert found.data["stage"] == "pair"


def test_a_skip_brings_the_next_pair_and_a_flag_leaves_it(opened):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    first = found.data["pair"]["token"]
    found.send("flag", token=first, reason=FLAGS[0])
    assert found.data["pair"]["token"] == first
    found.send("skip", token=first, reason=SKIPS[0])
    assert found.data["pair"]["token"] != first
    assert found.data["progress"]["words"].startswith("1 of 5 tonight")
    assert store.rows("SELECT reason FROM flag")[0]["reason"] == "question-faulty"


REFUSED = [
    ({"kind": "submit", "token": "0" * 32, "fields": {"choice": "left"}}, "This pair is not known here"),
    ({"kind": "submit", "fields": {"choice": "first"}}, "Pick one of the four verdicts"),
    ({"kind": "submit", "fields": {"choice": ["left"]}}, "Pick one of the four verdicts"),
    ({"kind": "submit", "fields": {"choice": "left", "errors": [{"side": "left", "type": "wrong-fact", "quote": "?"}]}},
     "The sentence of a critical error"),
    ({"kind": "submit", "fields": {"choice": "left", "comment": "x" * 501}}, "The line is too long"),
    ({"kind": "submit", "fields": {"choice": "left", "errors": [{"side": ["left"], "type": {}, "quote": 3}]}},
     "A critical error needs an answer and a kind"),
    ({"kind": "submit", "fields": {"choice": "left", "criteria": {"accurate": ["left"]}}}, "A criterion was answered"),
    ({"kind": "skip", "reason": "  "}, "The reason is missing"),
    ({"kind": "guess", "choice": ["left"]}, "This pair has no verdict yet"),
    ({"kind": "begin", "planned": 0}, "A sitting has 1 to 200 pairs"),
    ({"kind": "begin", "planned": True}, "A sitting has 1 to 200 pairs"),
]  # fmt: skip


def test_what_cannot_be_done_is_said_in_one_sentence_and_the_pair_stays(opened):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    token = found.data["pair"]["token"]
    for message, words in REFUSED:
        sent = found.send(**{"token": token, **message})
        assert found.data["refused"]["id"] == sent
        assert found.data["refused"]["words"].startswith(words)
        assert (found.data["stage"], found.data["pair"]["token"]) == ("pair", token)
    assert store.rows("SELECT count(*) AS n FROM verdict")[0]["n"] == 0


def test_who_may_not_judge_is_told_so_and_gets_no_pair(opened, monkeypatch):
    found, _ = opened(practice=0)
    found.send("begin", planned=5)
    found.data = None
    monkeypatch.setattr("dashboard.views.review.actor", lambda: Actor("oidc", None))
    assert found.run().data is None
    assert "You cannot judge here now" in found.words


def test_a_blank_criterion_is_said_and_the_pair_stays(opened):
    found, store = opened(practice=0, policy=BOTH)
    found.send("begin", planned=5)
    found.judge("left", criteria={"accurate": "tie"})
    assert found.data["refused"]["words"].startswith("A criterion is not answered")
    assert store.rows("SELECT count(*) AS n FROM verdict")[0]["n"] == 0


def test_a_sentence_marked_on_the_screen_is_found_in_the_source(opened):
    found, store = opened(practice=0)
    text = "1. bread &amp; salt\n2. then rest"
    store.transaction(lambda tx: tx.execute("UPDATE pair SET first = $text, second = $text", {"text": text}))
    found.send("begin", planned=5)
    found.judge("left", errors=[{"side": "left", "type": "other", "quote": "bread & salt\nthen rest"}])
    assert found.data["refused"] is None
    assert json.loads(store.rows("SELECT errors FROM verdict")[0]["errors"])[0]["quote"] == "bread & salt\nthen rest"


def test_the_first_pair_of_a_demo_lasts_as_long_as_the_page_before_it_says(opened, monkeypatch):
    found, store = opened(practice=0)
    store.transaction(lambda tx: tx.execute("UPDATE meta SET demo = true"))
    st.cache_data.clear()
    found.load()
    assert found.data["options"][0]["words"] == "5 pairs, about 1 min"
    found.send("begin", planned=5)
    assert found.data["progress"]["words"] == "0 of 5 tonight · about 1 min left"
