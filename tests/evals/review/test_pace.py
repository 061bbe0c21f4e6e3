"""One's own pace: from one's own verdicts and sitting, whatever others do."""

import pytest

from evals.review.pace import own_pace
from evals.review.types import ReviewError
from store.access import AccessError, Actor
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.judged import judge


def test_the_median_is_of_ones_own_verdicts_alone(store):
    made = make_campaign(store)
    first, second = made.graders
    assert own_pace(store, first, made.campaign) == (None, None)
    judge(store, made.campaign, first, "wtl")
    judge(store, made.campaign, second, "wtlwt", start=3)
    assert own_pace(store, first, made.campaign).pair == 100.0
    assert own_pace(store, second, made.campaign).pair == 110.0


def test_an_open_sitting_lasts_since_it_began(store):
    made = make_campaign(store)
    judge(store, made.campaign, made.graders[0], "wt", closed=False, hours_ago=0.5)
    lasted = own_pace(store, made.graders[0], made.campaign).sitting
    assert lasted is not None
    assert lasted >= 1800


def test_strangers_and_other_campaigns_are_refused(store):
    made = make_campaign(store)
    with pytest.raises(AccessError):
        own_pace(store, Actor("oidc", None), made.campaign)
    with pytest.raises((AccessError, ReviewError)):
        own_pace(store, made.graders[0], made.campaign + 1)
