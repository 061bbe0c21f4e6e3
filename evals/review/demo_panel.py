"""The demo's panel: where a newcomer has judged a few pairs, made-up graders judge the rest by the references.

An answer that names what matters, such as the right department, is better than one that does not; else the one that is
more like the reference is.

It works in demo stores alone, and the campaign is marked as simulated from then on, for ever.
"""

import json
import random
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any, Literal

from evals.review.errors import CampaignError
from evals.review.rehearsal import Judge, judge_all, make_panel, require_demo
from evals.review.service import close_sitting
from evals.review.types import Answer, PairView
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.users import local_user

__all__ = ["LEAST", "REFERENCES", "WANTED", "finish", "judge_rest", "may_finish"]

REFERENCES = "references"
"""Where the facts of a campaign hold the wanted answer of each question."""

LEAST = 3
"""Verdicts of one's own, practice left out, before the panel may go on."""

WANTED = "wanted"
"""Where they hold the words that a good answer to each question has."""

CLOSE = 0.05
"""Likeness to the reference by which two answers differ at least, or it is a tie; 0 to 1."""

NAMES = ("demo panel 1", "demo panel 2")


def may_finish(store: Store, actor: Actor, campaign: int) -> bool:
    """Whether the panel may judge what is left: in a demo, after three verdicts of one's own. Raises StoreError."""
    values = {"campaign": campaign, "user": actor.user, "least": LEAST, "now": utc_now()}
    return actor.way in ("local", "persona") and bool(store.rows(_MAY, values))


def finish(store: Store, actor: Actor, campaign: int) -> None:
    """Close one's own sitting, mark the campaign as simulated, and let the panel judge to its end.

    Raises CampaignError where there is nothing to finish, AccessError, StoreError.
    """
    if not may_finish(store, actor, campaign):
        raise CampaignError(
            f"the panel judges open campaigns of a demo, after {LEAST} verdicts of your own; judge that many first"
        )
    # The expert whom someone plays may not; whoever plays may.
    sits_here = actor if actor.way == "local" else Actor("local", local_user(store))
    facts = _marked(store, sits_here, campaign)
    close_sitting(store, actor, campaign)
    judge_all(store, campaign, _panel(store, sits_here), _judge(facts))


def judge_rest(store: Store, actor: Actor, campaign: int) -> None:
    """Mark a campaign of a demo as simulated, and let the panel judge all that is left of it.

    Raises CampaignError where it has no references or the store is no demo, AccessError, StoreError.
    """
    panel = _panel(store, actor)
    judge_all(store, campaign, panel, _judge(_marked(store, actor, campaign)))


def _marked(store: Store, actor: Actor, campaign: int) -> dict[str, dict[str, str]]:
    """Mark a campaign as simulated, for ever; what the panel judges by."""

    def mark(transaction: Transaction) -> dict[str, dict[str, str]]:
        role = require(transaction, actor, "campaign:close", campaign)
        found = _facts(transaction, campaign)
        transaction.execute("UPDATE campaign SET simulated = true WHERE id = $id", {"id": campaign})
        append(transaction, Entry(actor.named, role, "campaign-simulated", f"campaign:{campaign}", {}))
        return found

    return store.transaction(mark)


def nearer(left: str, right: str, reference: str, wanted: str = "") -> Literal["left", "right", "tie"]:
    """The answer that alone has the wanted words, else the one that is more like the reference.

    >>> nearer("see a surgeon", "go to the eye clinic", "the eye clinic")
    'right'
    >>> nearer("see a surgeon, the eye clinic will not do", "go to the surgery", "see an eye doctor", "surgery")
    'right'
    """
    if (wanted in left) != (wanted in right):
        return "left" if wanted in left else "right"
    first, second = (SequenceMatcher(None, text, reference, autojunk=False).ratio() for text in (left, right))
    if abs(first - second) < CLOSE:
        return "tie"
    return "left" if first > second else "right"


def _judge(facts: Mapping[str, Mapping[str, str]]) -> Judge:
    def judge(pair: PairView, _chance: random.Random) -> Answer:
        reference, wanted = (facts.get(name, {}).get(pair.question, "") for name in (REFERENCES, WANTED))
        choice = nearer(pair.left, pair.right, reference, wanted)
        return Answer(choice, dict.fromkeys(pair.criteria, choice))

    return judge


def _facts(snapshot: Snapshot, campaign: int) -> dict[str, dict[str, str]]:
    """What the panel judges by."""
    rows = snapshot.rows("SELECT data FROM campaign WHERE id = $id", {"id": campaign})
    data: dict[str, Any] = json.loads(rows[0]["data"]) if rows else {}
    if REFERENCES not in data:
        raise CampaignError(f"campaign {campaign} has no wanted answers that a panel could judge by")
    return {name: data[name] for name in (REFERENCES, WANTED) if name in data}


def _panel(store: Store, actor: Actor) -> list[Actor]:
    """The graders of this store's panel, added the first time."""
    require_demo(store)
    rows = store.rows(_KNOWN, {"names": list(NAMES)})
    return [Actor("oidc", row["id"]) for row in rows] if len(rows) == len(NAMES) else make_panel(store, actor, NAMES)


_KNOWN = """
SELECT id FROM "user" WHERE list_contains($names, name) AND issuer IS NULL AND removed IS NULL ORDER BY id
"""

_MAY = """
SELECT 1 FROM campaign c, meta m
WHERE c.id = $campaign AND c.closed IS NULL AND c.expires > $now AND m.demo AND json_exists(c.data, '$.references')
  AND $least <= (SELECT count(*) FROM verdict v
                 WHERE v.campaign_id = c.id AND v.grader = $user AND v.superseded IS NULL)
"""
