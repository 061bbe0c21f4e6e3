"""The demo's panel judges what a newcomer has left, by the references, and the campaign stays marked."""

import json

import pytest

from evals.review.demo_panel import LEAST, REFERENCES, finish, may_finish
from evals.review.errors import CampaignError
from evals.review.service import begin_sitting, close_sitting, next_pair, submit
from evals.review.types import Answer, PairView
from store.access import Actor
from store.database import Statement, Store
from store.users import local_user
from tests.evals.review.campaigns import make_campaign


def opened(folder, *, demo=True):
    """A campaign of 14 pairs in which the candidate's answer is the reference."""
    store = Store.at(folder / "runs" / "assay.duckdb")
    store.create(demo=demo)
    made = make_campaign(store, pairs=14, graders=1, practice=1, policy="[review]\ncriteria = []\n")
    pairs = store.rows(
        "SELECT p.question, CASE m.candidate WHEN 'first' THEN p.first ELSE p.second END AS answer "
        "FROM pair p JOIN mapping m USING (campaign_id, item)"
    )
    data = json.dumps({REFERENCES: {pair["question"]: pair["answer"] for pair in pairs}}, ensure_ascii=False)
    store.transact([Statement("UPDATE campaign SET data = $data", {"data": data})])
    return store, Actor("local", local_user(store)), made.campaign


def judge(store, who, campaign, count):
    begin_sitting(store, who, campaign, 15)
    while count:
        pair = next_pair(store, who, campaign)
        submit(store, who, pair.token, Answer("tie"))
        count -= not pair.practice


def test_after_three_verdicts_the_panel_judges_the_rest_and_the_mark_stays(tmp_path):
    store, who, campaign = opened(tmp_path)
    judge(store, who, campaign, LEAST - 1)
    assert not may_finish(store, who, campaign)
    with pytest.raises(CampaignError, match="after 3 verdicts of your own; judge that many first"):
        finish(store, who, campaign)
    assert store.rows("SELECT simulated FROM campaign") == [{"simulated": False}]
    judge(store, who, campaign, 1)
    finish(store, who, campaign)
    [row] = store.rows("SELECT simulated, closed IS NOT NULL AS closed FROM campaign")
    assert row == {"simulated": True, "closed": True}
    said = store.rows(
        "SELECT v.grader = $own AS own, CASE v.choice WHEN m.candidate THEN 'candidate' ELSE v.choice END AS choice, "
        "count(*) AS n FROM verdict v JOIN mapping m USING (campaign_id, item) GROUP BY ALL ORDER BY own DESC",
        {"own": who.user},
    )
    assert said[0] == {"own": True, "choice": "tie", "n": 3}
    assert {row["choice"] for row in said[1:]} == {"candidate"}
    assert not may_finish(store, who, campaign)
    assert store.rows("SELECT count(*) AS n FROM audit WHERE action = 'campaign-simulated'") == [{"n": 1}]


def test_nobody_but_the_person_at_the_machine_of_a_demo_may_call_it(tmp_path):
    store, who, campaign = opened(tmp_path, demo=False)
    judge(store, who, campaign, LEAST)
    assert not may_finish(store, who, campaign)
    store, who, campaign = opened(tmp_path / "demo")
    judge(store, who, campaign, LEAST)
    assert may_finish(store, who, campaign)
    assert not may_finish(store, who._replace(way="oidc"), campaign)


def test_after_the_end_of_its_time_there_is_nothing_to_finish(tmp_path):
    store, who, campaign = opened(tmp_path)
    judge(store, who, campaign, LEAST)
    store.transact([Statement("UPDATE campaign SET expires = opened")])
    assert not may_finish(store, who, campaign)


def test_the_last_pair_of_a_demos_sitting_asks_no_guess_as_the_sitting_closes_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr("evals.review.leasing.asks_guess", lambda *_: True)
    store, who, campaign = opened(tmp_path)
    for planned, asked in ((2, [True, False]), (20, [True] * 11 + [False])):
        begin_sitting(store, who, campaign, planned)
        found = []
        while isinstance(pair := next_pair(store, who, campaign), PairView):
            submit(store, who, pair.token, Answer("tie"))
            found += [pair.asks_guess] * (not pair.practice)
        assert found == asked
        close_sitting(store, who, campaign)
