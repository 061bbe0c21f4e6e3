"""Final verdicts in terms of the candidate, and what nobody is left to judge."""

import pytest

from evals.review.judged import FoundError, final_verdicts, planned_items
from evals.review.service import close_campaign, close_sitting, skip, submit
from evals.review.types import Answer, CriticalError
from evals.stats.items import PlannedItem, Verdict, completed_prefix
from store.clock import utc_now
from tests.evals.review.campaigns import add_role, add_user, make_campaign
from tests.evals.review.judged import judge
from tests.evals.review.sat import pair_of, seated

TWO = '[review]\ncriteria = ["accurate", "useful"]\n'


@pytest.fixture
def made(store):
    return make_campaign(store, pairs=4, practice=1, specialties=["skin", ""])


def judged(store, made):
    return store.snapshot(lambda snapshot: final_verdicts(snapshot, made.campaign))


def planned(store, made):
    return store.snapshot(lambda snapshot: planned_items(snapshot, made.campaign))


def prefix(store, made):
    verdicts = [Verdict(one.item, str(one.grader), one.score) for one in judged(store, made)]
    return completed_prefix(planned(store, made), verdicts)


def candidate_side(store, token):
    """Where the candidate stands, from what was stored."""
    row = store.rows(
        'SELECT l."left" = m.candidate AS yes FROM lease l JOIN mapping m ON m.item = l.item WHERE token = $token',
        {"token": token},
    )[0]
    return "left" if row["yes"] else "right"


def test_only_final_verdicts_count_and_none_that_was_changed(store, made):
    first, second = seated(store, made)
    view = pair_of(store, first, made.campaign)
    submit(store, first, view.token, Answer("left"))
    submit(store, first, view.token, Answer("tie"))
    submit(store, second, pair_of(store, second, made.campaign).token, Answer("left"))
    assert judged(store, made) == []
    close_sitting(store, first, made.campaign)
    assert [(row.item, row.outcome, row.score, row.grader) for row in judged(store, made)] == [
        ("item-00", "tie", 0.5, first.user)
    ]


def test_a_verdict_older_than_a_sitting_lasts_counts_though_nobody_closed_it(store, made, clock):
    (grader, _) = seated(store, made)
    submit(store, grader, pair_of(store, grader, made.campaign).token, Answer("left"))
    clock.pass_by(hours=11, minutes=59)
    assert judged(store, made) == []
    clock.pass_by(minutes=1)
    assert [row.item for row in judged(store, made)] == ["item-00"]


@pytest.mark.parametrize("better", ["candidate", "baseline"])
def test_verdict_criteria_and_errors_are_turned_to_the_candidate(store, better, clock):
    made = make_campaign(store, pairs=4, practice=1, policy=TWO, specialties=["skin", ""])
    (grader, _) = seated(store, made)
    for _ in range(4):
        view = pair_of(store, grader, made.campaign)
        side = candidate_side(store, view.token)
        other = "right" if side == "left" else "left"
        said = side if better == "candidate" else other
        errors = (CriticalError(side, "other", "answer"), CriticalError(other, "wrong-fact", "It is"))
        clock.pass_by(seconds=7)
        submit(store, grader, view.token, Answer(said, {"useful": other, "accurate": "tie"}, ("clear",), "hm", errors))
    close_sitting(store, grader, made.campaign)
    rows = judged(store, made)
    outcome, score = ("win", 1.0) if better == "candidate" else ("loss", 0.0)
    assert [(row.outcome, row.score, row.criteria) for row in rows] == [
        (outcome, score, {"accurate": 0.5, "useful": 0.0})
    ] * 4
    found = (FoundError("candidate", "other", "answer"), FoundError("baseline", "wrong-fact", "It is"))
    assert {row.errors for row in rows} == {found}
    assert {(row.seconds, row.comment, row.reasons, row.unblinded) for row in rows} == {(7.0, "hm", ("clear",), False)}
    assert sorted(row.candidate_side for row in rows) == ["left", "left", "right", "right"]
    assert [row.specialty for row in rows] == ["skin", "", "skin", ""]


