"""Results of a campaign: what is decided, by which pairs, who may look, and that looking is logged."""

import json
from datetime import timedelta

import pytest

from evals.review.errors import CampaignError
from evals.review.results import decided, results, results_dict, settle
from evals.review.service import close_campaign
from evals.review.settling import BY_RULES, EXPIRED
from evals.stats.decision import Rules, summarise
from evals.stats.items import counted
from store.access import AccessError, Actor
from store.clock import utc_now
from store.database import Store
from tests.evals.review.campaigns import add_role, add_user, make_campaign
from tests.evals.review.judged import judge

ENDLESS = "[review]\nn_max = 300\ncriteria = []\n"
ACCURATE = '[review]\ncriteria = ["accurate"]\n'


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One for all tests, each of which makes its own campaigns."""
    found = Store.at(tmp_path_factory.mktemp("results") / "assay.duckdb")
    found.create()
    return found


def audit(store, action, made):
    values = {"action": action, "object": f"campaign:{made.campaign}"}
    return store.rows("SELECT * FROM audit WHERE action = $action AND object = $object ORDER BY seq", values)


def closed(store, campaign):
    return store.rows("SELECT closed, closed_by, reason FROM campaign WHERE id = $id", {"id": campaign})[0]


def test_eleven_wins_in_a_row_are_superior_and_end_the_campaign_by_its_rules(store):
    made = make_campaign(store, 20, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "w" * 12)
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.ended_at) == ("superior", "superior", 11)
    assert (found.overall.n, found.overall.wins, found.overall.win_difference) == (11, 11, 1.0)
    assert [point.n for point in found.course] == list(range(1, 13))
    assert found.course[10].superior == pytest.approx(21.453, abs=0.01)
    assert found.needed.state == "over"
    row = closed(store, made.campaign)
    assert (row["closed_by"], row["reason"]) == ("", BY_RULES)
    assert [(entry["actor"], json.loads(entry["payload"])) for entry in audit(store, "campaign-close", made)] == [
        ("rules", {"pairs": 11, "reason": BY_RULES})
    ]


def test_the_decision_alone_is_that_of_the_results_and_looking_at_it_is_logged_likewise(store):
    made = make_campaign(store, 20, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "w" * 12)
    assert decided(store, made.lead, made.campaign) == "superior"
    assert [entry["actor"] for entry in audit(store, "peek", made)] == [made.lead.named]
    assert results(store, made.lead, made.campaign).decision == "superior"
    assert len(audit(store, "peek", made)) == 1
    with pytest.raises(AccessError):
        decided(store, made.graders[0], made.campaign)


def test_the_evidence_of_single_verdicts_is_that_of_their_counts(store):
    made = make_campaign(store, 40, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wtlwwbtlww")
    found = results(store, made.lead, made.campaign)
    told = summarise(counted(5, 3, 2), Rules())
    assert found.course[-1].superior == pytest.approx(told.e_superior)
    assert found.course[-1].not_worse == pytest.approx(told.e_noninferior)
    assert found.overall.win_difference == pytest.approx(0.3)
    assert (found.overall.wins, found.overall.ties, found.overall.losses, found.overall.both_bad) == (5, 3, 2, 1)
    assert found.decision == "continue"
    assert not settle(store, made.campaign)


def test_only_the_completed_prefix_counts(store):
    made = make_campaign(store, 6, overlap=[1], policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "ww-www")
    found = results(store, made.lead, made.campaign)
    assert (found.overall.n, found.behind) == (1, 3)
    assert found.graders[0].verdicts == 5
    judge(store, made.campaign, made.graders[1], "-l")
    found = results(store, made.lead, made.campaign)
    assert (found.overall.n, found.overall.theta, found.behind) == (2, 0.75, 3)
    judge(store, made.campaign, made.graders[0], "--w")
    found = results(store, made.lead, made.campaign)
    assert (found.overall.n, found.behind) == (6, 0)


def test_a_verdict_that_can_still_change_does_not_count_until_its_sitting_is_as_old_as_the_policy_lets_it(store):
    made = make_campaign(store, 6, graders=3, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "www", closed=False)
    found = results(store, made.lead, made.campaign)
    assert (found.overall, found.sentence, found.graders) == (None, "nothing", ())
    store.transaction(lambda tx: tx.execute("UPDATE sitting SET opened = opened - INTERVAL 12 HOUR"))
    assert results(store, made.lead, made.campaign).overall.n == 3


def test_a_third_verdict_is_not_counted(store):
    made = make_campaign(store, 4, graders=2, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "w")
    judge(store, made.campaign, made.graders[1], "l")
    found = results(store, made.lead, made.campaign)
    assert (found.overall.wins, found.overall.losses) == (1, 0)


def test_a_pair_that_everybody_skipped_holds_nobody_up_and_is_reported(store):
    made = make_campaign(store, 4, graders=2, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wsw")
    assert results(store, made.lead, made.campaign).overall.n == 1
    judge(store, made.campaign, made.graders[1], "-s")
    found = results(store, made.lead, made.campaign)
    assert found.overall.n == 2
    assert (found.skips.share, found.skips.as_ties, found.skips.as_losses) == pytest.approx((1 / 3, 5 / 6, 2 / 3))


def test_a_skipped_pair_of_another_field_waits_for_those_who_know_it(store):
    made = make_campaign(store, 2, graders=2, specialties=["law", ""], knows=[["law"], ["medicine"]], policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "sw")
    assert results(store, made.lead, made.campaign).overall.n == 1


def test_where_all_pairs_are_judged_and_nothing_is_shown_it_is_inconclusive_and_closed(store):
    made = make_campaign(store, 4, policy=ENDLESS, identical=2)
    judge(store, made.campaign, made.graders[0], "wlwl")
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.ended_at) == ("inconclusive", "inconclusive", 4)
    assert (found.identical, found.overall.n, found.with_identical) == (2, 4, 0.0)
    assert closed(store, made.campaign)["closed"] is not None


def test_identical_pairs_are_ties_set_aside(store):
    made = make_campaign(store, 4, policy=ENDLESS, identical=4)
    judge(store, made.campaign, made.graders[0], "ww")
    found = results(store, made.lead, made.campaign)
    assert (found.overall.n, found.overall.win_difference) == (2, 1.0)
    assert found.with_identical == pytest.approx(2 / 6)


def test_the_most_pairs_planned_end_it_undecided(store):
    made = make_campaign(store, 9, policy="[review]\nn_max = 4\ncriteria = []\n")
    judge(store, made.campaign, made.graders[0], "wlwl")
    assert settle(store, made.campaign)
    assert results(store, made.lead, made.campaign).sentence == "inconclusive"


def test_a_bad_candidate_is_futile(store):
    made = make_campaign(store, 40, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "l" * 20)
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.ended_at) == ("futile", 7)


def test_critical_errors_of_the_candidate_end_it_for_harm_and_are_shown_with_their_texts(store):
    made = make_campaign(store, 30, policy=ENDLESS, specialties=["medicine"])
    errors = {place: [("candidate", "dangerous", "It is this.")] for place in range(3)}
    errors[3] = [("baseline", "false", "It is this.")]
    judge(store, made.campaign, made.graders[0], "wtwtwt", errors=errors)
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence) == ("harm", "harm.critical")
    assert (found.critical.candidate, found.critical.baseline, found.critical.shown_above) == (2, 0, True)
    assert [(one.side, one.type) for one in found.critical.found] == [
        *[("candidate", "dangerous")] * 3,
        ("baseline", "false"),
    ]
    first = found.critical.found[0]
    assert (first.question, first.answer) == ("What of item-00?", "First answer 0. It is this.")
    assert (first.quote, first.specialty, first.grader) == ("It is this.", "medicine", made.graders[0].user)
    assert found.critical.found[1].answer == "Second answer 1. It is that."


def test_a_criterion_that_is_worse_is_harm_although_the_candidate_wins(store):
    made = make_campaign(store, 60, policy=ACCURATE)
    judge(store, made.campaign, made.graders[0], "wl" * 20, criteria={"accurate": "l" * 40})
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.criterion) == ("harm", "harm.criterion", "accurate")
    assert found.criteria[0].share.win_difference == -1.0


def test_verdicts_are_parted_by_field_and_criterion(store):
    made = make_campaign(store, 6, policy=ACCURATE, specialties=["law", "medicine"])
    judge(store, made.campaign, made.graders[0], "wlwl", criteria={"accurate": "wt-l"})
    found = results(store, made.lead, made.campaign)
    assert [(part.name, part.share.n, part.share.win_difference) for part in found.specialties] == [
        ("law", 2, 1.0), ("medicine", 2, -1.0),
    ]  # fmt: skip
    accurate = found.criteria[0]
    assert (accurate.name, accurate.share.n, accurate.share.wins, accurate.share.ties) == ("accurate", 3, 1, 1)


def test_agreement_is_of_pairs_with_two_verdicts_and_missing_where_none_was_planned(store):
    made = make_campaign(store, 4, overlap=[0, 1, 2], policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wlw")
    judge(store, made.campaign, made.graders[1], "wlt")
    found = results(store, made.lead, made.campaign).agreement
    assert (found.items, found.same, found.reversed) == (3, pytest.approx(2 / 3), 0.0)
    alone = make_campaign(store, 4, policy=ENDLESS)
    judge(store, alone.campaign, alone.graders[0], "wl")
    assert results(store, alone.lead, alone.campaign).agreement is None


def test_the_side_and_the_blinding_are_told_by_where_the_candidate_stood(store):
    made = make_campaign(store, 40, policy="[review]\ncriteria = []\nmax_position_z = 2\n")
    # Left on places 0, 1, 4, 5, …: whatever stands there wins.
    judge(store, made.campaign, made.graders[0], "wwll" * 5, guesses=dict.fromkeys(range(5), "right"))
    found = results(store, made.lead, made.campaign)
    assert (found.position.left_share, found.position.decided) == (1.0, 20)
    assert found.position.z > 2
    assert not found.position.within
    assert found.graders[0].position == found.position
    assert (found.blinding.index, found.blinding.guesses, found.blinding.held) == (1.0, 5, False)


def test_blinding_holds_where_graders_guess_by_chance_and_is_unknown_where_nobody_was_asked(store):
    made = make_campaign(store, 40, policy=ENDLESS)
    guesses = {0: "right", 1: "wrong", 2: "unknown", 3: "right"}
    judge(store, made.campaign, made.graders[0], "wlwl", guesses=guesses)
    found = results(store, made.lead, made.campaign).blinding
    assert (found.index, found.held) == (0.25, True)
    other = make_campaign(store, 4, policy=ENDLESS)
    assert results(store, other.lead, other.campaign).blinding is None


def test_each_grader_is_left_out_in_turn(store):
    made = make_campaign(store, 40, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "w" * 11)
    judge(store, made.campaign, made.graders[1], "wlwlwl", start=11)
    found = results(store, made.lead, made.campaign)
    assert [one.grader for one in found.without] == []  # decided before the second began
    mixed = make_campaign(store, 40, policy=ENDLESS)
    judge(store, mixed.campaign, mixed.graders[0], "-w" * 8)
    judge(store, mixed.campaign, mixed.graders[1], "l-" * 8)
    found = results(store, mixed.lead, mixed.campaign)
    assert [(one.grader, one.theta) for one in found.without] == [
        (str(mixed.graders[0].user), 0.0), (str(mixed.graders[1].user), 1.0),
    ]  # fmt: skip
    assert found.like_these.low < 0 < found.like_these.high


def test_too_few_pairs_foretell_nothing_and_later_ones_say_how_many_are_needed(store):
    made = make_campaign(store, 200, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "www")
    assert results(store, made.lead, made.campaign).needed.state == "early"
    judge(store, made.campaign, made.graders[1], "wwtwtw", start=3)
    needed = results(store, made.lead, made.campaign).needed
    assert (needed.state, needed.most) == ("foreseen", 191)
    assert 1 <= needed.low <= needed.pairs <= needed.high < 191


def test_where_the_pairs_run_out_first_that_is_said(store):
    made = make_campaign(store, 14, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wlwtwlwlwl")
    assert results(store, made.lead, made.campaign).needed.state == "unforeseeable"


def test_a_look_is_logged_once_an_hour_a_person(store):
    made = make_campaign(store, 4)
    results(store, made.lead, made.campaign)
    results(store, made.lead, made.campaign)
    assert [(row["actor"], row["role"], row["object"]) for row in audit(store, "peek", made)] == [
        (made.lead.named, "lead", f"campaign:{made.campaign}")
    ]
    other = store.transaction(lambda tx: add_user(tx, "an auditor"))
    store.transaction(lambda tx: add_role(tx, other, "auditor"))
    results(store, other, made.campaign)
    assert len(audit(store, "peek", made)) == 2
    store.transaction(lambda tx: tx.execute("UPDATE audit SET created = created - INTERVAL 2 HOUR"))
    results(store, made.lead, made.campaign)
    assert len(audit(store, "peek", made)) == 3


def test_an_expert_gets_nothing_and_no_look_is_logged(store):
    made = make_campaign(store, 4)
    with pytest.raises(AccessError):
        results(store, made.graders[0], made.campaign)
    with pytest.raises(AccessError):
        results(store, Actor("oidc", None), made.campaign)
    assert audit(store, "peek", made) == []


def test_a_campaign_that_is_not_there_is_one_sentence(store):
    made = make_campaign(store, 4)
    with pytest.raises(CampaignError, match="there is no campaign 999; `assay review status` lists them"):
        results(store, made.lead, 999)


def test_a_lead_closes_a_campaign_with_a_reason_and_what_was_open_is_final(store):
    made = make_campaign(store, 20, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wlwl", closed=False)
    close_campaign(store, made.lead, made.campaign, "the questions were wrong")
    row = closed(store, made.campaign)
    assert (row["closed_by"], row["reason"]) == (made.lead.named, "the questions were wrong")
    found = results(store, made.lead, made.campaign)
    assert (found.sentence, found.decision, found.overall.n) == ("stopped", "inconclusive", 4)


def test_a_campaign_closed_without_a_verdict_is_inconclusive(store):
    made = make_campaign(store, 4)
    close_campaign(store, made.lead, made.campaign, "never mind")
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.overall) == ("inconclusive", "stopped", None)


def test_settling_what_nobody_judged_does_nothing(store):
    made = make_campaign(store, 4)
    assert not settle(store, made.campaign)
    assert closed(store, made.campaign)["closed"] is None


def test_results_as_json_name_no_grader_and_hold_no_odd_numbers(store):
    made = make_campaign(store, 30, policy=ENDLESS, overlap=[0, 1], simulated=True)
    judge(store, made.campaign, made.graders[0], "wlwltbwwww", unblinded=True)
    judge(store, made.campaign, made.graders[1], "wl")
    told = results_dict(results(store, made.lead, made.campaign))
    text = json.dumps(told, allow_nan=False)
    assert "grader 0" not in text
    assert told["graders"][0]["grader"] == made.graders[0].user
    assert (told["simulated"], told["unblinded"], told["decision"]) == (True, 10, "continue")
    assert told["course"][0] == pytest.approx(
        {"n": 1, "superior": 1.25, "not_worse": 1.338, "futile": 0.75, "harm": 0.75}, abs=0.01
    )
    assert told["overall"]["n"] == 10


def test_an_old_campaign_is_settled_when_its_status_is_asked(store):
    made = make_campaign(store, 20, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "w" * 11, closed=False, hours_ago=13)
    assert closed(store, made.campaign)["closed"] is None
    assert settle(store, made.campaign)
    assert utc_now() - closed(store, made.campaign)["closed"] < timedelta(minutes=1)


def test_a_campaign_whose_time_is_over_is_closed(store):
    made = make_campaign(store, 20, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wl")
    store.transaction(
        lambda tx: tx.execute("UPDATE campaign SET expires = opened WHERE id = $id", {"id": made.campaign})
    )
    found = results(store, made.lead, made.campaign)
    assert (found.sentence, found.overall.n) == ("stopped", 2)
    assert closed(store, made.campaign)["reason"] == EXPIRED


def test_a_criterion_that_too_few_pairs_were_judged_by_holds_the_decision_up_and_says_so(store):
    made = make_campaign(store, 40, policy=ACCURATE)
    judge(store, made.campaign, made.graders[0], "w" * 30, criteria={"accurate": "ww" + "-" * 28})
    found = results(store, made.lead, made.campaign)
    assert (found.decision, found.sentence, found.criterion) == ("continue", "criterion", "accurate")
    assert found.criteria[0].share.n == 2
    # Overall it would have been decided long ago; the criterion alone is followed.
    assert found.needed.pairs is None or found.needed.pairs > 5


def test_the_forecast_waits_for_every_criterion(store):
    made = make_campaign(store, 200, policy=ACCURATE)
    judge(store, made.campaign, made.graders[0], "w" * 9, criteria={"accurate": "t" * 9})
    found = results(store, made.lead, made.campaign)
    alone = make_campaign(store, 200, policy=ENDLESS)
    judge(store, alone.campaign, alone.graders[0], "w" * 9)
    assert found.needed.pairs > results(store, alone.lead, alone.campaign).needed.pairs


def test_guesses_count_once_their_verdicts_are_final_and_few_say_nothing(store):
    made = make_campaign(store, 40, policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wlw", guesses=dict.fromkeys(range(3), "right"))
    judge(store, made.campaign, made.graders[1], "ww", start=3, guesses={3: "wrong", 4: "wrong"}, closed=False)
    found = results(store, made.lead, made.campaign).blinding
    assert (found.index, found.guesses, found.held) == (1.0, 3, None)


def test_a_look_after_the_end_is_logged_though_the_last_one_was_just_before(store):
    made = make_campaign(store, 4)
    results(store, made.lead, made.campaign)
    close_campaign(store, made.lead, made.campaign, "enough")
    for _ in range(2):
        results(store, made.lead, made.campaign)
    assert len(audit(store, "peek", made)) == 2


def test_a_pair_whose_second_grader_never_came_counts_once_the_campaign_is_closed(store):
    made = make_campaign(store, 20, overlap=[2, 7], policy=ENDLESS)
    judge(store, made.campaign, made.graders[0], "wl" * 10)
    assert results(store, made.lead, made.campaign).overall.n == 2
    close_campaign(store, made.lead, made.campaign, "nobody else came")
    found = results(store, made.lead, made.campaign)
    assert (found.overall.n, found.decision) == (20, "inconclusive")
