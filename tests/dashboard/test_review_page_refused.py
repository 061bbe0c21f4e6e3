"""The Review page: messages that are refused, come twice, or find a store in trouble."""

import pytest

from dashboard.views import review, review_desk
from dashboard.views.review_words import REASONS, refusal
from evals.review import sentences
from evals.review.answers import ERROR_TYPES
from store.errors import StoreError
from tests.dashboard.review_seen import Browser
from tests.evals.review.campaigns import make_campaign


@pytest.fixture
def opened(monkeypatch, empty_store):
    def make(pairs=6, practice=1, **more):
        make_campaign(empty_store, pairs=pairs, practice=practice, **more)
        return Browser(monkeypatch, empty_store), empty_store

    return make


def refused_verdict(found, *after):
    """A verdict whose sitting is over, and what its browser sends together with it; its id."""
    token = found.data["pair"]["token"]
    verdict = {"id": "verdict", "kind": "submit", "token": token, "fields": {"choice": "left"}}
    found.waiting = [verdict, *({"token": token, **message} for message in after)]
    found.run()
    return verdict["id"]


@pytest.mark.parametrize(
    "after",
    [
        {"id": "later", "kind": "guess", "choice": "left"}, {"id": "later", "kind": "flag", "reason": " "},
        {"id": "later", "kind": "finish"},
    ],
)  # fmt: skip
def test_what_comes_together_with_a_refused_verdict_hides_neither_its_reason_nor_that_it_is_still_wanted(opened, after):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    store.transaction(lambda tx: tx.execute("UPDATE sitting SET opened = opened - INTERVAL 13 HOUR"))
    sent = refused_verdict(found, after)
    assert found.data["refused"]["id"] == sent
    assert found.data["refused"]["words"].startswith("The sitting of this pair is over")
    assert sent in found.data["denied"]
    assert {sent, after["id"]} <= set(found.data["acked"])
    found.send("begin", planned=5)
    assert found.data["refused"] is None


def test_a_guess_that_comes_after_its_refused_verdict_does_not_hide_the_reason(opened):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    token = found.data["pair"]["token"]
    store.transaction(lambda tx: tx.execute("UPDATE sitting SET opened = opened - INTERVAL 13 HOUR"))
    sent = refused_verdict(found)
    later = found.send("guess", token=token, choice="left")
    assert found.data["refused"]["id"] == sent
    assert found.data["denied"] == [sent, later]


def test_a_store_that_cannot_say_who_asks_leaves_the_message_to_come_again(opened, monkeypatch):
    found, _ = opened(practice=0)
    found.send("begin", planned=5)
    token, known, can = found.data["pair"]["token"], review.actor, iter([True, False])

    def actor():
        if next(can, True):
            return known()
        raise StoreError("busy")

    monkeypatch.setattr(review, "actor", actor)
    found.waiting = [{"id": "again", "kind": "submit", "token": token, "fields": {"choice": "left"}}]
    found.run()
    assert "cannot be read" not in found.words
    assert "again" not in found.data["acked"]


def test_messages_that_are_none_of_ours_do_nothing(opened):
    found, _ = opened(practice=0)
    for messages in (
        [1],
        [{}],
        [{"id": 3}],
        [{"id": "a"}],
        [{"id": "b", "kind": []}],
        [{"id": "c", "kind": "submit"}],
        [{"id": "d", "kind": "campaign", "campaign": [1]}],
    ):
        found.waiting = messages
        assert found.run().data["stage"] == "start"


def test_every_sentence_of_the_service_has_words_in_both_languages(monkeypatch):
    monkeypatch.setattr("dashboard.views.review_words.t", lambda key: key)
    said = [refusal(getattr(sentences, name)) for name in sentences.__all__]
    assert said == [f"review.refused.{name.lower()}" for name in sentences.__all__]


def test_the_lists_of_the_page_are_what_the_service_takes(opened):
    found, _ = opened(practice=0)
    found.send("begin", planned=5)
    assert [name for name, _ in found.data["errors"]] == list(ERROR_TYPES)
    for reason in REASONS:
        found.judge("tie", reasons=[reason])
        assert found.data["refused"] is None
        if found.data["stage"] == "summary":
            break


def test_a_store_that_is_busy_leaves_the_message_to_come_again(opened, monkeypatch):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    token = found.data["pair"]["token"]

    def busy(*_):
        raise StoreError("busy")

    with monkeypatch.context() as patched:
        patched.setitem(review_desk._ACTS, "submit", busy)
        sent = found.judge("left")
    assert sent not in found.data["acked"]
    found.waiting = [{"id": sent, "kind": "submit", "token": token, "fields": {"choice": "left"}}]
    found.run()
    assert sent in found.data["acked"]
    assert store.rows("SELECT count(*) AS n FROM verdict")[0]["n"] == 1


def test_another_window_does_not_replace_a_verdict_it_does_not_know_of(opened):
    found, store = opened(practice=0)
    found.send("begin", planned=5)
    token = found.data["pair"]["token"]
    found.judge("left")
    found.send("submit", token=token, known=0, fields={"choice": "right"})
    assert found.data["refused"]["words"] == "Already judged in another window; open it again to change it."
    assert store.rows("SELECT count(*) AS n FROM verdict")[0]["n"] == 1


@pytest.mark.parametrize("where", ["views.review.stage", "identity.guard"])
def test_what_is_shown_stays_while_the_store_cannot_be_read(opened, monkeypatch, where):
    found, _ = opened(practice=0)
    found.send("begin", planned=5)
    shown = found.data

    def busy(*_):
        raise StoreError("busy")

    with monkeypatch.context() as patched:
        patched.setattr(f"dashboard.{where}", busy)
        found.data = None
        assert found.run().data == shown
        assert "cannot be read" not in found.words
    found.judge("left")
    assert found.data["pair"]["token"] != shown["pair"]["token"]
