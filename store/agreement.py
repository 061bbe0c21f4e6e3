"""Whether releases, approvals, confirmations and keys are what the audit log tells of them, both ways.

    release_fault(snapshot, "prod")      the first release that is not, as a sentence; empty where all are
    table_faults(snapshot)               likewise of all four tables, a sentence a table

The chain shows that the log is what was appended. That the rows which programs read are what it tells of is looked at
here: each row must stand in it, and each of its rows must have one.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

from store.chain import MOMENT
from store.database import Snapshot

__all__ = ["release_fault", "table_faults"]

Fields = dict[str, Any]


class _Row(NamedTuple):
    """What stands in a table."""

    called: str
    fields: Fields


class _Told(NamedTuple):
    """What a row of the audit log tells."""

    seq: int
    called: str
    fields: Fields


def release_fault(snapshot: Snapshot, environment: str | None = None) -> str:
    """What is wrong with the releases of an environment, or of all; empty where they are what the log tells."""
    rows = [
        _Row(f"release {row.pop('id')} ({row['environment']} v{row['version']})", row)
        for row in snapshot.rows(_RELEASES, {"environment": environment})
    ]
    told = [
        _Told(one["seq"], f"{one['action']} of {said.get('environment')} v{said.get('version')}", _release(one, said))
        for one, said in _entries(snapshot, ("release", "restore"), "proposal:")
        if environment is None or said.get("environment") == environment
    ]
    return _first_apart(rows, told) or _other_order("release", rows, told)


def table_faults(snapshot: Snapshot) -> list[str]:
    """What is wrong with each table; nothing where all of them are what the audit log tells."""
    found = (
        release_fault(snapshot), _first_apart(*_approvals(snapshot)), _first_apart(*_confirmations(snapshot)),
        _first_apart(*_keys(snapshot)),
    )  # fmt: skip
    return [said for said in found if said]


def _release(one: Fields, said: Fields) -> Fields:
    """As `_RELEASES` has it; a restore has the override of what it puts back, which is signed."""
    override = said.get("override") if one["action"] == "release" else None
    return {
        "kind": one["action"], "environment": said.get("environment"), "version": said.get("version"),
        "sha256": said.get("sha256"), "override": override, "reason": said.get("reason"), "proposal": one["object"],
        "time": one["created"], "actor": one["actor"], "role": one["role"],
    }  # fmt: skip


def _approvals(snapshot: Snapshot) -> tuple[list[_Row], list[_Told]]:
    rows = [_Row(f"approval {row['approval']}", row) for row in snapshot.rows(_APPROVALS)]
    told = [
        _Told(one["seq"], f"approval {said.get('approval')}", {
            "approval": said.get("approval"), "kind": one["action"], "evidence": said.get("evidence_sha256"),
            "reason": said.get("reason"), "key": said.get("key"), "proposal": one["object"], "time": one["created"],
            "actor": one["actor"], "role": one["role"],
        })
        for one, said in _entries(snapshot, ("approve", "refuse", "override"), "proposal:")
    ]  # fmt: skip
    return rows, told


def _confirmations(snapshot: Snapshot) -> tuple[list[_Row], list[_Told]]:
    rows = [_Row(f"confirmation of {row['host']}", row) for row in snapshot.rows(_CONFIRMATIONS)]
    told = [
        _Told(one["seq"], f"confirmation of {said.get('host')}", {
            "environment": said.get("environment"), "sha256": said.get("sha256"), "host": said.get("host"),
            "time": one["created"], "actor": one["actor"],
        })
        for one, said in _entries(snapshot, ("confirm",), "environment:")
    ]  # fmt: skip
    return rows, told


def _keys(snapshot: Snapshot) -> tuple[list[_Row], list[_Told]]:
    rows: list[_Row] = []
    for row in snapshot.rows(_KEYS):
        called, key = f"key {row['key_id'][:12]}", {"key": row["key_id"], "person": row["user_id"]}
        rows.append(_Row(called, {**key, "state": "added", "time": row["created"]}))
        if row["is_retired"]:
            rows.append(_Row(called, {**key, "state": "retired", "time": row["retired"]}))
    return rows, list(_told_keys(snapshot))


def _told_keys(snapshot: Snapshot) -> Iterator[_Told]:
    """Keys as they were added and retired; whoever is removed takes along the keys that still counted."""
    counting: dict[str, int | None] = {}
    for one, said in _entries(snapshot, ("key-add", "key-retire", "user-remove"), ""):
        name = str(one["object"]).partition(":")[2]
        if one["action"] == "user-remove":
            ended = [key for key, user in counting.items() if user is not None and str(user) == name]
        else:
            ended = [name]
        for key in ended:
            person = counting.get(key, said.get("user"))
            state = "added" if one["action"] == "key-add" else "retired"
            yield _Told(one["seq"], f"key {key[:12]}", {
                "key": key, "person": said.get("user", person), "state": state, "time": one["created"],
            })  # fmt: skip
            counting.pop(key, None)
        if one["action"] == "key-add":
            counting[name] = said.get("user")


def _entries(snapshot: Snapshot, actions: Sequence[str], about: str) -> Iterator[tuple[Fields, Fields]]:
    """Rows of the log, each with its payload; what is none says nothing."""
    for one in snapshot.rows(_ENTRIES, {"actions": list(actions), "about": about}):
        try:
            said: Any = json.loads(one["payload"])
        except (ValueError, RecursionError):
            said = {}
        yield one, cast("Fields", said) if isinstance(said, dict) else {}


def _first_apart(rows: Sequence[_Row], told: Sequence[_Told]) -> str:
    """The first that stands on one side alone, or differs; empty where there is none."""
    odd = _without(rows, told)
    gone = _without(told, rows)
    if odd and gone:
        entry = max(gone, key=lambda one: -len(_differing(odd[0], one)))
        differing = _differing(odd[0], entry)
        if 2 * len(differing) <= len(entry.fields):
            return f"{odd[0].called} was changed: row {entry.seq} of the audit log tells another {', '.join(differing)}"
    if gone:
        return f"row {gone[0].seq} of the audit log tells of what is gone from the store: {gone[0].called}"
    return f"{odd[0].called} stands in no row of the audit log" if odd else ""


def _other_order(table: str, rows: Sequence[_Row], told: Sequence[_Told]) -> str:
    same = [_key(one) for one in rows] == [_key(one) for one in told]
    return "" if same else f"the rows of {table} stand in another order than the audit log tells of them"


def _without(some: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Those of `some` that `others` lack, each as often as it is lacking."""
    left = Counter(_key(one) for one in others)
    lacking: list[Any] = []
    for one in some:
        left[_key(one)] -= 1
        if left[_key(one)] < 0:
            lacking.append(one)
    return lacking


