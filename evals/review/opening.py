"""Open a campaign: one transaction that writes it whole, with the rules it will be judged by.

    number = make_campaign(store, actor, draft)

Both models' answers are there already. Order and overlap are drawn by the seed, which anyone may use to draw them
again; which of the two answers stands first comes from a secret of the store, so that nobody can.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from evals.review.arrangement import arrange
from evals.review.draft import CampaignDraft, Contender, check_words
from evals.review.errors import CampaignError
from evals.review.findings import Findings, StoredPair, look
from evals.review.policy import policy_from
from evals.review.questions import Question
from evals.review.used import require_unused
from evals.review.wording import title_of
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.pins import hold
from store.roster import graders_of
from store.secret_files import secret

__all__ = ["make_campaign", "require_free_name", "require_openable"]

MAPPING_SECRET = "mapping"  # noqa: S105 - the name of a secret, not one
"""Secret by which answers are put first or second."""

Row = dict[str, Any]


def make_campaign(store: Store, actor: Actor, draft: CampaignDraft, findings: Findings | None = None) -> int:
    """Open a campaign and return its number. Raises CampaignError, PolicyError, AccessError, StoreError.

    `findings` are those of `look`, where somebody has looked already.
    """
    policy = policy_from(draft.policy)
    require_openable(draft)
    found = findings or look(draft.pairs, draft.own_names, seed=draft.seed)
    key = secret(store, MAPPING_SECRET)

    def open_it(transaction: Transaction) -> int:
        role = require(transaction, actor, "campaign:open")
        _require_demo_for_simulation(transaction, draft)
        require_unused(transaction, [Question(pair.item, pair.question) for pair in (*draft.practice, *draft.pairs)])
        number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM campaign")[0]["id"]
        now, name = utc_now(), _name(transaction, draft)
        arranged = arrange(draft, policy.overlap, number, key, second=len(graders_of(transaction, number)) > 1)
        row = {**_row(draft, found, number, now), "name": name, "opened_by": actor.named}
        row["run_id"] = _run(transaction, draft.candidate)
        _put_policy(transaction, draft.policy, now)
        transaction.insert("campaign", pa.Table.from_pylist([row]))
        transaction.insert("pair", arranged.pairs)
        transaction.insert("mapping", arranged.mapping)
        _hold(transaction, draft, name)
        told = {"name": name, **_told(draft), **arranged.counts}
        append(transaction, Entry(actor.named, role, "campaign-open", f"campaign:{number}", told), now=now)
        return number

    return store.transaction(open_it)


def require_openable(draft: CampaignDraft) -> None:
    """Raise CampaignError for a draft that no campaign can be made of."""
    check_words(
        name=draft.name, title=draft.title, instructions=draft.instructions, language=draft.language, seed=draft.seed,
        days=draft.days, own_names=draft.own_names,
    )  # fmt: skip
    candidate, baseline = draft.candidate, draft.baseline
    if candidate.sha256 == baseline.sha256:
        raise CampaignError(f"{candidate.name} and {baseline.name} are the same model; compare it with another one")
    everything = [*draft.pairs, *draft.practice]
    if len({pair.item for pair in everything}) < len(everything):
        raise CampaignError("two questions of the campaign have the same id; give each its own")
    if not draft.pairs:
        raise CampaignError("a campaign needs one pair that counts, at least; give it more questions")
    if all(pair.is_identical for pair in draft.pairs):
        raise CampaignError(
            f"{candidate.name} and {baseline.name} give the same answer to all {len(draft.pairs):,} questions, so "
            "there is nothing to judge; ask other questions, or name another checkpoint"
        )


def require_free_name(snapshot: Snapshot, name: str) -> None:
    """Raise CampaignError where a campaign is called so already."""
    taken = snapshot.rows("SELECT id FROM campaign WHERE name = $name", {"name": name})
    if taken:
        raise CampaignError(f"campaign {taken[0]['id']} is called {name} already; choose another name with --name")


def _require_demo_for_simulation(snapshot: Snapshot, draft: CampaignDraft) -> None:
    if draft.simulated and not snapshot.rows("SELECT demo FROM meta")[0]["demo"]:
        raise CampaignError("verdicts are made up in demo stores alone; name a new folder with --store")


def _name(snapshot: Snapshot, draft: CampaignDraft) -> str:
    name = draft.name.strip()
    if name:
        require_free_name(snapshot, name)
        return name
    made = f"{draft.candidate.name} against {draft.baseline.name if draft.baseline.run else 'base'}"
    taken = {row["name"] for row in snapshot.rows("SELECT name FROM campaign")}
    numbered = (made if number == 1 else f"{made}, {number}" for number in range(1, len(taken) + 2))
    return next(name for name in numbered if name not in taken)


def _put_policy(transaction: Transaction, text: str, now: datetime) -> None:
    values = {"sha256": _sha256(text), "text": text, "now": now}
    if not transaction.rows("SELECT 1 FROM policy WHERE sha256 = $sha256", {"sha256": values["sha256"]}):
        transaction.execute("INSERT INTO policy VALUES ($sha256, $text, $now)", values)


def _row(draft: CampaignDraft, found: Findings, number: int, now: datetime) -> Row:
    data = {
        **draft.facts, "warnings": [*draft.warnings, *found.warnings], "findings": found.as_dict(),
        "systems": {pair.item: pair.system for pair in (*draft.practice, *draft.pairs) if pair.system},
    }  # fmt: skip
    return {
        "id": number, "title": draft.title.strip() or title_of(number, draft.language),
        "candidate": draft.candidate.name, "candidate_sha256": draft.candidate.sha256,
        "baseline": draft.baseline.name, "baseline_sha256": draft.baseline.sha256,
        "policy_sha256": _sha256(draft.policy), "language": draft.language, "instructions": draft.told,
        "seed": draft.seed, "simulated": draft.simulated, "opened": now, "expires": now + timedelta(days=draft.days),
        "data": json.dumps(data, ensure_ascii=False),
    }  # fmt: skip


def _run(snapshot: Snapshot, model: Contender) -> int | None:
    """Number of a model's run, where the store knows it."""
    found = snapshot.rows("SELECT id FROM run WHERE name = $run", {"run": model.run})
    return found[0]["id"] if found else None


def _hold(transaction: Transaction, draft: CampaignDraft, name: str) -> None:
    for model in (draft.candidate, draft.baseline):
        if model.checkpoint:
            hold(
                transaction, model.checkpoint, target_kind="checkpoint", run_id=_run(transaction, model), holder=name,
                holder_kind="campaign",
            )  # fmt: skip


def _told(draft: CampaignDraft) -> Row:
    """What the audit log fixes before the first verdict."""
    return {
        "candidate": draft.candidate.name, "candidate_sha256": draft.candidate.sha256,
        "baseline": draft.baseline.name, "baseline_sha256": draft.baseline.sha256,
        "policy_sha256": _sha256(draft.policy), "seed": str(draft.seed), "simulated": draft.simulated,
        "texts_sha256": _texts_sha256([*draft.pairs, *draft.practice]),
    }  # fmt: skip


def _texts_sha256(pairs: Sequence[StoredPair]) -> str:
    """Digest of every question and answer."""
    texts = sorted([pair.item, pair.question, pair.candidate, pair.baseline] for pair in pairs)
    return _sha256(json.dumps(texts, ensure_ascii=False, separators=(",", ":")))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
