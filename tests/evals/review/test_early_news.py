"""Good news ends a campaign once enough pairs are judged to know its critical errors, and not before."""

import pytest

from evals.review.results import results
from evals.review.service import close_campaign
from evals.review.settling import BY_RULES
from store.database import Store
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.judged import judge


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One for all tests, each of which makes its own campaigns."""
    found = Store.at(tmp_path_factory.mktemp("early") / "assay.duckdb")
    found.create()
    return found


def closed(store, made):
    return store.rows("SELECT closed, reason FROM campaign WHERE id = $id", {"id": made.campaign})[0]


def test_good_news_ends_nothing_before_critical_errors_are_known_well_enough(store):
    made = make_campaign(store, 80)
    judge(store, made.campaign, made.graders[0], "w" * 12)
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.ended_at) == ("superior", "superior.early", None)
    assert (found.overall.n, found.least, found.there) == (12, 59, 80)
    assert found.needed == ("foreseen", 47, 47, 47, 68)
    assert closed(store, made)["closed"] is None
    judge(store, made.campaign, made.graders[0], "tl" * 24, start=12)
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.ended_at) == ("superior", "superior", 59)
    assert (found.overall.n, found.critical.fixed_upper <= 0.05) == (59, True)
    assert found.needed.state == "over"
    assert closed(store, made)["reason"] == BY_RULES


def test_errors_that_are_found_meanwhile_do_not_make_it_longer(store):
    made = make_campaign(store, 80)
    judge(store, made.campaign, made.graders[0], "w" * 60, errors={40: [("candidate", "dangerous", "It is this.")]})
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.ended_at, found.critical.candidate) == ("superior", 59, 1)
    assert found.critical.fixed_upper > found.critical.limit


def test_a_campaign_that_goes_well_and_is_closed_early_says_what_was_shown(store):
    made = make_campaign(store, 80)
    judge(store, made.campaign, made.graders[0], "w" * 12)
    close_campaign(store, made.lead, made.campaign, "no time")
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.overall.n) == ("superior", "superior", 12)


def test_not_worse_before_the_least_pairs_is_said_to_be_early(store):
    made = make_campaign(store, 80)
    judge(store, made.campaign, made.graders[0], "w" * 9 + "l" * 16)
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.ended_at) == ("not_worse", "not_worse.early", None)
    # What is not worth more pairs for its own sake gets them for the sake of its critical errors.
    assert found.needed == ("foreseen", 34, 34, 34, 55)
    judge(store, made.campaign, made.graders[0], "t" * 34, start=25)
    assert results(store, made.lead, made.campaign).ended_at == 59


def test_pairs_that_were_skipped_for_good_may_leave_too_few(store):
    made = make_campaign(store, 59, graders=1)
    judge(store, made.campaign, made.graders[0], "ss" + "w" * 12)
    found = results(store, made.lead, made.campaign)
    assert (found.sentence, found.least, found.there) == ("superior.early", 59, 57)
    assert found.needed == ("foreseen", 45, 45, 45, 45)