def test_a_pair_that_all_skip_is_skipped_for_good_until_someone_else_comes(store, made):
    first, second = seated(store, made)
    skip(store, first, pair_of(store, first, made.campaign).token, "odd")
    assert [item.skipped for item in planned(store, made)] == [0, 0, 0, 0]
    skip(store, second, pair_of(store, second, made.campaign).token, "odd")
    assert planned(store, made)[:2] == [PlannedItem("item-00", 1, 1), PlannedItem("item-01", 1, 0)]
    store.transaction(lambda now: add_role(now, add_user(now, "new", ["heart"]), "expert", made.campaign))
    assert planned(store, made)[0].skipped == 1
    store.transaction(lambda now: add_role(now, add_user(now, "new", ["skin"]), "expert"))
    assert planned(store, made)[0].skipped == 0


def test_what_is_skipped_for_good_does_not_change_after_the_end(store, made):
    first, _ = seated(store, made)
    skip(store, first, pair_of(store, first, made.campaign).token, "odd")
    close_campaign(store, made.lead, made.campaign, "enough")
    before = planned(store, made)
    store.transaction(lambda now: now.execute("UPDATE role SET revoked = $now", {"now": utc_now()}))
    assert planned(store, made) == before
    assert before[:2] == [PlannedItem("item-00", 1, 1), PlannedItem("item-01", 1, 0)]


def test_a_grader_who_never_came_does_not_take_the_evidence_that_stands_behind_a_skip(store):
    made = make_campaign(store, pairs=5, practice=0)
    judge(store, made.campaign, made.graders[0], "wswws")
    assert [item.item for item in prefix(store, made)] == ["item-00"]
    close_campaign(store, made.lead, made.campaign, "the second one never came")
    assert [item.item for item in prefix(store, made)] == ["item-00", "item-02", "item-03"]


def test_of_two_wanted_verdicts_one_may_be_skipped_for_good(store):
    made = make_campaign(store, pairs=1, practice=0, overlap=[0])
    first, second = seated(store, made)
    submit(store, first, pair_of(store, first, made.campaign).token, Answer("left"))
    skip(store, second, pair_of(store, second, made.campaign).token, "odd")
    assert planned(store, made) == [PlannedItem("item-00", 2, 1)]


def test_a_second_verdict_that_nobody_is_left_to_give_is_missing(store):
    made = make_campaign(store, pairs=2, practice=0, overlap=[0, 1])
    first, second = seated(store, made)
    submit(store, first, pair_of(store, first, made.campaign).token, Answer("left"))
    assert [item.skipped for item in planned(store, made)] == [0, 0]
    values = {"now": utc_now(), "user": second.user}
    store.transaction(lambda now: now.execute("UPDATE role SET revoked = $now WHERE user_id = $user", values))
    assert [item.skipped for item in planned(store, made)] == [1, 0]


def test_of_a_closed_campaign_one_verdict_of_two_is_enough_and_none_still_stops_the_prefix(store):
    made = make_campaign(store, pairs=3, practice=0, overlap=[0, 2])
    first, _ = seated(store, made)
    for _ in range(2):
        submit(store, first, pair_of(store, first, made.campaign).token, Answer("left"))
    close_campaign(store, made.lead, made.campaign, "enough")
    assert planned(store, made) == [
        PlannedItem("item-00", 2, 1), PlannedItem("item-01", 1, 0), PlannedItem("item-02", 2, 0),
    ]  # fmt: skip


def test_where_both_are_unacceptable_criteria_left_open_are_ties(store):
    made = make_campaign(store, pairs=1, practice=0, policy=TWO)
    (grader, _) = seated(store, made)
    submit(store, grader, pair_of(store, grader, made.campaign).token, Answer("both_bad"))
    close_sitting(store, grader, made.campaign)
    assert [row.criteria for row in judged(store, made)] == [{"accurate": 0.5, "useful": 0.5}]
