"""A campaign is written whole, with its rules, or not at all."""

import hashlib
import json
from datetime import timedelta

import pytest

from evals.review.draft import Contender
from evals.review.errors import CampaignError
from evals.review.holding import let_checkpoints_go
from evals.review.opening import make_campaign
from evals.review.policy import PolicyError
from evals.review.service import begin_sitting, close_campaign, next_pair
from store.access import AccessError, Actor
from store.audit import first_broken
from store.database import Store
from store.pins import held
from store.roster import extend_overlap
from tests.evals.review.campaigns import add_role, add_user
from tests.evals.review.drafts import LEAD, draft, judge, opened, stored


def experts(store, count, campaign=None):
    def add(transaction):
        people = [add_user(transaction, f"grader {n}") for n in range(count)]
        for person in people:
            add_role(transaction, person, "expert", campaign)
        return people

    return store.transaction(add)


def rows(store, table, order="item"):
    return store.rows(f"SELECT * FROM {table} ORDER BY {order}")


def test_a_campaign_is_written_with_all_it_is_judged_by(store):
    number = opened(
        store, pairs=6, practice=3, identical=2, title="Spring", days=10, language="zh", facts={"decoding": "greedy"}
    )
    [campaign] = rows(store, "campaign", "id")
    assert number == campaign["id"] == 1
    assert (campaign["title"], campaign["language"], campaign["opened_by"]) == ("Spring", "zh", "command:lin")
    assert campaign["instructions"].startswith("请判断两个回答哪一个更好")
    assert campaign["expires"] - campaign["opened"] == timedelta(days=10)
    assert (campaign["closed"], campaign["closed_by"], campaign["reason"]) == (None, None, None)
    [policy] = rows(store, "policy", "sha256")
    assert policy["sha256"] == campaign["policy_sha256"] == hashlib.sha256(policy["text"].encode()).hexdigest()
    data = json.loads(campaign["data"])
    assert data["decoding"] == "greedy"
    assert data["warnings"][0] == "2 of 8 pairs have the same answer twice: set aside as ties"
    assert data["findings"]["identical"] == ["s0", "s1"]


def test_each_pair_has_one_state_and_those_judged_have_places(store):
    opened(store, pairs=6, practice=3, identical=2)
    pairs = rows(store, "pair")
    by_state = {}
    for pair in pairs:
        by_state.setdefault(pair["state"], []).append(pair)
    assert {state: len(found) for state, found in by_state.items()} == {"asked": 6, "identical": 2, "practice": 3}
    assert sorted(pair["place"] for pair in by_state["asked"]) == list(range(6))
    assert {pair["place"] for pair in by_state["identical"] + by_state["practice"]} == {None}
    assert {(pair["state"], pair["planned"]) for pair in pairs} == {("asked", 1), ("identical", 0), ("practice", 0)}


def test_the_mapping_says_whose_each_answer_is(store):
    opened(store, pairs=40)
    mapping = {row["item"]: row["candidate"] for row in rows(store, "mapping")}
    for pair in rows(store, "pair"):
        of_candidate = pair[mapping[pair["item"]]]
        assert of_candidate.startswith("Fresh")
    assert 8 < sum(side == "first" for side in mapping.values()) < 32


def test_order_and_overlap_are_the_seeds_and_sides_are_the_stores_secret(store, tmp_path):
    other = Store.at(tmp_path / "other" / "assay.duckdb")
    other.create()
    for place in (store, other):
        opened(place, pairs=40, seed=5)
    ordered = [[(row["item"], row["overlap"]) for row in rows(place, "pair", "place")] for place in (store, other)]
    assert ordered[0] == ordered[1]
    assert sum(overlap for _, overlap in ordered[0]) == 10
    sides = [[row["candidate"] for row in rows(place, "mapping")] for place in (store, other)]
    assert sides[0] != sides[1]
    opened(store, pairs=40, seed=6, name="again")
    again = store.rows("SELECT item FROM pair WHERE campaign_id = 2 ORDER BY place")
    assert [row["item"] for row in again] != [item for item, _ in ordered[0]]


@pytest.mark.parametrize(("graders", "planned"), [(0, 1), (1, 1), (2, 2), (5, 2)])
def test_overlap_is_planned_where_two_can_judge(graders, planned, store):
    experts(store, graders)
    opened(store, pairs=8)
    assert {row["planned"] for row in rows(store, "pair") if row["overlap"]} == {planned}
    assert {row["planned"] for row in rows(store, "pair") if not row["overlap"]} == {1}


def test_a_second_grader_who_comes_later_gets_the_overlap_not_yet_shown(store):
    number = opened(store, pairs=8, policy="[review]\noverlap = 1.0\ncriteria = []\n")
    [first] = experts(store, 1, number)
    begin_sitting(store, first, number, 5)
    next_pair(store, first, number)
    experts(store, 1, number)
    store.transaction(lambda transaction: extend_overlap(transaction, number))
    assert sorted(row["planned"] for row in rows(store, "pair")) == [1, *[2] * 7]


