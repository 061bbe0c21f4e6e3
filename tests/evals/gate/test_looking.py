"""Looks at a candidate: what is gathered from a store, and what each gap in it is called."""

import json
import shutil
from datetime import timedelta

import pytest

from assay.errors import AssayError
from evals.gate.approvals import LEAST_REASON, LONGEST_REASON, GateError, approve, override, refuse
from evals.gate.looking import look
from evals.gate.policy import default_policy, whole_policy
from evals.review.results import settle
from store.access import AccessError, Actor
from store.clock import utc_now
from store.errors import StoreError
from store.loading import load_spools
from store.users import grant, take_back
from tests.evals.gate.passing import COMMAND, POLICY, evaluate, judge, new_campaign, sign


def seen(made, who=COMMAND, **asked):
    return look(made.store, who, asked.pop("named", made.candidate), **asked)


def results_of(found):
    return {one.name: (one.result, one.sentence) for one in found.checks if one.result != "pass"}


def test_a_candidate_that_shows_everything_passes_and_the_same_is_seen_twice(made):
    first, again = seen(made), seen(made)
    assert results_of(first) == {}
    assert (first.decision, first.live, first.standing.required) == ("pass", None, 2)
    assert first.digest == again.digest
    assert first.evidence == again.evidence


def test_the_digest_is_the_same_wherever_the_store_lies(whole, made):
    assert made.store.root != whole.store.root
    assert seen(made).digest == seen(whole).digest


def test_a_checkpoint_is_named_as_everywhere(made):
    assert seen(made, named="triage/1@400").digest == seen(made).digest
    with pytest.raises(StoreError, match="no sealed checkpoint at step 401"):
        seen(made, named="triage@401")
    with pytest.raises(StoreError, match="there is no run tirage"):
        seen(made, named="tirage@400")


def test_a_checkpoint_without_anything_lacks_everything_but_its_training(made):
    found = seen(made, named="triage@200")
    assert found.decision == "fail"
    assert results_of(found) == {
        "scores": ("missing", "scores.none"), "forgetting": ("missing", "forgetting.none"),
        "campaign": ("missing", "campaign.none"), "leaks": ("missing", "leaks.none"),
        "answers": ("missing", "answers.none"), "proposal": ("missing", "proposal.none"),
        "digests": ("missing", "digests.unknown"),
    }  # fmt: skip
    assert found.policy.sha256 == default_policy().sha256


def test_the_policy_is_the_one_of_the_campaign_unless_another_is_named(made):
    assert seen(made).policy.text == POLICY
    found = seen(made, policy=whole_policy(POLICY + "\n[auto]\nmax_loss = 2\n"))
    assert results_of(found) == {"policy": ("fail", "policy.changed")}
    assert found.digest != seen(made).digest


def test_files_that_are_gone_or_changed_are_named(made):
    (made.folder / "tokenizer.json").write_text("{}")
    found = seen(made)
    assert results_of(found)["proposal"] == ("fail", "proposal.changed")
    assert "tokenizer.json has another size" in {one.name: one.says for one in found.checks}["proposal"]
    for folder in (made.folder, made.checkpoint):
        shutil.rmtree(folder)
    found = seen(made)
    assert results_of(found)["proposal"] == ("missing", "proposal.gone")
    assert results_of(found)["files"] == ("missing", "files.gone")


def test_an_open_campaign_is_missing_and_another_that_found_harm_fails(made):
    # Nothing is given up as futile, so that harm is what is found.
    number = new_campaign(made, policy=POLICY.replace("n_max = 40", "n_max = 40\nfutility = 0.0001"), pairs=30)
    found = seen(made)
    assert results_of(found)["campaign"] == ("missing", "campaign.open")
    assert "experts" in results_of(found)
    for expert in (made.wang, made.xu):
        judge(made.store, expert, number, say="stale")
    settle(made.store, number)
    # More were judged than it took.
    assert results_of(seen(made))["experts"] == ("fail", "experts.counted")
    assert "experts find it worse" in next(check.says for check in seen(made).checks if check.name == "experts")
    better = new_campaign(made)
    for expert in (made.wang, made.xu):
        judge(made.store, expert, better)
    settle(made.store, better)
    assert results_of(seen(made))["experts"] == ("fail", "experts.elsewhere")


def test_a_campaign_against_something_else_than_the_base_does_not_count(made):
    number = new_campaign(made._replace(candidate="triage@600"), baseline="triage@200")
    for expert in (made.wang, made.xu):
        judge(made.store, expert, number)
    assert results_of(seen(made, named="triage@600"))["campaign"] == ("fail", "campaign.baseline")


