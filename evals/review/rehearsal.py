"""A made-up panel that judges by the real service: to see a campaign from its opening to its end.

    number = rehearse(store, actor, plan, policy_text)

It works in demo stores alone, and such a campaign stays marked as simulated.
"""

import random
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from evals.review.draft import CampaignDraft, Contender
from evals.review.errors import CampaignError
from evals.review.findings import StoredPair
from evals.review.opening import make_campaign
from evals.review.questions import PRACTICE
from evals.review.service import begin_sitting, close_sitting, guess, next_pair, submit
from evals.review.settling import settle
from evals.review.simulation import SAME, Plan, check_plan
from evals.review.types import Answer, PairView
from store.access import EXPERT, Actor, require
from store.audit import Entry, append
from store.database import Store, Transaction
from store.users import grant_in, insert_user

__all__ = ["SITTING", "Whose", "judge_all", "make_panel", "rehearse", "require_demo"]

SITTING = 10
"""Pairs of a sitting."""

Whose: TypeAlias = Literal["candidate", "baseline", "tie"]

Judge: TypeAlias = Callable[[PairView, random.Random], Answer]


def rehearse(store: Store, actor: Actor, plan: Plan, policy: str) -> int:
    """Make up a campaign in a demo store, judge it to its end, and return its number.

    Raises CampaignError for chances that cannot be and outside of demo stores, PolicyError, AccessError.
    """
    check_plan(plan)
    require_demo(store)
    panel = make_panel(store, actor, [f"simulated grader {number}" for number in range(1, plan.graders + 1)])
    pairs = [_pair(number) for number in range(plan.pairs + PRACTICE)]
    draft = CampaignDraft(
        candidate=Contender("simulated candidate", "c" * 64), baseline=Contender("simulated baseline", "b" * 64),
        pairs=pairs[PRACTICE:], practice=pairs[:PRACTICE], policy=policy, seed=plan.seed, simulated=True,
        facts={"simulated": {"theta": plan.theta, "ties": plan.ties, "graders": plan.graders}},
    )  # fmt: skip
    number = make_campaign(store, actor, draft)
    judge_all(store, number, panel, _judge(plan), seed=plan.seed)
    return number


def make_panel(store: Store, actor: Actor, names: Sequence[str]) -> list[Actor]:
    """Add graders of every campaign to a demo store. Raises CampaignError elsewhere, AccessError."""
    require_demo(store)

    def add(transaction: Transaction) -> list[Actor]:
        role = require(transaction, actor, "user:manage")
        made: list[Actor] = []
        for name in names:
            user = insert_user(transaction, name, None, None, ())
            grant_in(transaction, actor, user, EXPERT, None)
            append(transaction, Entry(actor.named, role, "user-add", f"user:{user}", {"simulated": True}))
            made.append(Actor("oidc", user))
        return made

    return store.transaction(add)


def judge_all(store: Store, campaign: int, panel: Sequence[Actor], judge: Judge, *, seed: int = 0) -> None:
    """Let a panel judge, a sitting each in turn, until the campaign's rules close it or nothing is left for anyone."""
    chance = random.Random(f"panel {seed}")  # noqa: S311 - a draw anyone may repeat
    waiting = list(panel)
    while waiting:
        for grader in list(waiting):
            if not _sit(store, grader, campaign, judge, chance):
                waiting.remove(grader)
            if settle(store, campaign):
                return


def _sit(store: Store, grader: Actor, campaign: int, judge: Judge, chance: random.Random) -> bool:
    """Judge a sitting's pairs; whether there were any."""
    begin_sitting(store, grader, campaign, SITTING)
    judged = False
    while isinstance(pair := next_pair(store, grader, campaign), PairView):
        submit(store, grader, pair.token, judge(pair, chance))
        if pair.asks_guess:
            guess(store, grader, pair.token, "unknown")
        judged = True
    close_sitting(store, grader, campaign)
    return judged


def require_demo(store: Store) -> None:
    """Raise CampaignError outside of demo stores."""
    if not store.rows("SELECT demo FROM meta")[0]["demo"]:
        raise CampaignError(
            f"{store.root} holds real runs, and verdicts are made up in demo stores alone; name a new folder"
        )


def _pair(number: int) -> StoredPair:
    return StoredPair(f"simulated-{number:04}", f"Simulated question {number}?", _text(number, 0), _text(number, 1))


def _text(number: int, side: int) -> str:
    """An answer that only its maker can tell from the other one."""
    first = random.Random(f"text {number}").random() < 0.5  # noqa: S311 - nothing is kept secret by it
    return f"Simulated answer {'one' if first == (side == 0) else 'two'} to question {number}."


def _judge(plan: Plan) -> Judge:
    """Graders who take the candidate's answer for the better one as often as planned, and mostly agree."""
    candidates = {_text(number, 0) for number in range(plan.pairs + PRACTICE)}

    def verdict(chance: random.Random) -> Whose:
        lot = chance.random()
        loss = 1 - plan.theta - plan.ties / 2
        return "baseline" if lot < loss else "tie" if lot < loss + plan.ties else "candidate"

    def judge(pair: PairView, chance: random.Random) -> Answer:
        shared = verdict(random.Random(f"{plan.seed} {pair.question}"))  # noqa: S311 - a draw anyone may repeat
        sides = {"candidate": "left", "baseline": "right", "tie": "tie"}
        if pair.left not in candidates:
            sides = {"candidate": "right", "baseline": "left", "tie": "tie"}
        said = [sides[shared if chance.random() < SAME else verdict(chance)] for _ in range(1 + len(pair.criteria))]
        return Answer(choice=said[0], criteria=dict(zip(pair.criteria, said[1:], strict=True)))  # pyright: ignore[reportArgumentType] - left, right or tie, as the dictionaries above say

    return judge
