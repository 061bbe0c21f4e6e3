"""Sittings: one at a time, grown on request, closed by the grader, by time or with the campaign."""

import json

import pytest

from evals.review.service import (
    assignments,
    begin_sitting,
    close_campaign,
    close_sitting,
    next_pair,
    reopen,
    save_draft,
    sitting,
    skip,
)  # fmt: skip
from evals.review.types import Assignment, ReviewError, SittingView, Wait
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.sat import answered, pair_of, seated


def told(store, action):
    rows = store.rows("SELECT payload FROM audit WHERE action = $action ORDER BY seq", {"action": action})
    return [json.loads(row["payload"]) for row in rows]


def test_a_sitting_says_where_one_stands_from_ones_own_work_alone(store, clock):
    made = make_campaign(store, pairs=5, practice=2)
    grader, other = made.graders
    assert sitting(store, grader, made.campaign) is None
    begin_sitting(store, grader, made.campaign, 3)
    begin_sitting(store, other, made.campaign, 9)
    assert sitting(store, grader, made.campaign) == SittingView(3, 0, 0, 2, None, 0, 5)
    answered(store, grader, made.campaign)
    answered(store, grader, made.campaign)
    for seconds in (10, 30):
        view = pair_of(store, grader, made.campaign)
        clock.pass_by(seconds=seconds)
        assert view.token == answered(store, grader, made.campaign).token
    skip(store, grader, pair_of(store, grader, made.campaign).token, "unclear")
    assert sitting(store, grader, made.campaign) == SittingView(3, 2, 1, 0, 20.0, 2, 2)


def test_each_pair_says_where_one_stands_while_it_is_judged(store):
    made = make_campaign(store, practice=1)
    grader = made.graders[0]
    begin_sitting(store, grader, made.campaign, 3)
    stood = []
    for _ in range(3):
        before = sitting(store, grader, made.campaign)
        view = answered(store, grader, made.campaign)
        assert view.sitting == before
        stood.append((view.sitting.practice_left, view.sitting.judged))
    assert stood == [(1, 0), (0, 0), (0, 1)]
    assert reopen(store, grader, view.token).sitting == sitting(store, grader, made.campaign)


def test_when_its_pairs_are_done_a_sitting_waits_until_it_grows_or_closes(store):
    made = make_campaign(store, pairs=4, practice=0)
    (grader, _) = seated(store, made, planned=2)
    answered(store, grader, made.campaign)
    skip(store, grader, pair_of(store, grader, made.campaign).token, "unclear")
    assert next_pair(store, grader, made.campaign) == Wait("sitting")
    begin_sitting(store, grader, made.campaign, 1)
    assert next_pair(store, grader, made.campaign) == Wait("sitting")
    begin_sitting(store, grader, made.campaign, 3)
    answered(store, grader, made.campaign)
    assert next_pair(store, grader, made.campaign) == Wait("sitting")
    assert [row["planned"] for row in told(store, "sitting-open") if row["sitting"] == 1] == [2, 3]
    assert store.rows("SELECT count(*) AS n FROM sitting WHERE grader = 1") == [{"n": 1}]


def test_closing_gives_the_open_pair_back_and_keeps_what_was_filled_in(store):
    made = make_campaign(store, pairs=1, practice=0)
    first, second = seated(store, made)
    view = pair_of(store, first, made.campaign)
    save_draft(store, first, view.token, {"choice": "tie"})
    close_sitting(store, first, made.campaign)
    close_sitting(store, first, made.campaign)
    assert store.rows("SELECT outcome FROM lease") == [{"outcome": "released"}]
    assert told(store, "sitting-close") == [{"sitting": 1}]
    assert pair_of(store, second, made.campaign).question == view.question
    assert store.rows("SELECT fields FROM draft") == [{"fields": '{"choice": "tie"}'}]


@pytest.mark.parametrize("planned", [0, -1, 201])
def test_a_sitting_has_1_to_200_pairs(store, planned):
    made = make_campaign(store, practice=0)
    with pytest.raises(ReviewError, match="a sitting has 1 to 200 pairs"):
        begin_sitting(store, made.graders[0], made.campaign, planned)


def test_a_campaign_that_is_closed_closes_its_sittings_and_opens_none(store):
    made = make_campaign(store, practice=0)
    first, second = seated(store, made)
    answered(store, first, made.campaign)
    close_campaign(store, made.lead, made.campaign, "enough")
    close_campaign(store, made.lead, made.campaign, "again")
    assert store.rows("SELECT count(*) AS n FROM sitting WHERE closed IS NULL") == [{"n": 0}]
    assert store.rows("SELECT final IS NOT NULL AS final FROM verdict") == [{"final": True}]
    row = store.rows("SELECT closed_by, reason FROM campaign")[0]
    assert row == {"closed_by": f"user:{made.lead.user}", "reason": "enough"}
    assert told(store, "campaign-close") == [{"reason": "enough"}]
    with pytest.raises(ReviewError, match="this review is closed"):
        begin_sitting(store, second, made.campaign, 3)
    assert assignments(store, second) == [
        Assignment(made.campaign, "Which answer helps more?", "Judge what is said, not how long it is.", "en", True)
    ]


def test_nobody_sits_in_a_campaign_that_is_not_there(store):
    made = make_campaign(store, practice=0)
    with pytest.raises(ReviewError, match="there is no campaign 99"):
        close_campaign(store, made.lead, 99, "enough")