def test_opening_is_told_with_the_digests_of_policy_and_texts(store):
    opened(store, pairs=4, practice=3, identical=1, seed=2**60)
    [entry] = store.rows("SELECT * FROM audit WHERE action = 'campaign-open'")
    told = json.loads(entry["payload"])
    assert (entry["actor"], entry["object"]) == ("command:lin", "campaign:1")
    assert (told["pairs"], told["identical"], told["practice"], told["overlap"]) == (4, 1, 3, 1)
    assert told["seed"] == str(2**60)
    texts = sorted(
        [row["item"], row["question"], *sorted([row["first"], row["second"]])] for row in rows(store, "pair")
    )
    fresh_first = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    assert told["texts_sha256"] == hashlib.sha256(fresh_first.encode()).hexdigest()
    assert store.snapshot(first_broken) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"baseline": Contender("r@3", "c" * 64)}, "r@6 and r@3 are the same model; compare it with another one"),
        ({"pairs": 0, "identical": 3}, "give the same answer to all 3 questions, so there is nothing to judge"),
        ({"pairs": 0}, "a campaign needs one pair that counts, at least; give it more questions"),
        ({"pairs": [stored(1), stored(1)]}, "two questions of the campaign have the same id; give each its own"),
        ({"title": "Claude or not"}, "the title says 'Claude', which tells experts what they judge; leave it out"),
        ({"title": "About sft-7b", "own_names": ["sft-7b"]}, "the title says 'sft-7b', which tells experts"),
        ({"instructions": "x" * 4001}, "the campaign's instructions has 4,001 characters; 4,000 are the most"),
        ({"name": "12"}, "a campaign called 12 would be taken for a number; give it a name with letters"),
        ({"days": 0}, "a campaign's invites last 1 to 366 days, and not 0"),
        ({"seed": -1}, "a campaign's seed is a whole number from 0 to 2^63 - 1"),
        ({"simulated": True}, "verdicts are made up in demo stores alone; name a new folder with --store"),
    ],
)
def test_what_no_campaign_can_be_made_of_is_refused_whole(changes, sentence, store):
    made = draft(**changes)
    with pytest.raises(CampaignError) as refused:
        make_campaign(store, LEAD, made)
    assert sentence in str(refused.value)
    for table in ("campaign", "pair", "mapping", "policy", "pin", "audit"):
        assert store.rows(f"SELECT * FROM {table}") == []


def test_a_policy_that_cannot_be_read_is_refused(store):
    with pytest.raises(PolicyError, match="has no alfa"):
        opened(store, policy="[review]\nalfa = 0.1\n")


def test_who_may_not_open_opens_nothing(store):
    [expert] = experts(store, 1)
    with pytest.raises(AccessError, match="this needs the role engineer or lead"):
        make_campaign(store, expert, draft())
    with pytest.raises(AccessError, match="you are not known here"):
        make_campaign(store, Actor("oidc", None), draft())
    assert rows(store, "campaign", "id") == []


def test_a_name_is_taken_once_and_made_up_as_often_as_needed(store):
    opened(store, name="spring")
    with pytest.raises(CampaignError, match="campaign 1 is called spring already; choose another name with --name"):
        opened(store, name=" spring ")
    for _ in range(3):
        opened(store)
    names = [row["name"] for row in rows(store, "campaign", "id")]
    assert names == ["spring", "r@6 against base", "r@6 against base, 2", "r@6 against base, 3"]
    assert [row["title"] for row in rows(store, "campaign", "id")] == [f"Blind review {n}" for n in range(1, 5)]


def test_checkpoints_are_held_until_the_campaign_is_closed_and_lets_them_go(store):
    path = "r/checkpoints/00000006-b1"
    number = opened(store, candidate=Contender("r@6", "c" * 64, path, "r"), name="spring")
    assert [(pin.holder_kind, pin.holder) for pin in held(store, path)] == [("campaign", "spring")]
    with pytest.raises(CampaignError, match="campaign 1 is open and needs its checkpoints; close it with --reason"):
        let_checkpoints_go(store, LEAD, number)
    close_campaign(store, LEAD, number, "enough")
    assert len(held(store, path)) == 1
    assert let_checkpoints_go(store, LEAD, number) == [path]
    assert held(store, path) == []
    assert let_checkpoints_go(store, LEAD, number) == []


def test_what_was_opened_can_be_judged_and_the_verdicts_are_the_candidates(store):
    number = opened(store, pairs=5, practice=3, identical=1)
    [grader] = experts(store, 1, number)
    assert judge(store, number, grader, lambda n: "fresh") == 8
    found = store.rows("SELECT v.choice, m.candidate FROM verdict v JOIN mapping m USING (item) WHERE item LIKE 'q%'")
    assert len(found) == 5
    assert all(row["choice"] == row["candidate"] for row in found)


def test_an_id_may_be_any_text(store):
    odd = "'; DROP TABLE pair; -- 一/二 \U0001f600"
    opened(store, pairs=[stored(1, item=odd), stored(2, item="/")])
    assert odd in {row["item"] for row in rows(store, "pair")}
