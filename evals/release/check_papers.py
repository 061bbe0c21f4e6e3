"""Whether the papers of a release hold: signed by trusted keys, whole in themselves, decided by the same gate again.

    bundle = check_papers(papers, trusted)

Nothing is read but the papers and the keys that were given. Raises BrokenError with the first thing that does not hold.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from assay.version import VERSION
from evals.gate.evidence import evidence_digest
from evals.gate.gate import decision_of, gate
from evals.gate.numbers import short
from evals.gate.policy import Policy, whole_policy
from evals.release.bundle import FIELDS, FORMAT, facts_of
from evals.release.check_signed import check_approvals
from evals.release.errors import BrokenError
from evals.release.papers import Papers, text_sha256
from evals.release.trust import Trusted
from evals.review.policy import PolicyError
from store.envelope import RELEASE, EnvelopeError, open_envelope

__all__ = ["bundle_in", "check_papers"]

Bundle = Mapping[str, Any]


def check_papers(papers: Papers, trusted: Trusted, *, again: bool = True) -> dict[str, Any]:
    """The bundle, once everything about it holds. Raises BrokenError.

    Without `again` the gate is not run again: the signature stands for what it said, whatever a later Assay would say.
    """
    statement, signers = _opened(papers, trusted)
    bundle = bundle_in(papers.bundle)
    _check_facts(bundle, statement)
    _check_digests(bundle)
    policy = _policy(bundle)
    if again:
        _check_gate(bundle, policy)
    if bundle["override"] != (bundle["decision"] != "pass"):
        raise BrokenError(
            f"the bundle says {'' if bundle['override'] else 'no '}override, but the gate said {bundle['decision']}"
        )
    check_approvals(bundle, policy.approval.approvals_required, trusted, signers)
    return bundle


def bundle_in(text: str) -> dict[str, Any]:
    """The bundle of a text, of this format, with all its fields and no other. Raises BrokenError."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenError("bundle.json is damaged: it is no JSON") from error
    bundle = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if bundle.get("format") != FORMAT:
        raise BrokenError(f"bundle.json has format {bundle.get('format')}, this program reads {FORMAT}")
    if odd := sorted(bundle.keys() ^ set(FIELDS)):
        raise BrokenError(f"bundle.json {'has no' if odd[0] in FIELDS else 'has an odd'} {odd[0]}")
    return bundle


def _opened(papers: Papers, trusted: Trusted) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The signed statement, whose digests are those of the papers, and the keys that signed it."""
    try:
        opened = open_envelope(papers.envelope, trusted.for_server)
    except EnvelopeError as error:
        raise BrokenError(f"bundle.intoto.json does not hold: {error}") from error
    statement = opened.statement
    if statement["predicateType"] != RELEASE:
        raise BrokenError("bundle.intoto.json is no release: it was signed for something else")
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    if subjects.get("bundle") != text_sha256(papers.bundle):
        raise BrokenError("bundle.json is not the one that was signed: its SHA-256 is another")
    if subjects.get("card") != text_sha256(papers.card):
        raise BrokenError("README.md is not the one that was signed: its SHA-256 is another")
    return statement, opened.key_ids


def _check_facts(bundle: Bundle, statement: Bundle) -> None:
    """The statement says the same as the bundle."""
    said, facts = statement["predicate"], facts_of(bundle)
    for name, value in facts.items():
        if said.get(name) != value:
            raise BrokenError(f"the signed statement and bundle.json say different things of {name}")
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    if subjects.get("release") != bundle["what"]["sha256"]:
        raise BrokenError("the signed statement is about another folder than bundle.json")


def _check_digests(bundle: Bundle) -> None:
    """The evidence is the one that is named, and is about this folder, checkpoint, place and policy."""
    evidence, what = bundle["evidence"], bundle["what"]
    if evidence_digest(evidence) != bundle["evidence_sha256"]:
        raise BrokenError(
            f"the evidence in the bundle is {short(evidence_digest(evidence))}, and not "
            f"{short(bundle['evidence_sha256'])}, which was decided on"
        )
    made: Bundle = evidence["proposal"] or {"sha256": None, "digests": {}}
    same: dict[str, tuple[Any, Any]] = {
        "folder": (made["sha256"], what["sha256"]), "digests of its parts": (made["digests"], what["digests"]),
        "checkpoint": (evidence["candidate"]["sha256"], what["checkpoint_sha256"]),
        "environment": (evidence["environment"], bundle["environment"]),
        "store (demo or not)": (evidence["demo"], bundle["store"]["demo"]),
        "policy": (evidence["policy_sha256"], bundle["policy"]["sha256"]),
    }  # fmt: skip
    for name, (known, said) in same.items():
        if known != said:
            raise BrokenError(f"the evidence is about another {name} than the bundle")


def _policy(bundle: Bundle) -> Policy:
    text = bundle["policy"]["text"]
    if text_sha256(text) != bundle["policy"]["sha256"]:
        raise BrokenError("the policy in the bundle is not the one whose digest was decided by")
    try:
        return whole_policy(text, "the policy in the bundle")
    except PolicyError as error:
        raise BrokenError(str(error)) from error


def _check_gate(bundle: Bundle, policy: Policy) -> None:
    """The gate says the same again."""
    checks = gate(policy, bundle["evidence"])
    hint = "" if bundle["program"] == f"assay {VERSION}" else f" ({bundle['program']} made it, and this is {VERSION})"
    found, told = [check.as_dict() for check in checks], bundle["checks"]
    if [one["name"] for one in found] != [one["name"] for one in told]:
        raise BrokenError(f"the gate makes other checks of this evidence than the bundle has{hint}")
    for one, said in zip(found, told, strict=True):
        if one != said:
            raise BrokenError(
                f"the gate says {one['result']} of {one['name']} ({one['says']}), and the bundle {said['result']} "
                f"({said['says']}){hint}"
            )
    if decision_of(checks) != bundle["decision"]:
        raise BrokenError(f"the gate decides {decision_of(checks)}, and the bundle says {bundle['decision']}{hint}")
