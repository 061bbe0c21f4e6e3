"""Checks of suites: what was learned, what was kept, and what stood in the training data."""

from collections.abc import Iterator, Sequence
from typing import Any

from evals.gate.asked import is_named, labels
from evals.gate.numbers import points, short, signed
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
    if not rows and not policy.auto.suites:
        yield Check("scores", None, policy.auto.min_gain, "missing", "scores.none", {"candidate": candidate})
    for suite in _lacking(rows, policy.auto.suites):
        words = {"suite": suite, "candidate": candidate}
        yield Check(f"scores/{suite}", None, policy.auto.min_gain, "missing", "scores.missing", words)
    for row, label in zip(rows, labels(rows), strict=True):
        yield _gain(row, label, policy.auto.min_gain, candidate)
        if evidence["baseline"]["kind"] == "released":
            yield _against_live(row, label, policy.auto.max_loss, evidence)


def _counted(rows: Sequence[Row], named: Sequence[str]) -> list[Row]:
    """Those that the policy names; all, where it names none."""
    return [row for row in rows if is_named(row, named)]


def _lacking(rows: Sequence[Row], named: Sequence[str]) -> list[str]:
    """Those of the policy that were not asked."""
    return [each for each in named if not any(is_named(row, [each]) for row in rows)]


def _which(row: Row) -> dict[str, Any]:
    """What a suite is called, which it is, and how much of it was asked."""
    return {"suite": row["suite"], "digest": short(row["sha256"]), "n": row["n"]}


def _words(row: Row, gap: Row, limit: float) -> dict[str, Any]:
    shown = {name: signed(gap[name]) for name in ("low", "high")}
    return {
        **_which(row), "metric": row["metric"], "difference": signed(gap["value"]), **shown, "limit": f"{limit:g}",
    }  # fmt: skip


def _not_asked(row: Row, who: str, sentence: str, **words: Any) -> tuple[str, dict[str, Any]]:
    """That another model was not asked a suite, or another one of its name, as sentence and words."""
    instead = row.get("instead", {}).get(who)
    if not instead:
        return sentence, {"suite": row["suite"], **words}
    other = {"other": short(instead[0]["sha256"]), "asked": instead[0]["n"]}
    return f"{sentence}.instead", {**_which(row), **other, **words}


def _gain(row: Row, label: str, limit: float, candidate: str) -> Check:
    name, gap = f"scores/{label}", row["over_base"]
    if gap is None:
        said = _not_asked(row, "base", "scores.base", candidate=candidate)
        return Check(name, None, limit, "missing", *said)
    if not gap["n"]:
        return Check(name, None, limit, "missing", "scores.leaked", {"suite": row["suite"]})
    words = _words(row, gap, limit)
    if gap["low"] > limit:
        return Check(name, gap["value"], limit, "pass", "scores.gained", words)
    if gap["value"] <= limit:
        return Check(name, gap["value"], limit, "fail", "scores.lost", words)
    return Check(name, gap["value"], limit, "inconclusive", "scores.unsure", words)


def _against_live(row: Row, label: str, limit: float, evidence: Evidence) -> Check:
    name, gap, live = f"not_worse/{label}", row["over_live"], evidence["baseline"]
    if gap is None or not gap["n"]:
        said = _not_asked(row, "live", "scores.live", baseline=live["candidate"], version=live["version"])
        return Check(name, None, -limit, "missing", *said)
    words = {**_words(row, gap, limit), "version": live["version"]}
    if gap["low"] > -limit:
        return Check(name, gap["value"], -limit, "pass", "scores.kept", words)
    if gap["value"] <= -limit:
        return Check(name, gap["value"], -limit, "fail", "scores.worse", words)
    return Check(name, gap["value"], -limit, "inconclusive", "scores.kept_unsure", words)


def _kept(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    rows = _counted(evidence["forgetting"], policy.forgetting.suites)
    candidate, margin = evidence["candidate"]["name"], policy.forgetting.margin
    if not rows and not policy.forgetting.suites:
        yield Check("forgetting", None, margin, "missing", "forgetting.none", {"candidate": candidate})
    for suite in _lacking(rows, policy.forgetting.suites):
        words = {"suite": suite, "candidate": candidate}
        yield Check(f"forgetting/{suite}", None, margin, "missing", "forgetting.missing", words)
    for row, label in zip(rows, labels(rows), strict=True):
        yield _forgotten(row, label, margin, candidate)


def _forgotten(row: Row, label: str, margin: float, candidate: str) -> Check:
    name, drop = f"forgetting/{label}", row["drop"]
    if drop is None:
        said = _not_asked(row, "base", "forgetting.base", candidate=candidate)
        return Check(name, None, margin, "missing", *said)
    if not drop["n"]:
        return Check(name, None, margin, "missing", "forgetting.leaked", {"suite": row["suite"]})
    words = {
        **_which(row), "drop": points(drop["value"]), "bound": points(max(0.0, drop["bound"])),
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
    for row, label in zip(rows, labels(rows), strict=True):
        if row["leak"] == "unchecked":
            words = {"suite": row["suite"], "candidate": candidate}
            yield Check(f"leaks/{label}", None, limit, "missing", "leaks.unchecked", words)
        elif row["leaked"] > limit * row["n"]:
            words = {"suite": row["suite"], "leaked": row["leaked"], "n": row["n"], "limit": f"{100 * limit:g} %"}
            yield Check(f"leaks/{label}", row["leaked"] / row["n"], limit, "fail", "leaks.many", words)
    leaked, n = sum(row["leaked"] for row in rows), sum(row["n"] for row in rows)
    if all(row["leak"] != "unchecked" and row["leaked"] <= limit * row["n"] for row in rows):
        words = {"leaked": leaked, "n": n}
        yield Check("leaks", leaked / n, limit, "pass", "leaks.some" if leaked else "leaks.clean", words)
