"""Whether a bundle's approvals hold: enough people, each signature by a trusted key, of this evidence and folder."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.gate.approvals import LEAST_REASON, GateError, require_reason, shown
from evals.release.bundle import SIGNED
from evals.release.errors import BrokenError
from evals.release.trust import Trusted
from store.access import LEAD
from store.envelope import APPROVAL, EnvelopeError, open_envelope
from store.owners import Owners, owns

__all__ = ["check_approvals"]

OWN_KEY = "key"
"""How someone came in who signed with a key of their own."""

Bundle = Mapping[str, Any]
Row = Mapping[str, Any]


def check_approvals(bundle: Bundle, required: int, trusted: Trusted, servers: Sequence[str]) -> None:
    """Check what leads signed. `servers` are the keys that signed the bundle. Raises BrokenError."""
    rows: list[Row] = bundle["approvals"]
    for row in rows:
        signers = _check_envelope(bundle, row, trusted)
        _check_way(row, signers, trusted, servers)
        _check_person(bundle, row)
    _check_different(rows)
    if len(rows) < required:
        raise BrokenError(f"the policy asks for {required} leads, and the bundle has {len(rows)}")
    for row in rows:
        if row["time"] > bundle["released"]["time"]:
            raise BrokenError(
                f"{row['name']} signed at {row['time']}, which is after the release at {bundle['released']['time']}"
            )


def _check_envelope(bundle: Bundle, row: Row, trusted: Trusted) -> tuple[str, ...]:
    """The statement is signed, is what the bundle says of it, and is about this release; who signed."""
    whose = f"the {row['kind']} of {row['name']}"
    try:
        opened = open_envelope(row["envelope"], trusted.keys)
    except EnvelopeError as error:
        raise BrokenError(f"{whose} does not hold: {error}") from error
    statement, said = opened.statement, opened.statement["predicate"]
    if statement["predicateType"] != APPROVAL:
        raise BrokenError(f"{whose} is no approval: it was signed for something else")
    for name in SIGNED:
        if said.get(name) != row[name]:
            raise BrokenError(f"the bundle says {row[name]} as {name} of {whose}, but {said.get(name)} was signed")
    if opened.key_ids != (row["key_id"],):
        raise BrokenError(f"{whose} is by another key than the bundle says")
    _check_about(bundle, statement, whose)
    return opened.key_ids


def _check_about(bundle: Bundle, statement: Mapping[str, Any], whose: str) -> None:
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    said, what = statement["predicate"], bundle["what"]
    same = {
        "evidence": (subjects.get("evidence"), bundle["evidence_sha256"]),
        "folder": (subjects.get("release"), what["sha256"]),
        "environment": (said.get("environment"), bundle["environment"]),
        "decision": (said.get("decision"), bundle["decision"]),
        "policy": (said.get("policy_sha256"), bundle["policy"]["sha256"]),
    }  # fmt: skip
    for name, (signed, wanted) in same.items():
        if signed != wanted:
            raise BrokenError(f"{whose} was signed for another {name}")
    if said["kind"] != ("approve" if bundle["decision"] == "pass" else "override"):
        raise BrokenError(f"{whose} does not release what the gate calls {bundle['decision']}")


def _check_way(row: Row, signers: Sequence[str], trusted: Trusted, servers: Sequence[str]) -> None:
    """In a browser the server signs for people, else they do so themselves: no key stands for both."""
    for_servers = trusted.servers or frozenset(servers)
    by_server = set(signers) <= for_servers
    if row["way"] == OWN_KEY and by_server:
        raise BrokenError(f"{row['name']} is said to have signed with a key of their own, but the server's signed")
    if row["way"] != OWN_KEY and not by_server:
        raise BrokenError(f"{row['name']} is said to have signed in the browser, but not the server's key signed")


def _check_person(bundle: Bundle, row: Row) -> None:
    """A lead, who neither owns the run nor graded; in a demo store anyone may be everyone."""
    if row["role"] != LEAD:
        raise BrokenError(f"{row['name']} signed as {row['role']}, and only a lead may")
    _check_reason(row)
    if bundle["store"]["demo"]:
        return
    review = bundle["evidence"]["review"]
    if review and any(grader["grader"] == row["user"] for grader in review["graders"]):
        raise BrokenError(f"{row['name']} graded in the campaign, and signed all the same")
    if any(_owns(run, row) for run in bundle["lineage"][-1:]):
        raise BrokenError(f"{row['name']} owns the run, and signed all the same")


def _check_reason(row: Row) -> None:
    """A reason that shows, and of an override is long enough."""
    try:
        require_reason(row["reason"])
    except GateError as error:
        raise BrokenError(f"the {row['kind']} of {row['name']} has no reason that counts: {error}") from error
    if row["kind"] == "override" and shown(row["reason"]) < LEAST_REASON:
        raise BrokenError(f"the override of {row['name']} has a reason of fewer than {LEAST_REASON} characters")


def _owns(run: Row, row: Row) -> bool:
    """As the store told them apart, where a login may be somebody's account, and by what the person was called."""
    owners = Owners(frozenset(run.get("accounts", ())), frozenset(run.get("owner", ())))
    person = {"id": row["user"], "name": row["name"], "subject": None}
    return row["user"] in run.get("users", ()) or owns(owners, person)


def _check_different(rows: Sequence[Row]) -> None:
    people, keys = [row["user"] for row in rows], [row["key_id"] for row in rows if row["way"] == OWN_KEY]
    for row in rows:
        if people.count(row["user"]) > 1:
            raise BrokenError(f"{row['name']} signed twice, and counts once")
        if keys.count(row["key_id"]) > 1:
            raise BrokenError(f"one key signed for two people, {row['name']} among them")
