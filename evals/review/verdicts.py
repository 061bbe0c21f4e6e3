"""Verdicts: given once a pair, changed as often as one likes until the sitting closes, each change a row of its own."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from evals.review import sentences
from evals.review.answers import checked, choice_shown, fields_shown
from evals.review.board import read_board
from evals.review.entry import OpenSitting, enter, tell
from evals.review.leasing import end_stale, view_of
from evals.review.sittings import stands
from evals.review.tokens import Held, held, own_lease, verdict_of
from evals.review.types import Answer, Given, PairView, ReviewError
from store.access import Actor
from store.database import Snapshot, Store, Transaction

__all__ = ["given", "reopen", "submit"]

ANSWER = ("choice", "criteria", "reasons", "comment", "errors")


def submit(
    store: Store, actor: Actor, token: str, answer: Answer, *, known: int | None = None,
    shown: Callable[[str], str] = str, pack: str | None = None,
) -> None:  # fmt: skip
    """Give the verdict on a pair.

    The same again changes nothing; another one takes its place while the sitting is open. `known` is that of the pair
    as it was shown: where a verdict has come from elsewhere meanwhile, that one stays; None asks for no such care.
    `shown` makes of an answer the text that a screen shows of it, from which sentences are copied. `pack` is the one
    that the verdict came by. Raises AccessError, ReviewError.
    """

    def work(transaction: Transaction) -> None:
        held_pair = held(transaction, actor, token)
        said = checked(answer, held_pair.lease, held_pair.standing.policy.criteria, shown)
        if held_pair.lease["outcome"] == "verdict":
            _again(transaction, held_pair, said, known)
        else:
            _first(transaction, held_pair, said, {} if pack is None else {"pack": pack})

    store.transaction(work)


def given(store: Store, actor: Actor, campaign: int) -> list[Given]:
    """One's own verdicts that can still be changed, the last first. Raises AccessError, ReviewError."""

    def work(snapshot: Snapshot) -> list[Given]:
        standing = enter(snapshot, actor, campaign)
        if standing.sitting is None or standing.over:
            return []
        rows = snapshot.rows(_GIVEN, {"sitting": standing.sitting.id})
        return [Given(row["token"], row["question"], choice_shown(row["choice"], row["left"])) for row in rows]

    return store.snapshot(work)


def reopen(store: Store, actor: Actor, token: str) -> PairView:
    """One's own verdict, to be changed; its answer is the draft, by the names that `Answer` and `CriticalError` have.

    Raises AccessError, ReviewError where it is final.
    """

    def work(snapshot: Snapshot) -> PairView:
        lease = own_lease(snapshot, actor, token)
        standing = enter(snapshot, actor, lease["campaign_id"])
        standing.require_open()
        sitting = _require_changeable(Held(standing, lease))
        verdict = verdict_of(snapshot, token)
        if verdict is None:
            raise ReviewError(sentences.NOT_JUDGED)
        draft, given_at = _draft(lease, verdict), _milliseconds(verdict["created"])
        stood = stands(snapshot, standing, sitting, read_board(snapshot, standing.campaign, standing.now))
        return view_of(lease, standing, stood, draft, guess=False, known=given_at)

    return store.snapshot(work)


def _draft(lease: Mapping[str, Any], verdict: Mapping[str, Any]) -> dict[str, Any]:
    """What a verdict that is opened again begins with: the change that was begun, else the verdict, with its time.

    A draft that is older than the verdict comes from a browser that did not know of it.
    """
    given_at = _milliseconds(verdict["created"])
    begun = json.loads(lease["fields"]) if lease["fields"] else None
    if begun is not None and _time(begun.get("saved", given_at)) >= given_at:
        return begun
    return {**fields_shown(verdict, lease["left"]), "saved": given_at}


