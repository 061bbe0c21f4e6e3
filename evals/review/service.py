"""Blind review for those who reach it: all that experts' pages call, and how campaigns end.

Every call checks the role in the store and writes what was done into the audit log, in the same transaction. Outwards
an answer stands on the left or the right; which model's it is goes no further than `sides` and `judged`.
"""

from evals.review.answers import ERROR_TYPES
from evals.review.asides import flag, guess, save_draft, skip
from evals.review.assigned import assignments
from evals.review.closing import close_campaign, end_campaign
from evals.review.leasing import next_pair
from evals.review.peeks import has_peeked, peek
from evals.review.sittings import begin_sitting, close_sitting, sitting
from evals.review.verdicts import given, reopen, submit

__all__ = [
    "ERROR_TYPES", "assignments", "begin_sitting", "close_campaign", "close_sitting", "end_campaign", "flag", "given",
    "guess", "has_peeked", "next_pair", "peek", "reopen", "save_draft", "sitting", "skip", "submit",
]  # fmt: skip
