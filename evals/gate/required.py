"""How many leads must sign: one rule for the gate, for lists of candidates, and for reports of releases."""

from collections.abc import Sequence

from evals.gate.policy import Policy, default_policy, whole_policy
from evals.gate.reviewed import Campaign
from store.database import Snapshot

__all__ = ["leads_required", "registered_policy", "strictest"]


def leads_required(snapshot: Snapshot, rules: Policy, campaigns: Sequence[Campaign]) -> int:
    """Leads who must sign for a candidate that is checked by `rules`, and was judged in these campaigns. Raises
    PolicyError.
    """
    opened_with = {one.policy_sha256: one.name for one in campaigns}
    return strictest(rules, [registered_policy(snapshot, *each) for each in opened_with.items()])


def strictest(rules: Policy, registered: Sequence[Policy]) -> int:
    """As many as the strictest of these rules and those that campaigns were opened with asks for, the default where
    there were none: so nobody who names others, by which the gate fails, can override alone.
    """
    return max(each.approval.approvals_required for each in (rules, *(registered or [default_policy()])))


def registered_policy(snapshot: Snapshot, sha256: str, campaign: str) -> Policy:
    """The policy that a campaign was opened with. Raises PolicyError."""
    found = snapshot.rows("SELECT text FROM policy WHERE sha256 = $sha256", {"sha256": sha256})
    return whole_policy(found[0]["text"], f"the policy of campaign {campaign}") if found else default_policy()