def test_what_was_forgotten_fails(made):
    evaluate(made.store, 600, lost=12)
    load_spools(made.store)
    found = {one.name: one for one in seen(made, named="triage@600").checks}["forgetting/facts"]
    assert (found.result, found.sentence, round(found.value, 3)) == ("fail", "forgetting.lost", 0.08)


@pytest.mark.parametrize(
    ("fork", "reason", "is_open"), [(410, "resume", True), (250, "resume", False), (410, "rollback", False)]
)
def test_a_run_that_only_goes_on_after_a_stop_answers_no_alarm(made, fork, reason, is_open):
    run = made.store.rows("SELECT id FROM run WHERE name = 'triage'")[0]["id"]
    alarm, branch = utc_now() - timedelta(minutes=2), utc_now() - timedelta(minutes=1)
    for statement in (
        f"INSERT INTO event VALUES ({run}, 1, 300, $alarm, 'spike', 'alarm', 'the loss rose', '{{}}')",
        f"INSERT INTO branch VALUES ({run}, 2, 1, {fork}, '{reason}', $branch, '{{}}')",
    ):
        values = {"alarm": alarm} if "$alarm" in statement else {"branch": branch}
        made.store.transaction(lambda transaction, told=(statement, values): transaction.execute(*told))
    assert ("alarms" in results_of(seen(made, named="triage/1@400"))) is is_open


def test_an_alarm_is_open_until_somebody_wrote_a_note(made):
    rows = "INSERT INTO event SELECT id, 1, 300, $now, $kind, $level, 'stays high', NULL FROM run WHERE name = 'triage'"

    def tell(kind, level):
        now = utc_now()
        made.store.transaction(
            lambda transaction: transaction.execute(rows, {"now": now, "kind": kind, "level": level})
        )

    tell("guard", "alarm")
    assert results_of(seen(made)) == {"alarms": ("fail", "alarms.open")}
    assert results_of(seen(made, named="triage@200")).get("alarms") is None
    tell("note", "info")
    assert results_of(seen(made)) == {}


def test_a_clock_that_went_backwards_fails_and_nobody_signs_before_it_is_right(made):
    late, found = utc_now() + timedelta(minutes=5), seen(made, who=made.li)
    rows = "INSERT INTO audit SELECT max(seq) + 1, $now, 'rules', '', 'x', 'y', '{}', 'z', 'p', 'h' FROM audit"
    made.store.transaction(lambda transaction: transaction.execute(rows, {"now": late}))
    with pytest.raises(GateError, match="which is before the last entry of the audit log"):
        approve(made.store, made.li, found)
    made.store.transaction(lambda transaction: transaction.execute(rows, {"now": utc_now()}))
    assert results_of(seen(made))["clock"] == ("fail", "clock.backwards")


def test_who_may_not_read_is_refused_before_anything_is_told(made):
    for who in (made.wang, Actor("oidc", None)):
        with pytest.raises(AccessError):
            seen(made, who=who, named="no such run")
    for who in (made.chen, made.li, made.qian):
        assert seen(made, who=who).decision == "pass"


def test_a_look_is_logged_as_one_at_the_results(made):
    seen(made, who=made.li)
    told = made.store.rows("SELECT actor, action FROM audit WHERE action = 'peek' ORDER BY seq DESC LIMIT 1")
    assert told == [{"actor": made.li.named, "action": "peek"}]


def test_approvals_count_until_anything_changes(made):
    sign(made, made.li, "all fine")
    found = seen(made)
    assert (found.standing.approvals, found.standing.missing(found.decision)) == (1, 1)
    sign(made, made.zhao)
    assert seen(made).standing.missing("pass") == 0
    evaluate(made.store, 400, suites=("letters",))
    made.store.transaction(
        lambda transaction: transaction.execute("UPDATE item_result SET leaked = true WHERE item = 'letter-03'")
    )
    changed = seen(made)
    assert (changed.decision, changed.standing.approvals) == ("pass", 0)
    assert [one.void for one in changed.standing.void] == ["the evidence has changed since"] * 2


def test_what_was_seen_is_what_is_signed(made):
    before = seen(made, who=made.li)
    made.store.transaction(
        lambda transaction: transaction.execute("UPDATE item_result SET leaked = true WHERE item = 'letter-03'")
    )
    with pytest.raises(GateError, match="the evidence has changed since you looked"):
        approve(made.store, made.li, before)
    assert made.store.rows("SELECT count(*) AS n FROM approval") == [{"n": 0}]


