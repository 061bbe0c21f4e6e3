"""Verdicts for the campaigns of `campaigns`, put in by SQL: a sitting with so many outcomes of the candidate."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from store.access import Actor
from store.clock import utc_now
from store.database import Store, Transaction

__all__ = ["OUTCOMES", "candidate_of", "judge"]

OUTCOMES = {"w": "win", "t": "tie", "b": "both_bad", "l": "loss"}
"""Letters for outcomes; `s` is a pair that was skipped, `-` one that is left out."""

SECONDS = 90.0
"""What the first verdict took; each further one ten more."""


def candidate_of(place: int) -> str:
    """Which answer is the candidate's, as `campaigns` has it."""
    return ("first", "second")[place % 2]


def judge(
    store: Store, campaign: int, grader: Actor, outcomes: str, *, start: int = 0,
    criteria: Mapping[str, str] | None = None, errors: Mapping[int, Sequence[tuple[str, str, str]]] | None = None,
    guesses: Mapping[int, str] | None = None, closed: bool = True, hours_ago: float = 1.0, unblinded: bool = False,
) -> None:  # fmt: skip
    """Judge the pairs from place `start` on, one a letter of `OUTCOMES`.

    `criteria`: letters by criterion, one a verdict; `errors`: side (candidate or baseline), type and quote by place;
    `guesses`: right, wrong or unknown by place; `closed`: whether the sitting is, so that its verdicts are final.
    """
    opened = utc_now() - timedelta(hours=hours_ago)
    given = [(start + at, letter) for at, letter in enumerate(outcomes) if letter != "-"]
    judged = [(place, letter) for place, letter in given if letter != "s"]
    ended = opened if closed else None
    whose = {"campaign_id": campaign, "grader": grader.user}

    def verdict(at: int, place: int, letter: str) -> dict[str, Any]:
        by = {name: _choice(letters[at], place) for name, letters in (criteria or {}).items() if letters[at] != "-"}
        return {
            **whose, "item": _item(place), "token": _token(campaign, grader, place), "choice": _choice(letter, place),
            "criteria": json.dumps(by), "reasons": ["clear"], "comment": "", "seconds": SECONDS + 10 * at,
            "errors": json.dumps([_error(place, *error) for error in (errors or {}).get(place, ())]),
            "unblinded": unblinded, "created": opened + timedelta(minutes=at), "final": ended,
        }  # fmt: skip

    def work(transaction: Transaction) -> None:
        sitting, first = _next_id(transaction, "sitting"), _next_id(transaction, "verdict")
        _put(transaction, "sitting", [
            {**whose, "id": sitting, "planned": len(outcomes), "opened": opened, "closed": ended}
        ])  # fmt: skip
        _put(transaction, "lease", [_lease(campaign, grader, sitting, *one, opened) for one in given])
        _put(transaction, "verdict", [{"id": first + at, **verdict(at, *one)} for at, one in enumerate(judged)])
        told = [(place, _guessed(guess, place)) for place, guess in (guesses or {}).items()]
        rows = [{**whose, "item": _item(place), "choice": choice, "created": opened} for place, choice in told]
        _put(transaction, "guess", rows)

    store.transaction(work)


def _put(transaction: Transaction, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        transaction.insert(table, pa.Table.from_pylist(rows))


def _item(place: int) -> str:
    return f"item-{place:02}"


def _guessed(guess: str, place: int) -> str:
    if guess == "unknown":
        return guess
    return _side("candidate" if guess == "right" else "baseline", place)


def _lease(campaign: int, grader: Actor, sitting: int, place: int, letter: str, opened: Any) -> dict[str, Any]:
    on_left = place // 2 % 2 == 0
    return {
        "token": _token(campaign, grader, place), "campaign_id": campaign, "item": _item(place),
        "grader": grader.user, "sitting": sitting, "number": place,
        "left": _side("candidate" if on_left else "baseline", place), "shown_first": "left", "issued": opened,
        "expires": opened + timedelta(minutes=25), "ended": opened,
        "outcome": "skipped" if letter == "s" else "verdict",
    }  # fmt: skip


def _error(place: int, side: str, kind: str, quote: str) -> dict[str, str]:
    return {"answer": _side(side, place), "type": kind, "quote": quote}


def _choice(letter: str, place: int) -> str:
    outcome = OUTCOMES[letter]
    return outcome if outcome in ("tie", "both_bad") else _side("candidate" if outcome == "win" else "baseline", place)


def _side(whose: str, place: int) -> str:
    return ("first", "second")[(place + (whose == "baseline")) % 2]


def _token(campaign: int, grader: Actor, place: int) -> str:
    return hashlib.md5(f"{campaign}/{grader.user}/{place}".encode(), usedforsecurity=False).hexdigest()


def _next_id(transaction: Transaction, table: str) -> int:
    return transaction.rows(f"SELECT coalesce(max(id), 0) + 1 AS id FROM {table}")[0]["id"]
