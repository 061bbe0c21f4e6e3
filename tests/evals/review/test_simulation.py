"""Made-up campaigns: many at once to plan by, and one through the real service."""

import numpy as np
import pytest

from evals.review.errors import CampaignError
from evals.review.policy import ReviewPolicy
from evals.review.rehearsal import make_panel, rehearse
from evals.review.simulation import Plan, drawn_scores, simulate_campaigns
from evals.stats.course import Judged, follow
from evals.stats.decision import Rules
from store.access import Actor
from store.audit import first_broken
from store.database import Store

LEAD = Actor("command", None, "lin")
POLICY = ReviewPolicy()


def test_many_campaigns_end_as_each_does_alone():
    plan = Plan(0.6, 0.2, 80, 2, seed=4)
    scores, verdicts = drawn_scores(plan, POLICY, 25, 80)
    rules = Rules(cap=80, least=59)
    alone = [follow([Judged(score) for score in row], rules).ended for row in scores.tolist()]
    found = simulate_campaigns(plan, POLICY, 25)
    assert found.least == 59
    assert found.mean_pairs == pytest.approx(np.mean([end.n for end in alone]))
    said = [end.decision for end in alone]
    assert found.decisions == {decision: said.count(decision) / 25 for decision in set(said)}
    taken = [int(row[: end.n].sum()) for row, end in zip(verdicts, alone, strict=True)]
    assert found.mean_verdicts == pytest.approx(np.mean(taken))


def test_a_second_verdict_leaves_theta_what_it_is():
    scores, verdicts = drawn_scores(Plan(0.6, 0.2, 300, 3), POLICY, 200, 300)
    assert scores.mean() == pytest.approx(0.6, abs=0.005)
    assert (verdicts == 2).mean() == pytest.approx(0.25, abs=0.01)
    alone, one = drawn_scores(Plan(0.6, 0.2, 300, 1), POLICY, 20, 300)
    assert set(np.unique(alone)) == {0.0, 0.5, 1.0}
    assert (one == 1).all()


def test_what_a_plan_says_holds_as_figures():
    better = simulate_campaigns(Plan(0.65, 0.2, 300, 1), POLICY, 300)
    assert better.decisions["superior"] > 0.95
    assert 50 < better.mean_pairs < 75
    same = simulate_campaigns(Plan(0.5, 0.2, 300, 1), POLICY, 300)
    assert same.decisions.get("superior", 0) < 0.06
    few = simulate_campaigns(Plan(0.6, 0.2, 5, 1), POLICY, 50)
    assert few.decisions == {"inconclusive": 1.0}
    assert few.pairs == (5, 5, 5)


def test_good_news_ends_no_made_up_campaign_before_critical_errors_are_known_well_enough():
    plan = Plan(0.9, 0.0, 300, 1)
    assert simulate_campaigns(plan, POLICY, 50).pairs == (59, 59, 59)
    free = simulate_campaigns(plan, ReviewPolicy(critical_limit=1.0), 50)
    assert (free.least, free.pairs[1] < 30) == (0, True)
    # Fewer pairs than that show nothing of them, however many are judged.
    few = simulate_campaigns(Plan(0.9, 0.0, 58, 1), POLICY, 50)
    assert (few.least, few.as_dict()["least_pairs"], few.pairs[1] < 30) == (0, 0, True)


@pytest.mark.parametrize(("theta", "ties"), [(0.05, 0.2), (0.95, 0.2), (0.5, 1.1), (float("nan"), 0.2), (0.5, -0.1)])
def test_chances_that_cannot_be_are_refused(theta, ties):
    with pytest.raises(CampaignError, match="of ties cannot be; θ is P"):
        simulate_campaigns(Plan(theta, ties, 10, 1), POLICY, 5)


def test_a_made_up_panel_judges_by_the_real_service_and_it_stays_marked(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create(demo=True)
    number = rehearse(store, LEAD, Plan(1.0, 0.0, 12, 2), "[review]\n")
    [row] = store.rows("SELECT simulated, closed, closed_by FROM campaign WHERE id = $n", {"n": number})
    assert (row["simulated"], row["closed"] is not None, row["closed_by"]) == (True, True, "")
    assert store.rows("SELECT count(DISTINCT grader) AS n FROM verdict")[0]["n"] == 2
    wrong = store.rows(
        "SELECT v.item FROM verdict v JOIN mapping m USING (campaign_id, item) JOIN pair p USING (campaign_id, item) "
        "WHERE p.state = 'asked' AND v.choice <> m.candidate"
    )
    assert wrong == []
    assert store.snapshot(first_broken) is None


def test_nothing_is_made_up_in_a_store_of_real_runs(store):
    with pytest.raises(CampaignError, match="holds real runs, and verdicts are made up in demo stores alone"):
        rehearse(store, LEAD, Plan(0.6, 0.2, 5, 1), "")
    with pytest.raises(CampaignError, match="demo stores alone"):
        make_panel(store, LEAD, ["one"])
    assert store.rows('SELECT * FROM "user"') == []
