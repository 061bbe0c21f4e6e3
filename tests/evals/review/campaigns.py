"""A small campaign, made by SQL: people with roles, pairs with answers, mapping, policy."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from store.access import Actor
from store.clock import utc_now
from store.database import Store, Transaction

__all__ = ["NO_CRITERIA", "Made", "add_role", "add_user", "make_campaign"]


NO_CRITERIA = "[review]\ncriteria = []\n"
"""Policy of graders who say no more than which answer is better."""


class Made(NamedTuple):
    """A campaign and its people."""

    campaign: int
    """Its number."""

    graders: list[Actor]
    """Experts bound to it."""

    lead: Actor
    """A lead of everything."""


def make_campaign(
    store: Store, pairs: int = 12, graders: int = 2, practice: int = 3, policy: str = NO_CRITERIA, *,
    overlap: Sequence[int] = (), specialties: Sequence[str] = (), knows: Sequence[Sequence[str]] = (),
    identical: int = 0, simulated: bool = False,
) -> Made:  # fmt: skip
    """Make a campaign in a store; items are item-00, item-01, … in the order of their places, and practice-0, ….

    `overlap`: places that two graders judge; `specialties`: of the pairs, over and over; `knows`: specialties of each
    grader; `identical`: pairs besides with one answer. The first answer is the candidate's where the place is even.
    """

    def work(transaction: Transaction) -> Made:
        campaign = _campaign(transaction, policy, simulated=simulated)
        _pairs(transaction, campaign, pairs, overlap, specialties)
        _others(transaction, campaign, "practice", practice)
        _others(transaction, campaign, "identical", identical)
        experts = [add_user(transaction, f"grader {n}", knows[n] if n < len(knows) else ()) for n in range(graders)]
        for expert in experts:
            add_role(transaction, expert, "expert", campaign)
        lead = add_user(transaction, "the lead")
        add_role(transaction, lead, "lead")
        return Made(campaign, experts, lead)

    return store.transaction(work)


def add_user(transaction: Transaction, name: str, specialties: Sequence[str] = ()) -> Actor:
    """A person without a role, as one who came in by OpenID Connect."""
    number = transaction.rows('SELECT coalesce(max(id), 0) + 1 AS id FROM "user"')[0]["id"]
    transaction.execute(
        'INSERT INTO "user" (id, name, issuer, subject, specialties, created) '
        "VALUES ($id, $name, 'https://login.example', $subject, $specialties, $now)",
        {"id": number, "name": name, "subject": f"s{number}", "specialties": list(specialties), "now": utc_now()},
    )
    return Actor("oidc", number)


def add_role(transaction: Transaction, actor: Actor, role: str, campaign: int | None = None) -> None:
    """Give someone a role, in one campaign or in all."""
    transaction.execute(
        "INSERT INTO role (user_id, role, campaign_id, granted, granted_by) "
        "VALUES ($user, $role, $campaign, $now, 'command:tests')",
        {"user": actor.user, "role": role, "campaign": campaign, "now": utc_now()},
    )


def _campaign(transaction: Transaction, policy: str, *, simulated: bool) -> int:
    now, digest = utc_now(), hashlib.sha256(policy.encode()).hexdigest()
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM campaign")[0]["id"]
    row: dict[str, Any] = {
        "id": number, "name": f"campaign-{number}", "title": "Which answer helps more?", "candidate": "secret-run@40",
        "candidate_sha256": "c" * 64, "baseline": "secret-base@0", "baseline_sha256": "b" * 64,
        "policy_sha256": digest, "language": "en", "instructions": "Judge what is said, not how long it is.",
        "seed": 1, "simulated": simulated, "opened": now, "opened_by": "command:tests",
        "expires": now + timedelta(days=7), "data": "{}",
    }  # fmt: skip
    transaction.insert("campaign", pa.Table.from_pylist([row]))
    if not transaction.rows("SELECT 1 FROM policy WHERE sha256 = $digest", {"digest": digest}):
        values = {"digest": digest, "text": policy, "now": now}
        transaction.execute("INSERT INTO policy (sha256, text, created) VALUES ($digest, $text, $now)", values)
    return number


def _pairs(
    transaction: Transaction, campaign: int, count: int, overlap: Sequence[int], specialties: Sequence[str]
) -> None:
    rows: list[dict[str, Any]] = []
    for place in range(count):
        specialty = specialties[place % len(specialties)] if specialties else ""
        row = _row(campaign, f"item-{place:02}", "asked", place)
        twice = place in overlap
        rows.append({**row, "place": place, "specialty": specialty, "overlap": twice, "planned": 1 + twice})
    _put(transaction, rows)


def _others(transaction: Transaction, campaign: int, state: str, count: int) -> None:
    rows = [_row(campaign, f"{state}-{n}", state, n) for n in range(count)]
    same = [{**row, "second": row["first"]} for row in rows]
    _put(transaction, same if state == "identical" else rows)


def _row(campaign: int, item: str, state: str, number: int) -> dict[str, Any]:
    question = f"What of {item}?"
    return {
        "campaign_id": campaign, "item": item, "state": state, "question": question,
        "question_sha256": hashlib.sha256(question.encode()).hexdigest(), "specialty": "",
        "first": f"First answer {number}. It is this.", "second": f"Second answer {number}. It is that.",
        "overlap": False, "planned": 1 if state == "asked" else 0,
    }  # fmt: skip


def _put(transaction: Transaction, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    transaction.insert("pair", pa.Table.from_pylist(rows))
    mapping = [
        {"campaign_id": row["campaign_id"], "item": row["item"], "candidate": ("first", "second")[number % 2]}
        for number, row in enumerate(rows)
        if row["state"] != "identical"
    ]
    if mapping:
        transaction.insert("mapping", pa.Table.from_pylist(mapping))
