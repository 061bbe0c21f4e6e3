"""Checks of what experts found, and of how far their verdicts can be trusted."""

from collections.abc import Iterator
from typing import Any

from evals.gate.numbers import percent, points, short
from evals.gate.policy import Policy
from evals.gate.types import Check, Evidence, Result

__all__ = ["review_checks"]

Review = dict[str, Any]


def review_checks(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    """In the order of the page; without a campaign that there is none says it all."""
    review = evidence["review"]
    if review is None:
        yield Check("campaign", None, None, "missing", "campaign.none", {
            "candidate": evidence["candidate"]["name"],
            "baseline": evidence["baseline"]["kind"],
        })  # fmt: skip
        return
    yield _campaign(evidence, review)
    yield _policy(evidence, review)
    yield _experts(policy, review)
    if review["overall"] is None:
        return
    yield _critical(policy, review)
    yield _blinding(policy, review)
    yield _agreement(policy, review)
    yield _position(policy, review)
    yield _count("graders", len(review["graders"]), policy.review.min_graders)
    yield _count("specialties", _fields(review), policy.review.min_specialties)
    yield _skips(policy, review)
    yield _genuine(evidence, review)


def _campaign(evidence: Evidence, review: Review) -> Check:
    words = {"name": review["name"], "judged": review["judged"], "against": review["baseline"]}
    if not review["against_wanted"]:
        live = evidence["baseline"]
        wanted = f"released v{live['version']}" if live["kind"] == "released" else "what its run began with"
        return Check("campaign", review["name"], None, "fail", "campaign.baseline", {**words, "baseline": wanted})
    if not review["closed"]:
        return Check("campaign", review["name"], None, "missing", "campaign.open", words)
    return Check("campaign", review["name"], None, "pass", "campaign.closed", words)


def _policy(evidence: Evidence, review: Review) -> Check:
    mine, theirs = evidence["policy_sha256"], review["policy_sha256"]
    if mine == theirs:
        return Check("policy", short(mine), short(theirs), "pass", "policy.same")
    return Check("policy", short(mine), short(theirs), "fail", "policy.changed", {"name": review["name"]})


_DECIDED: dict[str, Result] = {
    "superior": "pass", "not_worse": "pass", "harm": "fail", "futile": "fail", "inconclusive": "inconclusive",
    "continue": "inconclusive",
}  # fmt: skip


def _experts(policy: Policy, review: Review) -> Check:
    decision, share = review["decision"], review["overall"]
    worse = next((other for other in review["others"] if other["decision"] == "harm"), None)
    if worse is not None:
        return Check("experts", "harm", None, "fail", "experts.elsewhere", {"name": worse["name"]})
    if share is None:
        return Check("experts", None, None, "missing", "experts.none")
    words = {
        **{name: share[name] for name in ("n", "wins", "ties", "losses")},
        "evidence": f"{review['most'] or 0:,.0f}", "decides": f"{review['decides_at']:g}",
        "margin": f"{points(review['margin'])} points",
    }  # fmt: skip
    value = share["win_difference"]
    found = Check("experts", value, -policy.review.margin, _DECIDED[decision], f"experts.{decision}", words)
    later = review["judged"] - share["n"]
    if decision == "continue" or later <= 0:
        return found
    words = {"said": found.says, "n": share["n"], "later": later}
    return Check("experts", value, found.limit, found.result, "experts.counted", words)


def _critical(policy: Policy, review: Review) -> Check:
    found, limit = review["critical"], policy.review.critical_limit
    upper, n, errors = found["fixed_upper"], found["n"], found["candidate"]
    if not n or upper is None:
        return Check("critical", None, limit, "missing", "critical.none")
    words = {"errors": errors, "n": n, "upper": percent(upper), "limit": percent(limit)}
    if found["shown_above"] or errors > limit * n:
        return Check("critical", errors / n, limit, "fail", "critical.many", words)
    if upper <= limit:
        return Check("critical", upper, limit, "pass", "critical.within", words)
    return Check("critical", upper, limit, "inconclusive", "critical.unsure", words)


def _blinding(policy: Policy, review: Review) -> Check:
    found, limit = review["blinding"], policy.review.max_blinding_index
    if found is None:
        return Check("blinding", None, limit, "missing", "blinding.none")
    words = {"guesses": found["guesses"], "index": f"{found['index']:.2f}", "limit": f"{limit:g}"}
    if found["held"] is None:
        return Check("blinding", found["index"], limit, "inconclusive", "blinding.few", words)
    held = not (found["low"] > 0 and found["index"] > limit)
    return Check(
        "blinding", found["index"], limit, "pass" if held else "fail", "blinding.held" if held else "blinding.broken",
        words,
    )  # fmt: skip


def _agreement(policy: Policy, review: Review) -> Check:
    found, limit = review["agreement"], policy.review.min_alpha
    if found is None or not found["items"]:
        if policy.review.waive_agreement:
            return Check("agreement", None, None, "pass", "agreement.waived")
        return Check("agreement", None, limit, "missing", "agreement.none")
    if found["alpha"] is None:
        return Check("agreement", found["same"], limit, "pass", "agreement.undefined")
    words = {"alpha": f"{found['alpha']:.2f}", "items": found["items"], "limit": f"{limit:g}"}
    if found["alpha"] > limit:
        return Check("agreement", found["alpha"], limit, "pass", "agreement.good", words)
    return Check("agreement", found["alpha"], limit, "fail", "agreement.poor", words)


def _position(policy: Policy, review: Review) -> Check:
    found, limit = review["position"], policy.review.max_position_z
    if found is None:
        return Check("position", None, limit, "missing", "position.none")
    words = {"z": f"{found['z']:.1f}", "limit": f"{limit:g}"}
    if abs(found["z"]) <= limit:
        return Check("position", found["z"], limit, "pass", "position.within", words)
    return Check("position", found["z"], limit, "fail", "position.beyond", words)


def _fields(review: Review) -> int:
    """Fields whose pairs were judged; pairs of no field are one."""
    return sum(part["share"]["n"] > 0 for part in review["specialties"])


def _count(name: str, found: int, wanted: int) -> Check:
    enough = found >= wanted
    sentence = f"{name}.{'enough' if enough else 'few'}"
    return Check(name, found, wanted, "pass" if enough else "fail", sentence, {"n": found, "limit": wanted})


def _skips(policy: Policy, review: Review) -> Check:
    found, limit = review["skips"], policy.review.max_skip
    n = review["overall"]["n"] if review["overall"] else 0
    share = found["share"] if found else 0.0
    # The share is of judged and skipped pairs together.
    skipped = round(n * share / (1 - share)) if share < 1 else 0
    words = {"skipped": skipped, "n": n + skipped, "limit": percent(limit)}
    if share <= limit:
        return Check("skips", share, limit, "pass", "skips.few", words)
    return Check("skips", share, limit, "fail", "skips.many", words)


def _genuine(evidence: Evidence, review: Review) -> Check:
    words = {name: review[name] for name in ("simulated", "unblinded")}
    if not any(words.values()):
        return Check("genuine", 0, 0, "pass", "genuine.yes")
    total = sum(words.values())
    if evidence["demo"]:
        return Check("genuine", total, None, "pass", "genuine.demo", words)
    return Check("genuine", total, 0, "fail", "genuine.simulated" if words["simulated"] else "genuine.unblinded", words)
