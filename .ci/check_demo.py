"""What the headless demo must have shown: learning, forgetting with and without general data, a guard that helps.

Run it as `python .ci/check_demo.py STORE`.
"""

import sys
from pathlib import Path
from typing import Any

from store.database import Store
from store.loading import load_spools

SHARES = """
SELECT e.artifact, e.step, r.name AS run, e.suite, s.metric, s.value
FROM eval_run e JOIN score s ON s.eval_id = e.id LEFT JOIN run r ON r.id = e.run_id
WHERE s.versus IS NULL AND NOT s.clean AND s.category = '' AND s.metric IN ('acc', 'field/department')
ORDER BY e.step
"""

ENDS = """
SELECT r.name AS run, arg_max(m.value, (m.branch, m.step)) AS loss
FROM metric m JOIN metric_name n ON n.id = m.metric_id JOIN run r ON r.id = m.run_id
WHERE n.name = 'val_loss' GROUP BY r.name
"""

WAITING = """
SELECT count(*) AS pairs FROM pair p JOIN campaign c ON c.id = p.campaign_id
WHERE p.state = 'asked' AND c.closed IS NULL
"""


def main(store: str) -> int:
    """Print each claim and whether it holds; 1 where one does not."""
    place = Store.at(Path(store) / "assay.duckdb")
    load_spools(place)
    last = {(row["run"], row["suite"]): row["value"] for row in place.rows(SHARES)}
    ends = {row["run"]: row["loss"] for row in place.rows(ENDS)}
    claims = {
        "the base knows 90 % of the facts": min(last["demo-base", "facts-a"], last["demo-base", "facts-b"]) >= 0.9,
        "the base names the right department in 15 % at most": last["demo-base", "triage"] <= 15,
        "after fine-tuning it is right in 60 %": last["demo-triage", "triage"] >= 60,
        "with general data less is forgotten": last["demo-triage", "facts-b"] > last["demo-triage-only", "facts-b"],
        "without, much is": last["demo-base", "facts-b"] - last["demo-triage-only", "facts-b"] > 0.1,
        "the guarded run ends lower": ends["demo-guarded"] < ends["demo-watched"],
        "a blind review waits with fifteen pairs": place.rows(WAITING)[0]["pairs"] >= 15,
    }
    for claim, holds in claims.items():
        _say(f"{'holds' if holds else 'DOES NOT HOLD'}: {claim}")
    return 0 if all(claims.values()) else 1


def _say(sentence: Any) -> None:
    sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
