"""Pairs for one grader, to be judged where the server cannot be reached: each kept for them until the pack's time ends.

A packed pair is leased like any other, in no sitting: the page shows it to nobody, and nobody else gets its place in
time. What a pack holds of a pair is the `PairView` that the page would get.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from evals.review.board import PACKED, Board, Pair, read_board
from evals.review.entry import OpenSitting, Standing
from evals.review.errors import CampaignError
from evals.review.leasing import Deal, lease, view_of
from evals.review.pack_seal import digest_of, key_of
from evals.review.sides import asks_guess
from evals.review.sittings import enter_to_write
from evals.review.tokens import lease_of
from evals.review.types import PairView, SittingView
from store.access import AccessError, Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.secret_files import secret
from store.users import find_user

__all__ = ["MOST_PAIRS", "Pack", "give_back", "grader_actor", "grader_standing", "make_pack"]

MOST_PAIRS = 200
"""Pairs in a pack, as in a sitting."""


@dataclass(frozen=True, slots=True)
class Pack:
    """What goes out. No field names a campaign, a model, a run or a place in an order."""

    id: str
    """64 random bits, by which what comes back is known."""

    key: str
    """What its page signs with."""

    title: str
    """What experts call the campaign."""

    instructions: str
    """What they are told first."""

    language: str
    """zh or en."""

    expires: datetime
    """Until when its pairs are kept for the grader."""

    minutes: int
    """The longest that one pair counts as work."""

    pairs: tuple[PairView, ...]
    """Practice first, then the others in the order they are judged in."""


def make_pack(store: Store, actor: Actor, campaign: int, grader: str, wanted: int, days: float) -> Pack:
    """Lease up to `wanted` pairs, and the practice that is left, to the grader of a name or number for some days.

    Raises AccessError, StoreError, and CampaignError where there is nothing to pack.
    """
    number, key = secrets.token_hex(8), secret(store, "sides")

    def work(transaction: Transaction) -> Pack:
        role = require(transaction, actor, "user:invite", campaign)
        standing = grader_standing(transaction, grader_actor(transaction, grader), campaign)
        about = _about(transaction, standing)
        until = min(standing.now + timedelta(days=days), about["expires"])
        sitting = OpenSitting(PACKED, standing.grader, wanted, standing.now)
        tokens = _packed(Deal(transaction, standing, sitting, _board(transaction, standing), key), wanted, until)
        views = _views(transaction, standing, key, tokens)
        if all(view.practice for view in views):
            raise CampaignError(f"there is no pair left for {grader}: judged, skipped, packed, or with other graders")
        told = {
            "pack": number, "grader": standing.grader, "pairs": sum(not view.practice for view in views),
            "practice": sum(view.practice for view in views), "expires": until.isoformat(), "tokens": digest_of(tokens),
        }  # fmt: skip
        append(transaction, Entry(actor.named, role, "pack", f"campaign:{campaign}", told), now=standing.now)
        words = (about["title"], about["instructions"] or "", about["language"])
        return Pack(number, key_of(store, number), *words, until, standing.policy.lease_minutes, views)

    return store.transaction(work)


def give_back(store: Store, actor: Actor, campaign: int, tokens: Sequence[str]) -> None:
    """Give the pairs of a pack back that were not judged: others can get them again. Raises AccessError."""

    def work(transaction: Transaction) -> None:
        require(transaction, actor, "user:invite", campaign)
        values = {"now": utc_now(), "campaign": campaign, "packed": PACKED, "tokens": list(tokens)}
        transaction.execute(_GIVE_BACK, values)

    store.transaction(work)


def grader_actor(snapshot: Snapshot, named: str) -> Actor:
    """The grader of a name or number, as one who judges. Raises StoreError where there is nobody, or more than one."""
    row = find_user(snapshot, named)
    return Actor({"local": "local", "demo": "persona"}.get(row["issuer"], "oidc"), row["id"])  # pyright: ignore[reportArgumentType] - three ways in


def grader_standing(transaction: Transaction, grader: Actor, campaign: int) -> Standing:
    """Where a grader stands, said to somebody else: whoever packs and imports.

    Raises CampaignError where the grader may not judge or has seen results.
    """
    try:
        standing = enter_to_write(transaction, grader, campaign)
    except AccessError as error:
        raise CampaignError(
            f"user {grader.user} may not judge in campaign {campaign}: assay user role gives the role expert"
        ) from error
    if standing.peeked and not standing.demo:
        raise CampaignError(
            f"user {grader.user} has seen results of campaign {campaign} and cannot judge in it any more; choose "
            "another grader"
        )
    return standing


def _about(transaction: Transaction, standing: Standing) -> dict[str, Any]:
    row = transaction.rows(_CAMPAIGN, {"campaign": standing.campaign})[0]
    if standing.over:
        raise CampaignError(f"campaign {standing.campaign} is closed and needs no more verdicts; nothing is packed")
    return row


def _board(transaction: Transaction, standing: Standing) -> Board:
    board = read_board(transaction, standing.campaign, standing.now)
    shown = board.open_lease(standing.grader)
    if shown is not None and shown.expires > standing.now:
        raise CampaignError(
            f"this grader has a pair open on the page Review until {shown.expires:%H:%M} UTC; pack once the sitting is "
            "closed there, or after that"
        )
    return board


def _packed(deal: Deal, wanted: int, until: datetime) -> list[str]:
    """Tokens of the pairs that are leased for a pack."""
    tokens: list[str] = []
    counted = 0
    while counted < wanted:
        chosen = deal.board.choose(deal.standing.person)
        if not isinstance(chosen, Pair):
            break
        tokens.append(lease(deal, chosen, until))
        counted += not chosen.practice
        deal = deal._replace(board=read_board(deal.transaction, deal.standing.campaign, deal.standing.now))
    return tokens


def _views(transaction: Transaction, standing: Standing, key: bytes, tokens: Sequence[str]) -> tuple[PairView, ...]:
    rows = [lease_of(transaction, standing.grader, token) for token in tokens]
    planned = sum(row["number"] is not None for row in rows)
    stood = SittingView(planned, 0, 0, len(rows) - planned, None, 0, planned)
    whose = key, standing.campaign, standing.grader
    return tuple(
        view_of(
            row, standing, stood, json.loads(row["fields"] or "{}"),
            guess=row["number"] is not None and (row is rows[-1] or asks_guess(*whose, row["number"])),
        )
        for row in rows
    )  # fmt: skip


_CAMPAIGN = "SELECT title, instructions, language, expires FROM campaign WHERE id = $campaign"

_GIVE_BACK = """
UPDATE lease SET ended = $now, outcome = 'released'
WHERE campaign_id = $campaign AND sitting = $packed AND outcome IS NULL AND list_contains($tokens, token)
"""