def _time(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def _milliseconds(moment: datetime) -> int:
    """As browsers count time."""
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _again(transaction: Transaction, held_pair: Held, said: Mapping[str, Any], known: int | None) -> None:
    before = verdict_of(transaction, held_pair.lease["token"])
    # What was said in practice is kept nowhere; and the same again, from a second click or tab, is one verdict.
    if before is None or {name: before[name] for name in ANSWER} == said:
        _forget_draft(transaction, held_pair.lease["token"])
        return
    held_pair.standing.require_open()
    _require_changeable(held_pair)
    if known is not None and known != _milliseconds(before["created"]):
        raise ReviewError(sentences.ELSEWHERE)
    values = {"now": held_pair.standing.now, "id": before["id"]}
    transaction.execute("UPDATE verdict SET superseded = $now WHERE id = $id", values)
    _write(transaction, held_pair, said, before["seconds"], "verdict-edit", {})


def _first(transaction: Transaction, held_pair: Held, said: Mapping[str, Any], way: Mapping[str, str]) -> None:
    standing, lease = held_pair
    standing.require_open()
    if lease["outcome"] == "skipped":
        raise ReviewError(sentences.SKIPPED)
    if not held_pair.sitting_open:
        raise ReviewError(sentences.SITTING_OVER)
    if not held_pair.practice:
        _take_place(transaction, held_pair)
    values = {"now": standing.now, "token": lease["token"]}
    transaction.execute("UPDATE lease SET ended = $now, outcome = 'verdict' WHERE token = $token", values)
    seconds = (standing.now - lease["issued"]).total_seconds()
    if held_pair.practice:
        tell(transaction, standing, "practice", held_pair.object, _told(said, seconds))
        _forget_draft(transaction, lease["token"])
    else:
        _write(transaction, held_pair, said, seconds, "verdict", way)


def _take_place(transaction: Transaction, held_pair: Held) -> None:
    """A pair whose time ran out still counts, unless its place went to someone else."""
    standing, lease = held_pair
    if lease["outcome"] is None and lease["expires"] > standing.now:
        return
    board = read_board(transaction, standing.campaign, standing.now)
    free = board.free(board.pair(lease["item"]), standing.grader)
    if free <= 0:
        raise ReviewError(sentences.TAKEN)
    end_stale(transaction, standing, board.stale(lease["item"], standing.grader), free - 1)


def _write(
    transaction: Transaction, held_pair: Held, said: Mapping[str, Any], seconds: float, action: str,
    way: Mapping[str, str],
) -> None:  # fmt: skip
    standing, lease = held_pair
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM verdict")[0]["id"]
    row = {
        "id": number, "campaign": standing.campaign, "item": lease["item"], "grader": standing.grader,
        "token": lease["token"], **said, "criteria": json.dumps(said["criteria"], ensure_ascii=False),
        "errors": json.dumps(said["errors"], ensure_ascii=False), "seconds": seconds, "unblinded": standing.peeked,
        "now": standing.now,
    }  # fmt: skip
    transaction.execute(_VERDICT, row)
    _forget_draft(transaction, lease["token"])
    told = {"verdict": number, "unblinded": standing.peeked, **_told(said, seconds), **way}
    tell(transaction, standing, action, held_pair.object, told)


def _told(said: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Without the comment, which is personal and may have to be erased."""
    return {**{name: said[name] for name in ANSWER if name != "comment"}, "seconds": seconds}


def _forget_draft(transaction: Transaction, token: str) -> None:
    transaction.execute("DELETE FROM draft WHERE token = $token", {"token": token})


def _require_changeable(held_pair: Held) -> OpenSitting:
    """The sitting, which is still open."""
    sitting = held_pair.standing.sitting
    if sitting is None or not held_pair.sitting_open:
        raise ReviewError(sentences.FINAL)
    return sitting


_VERDICT = """
INSERT INTO verdict (id, campaign_id, item, grader, token, choice, criteria, reasons, comment, errors, seconds,
                     unblinded, created)
VALUES ($id, $campaign, $item, $grader, $token, $choice, $criteria, $reasons, $comment, $errors, $seconds,
        $unblinded, $now)
"""

_GIVEN = """
SELECT l.token, l."left", p.question, v.choice FROM verdict v
JOIN lease l ON l.token = v.token
JOIN pair p ON p.campaign_id = v.campaign_id AND p.item = v.item
WHERE l.sitting = $sitting AND v.superseded IS NULL AND v.final IS NULL
ORDER BY l.number DESC
"""
