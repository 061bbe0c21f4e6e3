"""Evidence that passes, made by hand, and ways to change it."""

import copy
from typing import Any

from evals.gate.policy import Policy

POLICY = Policy(sha256="p" * 64)

FIELD = {"name": "", "share": {"n": 64}, "not_worse": 30.0, "harm": 0.1}

EVIDENCE: dict[str, Any] = {
    "format": 1,
    "demo": False,
    "environment": "prod",
    "candidate": {
        "name": "triage/1@600", "run": "triage", "branch": 1, "step": 600, "sha256": "c" * 64, "state": "stable",
    },
    "checkpoint": {"state": "whole", "what": ""},
    "proposal": {
        "sha256": "e" * 64, "merged": False, "answers": [{"campaign": 3, "n": 64, "differing": 0}],
        "digests": {
            "base": "b" * 64, "tokenizer": "t" * 64, "adapter": "a" * 64, "weights": None, "data": "d" * 64,
            "chat_template": "h" * 64, "generation_config": "g" * 64,
        },
        "folder": {"state": "whole", "what": ""},
    },
    "baseline": {
        "kind": "released", "version": 3, "candidate": "triage@400", "checkpoint_sha256": "l" * 64, "sha256": "m" * 64,
    },
    "policy_sha256": "p" * 64,
    "health": {"state": "stable", "alarms": [], "exact": {"times": 2, "equal": 2}, "rollbacks": 1, "skipped": 0},
    "scores": [
        {
            "suite": "triage", "sha256": "s" * 64, "metric": "chrf", "scorer": "x", "n": 200, "leaked": 0,
            "leak": "clean", "value": 61.0, "over_base": {"n": 200, "value": 6.84, "low": 4.9, "high": 8.7},
            "over_live": {"n": 200, "value": 0.4, "low": -0.5, "high": 1.3},
        }
    ],
    "forgetting": [
        {
            "suite": "general", "sha256": "s" * 64, "metric": "acc", "scorer": "x", "n": 500, "leaked": 0,
            "leak": "clean", "drop": {"n": 500, "value": 0.009, "low": -0.01, "high": 0.02, "bound": 0.019},
        }
    ],
    "review": {
        "campaign": 3, "name": "autumn", "baseline": "triage@400", "policy_sha256": "p" * 64, "unblinded": 0,
        "simulated": 0, "decision": "superior", "sentence": "superior", "criterion": None, "closed": True,
        "against_wanted": True, "judged": 64, "margin": 0.15, "decides_at": 20.0, "most": 212.4,
        "overall": {"n": 64, "wins": 41, "ties": 9, "losses": 14, "win_difference": 0.42},
        "specialties": [FIELD], "graders": [{"grader": 2}, {"grader": 5}],
        "agreement": {"items": 16, "alpha": 0.61, "same": 0.8},
        "position": {"z": 0.4}, "blinding": {"index": 0.05, "low": -0.2, "guesses": 16, "held": True},
        "skips": {"share": 0.03}, "others": [],
        "critical": {"candidate": 0, "n": 64, "fixed_upper": 0.0457, "shown_above": False},
    },
    "clock": {"backwards": None},
}  # fmt: skip


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The evidence with other values at paths such as `review.closed` or `scores.0.leaked`."""
    made = copy.deepcopy(EVIDENCE)
    for path, value in changes.items():
        *way, last = path.split(".")
        inner: Any = made
        for name in way:
            inner = inner[int(name) if name.isdigit() else name]
        inner[int(last) if last.isdigit() else last] = value
    return made