def _key(one: _Row | _Told) -> tuple[str, ...]:
    # What a forged payload holds need not be hashable.
    return tuple(map(repr, one.fields.values()))


def _differing(row: _Row, entry: _Told) -> list[str]:
    return [name for name, value in row.fields.items() if value != entry.fields[name]]


_RELEASES = f"""
SELECT id, kind, environment, version, sha256, if(kind = 'restore', NULL, override) AS override, reason,
       concat('proposal:', proposal_id) AS proposal, {MOMENT} AS time, created_by AS actor, role
FROM release WHERE $environment IS NULL OR environment = $environment ORDER BY id
"""

_APPROVALS = f"""
SELECT id AS approval, kind, evidence_sha256 AS evidence, reason, key_id AS key,
       concat('proposal:', proposal_id) AS proposal, {MOMENT} AS time, concat('user:', user_id) AS actor, role
FROM approval ORDER BY id
"""

_CONFIRMATIONS = f"""
SELECT environment, sha256, host, {MOMENT} AS time, created_by AS actor FROM confirmation ORDER BY created, host, sha256
"""

_KEYS = f"""
SELECT key_id, user_id, {MOMENT} AS created, retired IS NOT NULL AS is_retired,
       {MOMENT.replace("created", "retired")} AS retired
FROM signing_key ORDER BY created, key_id
"""

_ENTRIES = f"""
SELECT seq, {MOMENT} AS created, actor, role, action, object, payload
FROM audit WHERE action IN $actions AND starts_with(object, $about) ORDER BY seq
"""
