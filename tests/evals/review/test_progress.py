"""The status of a campaign: how far it has come, without a word on who wins."""

import json
from datetime import timedelta

import pytest

from evals.review.errors import CampaignError
from evals.review.progress import status, status_dict
from store.access import AccessError
from store.clock import utc_now
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.judged import judge

ENDLESS = "[review]\nn_max = 300\ncriteria = []\n"


@pytest.fixture
def store(store):
    """A demo store, in which verdicts may be made up."""
    store.transaction(lambda tx: tx.execute("UPDATE meta SET demo = true"))
    return store


def one(store, made):
    (found,) = status(store, made.lead, made.campaign)
    return found


def test_pairs_verdicts_and_people_are_counted(store):
    made = make_campaign(store, 10, overlap=[0, 1], identical=3, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wlws")
    judge(store, made.campaign, made.graders[1], "w", closed=False)
    found = one(store, made)
    assert (found.pairs, found.most, found.judged, found.final) == (10, 10, 2, 1)
    assert (found.verdicts, found.wanted, found.skipped, found.identical) == (4, 12, 1, 3)
    assert (found.graders, found.roster, found.open_leases, found.flags) == (2, 2, 0, 0)
    assert found.seconds == 95.0
    assert (found.demo, found.simulated) == (True, False)


def test_it_is_the_same_whoever_wins(store):
    won, lost = (make_campaign(store, 30, policy=ENDLESS) for _ in range(2))
    judge(store, won.campaign, won.graders[0], "wwww")
    judge(store, lost.campaign, lost.graders[0], "llll")
    first, second = (status_dict(one(store, made)) for made in (won, lost))
    apart = {name for name in first if first[name] != second[name]}
    assert apart <= {"campaign", "name", "opened", "forecast", "pace"}
    assert first["pace"] == second["pace"]


def test_it_is_the_same_whether_good_news_waits_for_more_pairs_or_there_is_none(store):
    won, even = (make_campaign(store, 80, policy=ENDLESS) for _ in range(2))
    judge(store, won.campaign, won.graders[0], "w" * 20)
    judge(store, even.campaign, even.graders[0], "wltt" * 5)
    first, second = (status_dict(one(store, made)) for made in (won, even))
    assert (first["least"], first["closed"], first["judged"]) == (59, None, 20)
    apart = {name for name in first if first[name] != second[name]}
    assert apart <= {"campaign", "name", "opened", "forecast"}


def test_the_least_pairs_are_those_of_the_rules_for_as_many_pairs_as_there_are(store):
    assert one(store, make_campaign(store, 59, policy=ENDLESS)).least == 59
    assert one(store, make_campaign(store, 58, policy=ENDLESS)).least == 0
    assert one(store, make_campaign(store, 80, policy=f"{ENDLESS}critical_limit = 0.1\n")).least == 29


def test_the_end_by_its_rules_does_not_say_what_was_found(store):
    won, lost = (make_campaign(store, 11, policy=ENDLESS) for _ in range(2))
    judge(store, won.campaign, won.graders[0], "w" * 11)
    judge(store, lost.campaign, lost.graders[0], "l" * 11)
    found = [one(store, made) for made in (won, lost)]
    assert found[0].closed is not None
    assert found[0].reason == found[1].reason
    assert found[0].closed_by == found[1].closed_by == ""
    assert (found[0].pace, found[0].forecast) == (0.0, None)


def test_the_pace_is_of_seven_days_and_foretells_the_end(store):
    made = make_campaign(store, 30, policy=ENDLESS)
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET opened = opened - INTERVAL 3 DAY"))
    judge(store, made.campaign, made.graders[0], "wlwlwl", hours_ago=24)
    found = one(store, made)
    assert found.pace == pytest.approx(2.0, abs=0.01)
    assert (found.forecast - utc_now()) / timedelta(days=1) == pytest.approx(12.0, abs=0.1)
    old = make_campaign(store, 30, policy=ENDLESS)
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET opened = opened - INTERVAL 30 DAY"))
    judge(store, old.campaign, old.graders[0], "wl", hours_ago=24 * 9)
    assert (one(store, old).pace, one(store, old).forecast) == (0.0, None)


def test_on_its_first_day_the_pace_is_what_was_judged(store):
    made = make_campaign(store, 30, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wlw", hours_ago=0.1)
    assert one(store, made).pace == 3.0


def test_no_more_pairs_are_needed_than_the_policy_plans(store):
    made = make_campaign(store, 10, policy="[review]\nn_max = 6\n")
    assert one(store, made).most == 6


def test_all_campaigns_are_listed_the_newest_first(store):
    made = [make_campaign(store, 2), make_campaign(store, 2)]
    assert [found.campaign for found in status(store, made[0].lead)] == [made[1].campaign, made[0].campaign]


def test_what_was_found_before_it_opened_is_told(store):
    made = make_campaign(store, 2)
    data = json.dumps({"warnings": ["the texts alone give the models away"]})
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET data = $data", {"data": data}))
    assert one(store, made).warnings == ("the texts alone give the models away",)


def test_an_expert_gets_none(store):
    made = make_campaign(store, 2)
    with pytest.raises(AccessError):
        status(store, made.graders[0], made.campaign)


def test_a_campaign_that_is_not_there_is_one_sentence(store):
    made = make_campaign(store, 2)
    with pytest.raises(CampaignError, match="there is no campaign 7"):
        status(store, made.lead, 7)


def test_it_is_plain_json(store):
    made = make_campaign(store, 4, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wl")
    told = status_dict(one(store, made))
    assert json.loads(json.dumps(told))["policy"]["margin"] == 0.15
    assert told["opened"].endswith("Z")
