"""Checks of suites: what was learned, what was kept, and what stood in the training data."""

from collections.abc import Iterator, Sequence
from typing import Any

from evals.gate.numbers import points, signed
from evals.gate.policy import Policy
from evals.gate.types import Check, Evidence

__all__ = ["leak_checks", "score_checks"]

Row = dict[str, Any]


def score_checks(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    """What was learned, and what was kept."""
    yield from _learned(policy, evidence)
    yield from _kept(policy, evidence)


def _learned(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    rows, candidate = _counted(evidence["scores"], policy.auto.suites), evidence["candidate"]["name"]
    there = {row["suite"] for row in rows}
    if not rows and not policy.auto.suites:
        yield Check("scores", None, policy.auto.min_gain, "missing", "scores.none", {"candidate": candidate})
    for suite in policy.auto.suites:
        if suite not in there:
            words = {"suite": suite, "candidate": candidate}
            yield Check(f"scores/{suite}", None, policy.auto.min_gain, "missing", "scores.missing", words)
    for row in rows:
        yield _gain(row, policy.auto.min_gain, candidate)
        if evidence["baseline"]["kind"] == "released":
            yield _against_live(row, policy.auto.max_loss, evidence)


def _counted(rows: Sequence[Row], named: Sequence[str]) -> list[Row]:
    """Those that the policy names; all, where it names none."""
    return [row for row in rows if not named or row["suite"] in named]


def _words(row: Row, gap: Row, limit: float) -> dict[str, Any]:
    shown = {name: signed(gap[name]) for name in ("low", "high")}
    return {
        "suite": row["suite"], "metric": row["metric"], "difference": signed(gap["value"]), **shown,
        "limit": f"{limit:g}",
    }  # fmt: skip


def _gain(row: Row, limit: float, candidate: str) -> Check:
    name, gap = f"scores/{row['suite']}", row["over_base"]
    if gap is None:
        words = {"suite": row["suite"], "candidate": candidate}
        return Check(name, None, limit, "missing", "scores.base", words)
    if not gap["n"]:
        return Check(name, None, limit, "missing", "scores.leaked", {"suite": row["suite"]})
    words = _words(row, gap, limit)
    if gap["low"] > limit:
        return Check(name, gap["value"], limit, "pass", "scores.gained", words)
    if gap["value"] <= limit:
        return Check(name, gap["value"], limit, "fail", "scores.lost", words)
    return Check(name, gap["value"], limit, "inconclusive", "scores.unsure", words)


def _against_live(row: Row, limit: float, evidence: Evidence) -> Check:
    name, gap = f"not_worse/{row['suite']}", row["over_live"]
    if gap is None or not gap["n"]:
        words = {"suite": row["suite"], "baseline": evidence["baseline"]["candidate"]}
        return Check(name, None, -limit, "missing", "scores.live", words)
    words = _words(row, gap, limit)
    if gap["low"] > -limit:
        return Check(name, gap["value"], -limit, "pass", "scores.kept", words)
    if gap["value"] <= -limit:
        return Check(name, gap["value"], -limit, "fail", "scores.worse", words)
    return Check(name, gap["value"], -limit, "inconclusive", "scores.kept_unsure", words)


def _kept(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    rows = _counted(evidence["forgetting"], policy.forgetting.suites)
    candidate, margin = evidence["candidate"]["name"], policy.forgetting.margin
    there = {row["suite"] for row in rows}
    if not rows and not policy.forgetting.suites:
        yield Check("forgetting", None, margin, "missing", "forgetting.none", {"candidate": candidate})
    for suite in policy.forgetting.suites:
        if suite not in there:
            words = {"suite": suite, "candidate": candidate}
            yield Check(f"forgetting/{suite}", None, margin, "missing", "forgetting.missing", words)
    yield from (_forgotten(row, margin, candidate) for row in rows)


def _forgotten(row: Row, margin: float, candidate: str) -> Check:
    name, drop = f"forgetting/{row['suite']}", row["drop"]
    if drop is None:
        words = {"suite": row["suite"], "candidate": candidate}
        return Check(name, None, margin, "missing", "forgetting.base", words)
    if not drop["n"]:
        return Check(name, None, margin, "missing", "forgetting.leaked", {"suite": row["suite"]})
    words = {
        "suite": row["suite"], "drop": points(drop["value"]), "bound": points(max(0.0, drop["bound"])),
        "margin": points(margin),
    }  # fmt: skip
    if drop["bound"] < margin:
        return Check(name, drop["bound"], margin, "pass", "forgetting.kept", words)
    if drop["value"] >= margin:
        return Check(name, drop["value"], margin, "fail", "forgetting.lost", words)
    return Check(name, drop["bound"], margin, "inconclusive", "forgetting.unsure", words)


def leak_checks(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    """Whether what was asked stood in the training data."""
    rows = [
        *_counted(evidence["scores"], policy.auto.suites), *_counted(evidence["forgetting"], policy.forgetting.suites),
    ]  # fmt: skip
    limit, candidate = policy.forgetting.max_leaked, evidence["candidate"]["name"]
    if not rows:
        yield Check("leaks", None, limit, "missing", "leaks.none")
        return
    for row in rows:
        if row["leak"] == "unchecked":
            words = {"suite": row["suite"], "candidate": candidate}
            yield Check(f"leaks/{row['suite']}", None, limit, "missing", "leaks.unchecked", words)
        elif row["leaked"] > limit * row["n"]:
            words = {"suite": row["suite"], "leaked": row["leaked"], "n": row["n"], "limit": f"{100 * limit:g} %"}
            yield Check(f"leaks/{row['suite']}", row["leaked"] / row["n"], limit, "fail", "leaks.many", words)
    leaked, n = sum(row["leaked"] for row in rows), sum(row["n"] for row in rows)
    if all(row["leak"] != "unchecked" and row["leaked"] <= limit * row["n"] for row in rows):
        words = {"leaked": leaked, "n": n}
        yield Check("leaks", leaked / n, limit, "pass", "leaks.some" if leaked else "leaks.clean", words)
