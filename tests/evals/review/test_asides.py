"""Skips, flags, drafts and guesses."""

import json

import pytest

from evals.review.service import close_sitting, flag, guess, next_pair, save_draft, skip, submit
from evals.review.types import Answer, ReviewError
from store.audit import first_broken
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.sat import answered, pair_of, seated


@pytest.fixture
def made(store):
    return make_campaign(store, pairs=4, practice=1)


@pytest.fixture
def grader(store, made):
    return seated(store, made)[0]


def told(store, action):
    rows = store.rows("SELECT object, payload FROM audit WHERE action = $action ORDER BY seq", {"action": action})
    return [(row["object"], json.loads(row["payload"])) for row in rows]


def test_a_skip_twice_is_one_and_needs_a_reason(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(ReviewError, match="a reason is not one of the list, or is missing or too long"):
            skip(store, grader, view.token, reason)
    skip(store, grader, view.token, " not my field ")
    skip(store, grader, view.token, "again")
    assert store.rows("SELECT reason FROM lease WHERE outcome = 'skipped'") == [{"reason": "not my field"}]
    assert told(store, "skip") == [
        (f"pair:{made.campaign}/item-00", {"practice": False}),
    ]


def test_a_flag_leaves_the_pair_with_the_grader_and_twice_is_one(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    flag(store, grader, view.token, "names a model")
    flag(store, grader, view.token, "names a model")
    assert next_pair(store, grader, made.campaign) == view
    rows = store.rows("SELECT item, grader, reason FROM flag")
    assert rows == [{"item": "item-00", "grader": grader.user, "reason": "names a model"}]
    assert told(store, "flag") == [(f"pair:{made.campaign}/item-00", {"practice": False})]


def test_only_the_first_draft_of_a_pair_is_told_and_the_last_is_kept(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    for text in ("我", "我觉", "我觉得"):
        save_draft(store, grader, view.token, {"comment": text})
    assert next_pair(store, grader, made.campaign).draft == {"comment": "我觉得"}
    assert told(store, "draft") == [(f"pair:{made.campaign}/item-00", {})]
    with pytest.raises(ReviewError, match="what was filled in is too long to be kept"):
        save_draft(store, grader, view.token, {"comment": "x" * 60_000})
    assert next_pair(store, grader, made.campaign).draft == {"comment": "我觉得"}


def test_what_is_filled_in_for_a_pair_that_comes_back_no_more_is_dropped(store, made, grader):
    judged = answered(store, grader, made.campaign)
    save_draft(store, grader, judged.token, {"comment": "second thoughts"})
    assert store.rows("SELECT count(*) AS n FROM draft") == [{"n": 1}]
    skipped = pair_of(store, grader, made.campaign)
    skip(store, grader, skipped.token, "odd")
    close_sitting(store, grader, made.campaign)
    practice = store.rows("SELECT token FROM lease WHERE number IS NULL AND grader = 1")[0]["token"]
    for token in (judged.token, skipped.token, practice):
        save_draft(store, grader, token, {"comment": "too late"})
    assert store.rows("SELECT count(*) AS n FROM draft") == [{"n": 0}]


def test_a_guess_comes_after_the_verdict_and_the_last_one_counts(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    with pytest.raises(ReviewError, match="this pair has no verdict yet"):
        guess(store, grader, view.token, "left")
    submit(store, grader, view.token, Answer("tie"))
    with pytest.raises(ReviewError, match="a guess is left, right or unknown"):
        guess(store, grader, view.token, "first")
    left = store.rows('SELECT "left" FROM lease WHERE token = $token', {"token": view.token})[0]["left"]
    for choice in ("left", "left", "unknown"):
        guess(store, grader, view.token, choice)
    assert store.rows("SELECT item, choice FROM guess") == [{"item": "item-00", "choice": "unknown"}]
    assert [payload["choice"] for _, payload in told(store, "guess")] == [left, "unknown"]


def test_practice_takes_no_guess(store, made, grader):
    token = store.rows("SELECT token FROM lease WHERE number IS NULL AND grader = 1")[0]["token"]
    with pytest.raises(ReviewError, match="this pair has no verdict yet"):
        guess(store, grader, token, "left")
    submit(store, grader, token, Answer("left"))
    assert store.rows("SELECT count(*) AS n FROM verdict") == [{"n": 0}]


def test_every_action_is_in_the_chain_and_it_holds(store, made, grader):
    view = answered(store, grader, made.campaign)
    flag(store, grader, view.token, "odd")
    skip(store, grader, pair_of(store, grader, made.campaign).token, "unclear")
    rows = store.rows("SELECT action, actor, role FROM audit ORDER BY seq")
    mine = [row["action"] for row in rows if row["actor"] == f"user:{grader.user}"]
    assert mine == ["sitting-open", "lease", "practice", "lease", "verdict", "flag", "lease", "skip"]
    assert {row["role"] for row in rows} == {"expert"}
    assert store.snapshot(first_broken) is None
