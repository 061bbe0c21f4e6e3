"""Graders at work: a sitting begun, practice done, pairs answered."""

from evals.review.service import begin_sitting, next_pair, submit
from evals.review.types import Answer, PairView

__all__ = ["answered", "item_of", "pair_of", "seated"]


def seated(store, made, *, planned=20):
    """Open sittings and get practice over with; the graders, none of whom has a pair."""
    practice = store.rows("SELECT count(*) AS n FROM pair WHERE state = 'practice'")[0]["n"]
    for grader in made.graders:
        begin_sitting(store, grader, made.campaign, planned)
        for _ in range(practice):
            answered(store, grader, made.campaign, "tie")
    return made.graders


def pair_of(store, actor, campaign):
    """The next pair, which there must be."""
    view = next_pair(store, actor, campaign)
    assert isinstance(view, PairView), view
    return view


def answered(store, actor, campaign, choice="left"):
    """Judge the next pair; its view."""
    view = pair_of(store, actor, campaign)
    submit(store, actor, view.token, Answer(choice, dict.fromkeys(view.criteria, "tie")))
    return view


def item_of(store, token):
    """The item of a lease."""
    return store.rows("SELECT item FROM lease WHERE token = $token", {"token": token})[0]["item"]