def test_a_refusal_stands_until_the_same_lead_approves(made):
    refuse(made.store, made.li, seen(made), "the wording of letters must be kinder")
    sign(made, made.zhao)
    sign(made, made.sun)
    found = seen(made)
    assert found.standing.missing("pass") == 0
    assert found.standing.refused.name == "Li"
    sign(made, made.li)
    assert seen(made).standing.refused is None


def test_no_change_of_the_evidence_or_the_policy_dodges_a_refusal(made):
    sign(made, made.li)
    refuse(made.store, made.sun, seen(made), "a letter to a child reads like a contract")
    other = seen(made, policy=whole_policy(POLICY + "\n[auto]\nmax_loss = 2\n"))
    assert (other.standing.refused.name, other.standing.approvals) == ("Sun", 0)
    refuse(made.store, made.li, other, "on second thoughts not")
    found = seen(made).standing
    assert sorted(one.name for one in found.counted if one.kind == "refuse") == ["Li", "Sun"]
    assert [one.void for one in found.void] == ["the person has said something else since"]


def test_a_role_that_was_taken_back_takes_the_approval_with_it(made):
    sign(made, made.li)
    take_back(made.store, COMMAND, "Li", "lead", None)
    found = seen(made).standing
    assert (found.approvals, [one.void for one in found.void]) == (0, ["the person is no lead any more"])
    grant(made.store, COMMAND, "Li", "lead", None)
    assert seen(made).standing.approvals == 1


def test_somebody_at_this_machine_who_was_removed_is_no_lead_any_more(made):
    values = {"user": made.li.user}
    sign(made, made.li)
    for change, approvals in (("issuer = 'local'", 1), ("removed = created", 0)):
        made.store.transaction(
            lambda transaction, change=change: transaction.execute(
                f'UPDATE "user" SET {change} WHERE id = $user', values
            )
        )
        assert seen(made).standing.approvals == approvals
    assert [one.void for one in seen(made).standing.void] == ["the person is no lead any more"]


def test_only_leads_sign(made):
    found = seen(made)
    for who in (made.chen, made.qian, made.wang):
        with pytest.raises(AccessError, match="this needs the role lead"):
            approve(made.store, who, found)


def test_who_signs_twice_by_what_was_seen_before_counts_once(made):
    before = seen(made, who=made.li)
    approve(made.store, made.li, before)
    with pytest.raises(GateError, match="Li has signed this already"):
        approve(made.store, made.li, before)
    assert made.store.rows("SELECT count(*) AS n FROM approval") == [{"n": 1}]


def test_an_override_is_for_what_does_not_pass_and_needs_a_reason(made):
    with pytest.raises(GateError, match="the gate passes triage@400; approve it instead"):
        override(made.store, made.li, seen(made), "x" * 30)
    shutil.rmtree(made.checkpoint)
    with pytest.raises(GateError, match="30 characters at least without blanks, and this one has 8"):
        override(made.store, made.li, seen(made), " too short ")
    with pytest.raises(GateError, match="the gate says fail"):
        approve(made.store, made.li, seen(made))
    override(made.store, made.li, seen(made), "the disk was exchanged, and the folder is whole")
    found = seen(made)
    assert (found.standing.overrides, found.standing.missing(found.decision)) == (1, 1)


@pytest.mark.parametrize("is_judged", [True, False])
def test_nobody_overrides_alone_by_naming_a_policy_that_asks_for_one(made, is_judged):
    if not is_judged:
        made.store.transaction(lambda transaction: transaction.execute("DELETE FROM campaign"))
    alone = whole_policy(POLICY.replace("approvals_required = 2", "approvals_required = 1"))
    override(made.store, made.li, seen(made, policy=alone), "I want this out tonight, whatever the others say.")
    found = seen(made, policy=alone)
    assert (found.decision, found.standing.required, found.standing.missing(found.decision)) == ("fail", 2, 1)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("啊" * (LONGEST_REASON + 1), "a reason has 1,000 characters at most, and this one has 1,001"),
        ("odd \udcff", r"the reason holds a sign that does not show \(U\+DCFF\); write it anew without it"),
        ("red \x1b[31m", r"does not show \(U\+001B\)"),
        ("\u200b" * LEAST_REASON, r"does not show \(U\+200B\)"),
        ("good\u202edab", r"does not show \(U\+202E\)"),
        ("\ue000", r"does not show \(U\+E000\)"),
        ("\u0378", r"does not show \(U\+0378\)"),
        ("\u3164" * LEAST_REASON, r"does not show \(U\+3164\)"),
    ],
)
def test_a_reason_is_text_and_no_book(made, reason, said):
    with pytest.raises(GateError, match=said):
        sign(made, made.li, reason)
    assert made.store.rows("SELECT count(*) AS n FROM approval") == [{"n": 0}]


