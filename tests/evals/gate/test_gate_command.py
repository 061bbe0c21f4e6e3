"""`assay gate`: a JSON document or a table; exit 0 where it passes, 1 where not, 2 for what cannot be read."""

import json
import shutil

import pytest

from assay.cli import main
from store.commands.passphrase import VARIABLE
from store.keys import make_private, register_key
from tests.evals.gate.passing import COMMAND

PASSPHRASE = "a passphrase of four words"


def run(capsys, made, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["gate", *arguments, "--store", str(made.store.path)])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


@pytest.fixture
def keys(made, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    found = {}
    for name in ("Li", "Zhao"):
        found[name] = tmp_path / f"{name}.pem"
        key = make_private(found[name], PASSPHRASE, made.store.root)
        register_key(made.store, COMMAND, name, key.public_key())
    return found


def test_json_has_the_decision_the_checks_and_the_digest(capsys, made):
    code, out, err = run(capsys, made, "check", made.candidate, "--json")
    found = json.loads(out)
    assert (code, err, found["decision"]) == (0, "", "pass")
    assert found["evidence_digest"].startswith("sha256:")
    assert len(found["evidence_digest"]) == 7 + 64
    assert {"name", "value", "limit", "result", "says"} == found["checks"][0].keys()
    assert found["notes"] == []
    assert found["approvals"] == {"required": 2, "given": 0, "overrides": 0, "refused": False, "missing": 2}


def test_a_table_says_what_comes_next(capsys, made):
    code, out, _ = run(capsys, made, "check", made.candidate)
    assert code == 0
    assert "triage@400: pass; 2 of 2 approvals are missing: assay gate approve triage@400" in out


def test_an_owner_whom_nobody_here_is_is_noted_under_the_table(capsys, made):
    sql = """UPDATE run SET config = '{"run": {"owner": "Chne"}}' WHERE name = 'triage'"""
    made.store.transaction(lambda transaction: transaction.execute(sql))
    code, out, _ = run(capsys, made, "check", made.candidate)
    assert (code, out.splitlines()[-1].startswith('note  the owner "Chne" of triage is nobody known here')) == (0, True)
    assert len(json.loads(run(capsys, made, "check", made.candidate, "--json")[1])["notes"]) == 1


def test_what_does_not_pass_is_exit_1_and_named(capsys, made):
    shutil.rmtree(made.checkpoint)
    code, out, _ = run(capsys, made, "check", made.candidate)
    assert code == 1
    assert "triage@400: fail; 1 of " in out
    assert out.rstrip().splitlines()[-2].endswith("checks: files")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody@1"], "there is no run nobody"),
        (["triage@401"], "no sealed checkpoint at step 401"),
        (["triage@400", "--policy", "none.toml"], "cannot read the policy none.toml"),
    ],
)
def test_what_cannot_be_read_is_exit_2_and_prints_nothing(capsys, made, arguments, said):
    code, out, err = run(capsys, made, "check", *arguments, "--json")
    assert (code, out) == (2, "")
    assert said in err


def test_leads_approve_with_keys_of_their_own(capsys, made, keys):
    code, out, _ = run(capsys, made, "approve", made.candidate, "--key", str(keys["Li"]), "--json")
    assert (code, json.loads(out)["missing"]) == (0, 1)
    code, out, _ = run(capsys, made, "approve", made.candidate, "--key", str(keys["Zhao"]))
    assert (code, out.rstrip().endswith("still missing: 0")) == (0, True)
    assert {row["way"] for row in made.store.rows("SELECT way FROM approval")} == {"key"}
    code, _, err = run(capsys, made, "approve", made.candidate, "--key", str(keys["Li"]))
    assert (code, "Li has signed this already" in err) == (2, True)


def test_only_the_evidence_that_was_named_is_signed(capsys, made, keys):
    digest = json.loads(run(capsys, made, "check", made.candidate, "--json")[1])["evidence_digest"]
    asked = ["approve", made.candidate, "--key", str(keys["Li"]), "--evidence"]
    code, _, err = run(capsys, made, *asked, "sha256:" + "0" * 64)
    assert (code, "look again before signing" in err) == (2, True)
    for short in (digest[:10], ""):
        assert run(capsys, made, *asked, short)[0] == 2
    assert run(capsys, made, *asked, digest)[0] == 0


def test_a_key_that_others_can_read_or_that_nobody_registered_is_refused(capsys, made, keys, tmp_path):
    keys["Li"].chmod(0o640)
    code, _, err = run(capsys, made, "refuse", made.candidate, "--key", str(keys["Li"]), "--reason", "no")
    assert (code, "Li.pem" in err) == (2, True)
    other = tmp_path / "other.pem"
    make_private(other, PASSPHRASE, made.store.root)
    code, _, err = run(capsys, made, "refuse", made.candidate, "--key", str(other), "--reason", "no")
    assert (code, "this key is registered for nobody here" in err) == (2, True)


def test_a_refusal_and_an_override_need_their_reasons(capsys, made, keys):
    code, _, err = run(capsys, made, "refuse", made.candidate, "--key", str(keys["Li"]), "--reason", " ")
    assert (code, "a refusal needs a reason" in err) == (2, True)
    code, _, err = run(capsys, made, "override", made.candidate, "--key", str(keys["Li"]), "--reason", "because")
    assert (code, "the gate passes triage@400; approve it instead" in err) == (2, True)
    assert made.store.rows("SELECT count(*) AS n FROM approval") == [{"n": 0}]
