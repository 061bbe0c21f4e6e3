"""The gate: pure, so that anyone can run it again on the same evidence.

    checks = gate(policy, evidence)
    decision_of(checks)                     pass, fail or inconclusive

Each check says what was found, what is asked for, and why that passes or does not. What is not known is missing, and
missing fails. Approvals are no part of it: they sign what it says.
"""

from evals.gate.checks_model import answers_check, folder_checks, training_checks
from evals.gate.checks_review import review_checks
from evals.gate.checks_scores import leak_checks, score_checks
from evals.gate.policy import Policy
from evals.gate.types import Check, Evidence, decision_of

__all__ = ["Check", "Evidence", "decision_of", "gate"]


def gate(policy: Policy, evidence: Evidence) -> list[Check]:
    """All checks, in the order in which a lead reads them."""
    return [
        *training_checks(policy, evidence), *score_checks(policy, evidence), *review_checks(policy, evidence),
        *leak_checks(policy, evidence), answers_check(policy, evidence), *folder_checks(evidence),
    ]  # fmt: skip