def test_spaces_do_not_make_a_reason_longer(made):
    shutil.rmtree(made.checkpoint)
    with pytest.raises(GateError, match="30 characters at least without blanks, and this one has 6"):
        override(made.store, made.li, seen(made), f"too{' ' * 30}bad")
    with pytest.raises(GateError, match="30 characters at least without blanks, and this one has 15"):
        override(made.store, made.li, seen(made), "a " * 15)
    with pytest.raises(GateError, match="30 characters at least without blanks, and this one has 1"):
        override(made.store, made.li, seen(made), "a" + "\u034f" * 30)
    with pytest.raises(GateError, match="a refusal needs a reason"):
        refuse(made.store, made.li, seen(made), "\u034f")
    override(made.store, made.li, seen(made), "the disk was exchanged,\n  and the folder is whole")
    assert made.store.rows("SELECT reason FROM approval") == [
        {"reason": "the disk was exchanged, and the folder is whole"}
    ]


@pytest.mark.parametrize("name", ["", "../../prod", "prod eu", "prod\n", "x" * 41])
def test_nobody_looks_at_or_signs_for_what_is_no_environment(made, name):
    with pytest.raises(AssayError, match="names no environment"):
        seen(made, environment=name)


def test_approvals_hold_what_they_are_about(made):
    sign(made, made.li)
    held = made.store.rows("SELECT target, holder_kind FROM pin WHERE holder_kind = 'approval' ORDER BY target")
    assert [row["target"] for row in held] == sorted(
        [made.proposal.path, "triage/checkpoints/00000400-b1", "handbook/checkpoints/00000080-b1"]
    )


def owned_by(made, owner):
    sql = "UPDATE run SET config = json_merge_patch(config, $config) WHERE name = 'triage'"
    values = {"config": json.dumps({"run": {"owner": owner}})}
    made.store.transaction(lambda transaction: transaction.execute(sql, values))


def test_an_owner_whom_nobody_here_is_is_told_of_and_fails_nothing(made):
    assert seen(made).notes == ()
    digest = seen(made).digest
    owned_by(made, "Chne")
    found = seen(made)
    assert (found.decision, found.digest) == ("pass", digest)
    [note] = found.notes
    assert note == (
        'the owner "Chne" of triage is nobody known here, so the rule that owners may not approve their own run cannot '
        "be applied to them; assay user ls lists everyone"
    )
    made.store.transaction(lambda transaction: transaction.execute("UPDATE meta SET demo = true"))
    assert seen(made).notes == ()


def trained_by(made, account):
    owned_by(made, "")
    sql = "UPDATE run SET provenance = json_merge_patch(provenance, $provenance) WHERE name = 'triage'"
    values = {"provenance": json.dumps({"account": account, "accounts": [account]})}
    made.store.transaction(lambda transaction: transaction.execute(sql, values))


def test_an_account_that_is_nobodys_is_told_of_but_in_a_demo(made):
    trained_by(made, "gpu-1")
    found = seen(made)
    [note] = found.notes
    assert found.decision == "pass"
    assert note == (
        'the account "gpu-1" that trained triage is nobody known here, so the rule that owners may not approve their '
        "own run cannot be applied to them; assay user ls lists everyone"
    )
    made.store.transaction(lambda transaction: transaction.execute("UPDATE meta SET demo = true"))
    assert seen(made).notes == ()


@pytest.mark.parametrize("account", ["li", "Li"])
def test_who_trained_a_run_without_an_owner_signs_nothing_though_they_log_in_elsewhere(made, account):
    trained_by(made, account)
    assert seen(made).notes == ()
    with pytest.raises(GateError, match="Li owns the run of triage@400; somebody else must sign"):
        approve(made.store, made.li, seen(made))


@pytest.mark.parametrize("owner", ["li", " LI ", "Li"])
def test_an_owner_signs_nothing_however_the_name_is_written(made, owner):
    owned_by(made, owner)
    with pytest.raises(GateError, match="Li owns the run of triage@400; somebody else must sign"):
        approve(made.store, made.li, seen(made))
    assert approve(made.store, made.zhao, seen(made)) == 1
