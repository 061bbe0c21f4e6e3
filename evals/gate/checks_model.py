"""Checks of what would be released and of how it was trained: files, digests, answers, health, clock."""

from collections.abc import Iterator, Mapping
from typing import Any

from evals.gate.numbers import percent, short
from evals.gate.policy import Policy
from evals.gate.types import Check, Evidence

__all__ = ["answers_check", "folder_checks", "training_checks"]

ALWAYS = ("tokenizer", "data", "generation_config")
"""Digests that must be known of everything. Besides, weights; or an adapter with its base, which it needs to run."""


def training_checks(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    """How it was trained."""
    yield _stable(policy, evidence)
    yield _alarms(evidence)
    yield _exact(policy, evidence)


def folder_checks(evidence: Evidence) -> Iterator[Check]:
    """What would be released, and whether the times in its evidence can be relied on."""
    yield _files(evidence)
    yield _proposal(evidence, evidence["candidate"]["name"])
    yield _digests(evidence)
    yield _clock(evidence)


def answers_check(policy: Policy, evidence: Evidence) -> Check:
    """Whether the folder gives the answers of the campaign again, judged or not."""
    limit, review, made = policy.review.max_differing, evidence["review"], evidence["proposal"]
    campaign = review["campaign"] if review else None
    rows: list[dict[str, Any]] = made["answers"] if made else []
    found = next((row for row in rows if row["campaign"] == campaign), None)
    if found is None or not found["n"]:
        words = {"candidate": evidence["candidate"]["name"]}
        return Check("answers", None, limit, "missing", "answers.none", words)
    share, words = found["differing"] / found["n"], {name: found[name] for name in ("n", "differing")}
    if not found["differing"]:
        return Check("answers", 0.0, limit, "pass", "answers.same", words)
    result = "pass" if share <= limit else "fail"
    return Check("answers", share, limit, result, "answers.differ", {**words, "share": percent(share)})


def _files(evidence: Evidence) -> Check:
    folder = evidence["checkpoint"]
    if folder["state"] == "whole":
        return Check("files", "whole", None, "pass", "files.whole")
    if folder["state"] == "gone":
        return Check("files", "gone", None, "missing", "files.gone", {"path": folder["what"]})
    return Check("files", "changed", None, "fail", "files.changed", {"what": folder["what"]})


def _proposal(evidence: Evidence, candidate: str) -> Check:
    made = evidence["proposal"]
    if made is None:
        return Check("proposal", None, None, "missing", "proposal.none", {"candidate": candidate})
    state = made["folder"]["state"]
    if state == "gone":
        return Check("proposal", "gone", None, "missing", "proposal.gone", {"candidate": candidate})
    if state == "changed":
        return Check("proposal", "changed", None, "fail", "proposal.changed", {"what": made["folder"]["what"]})
    return Check("proposal", made["sha256"], None, "pass", "proposal.whole", {"digest": short(made["sha256"])})


def _digests(evidence: Evidence) -> Check:
    made: Mapping[str, Any] = evidence["proposal"] or {"digests": {}}
    known: Mapping[str, Any] = made["digests"]
    parts = ("adapter", "base") if known.get("adapter") else ("weights",)
    unknown = next((name for name in (*ALWAYS, *parts) if not known.get(name)), None)
    if unknown is not None:
        return Check("digests", None, None, "missing", "digests.unknown", {"what": unknown.replace("_", " ")})
    return Check("digests", sum(bool(value) for value in known.values()), None, "pass", "digests.known")


def _stable(policy: Policy, evidence: Evidence) -> Check:
    state, wanted = evidence["candidate"]["state"], "stable" if policy.health.require_stable else None
    if state == "suspect":
        return Check("stable", state, wanted, "fail", "stable.suspect")
    parents = evidence["health"].get("parents", [])
    unsafe = next((one for one in parents if one["state"] == "suspect" or wanted), None)
    if unsafe is not None:
        sentence = f"stable.parent.{unsafe['state']}"
        return Check("stable", unsafe["state"], wanted, "fail", sentence, {"name": unsafe["name"]})
    if state == "stable":
        return Check("stable", state, wanted, "pass", "stable.yes")
    if wanted is None:
        return Check("stable", state, wanted, "pass", "stable.waived")
    return Check("stable", state, wanted, "fail", "stable.not")


def _alarms(evidence: Evidence) -> Check:
    found = evidence["health"]["alarms"]
    if not found:
        return Check("alarms", 0, 0, "pass", "alarms.none")
    newest, here = found[0], evidence["candidate"]["run"]
    words = {"n": len(found), "run": newest.get("run", here), "step": newest["step"], "message": newest["message"]}
    return Check("alarms", len(found), 0, "fail", "alarms.open" if len(found) == 1 else "alarms.more", words)


def _exact(policy: Policy, evidence: Evidence) -> Check:
    times, equal = (evidence["health"]["exact"][name] for name in ("times", "equal"))
    limit, words = policy.health.require_exact or None, {"n": times, "differing": times - equal}
    if times and equal == times:
        return Check("exact", equal, limit, "pass", "exact.proved", words)
    said = "exact.not" if times else "exact.unknown"
    if policy.health.require_exact:
        return Check("exact", equal, limit, "fail" if times else "missing", said, words)
    said = Check("exact", equal, limit, "pass", said, words).says
    return Check("exact", equal, limit, "pass", "exact.waived", {"said": said})


def _clock(evidence: Evidence) -> Check:
    seq = evidence["clock"]["backwards"]
    if seq is None:
        return Check("clock", None, None, "pass", "clock.forward")
    return Check("clock", seq, None, "fail", "clock.backwards", {"seq": seq})
