"""Many graders at once, in threads and in processes: no verdict is lost or doubled, no place is given twice."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evals.review.service import begin_sitting, next_pair, submit
from evals.review.types import Answer, PairView
from store.audit import first_broken
from store.database import Store
from store.errors import StoreBusyError
from tests.evals.review.campaigns import make_campaign

REPO = Path(__file__).parents[3]

USEFUL = '[review]\ncriteria = ["useful"]\n'


def judge(store, actor, campaign, count):
    """Judge so many pairs, each with a second click; the tokens."""
    until_free(begin_sitting, store, actor, campaign, count)
    tokens = []
    for number in range(count):
        view = until_free(next_pair, store, actor, campaign)
        assert isinstance(view, PairView)
        with ThreadPoolExecutor(2) as twice:
            clicks = [twice.submit(until_free, submit, store, actor, view.token, answer(number)) for _ in range(2)]
        assert [click.result() for click in clicks] == [None, None]
        tokens.append(view.token)
    return tokens


def until_free(call, *args):
    """Call again while the store is busy, as its sentence says: on a slow machine many wait for long."""
    while True:
        try:
            return call(*args)
        except StoreBusyError:
            continue


def answer(number):
    return Answer(("left", "right", "tie", "both_bad")[number % 4], {"useful": "left"}, ("clear",), f"line {number}")


def require_sound(store, campaign, tokens):
    """Every answer is one verdict, nothing was given beyond its plan, and the chain holds."""
    verdicts = store.rows("SELECT token, item, grader, superseded FROM verdict")
    assert Counter(row["token"] for row in verdicts) == Counter(tokens)
    assert len({(row["item"], row["grader"]) for row in verdicts}) == len(verdicts)
    given = Counter(row["item"] for row in verdicts)
    planned = {row["item"]: row["planned"] for row in store.rows("SELECT item, planned FROM pair")}
    assert [item for item, count in given.items() if count > planned[item]] == []
    told = Counter(row["action"] for row in store.rows("SELECT action FROM audit"))
    assert (told["verdict"], told["verdict-edit"], told["lease"]) == (len(tokens), 0, len(tokens))
    assert store.snapshot(first_broken) is None


@pytest.mark.slow
def test_two_hundred_submits_of_twenty_threads_are_two_hundred_verdicts(store):
    made = make_campaign(store, pairs=190, graders=20, practice=0, policy=USEFUL, overlap=range(0, 190, 10))
    with ThreadPoolExecutor(20) as graders:
        done = graders.map(lambda actor: judge(store, actor, made.campaign, 10), made.graders)
        tokens = [token for some in done for token in some]
    assert len(tokens) == 200
    require_sound(store, made.campaign, tokens)


@pytest.mark.slow
def test_four_processes_that_judge_at_once_lose_and_double_nothing(store):
    made = make_campaign(store, pairs=42, graders=4, practice=0, policy=USEFUL, overlap=[0, 1, 2])
    code = (
        "import sys\nfrom store.access import Actor\nfrom store.database import Store\n"
        "from tests.evals.review.test_concurrent import judge\n"
        "print(*judge(Store.at(sys.argv[1]), Actor('oidc', int(sys.argv[2])), int(sys.argv[3]), 10))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, store.path, str(grader.user), str(made.campaign)],
            cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for grader in made.graders
    ]  # fmt: skip
    said = [process.communicate() for process in started]
    assert [error for _, error in said if error] == []
    tokens = [token for out, _ in said for token in out.split()]
    assert len(tokens) == 40
    require_sound(Store.at(store.path), made.campaign, tokens)


def test_two_tabs_that_ask_at_once_get_one_pair_and_two_answers_are_one_verdict(store):
    made = make_campaign(store, pairs=4, graders=1, practice=0)
    grader = made.graders[0]
    begin_sitting(store, grader, made.campaign, 4)
    with ThreadPoolExecutor(4) as tabs:
        views = list(tabs.map(lambda _: next_pair(store, grader, made.campaign), range(4)))
        assert len({view.token for view in views}) == 1
        list(tabs.map(lambda _: submit(store, grader, views[0].token, Answer("left")), range(4)))
        choices = ("left", "right", "tie", "left")
        list(tabs.map(lambda choice: submit(store, grader, views[0].token, Answer(choice)), choices))
    standing = store.rows("SELECT count(*) AS n FROM verdict WHERE superseded IS NULL")
    assert standing == [{"n": 1}]


def test_the_last_place_goes_to_one_of_many_who_ask_at_once(store):
    made = make_campaign(store, pairs=1, graders=6, practice=0)
    for grader in made.graders:
        begin_sitting(store, grader, made.campaign, 1)
    with ThreadPoolExecutor(6) as graders:
        got = list(graders.map(lambda actor: next_pair(store, actor, made.campaign), made.graders))
    assert sum(isinstance(view, PairView) for view in got) == 1
    assert store.rows("SELECT count(*) AS n FROM lease") == [{"n": 1}]
