"""The next pair for a grader: one's own that is open, then practice, then the lowest place that still wants a verdict.

All in one exclusive transaction, so that no place is given twice. A grader has one lease of an item for ever: given
up, it is opened again with the same sides, and what was filled in is still there.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from evals.review import sentences
from evals.review.board import Board, Lease, Pair, read_board
from evals.review.entry import OpenSitting, Standing, tell
from evals.review.roster import roster
from evals.review.sides import asks_guess, candidate_side, practice_side, shown_first
from evals.review.sittings import enter_to_write, stands
from evals.review.tokens import lease_of
from evals.review.types import NoSittingError, PairView, SittingView, Wait
from store.access import Actor
from store.audit import Entry, append_all
from store.database import Store, Transaction
from store.secret_files import secret

__all__ = ["Deal", "end_stale", "lease", "next_pair", "view_of"]

DEMO_EVERY = 3
"""One pair in so many of a demo asks for a guess: its few pairs must tell whether graders were blind."""


def next_pair(store: Store, actor: Actor, campaign: int) -> PairView | Wait:
    """The pair to judge now, or why there is none.

    Raises AccessError, NoSittingError where no sitting is open, ReviewError.
    """
    key = secret(store, "sides")

    def work(transaction: Transaction) -> PairView | Wait:
        standing = enter_to_write(transaction, actor, campaign)
        if standing.over:
            return Wait("closed")
        standing.require_open()
        if standing.sitting is None:
            raise NoSittingError(sentences.NO_SITTING)
        board = read_board(transaction, campaign, standing.now)
        return _next(Deal(transaction, standing, standing.sitting, board, key))

    return store.transaction(work)


def view_of(
    row: Mapping[str, Any], standing: Standing, sitting: SittingView, draft: Mapping[str, Any], *, guess: bool,
    known: int = 0,
) -> PairView:  # fmt: skip
    """A pair as the grader gets it, from `tokens.lease_of`."""
    return PairView(
        token=row["token"],
        question=row["question"],
        left=row[row["left"]],
        right=row["second" if row["left"] == "first" else "first"],
        shown_first=row["shown_first"],
        criteria=standing.policy.criteria,
        practice=row["number"] is None,
        expires=row["expires"],
        draft=draft,
        sitting=sitting,
        asks_guess=guess,
        answered=known > 0,
        known=known,
    )


def end_stale(transaction: Transaction, standing: Standing, stale: list[Lease], free: int) -> None:
    """Of others' leases that have run out, those for which no place is free any more are over, the oldest first."""
    ended = stale[: max(0, len(stale) - free)]
    for each in ended:
        transaction.execute(_EXPIRED, {"now": standing.now, "token": each.token})
    entries = [
        Entry("rules", "", "expired", f"pair:{standing.campaign}/{each.item}", {"grader": each.grader})
        for each in ended
    ]
    append_all(transaction, entries, now=standing.now)


class Deal(NamedTuple):
    """What a pair is dealt from."""

    transaction: Transaction
    """In which it is dealt."""

    standing: Standing
    """Where the grader stands."""

    sitting: OpenSitting
    """The sitting it is for."""

    board: Board
    """Pairs and leases as they are."""

    key: bytes
    """The store's secret that sides are drawn from."""

    @property
    def whose(self) -> tuple[bytes, int, int]:
        """What every side is drawn from."""
        return self.key, self.standing.campaign, self.standing.grader


def _next(deal: Deal) -> PairView | Wait:
    grader = deal.standing.grader
    done = sum(deal.board.done_in(grader, deal.sitting.id))
    own = deal.board.open_lease(grader)
    chosen = deal.board.pair(own.item) if own is not None else deal.board.choose(deal.standing.person)
    if own is None and done >= deal.sitting.planned:
        return Wait("sitting")
    if isinstance(chosen, str):
        return Wait(chosen)
    stood = stands(deal.transaction, deal.standing, deal.sitting, deal.board)
    token = own.token if own is not None and own.expires > deal.standing.now else lease(deal, chosen)
    shown = lease_of(deal.transaction, grader, token)
    guess = shown["number"] is not None and _asks(deal, shown["number"], done, stood.available)
    return view_of(shown, deal.standing, stood, json.loads(shown["fields"] or "{}"), guess=guess)


