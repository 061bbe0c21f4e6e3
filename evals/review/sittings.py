"""Sittings: so many pairs in one evening, whose verdicts can be changed until it closes and are final then."""

from collections.abc import Iterable
from datetime import datetime

from evals.review import sentences
from evals.review.board import Board, read_board
from evals.review.entry import OpenSitting, Standing, enter, tell
from evals.review.types import ReviewError, SittingView
from store.access import Actor
from store.audit import Entry, append_all
from store.database import Snapshot, Store, Transaction

__all__ = ["begin_sitting", "close_sitting", "end_sittings", "enter_to_write", "sitting", "stands"]

MOST_PLANNED = 200


def begin_sitting(store: Store, actor: Actor, campaign: int, planned: int) -> None:
    """Open a sitting of so many pairs; one that is open already stays, and grows where more are planned now.

    Raises AccessError, ReviewError.
    """
    if not 1 <= planned <= MOST_PLANNED:
        raise ReviewError(sentences.BAD_PLAN)

    def work(transaction: Transaction) -> None:
        standing = enter_to_write(transaction, actor, campaign)
        standing.require_open()
        if standing.sitting is None:
            _open(transaction, standing, planned)
        elif standing.sitting.planned < planned:
            values = {"planned": planned, "id": standing.sitting.id}
            transaction.execute("UPDATE sitting SET planned = $planned WHERE id = $id", values)
            _tell_opened(transaction, standing, standing.sitting.id, planned)

    store.transaction(work)


def close_sitting(store: Store, actor: Actor, campaign: int) -> None:
    """Close the open sitting, if any: its verdicts are final, its open pair is given back.

    Raises AccessError, ReviewError.
    """

    def work(transaction: Transaction) -> None:
        standing = enter_to_write(transaction, actor, campaign)
        if standing.sitting is not None:
            _end(transaction, standing.sitting.id, standing.now)
            tell(transaction, standing, "sitting-close", f"campaign:{campaign}", {"sitting": standing.sitting.id})

    store.transaction(work)


def sitting(store: Store, actor: Actor, campaign: int) -> SittingView | None:
    """Where someone stands in the open sitting; None where there is none. Raises AccessError, ReviewError."""

    def work(snapshot: Snapshot) -> SittingView | None:
        standing = enter(snapshot, actor, campaign)
        if standing.sitting is None:
            return None
        return stands(snapshot, standing, standing.sitting, read_board(snapshot, campaign, standing.now))

    return store.snapshot(work)


def stands(snapshot: Snapshot, standing: Standing, opened: OpenSitting, board: Board) -> SittingView:
    """Where a grader stands in an open sitting, by the pairs and leases of the campaign."""
    theirs = board.theirs(standing.person)
    row = snapshot.rows(_OWN, {"campaign": standing.campaign, "grader": standing.grader})[0]
    judged, skipped = board.done_in(standing.grader, opened.id)
    return SittingView(
        planned=opened.planned,
        judged=judged,
        skipped=skipped,
        practice_left=sum(pair.practice for pair in theirs),
        median_seconds=row["median_seconds"],
        total=row["total"],
        available=sum(not pair.practice and board.free(pair, standing.grader) > 0 for pair in theirs),
    )


def enter_to_write(transaction: Transaction, actor: Actor, campaign: int) -> Standing:
    """`enter`, after sittings of the campaign that have lasted too long were closed."""
    standing = enter(transaction, actor, campaign)
    if standing.overdue:
        end_sittings(transaction, campaign, standing.overdue, standing.now)
    return standing


def end_sittings(transaction: Transaction, campaign: int, sittings: Iterable[OpenSitting], now: datetime) -> None:
    """Close sittings by the rules: those that have lasted too long, and all of a campaign that ends."""
    found = list(sittings)
    for each in found:
        _end(transaction, each.id, now)
    told = [{"sitting": each.id, "grader": each.grader} for each in found]
    entries = [Entry("rules", "", "sitting-close", f"campaign:{campaign}", payload) for payload in told]
    append_all(transaction, entries, now=now)


def _open(transaction: Transaction, standing: Standing, planned: int) -> None:
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM sitting")[0]["id"]
    values = {"id": number, "campaign": standing.campaign, "grader": standing.grader, "planned": planned}
    transaction.execute(_BEGIN, {**values, "now": standing.now})
    _tell_opened(transaction, standing, number, planned)


def _tell_opened(transaction: Transaction, standing: Standing, number: int, planned: int) -> None:
    told = {"sitting": number, "planned": planned}
    tell(transaction, standing, "sitting-open", f"campaign:{standing.campaign}", told)


def _end(transaction: Transaction, number: int, now: datetime) -> None:
    ended = {"sitting": number, "now": now}
    for statement in _END:
        transaction.execute(statement, ended)
    transaction.execute(_FORGET, {"sitting": number})


_BEGIN = """
INSERT INTO sitting (id, campaign_id, grader, planned, opened) VALUES ($id, $campaign, $grader, $planned, $now)
"""

_END = (
    "UPDATE sitting SET closed = $now WHERE id = $sitting",
    "UPDATE lease SET ended = $now, outcome = 'released' WHERE sitting = $sitting AND outcome IS NULL",
    """
    UPDATE verdict SET final = $now FROM lease l
    WHERE l.token = verdict.token AND l.sitting = $sitting AND verdict.final IS NULL AND verdict.superseded IS NULL
    """,
)

# Changes that were begun and not sent: the verdict is final.
_FORGET = "DELETE FROM draft WHERE token IN (SELECT token FROM lease WHERE sitting = $sitting AND outcome = 'verdict')"

_OWN = """
SELECT median(seconds) AS median_seconds, count(*) AS total FROM verdict
WHERE campaign_id = $campaign AND grader = $grader AND superseded IS NULL
"""
