"""What people ask of a running trainer, which polls and acts at the next step's boundary, of an evaluator, and of the
server of the pages.
"""

import json
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from store.access import AccessError, Actor, require
from store.askers import asker
from store.clock import utc_now
from store.database import Store, Transaction
from store.refs import find_run

__all__ = ["ACTIONS", "EVALUATOR", "KINDS", "SERVER", "Request", "ask", "finish", "take", "waiting"]

EVALUATOR = ("evaluate", "open-campaign", "propose")
"""What asks models questions, which waits for an evaluator."""

KINDS = ("stop-and-save", "save-now", "pause", "continue", "note", "rollback", *EVALUATOR)
"""What can be asked of either."""

SERVER = ("check-data",)
"""What the server of the pages does itself, beside whatever goes on with the run."""

ACTIONS = {"open-campaign": "campaign:open", "propose": "release:propose"}
"""What whoever asks must be allowed to do, where that is not run:act: what begins a review or a release."""

AGAIN = timedelta(seconds=2)
"""So soon after each other two equal requests are one: a button pressed twice."""


class Request(NamedTuple):
    """One request."""

    id: int
    """Its number."""

    kind: str
    """One of KINDS or SERVER."""

    args: dict[str, Any]
    """Its arguments."""

    actor: str
    """Who asked, as `store.access.Actor.named`."""

    called: str = ""
    """What that one is called, for sentences."""


def ask(
    store: Store, run: str, kind: str, args: Mapping[str, Any] | None = None, *, actor: str, once: bool = False
) -> int:
    """Put a request; it waits until whoever it is for takes it. Returns its number.

    `once`: where the same waits already, or was the last thing asked a moment ago, nothing is put and
    that one's number returned. Raises StoreError where there is no such run, ValueError for a kind
    that cannot be asked.
    """
    if kind not in (*KINDS, *SERVER):
        raise ValueError(f"no request of kind {kind!r}")
    asked = {"run_id": find_run(store, run)["id"], "kind": kind, "args": json.dumps(dict(args or {}))}

    def put(transaction: Transaction) -> int:
        now = utc_now()
        if once and (same := transaction.rows(_SAME, {**asked, "since": now - AGAIN})):
            return same[0]["id"]
        number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM request")[0]["id"]
        transaction.execute(
            "INSERT INTO request (id, run_id, kind, args, actor, created) "
            "VALUES ($id, $run_id, $kind, $args, $actor, $created)",
            {**asked, "id": number, "actor": actor, "created": now},
        )
        return number

    return store.transaction(put)


def waiting(store: Store, run: str, kinds: Collection[str] = KINDS) -> list[Request]:
    """Requests of these kinds that nobody has taken yet, oldest first."""
    return _requests(store.rows(_WAITING, {"run": run, "kinds": list(kinds)}))


def take(store: Store, run: str, kinds: Collection[str] = KINDS) -> list[Request]:
    """Take all waiting requests of a run that are of these kinds, oldest first; nobody else gets them then.

    Those whose asker may not ask for it any more are answered with the reason, and not returned. Only reads where
    nothing waits, so that polling costs no write.
    """
    if not waiting(store, run, kinds):
        return []

    def mark(transaction: Transaction) -> list[Request]:
        found = _requests(transaction.rows(_WAITING, {"run": run, "kinds": list(kinds)}))
        refused = {request.id: sentence for request in found if (sentence := _refusal(transaction, request))}
        for request in found:
            values = {"now": utc_now(), "id": request.id, "refused": refused.get(request.id)}
            transaction.execute(_TAKE, values)
        return [request for request in found if request.id not in refused]

    return store.transaction(mark)


def finish(store: Store, request_id: int, result: str) -> None:
    """Say in words what came of a request."""

    def mark(transaction: Transaction) -> None:
        values = {"now": utc_now(), "result": result, "id": request_id}
        transaction.execute("UPDATE request SET done = $now, result = $result WHERE id = $id", values)

    store.transaction(mark)


def _refusal(transaction: Transaction, request: Request) -> str | None:
    action = ACTIONS.get(request.kind, "run:act")
    try:
        # Before accounts were written as such, `assay rollback` wrote them plainly.
        is_old = request.kind == "rollback" and ":" not in request.actor
        who = Actor("command", None, request.actor) if is_old else asker(transaction, request.actor)
        require(transaction, who, action)
    except AccessError as error:
        return f"not done: {error}"
    return None


_TAKE = """
UPDATE request SET taken = $now, result = $refused, done = CASE WHEN $refused IS NULL THEN NULL ELSE $now END
WHERE id = $id
"""

_SAME = """
SELECT id FROM request
WHERE run_id = $run_id AND kind = $kind AND CAST(args AS VARCHAR) = $args
  AND (taken IS NULL OR (created > $since AND id = (SELECT max(id) FROM request WHERE run_id = $run_id)))
ORDER BY id DESC LIMIT 1
"""

_WAITING = """
SELECT q.id, q.kind, q.args, q.actor, coalesce(u.name, regexp_replace(q.actor, '^command:', '')) AS called
FROM request q JOIN run r ON r.id = q.run_id LEFT JOIN "user" u ON q.actor = 'user:' || u.id
WHERE r.name = $run AND q.taken IS NULL AND list_contains($kinds, q.kind) ORDER BY q.id
"""


def _requests(rows: list[dict[str, Any]]) -> list[Request]:
    return [Request(**{**row, "args": json.loads(row["args"] or "{}")}) for row in rows]
