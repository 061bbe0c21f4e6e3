"""What holds of leasing whatever graders do and in whatever order."""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.review.board import Board, Lease, Pair
from evals.review.roster import Person
from evals.review.service import begin_sitting, close_sitting, next_pair, skip, submit
from evals.review.types import Answer, PairView, ReviewError, Wait
from store.database import Store
from tests.evals.review.campaigns import Made, make_campaign
from tests.evals.review.clock import Clock

NOW = datetime(2026, 12, 1)  # noqa: DTZ001 - the store's times have no zone


def pair(place, planned=1, specialty=""):
    return Pair(f"item-{place}", place, False, specialty, planned > 1, planned)


def lease(grader, place, outcome=None, minutes=10):
    return Lease(f"{grader}/{place}", f"item-{place}", grader, 1, 0, outcome, NOW + timedelta(minutes=minutes))


def choose(grader, pairs, leases, specialties=()):
    chosen = Board(pairs, leases, NOW).choose(Person(grader, specialties))
    return chosen if isinstance(chosen, str) else chosen.place


@pytest.mark.parametrize(
    ("leases", "expected"),
    [
        ([], 0),
        ([lease(2, 0)], 1),
        ([lease(2, 0, minutes=-1)], 0),
        ([lease(2, 0, "verdict")], 1),
        ([lease(2, 0, "skipped")], 0),
        ([lease(1, 0, "skipped")], 1),
        ([lease(1, 0, "expired")], 0),
        ([lease(1, 0, "expired"), lease(2, 0)], 1),
        ([lease(1, 0, "verdict"), lease(2, 1)], 2),
        ([lease(1, 0, "verdict"), lease(2, 1), lease(2, 2, "verdict"), lease(3, 2)], 1),
        ([lease(1, 0, "verdict"), lease(2, 1), lease(3, 1), lease(2, 2, "verdict"), lease(3, 2)], "later"),
        ([lease(1, 0, "verdict"), lease(1, 1, "verdict"), lease(1, 2, "skipped")], "done"),
        ([lease(2, 0, "verdict"), lease(2, 1, "verdict"), lease(3, 1, "verdict"), lease(1, 2, "skipped")], "done"),
    ],
)
def test_the_lowest_place_that_is_free_and_that_nobody_has_just_now_is_next(leases, expected):
    assert choose(1, [pair(0), pair(1, 2), pair(2, 2)], leases) == expected


def test_a_field_is_for_those_who_have_it_and_for_those_who_have_all():
    pairs = [pair(0, specialty="skin"), pair(1, specialty="heart"), pair(2)]
    assert [choose(1, pairs, [], fields) for fields in ((), ("heart",), ("bones", "skin"), ("bones",))] == [0, 1, 0, 2]


ACTS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(["next", "next", "submit", "submit", "late", "skip", "close", "pass"])
    ),
    min_size=5,
    max_size=25,
)


@dataclass
class Evening:
    """Graders who do what they are told, and the tokens that each has seen."""

    store: Store
    made: Made
    clock: Clock
    seen: dict[int, list[str]] = field(default_factory=dict)

    def act(self, number, act):
        actor, campaign = self.made.graders[number], self.made.campaign
        tokens = self.seen.setdefault(number, [])
        if act == "pass":
            self.clock.pass_by(minutes=13)
        elif act == "close":
            close_sitting(self.store, actor, campaign)
        elif act == "next":
            begin_sitting(self.store, actor, campaign, 20)
            view = next_pair(self.store, actor, campaign)
            assert isinstance(view, PairView) or view in (Wait("done"), Wait("later"))
            tokens += [view.token] if isinstance(view, PairView) else []
        elif tokens:
            token = tokens[0] if act == "late" else tokens[-1]
            self.answer(actor, token, act)

    def answer(self, actor, token, act):
        try:
            if act == "skip":
                skip(self.store, actor, token, "unclear")
            else:
                submit(self.store, actor, token, Answer("left"))
        except ReviewError:
            pass

    def require_sound(self):
        leases = self.store.rows("SELECT * FROM lease ORDER BY grader, number")
        planned = {row["item"]: row["planned"] for row in self.store.rows("SELECT item, planned FROM pair")}
        assert max(Counter((row["item"], row["grader"]) for row in leases).values(), default=1) == 1
        taken = Counter(row["item"] for row in leases if row["outcome"] in (None, "verdict"))
        assert [item for item, count in taken.items() if count > planned[item]] == []
        verdicts = self.store.rows("SELECT item, grader, token FROM verdict WHERE superseded IS NULL")
        assert {row["token"] for row in verdicts} == {row["token"] for row in leases if row["outcome"] == "verdict"}
        assert len({(row["item"], row["grader"]) for row in verdicts}) == len(verdicts)
        self.require_balanced(leases)

    def require_balanced(self, leases):
        candidate = {row["item"]: row["candidate"] for row in self.store.rows("SELECT * FROM mapping")}
        for grader in {row["grader"] for row in leases}:
            mine = [row for row in leases if row["grader"] == grader]
            assert [row["number"] for row in mine] == list(range(len(mine)))
            lefts = [row["left"] == candidate[row["item"]] for row in mine]
            for start in range(0, len(lefts) - 3, 4):
                assert sum(lefts[start : start + 4]) == 2


@settings(max_examples=12)
@given(ACTS)
def test_whatever_graders_do_no_plan_is_exceeded_nothing_comes_twice_and_sides_are_balanced(blank, acts):
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        store = Store.at(shutil.copy(blank, folder))
        evening = Evening(store, make_campaign(store, pairs=6, graders=3, practice=0, overlap=[1, 4]), Clock(patch))
        for number, act in acts:
            evening.act(number, act)
        evening.require_sound()
