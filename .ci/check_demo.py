"""What the headless demo must have shown: learning, forgetting with and without general data, a guard that helps, and
a gate that decides what is released.

Run it as `python .ci/check_demo.py STORE`.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.gate.looking import Look, look
from evals.gate.policy import read_policy_file
from evals.release.verifying import verify_release
from store.access import Actor
from store.database import Store
from store.keys import server_public, write_public
from store.loading import load_spools
from store.story import ALONE, GUARDED, TRIAGE, WATCHED

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

RELEASES = """
SELECT r.kind, r.version, r.override, p.candidate, p.path FROM release r JOIN proposal p ON p.id = r.proposal_id
ORDER BY r.id
"""

JUDGED = "SELECT count(*) FILTER (closed IS NOT NULL AND simulated) AS judged FROM campaign"

SIGNED = "SELECT count(DISTINCT user_id) AS leads FROM approval WHERE kind = 'approve' GROUP BY proposal_id"

AS_LOW = 0.1
"""Of a validation loss near 4: at so high a learning rate the last bits of a processor's sums decide how far it falls.
Three seeds had 0.2 to 0.9 less with the guard; on another processor it was 4.22 with it and 4.20 without.
"""

LAST = "SELECT max(c.step) AS step FROM checkpoint c JOIN run r ON r.id = c.run_id WHERE r.name = $run"


def main(store: str) -> int:
    """Print each claim and whether it holds; 1 where one does not."""
    place = Store.at(Path(store) / "assay.duckdb")
    load_spools(place)
    claims = {**_trained(place), **_released(place)}
    for claim, holds in claims.items():
        _say(f"{'holds' if holds else 'DOES NOT HOLD'}: {claim}")
    return 0 if all(claims.values()) else 1


def _trained(place: Store) -> Mapping[str, bool]:
    last = {(row["run"], row["suite"]): row["value"] for row in place.rows(SHARES)}
    ends = {row["run"]: row["loss"] for row in place.rows(ENDS)}
    return {
        "the base knows 90 % of the facts": min(last["demo-base", "facts-a"], last["demo-base", "facts-b"]) >= 0.9,
        "the base names the right department in 15 % at most": last["demo-base", "triage"] <= 15,
        "after fine-tuning it is right in 60 %": last[TRIAGE, "triage"] >= 60,
        "with general data less is forgotten": last[TRIAGE, "facts-b"] > last[ALONE, "facts-b"],
        "without, much is": last["demo-base", "facts-b"] - last[ALONE, "facts-b"] > 0.1,
        "the guarded run ends lower, or as low": ends[GUARDED] < ends[WATCHED] + AS_LOW,
    }


def _released(place: Store) -> Mapping[str, bool]:
    releases = place.rows(RELEASES)
    told = [(row["kind"], row["version"]) for row in releases]
    alone = {check.name: check for check in _looked(place, ALONE).checks}["forgetting/facts-b"]
    with tempfile.TemporaryDirectory() as keys:
        write_public(Path(keys) / "server.pub", server_public(place, _who()))
        verified = [verify_release(place.root / row["path"], Path(keys)) for row in releases[:2]]
    broken = "".join(f", but {found.why}" for found in verified if not found.holds)
    return {
        "both blind reviews were judged to their end": place.rows(JUDGED)[0]["judged"] == 2,
        "v1 was released, then v2, then v1 put back, then v2": told
        == [("release", 1), ("release", 2), ("restore", 1), ("restore", 2)],
        "two leads approved each, and nothing was overridden": [row["leads"] for row in place.rows(SIGNED)] == [2, 2]
        and not any(row["override"] for row in releases),
        f"both can be verified with the server's public key{broken}": len(verified) == 2 and not broken,
        "the gate passes what is live": bool(releases) and _looked(place, TRIAGE).decision == "pass",
        f"the gate would refuse the desk without general data ({alone.says})": alone.result == "fail",
    }


def _looked(place: Store, run: str) -> Look:
    """A look at the last checkpoint of a run by the demo's policy."""
    [row] = place.rows(LAST, {"run": run})
    policy = read_policy_file(next(place.root.glob("material/*/demo_policy.toml")))
    return look(place, _who(), f"{run}@{row['step']}", policy=policy)


def _who() -> Actor:
    return Actor("command", None, "check")


def _say(sentence: Any) -> None:
    sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