def _asks(deal: Deal, number: int, done: int, available: int) -> bool:
    """Whether a guess is wanted after a pair. A demo's sitting closes with its last pair, and takes none after it."""
    last = done + 1 >= deal.sitting.planned
    if deal.standing.demo:
        often = number % DEMO_EVERY == DEMO_EVERY - 1
        return not last and available > 1 and (often or asks_guess(*deal.whose, number))
    return last or asks_guess(*deal.whose, number)


def lease(deal: Deal, pair: Pair, until: datetime | None = None) -> str:
    """Keep a pair's place for the grader from now on, `until` a moment or as long as the policy says; its token."""
    before = deal.board.lease(deal.standing.grader, pair.item)
    if not pair.practice:
        _settle_planned(deal, pair)
        stale = deal.board.stale(pair.item, deal.standing.grader)
        end_stale(deal.transaction, deal.standing, stale, deal.board.free(pair, deal.standing.grader) - 1)
    token = secrets.token_hex(16) if before is None else before.token
    expires = until or deal.standing.now + timedelta(minutes=deal.standing.policy.lease_minutes)
    values = {"token": token, "sitting": deal.sitting.id, "now": deal.standing.now, "expires": expires}
    if before is None:
        dealt = _practice(deal, pair) if pair.practice else _counted(deal, pair)
        whose = {"campaign": deal.standing.campaign, "item": pair.item, "grader": deal.standing.grader}
        deal.transaction.execute(_NEW, {**values, **whose, **dealt})
    else:
        deal.transaction.execute(_AGAIN, values)
    told = {"sitting": deal.sitting.id, "practice": pair.practice, "again": before is not None}
    tell(deal.transaction, deal.standing, "lease", f"pair:{deal.standing.campaign}/{pair.item}", told)
    return token


def _practice(deal: Deal, pair: Pair) -> dict[str, Any]:
    left = "first" if practice_side(*deal.whose, pair.item, "side") == "left" else "second"
    return {"number": None, "left": left, "shown_first": practice_side(*deal.whose, pair.item, "shown")}


def _counted(deal: Deal, pair: Pair) -> dict[str, Any]:
    values = {"campaign": deal.standing.campaign, "item": pair.item}
    candidate = deal.transaction.rows(_CANDIDATE, values)[0]["candidate"]
    number = deal.board.dealt(deal.standing.grader)
    candidate_left = candidate_side(*deal.whose, number) == "left"
    left = "first" if candidate_left == (candidate == "first") else "second"
    return {"number": number, "left": left, "shown_first": shown_first(*deal.whose, number)}


def _settle_planned(deal: Deal, pair: Pair) -> None:
    """Before a drawn pair is first shown, it is settled whether a second grader is there for it."""
    if not pair.overlap or deal.board.was_shown(pair.item):
        return
    people = roster(deal.transaction, deal.standing.campaign, deal.standing.now)
    fitting = {deal.standing.grader, *(person.user for person in people if person.fits(pair.specialty))}
    planned = min(2, len(fitting))
    if planned != pair.planned:
        values = {"campaign": deal.standing.campaign, "item": pair.item, "planned": planned}
        deal.transaction.execute(_PLAN, values)


_NEW = """
INSERT INTO lease (token, campaign_id, item, grader, sitting, number, "left", shown_first, issued, expires)
VALUES ($token, $campaign, $item, $grader, $sitting, $number, $left, $shown_first, $now, $expires)
"""

_AGAIN = """
UPDATE lease SET expires = $expires, sitting = $sitting, ended = NULL, outcome = NULL, issued = $now
WHERE token = $token
"""

_CANDIDATE = "SELECT candidate FROM mapping WHERE campaign_id = $campaign AND item = $item"

_PLAN = "UPDATE pair SET planned = $planned WHERE campaign_id = $campaign AND item = $item"

_EXPIRED = "UPDATE lease SET ended = $now, outcome = 'expired' WHERE token = $token"
