"""Whatever is decided about a release ends the audit log with a signed row: to cut it off is noticed."""

import pytest

from evals.gate.approvals import override, refuse
from evals.gate.policy import whole_policy
from evals.release.confirming import confirm
from evals.release.restoring import restore
from store.heads import verify_audit
from tests.evals.gate.passing import sign
from tests.evals.release.world import sql

WEAK = whole_policy("[auto]\nmax_loss = 90\n")


def overridden(world):
    seen = world.look(policy=WEAK)
    override(world.store, world.made.zhao, seen, "The clinic opens tomorrow, and nothing else answers.")


DECISIONS = {
    "approve": lambda world: sign(world.made._replace(candidate="triage@400"), world.made.sun, environment="staging"),
    "refuse": lambda world: refuse(world.store, world.made.zhao, world.look(), "It is rude."),
    "override": overridden,
    "restore": lambda world: restore(world.store, world.made.sun, "v1", reason="v2 is worse"),
    "confirm": lambda world: confirm(world.store, world.made.chen, "0" * 64, host="gpu-1"),
}


@pytest.mark.parametrize("action", DECISIONS)
def test_a_decision_is_the_signed_end_of_the_log(superseded, action):
    DECISIONS[action](superseded)
    last = superseded.store.rows("SELECT seq, action FROM audit ORDER BY seq DESC LIMIT 1")[0]
    report = superseded.store.snapshot(verify_audit)
    assert (last["action"], report.holds, report.last_signed, report.unsigned) == (action, True, last["seq"], 0)
    sql(superseded.store, "DELETE FROM audit WHERE seq = $seq", seq=last["seq"])
    after = superseded.store.snapshot(verify_audit)
    assert not after.holds
    assert after.problems[0].startswith(f"the log was cut off: it ends at row {last['seq'] - 1}, but the signature of")


def test_a_server_says_what_it_runs_though_the_log_cannot_be_signed(superseded):
    (superseded.store.root / ".secrets" / "signing_key.pem").unlink()
    assert not confirm(superseded.store, superseded.made.chen, "0" * 64, host="gpu-1").is_live
    report = superseded.store.snapshot(verify_audit)
    assert (report.holds, report.unsigned >= 1) == (True, True)
