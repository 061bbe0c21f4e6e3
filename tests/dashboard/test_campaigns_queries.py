"""What the page Campaigns reads and draws."""

import pytest

from dashboard.charts.campaigns import HIGHEST, LOWEST, Line, evidence_chart
from dashboard.colors import DARK, LIGHT
from dashboard.queries import campaigns
from evals.review.results import results
from evals.review.service import begin_sitting, next_pair, skip, submit
from evals.review.types import Answer
from store.database import Store
from store.requests import ask, finish
from tests.dashboard.reviewed import copied, reviewed_store
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.judged import judge

SAID = {"pairs": "pairs", "decides": "20 decides", "ended": "decided"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return reviewed_store(tmp_path_factory.mktemp("reviewed") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return copied(whole, tmp_path / "runs")


def test_requests_to_open_one_are_listed_until_five_newer_ones_are_done(made):
    numbers = [ask(made.store, "triage", "open-campaign", {"n": n}, actor="user:1") for n in range(8)]
    ask(made.store, "triage", "save-now", actor="user:1")
    for number in numbers[:7]:
        finish(made.store, number, f"campaign {number} is open")
    rows = campaigns.asked(made.store).to_pylist()
    assert [row["id"] for row in rows] == [numbers[7], *reversed(numbers[2:7])]
    assert list(rows[0]) == ["id", "run", "args", "actor", "created", "taken", "done", "result"]
    assert (rows[0]["run"], rows[0]["args"], rows[0]["done"]) == ("triage", '{"n": 7}', None)
    assert rows[1]["result"] == f"campaign {numbers[6]} is open"


def test_sealed_checkpoints_of_runs_that_are_not_archived_can_be_judged(made):
    def put(step, state, sha256):
        made.store.transaction(
            lambda tx: tx.execute(
                "INSERT INTO checkpoint (run_id, branch, step, state, path, sha256, created, changed) "
                "SELECT id, 1, $step, $state, $path, $sha256, created, created FROM run",
                {"step": step, "state": state, "path": f"triage/{step}", "sha256": sha256},
            )
        )

    put(10, "stable", "aa")
    put(20, "deleted", "bb")
    put(30, "sealed", None)
    put(40, "sealed", "cc")
    rows = campaigns.places(made.store).to_pylist()
    assert rows == [{"run": "triage", "branch": 1, "step": step, "active": True} for step in (40, 10)]
    made.store.transaction(lambda tx: tx.execute("UPDATE run SET archived = true"))
    assert campaigns.places(made.store).num_rows == 0


def test_a_campaign_that_ended_waits_for_each_viewer_until_they_have_looked(made):
    lead = made.stopped.lead
    assert [row["id"] for row in campaigns.ended(made.store, lead.named).to_pylist()] == [made.stopped.campaign]
    results(made.store, lead, made.stopped.campaign)
    assert campaigns.ended(made.store, lead.named).num_rows == 0
    assert campaigns.ended(made.store, "user:99").num_rows == 1
    made.store.transaction(lambda tx: tx.execute("UPDATE campaign SET closed = closed - INTERVAL 31 DAY"))
    assert campaigns.ended(made.store, "user:99").num_rows == 0


def lines(values):
    return [Line("better", values, 0), Line("futile", values[::-1], None)]


def layers(chart, mark):
    found = [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == mark]
    assert found
    return found


def rows(chart, layer):
    return chart.to_dict()["datasets"][layer["data"]["name"]]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_evidence_is_drawn_on_a_log_scale_with_what_decides(look):
    chart = evidence_chart(lines([1.25, 4.0, 32.0]), 20.0, 3, SAID, look)
    drawn = layers(chart, "line")
    assert [layer["mark"]["color"] for layer in drawn] == [look.series[0], look.quiet]
    assert drawn[1]["mark"]["strokeDash"] == [4, 3]
    assert rows(chart, drawn[0]) == [{"n": 1, "e": 1.25}, {"n": 2, "e": 4.0}, {"n": 3, "e": 32.0}]
    assert drawn[0]["encoding"]["y"]["scale"]["type"] == "log"
    assert [rows(chart, layer)[0]["e"] for layer in layers(chart, "rule")[:2]] == [1.0, 20.0]
    words = [rows(chart, layer)[0]["word"] for layer in layers(chart, "text")]
    assert words == ["20 decides", "decided", "futile", "better"]


def test_what_is_beyond_the_picture_is_drawn_at_its_edge_and_told_as_it_is():
    chart = evidence_chart([Line("better", [1e-9, 1e30], 0)], 20.0, None, SAID, LIGHT)
    assert [row["e"] for row in rows(chart, layers(chart, "line")[0])] == [LOWEST, HIGHEST]
    readings = layers(chart, "rule")[-1]
    assert [row["of0"] for row in rows(chart, readings)] == ["1e-09", "1e+30"]
    assert [tip["title"] for tip in readings["encoding"]["tooltip"]] == ["pairs", "better"]
    assert "decided" not in [rows(chart, layer)[0]["word"] for layer in layers(chart, "text")]


def test_one_pair_is_enough_for_a_picture():
    chart = evidence_chart([Line("better", [1.25], 0)], 20.0, None, SAID, LIGHT)
    assert layers(chart, "line")[0]["encoding"]["x"]["scale"]["domain"] == [1, 2.0]


def test_pairs_wait_for_whoever_has_neither_judged_nor_skipped_them(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    made = make_campaign(store, 10, graders=2, practice=2, identical=1, overlap=(0, 1))
    first, second = made.graders
    judge(store, made.campaign, first, "wwt")
    begin_sitting(store, second, made.campaign, 10)
    while (pair := next_pair(store, second, made.campaign)).practice:
        submit(store, second, pair.token, Answer("tie"))
    skip(store, second, pair.token, "not mine")
    # Ten are asked; two of them twice, so that the first grader's are left but for one; the skipped one is not theirs.
    assert campaigns.to_judge(store, first.user) == 7
    assert campaigns.to_judge(store, second.user) == 8
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET closed = opened"))
    assert campaigns.to_judge(store, second.user) == 0
