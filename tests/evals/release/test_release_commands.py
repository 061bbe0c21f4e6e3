"""`assay release`: one document or one sentence, 0 fine, 1 the answer is no, 2 an input error."""

import json
import platform
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from assay.cli import main
from evals.release.telling import VARIABLE
from store.clock import utc_now
from store.commands.passphrase import VARIABLE as PASSPHRASE
from store.keys import make_private, register_key
from tests.evals.gate.passing import COMMAND, POLICY, sign
from tests.evals.release.world import sql
from tests.webhook import TOKEN, Answer, webhook

REPO = Path(__file__).parents[3]


@pytest.fixture
def run(capsys):
    """Runs a command on a world: exit code, stdout, stderr."""

    def command(world, *arguments, store=True):
        at = ["--store", str(world.store.path)] if store else []
        with pytest.raises(SystemExit) as ended:
            main(["release", *map(str, arguments), *at])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return command


def test_make_prints_version_digest_and_folder(run, approved):
    code, out, err = run(approved, "make", "triage@400", "--reason", "the first one")
    sha256 = approved.made.proposal.sha256
    assert (code, err) == (0, "")
    assert out.startswith(f"v1 of prod: triage@400 ({sha256[:12]}), released on ")
    assert out.splitlines()[-1] == str(approved.folder)
    code, out, _ = run(approved, "make", "triage@400", "--json")
    told = json.loads(out)
    assert (code, told["released"], told["already_live"], told["version"]) == (0, True, True, 1)
    assert (told["digest"], told["path"], told["webhook"]) == (f"sha256:{sha256}", str(approved.folder), None)
    assert run(approved, "make", "triage@400")[1].startswith("nothing was done, as it is live already: v1 of prod")


def test_make_says_no_with_1_and_why(run, passing):
    code, out, err = run(passing, "make", "triage@400")
    assert (code, out) == (1, "")
    assert err.startswith("no: 2 of 2 approvals are missing for triage@400; leads approve it")
    code, out, err = run(passing, "make", "triage@400", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["released"] is False
    assert json.loads(out)["why"].startswith("2 of 2 approvals are missing")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("triage@999",), "run triage has no sealed checkpoint at step 999"),
        (("nobody@1",), "there is no run nobody"),
        (("triage@400", "--policy", "nowhere.toml"), "cannot read the policy nowhere.toml"),
        (("triage@400", "--env", "a b"), "'a b' names no environment"),
        (("triage@400", "--webhook", "nonsense"), "--webhook must be an http or https address"),
    ],
)
def test_make_ends_with_2_for_what_cannot_be_read(run, passing, arguments, said):
    code, out, err = run(passing, "make", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_make_takes_a_policy_that_the_campaign_was_not_opened_with_for_what_it_is(run, approved, tmp_path):
    (tmp_path / "policy.toml").write_text(POLICY + "# another\n")
    code, _, err = run(approved, "make", "triage@400", "--policy", tmp_path / "policy.toml")
    assert code == 1
    assert "policy: this policy is not the one that campaign" in err


def test_make_tells_the_webhook_of_the_environment_and_keeps_its_address_secret(run, approved, monkeypatch):
    with webhook() as hook:
        monkeypatch.setenv(VARIABLE, hook.url)
        code, out, _ = run(approved, "make", "triage@400")
        assert (code, len(hook.bodies)) == (0, 1)
    assert "was told: ok" in out
    assert TOKEN not in out


def test_a_webhook_that_fails_is_told_of(run, approved):
    with webhook() as hook:
        hook.otherwise = Answer(500, "out of order")
        code, out, err = run(approved, "make", "triage@400", "--webhook", hook.url, "--json")
    told = json.loads(out)
    assert (code, err, told["released"], told["webhook"]["delivered"]) == (0, "", True, False)


def test_restore_puts_back_and_says_no(run, superseded):
    code, out, _ = run(superseded, "restore", "v1", "--reason", "v2 is worse")
    assert code == 0
    assert "v1 of prod: triage@400 (" in out
    assert ", put back on " in out
    sql(superseded.store, "UPDATE release SET envelope = '{}' WHERE version = 2")
    code, out, err = run(superseded, "restore", "v2", "--reason", "v1 is worse", "--json")
    assert (code, err, json.loads(out)["restored"]) == (1, "", False)
    code, out, err = run(superseded, "restore", "v9", "--reason", "v1 is worse")
    assert (code, out) == (2, "")
    assert "there is no release v9 of prod; there are: v1, v2" in err
    code, _, err = run(superseded, "restore", "v1")
    assert code == 2
    assert "--reason" in err


def test_a_restore_is_confirmed_by_another_lead_with_a_key(run, superseded, tmp_path, monkeypatch):
    monkeypatch.setenv(PASSPHRASE, "a passphrase of four words")
    key = make_private(tmp_path / "sun.pem", "a passphrase of four words", superseded.store.root)
    register_key(superseded.store, COMMAND, "Sun", key.public_key())
    arguments = ("countersign", "--key", tmp_path / "sun.pem")
    code, out, err = run(superseded, *arguments)
    assert (code, out, err) == (1, "", "no: v2 of prod needs no second lead: it was released, and not put back\n")
    assert json.loads(run(superseded, "current", "--json")[1])["second"] is None
    told = json.loads(run(superseded, "restore", "v1", "--reason", "v2 is worse", "--json")[1])
    assert (told["second"]["by"], told["second"]["confirmed"], told["second"]["late"]) == (None, None, False)
    assert (told["second"]["first"], told["second"]["missing"]) == (None, 2)
    assert "put back without a key, so 2 leads must confirm it, and none has, due by " in run(superseded, "current")[1]
    now = utc_now()
    monkeypatch.setattr("evals.commands.release_common.utc_now", lambda: now + timedelta(hours=25))
    assert "UTC, which is over: assay release countersign --key FILE" in run(superseded, "current")[1]
    assert json.loads(run(superseded, "current", "--json")[1])["second"]["late"] is True
    code, _, err = run(superseded, *arguments, "--version", "v2")
    assert (code, "v1 of prod is live, and not v2; look again" in err) == (2, True)
    code, _, err = run(superseded, *arguments, "--version", "newest")
    assert (code, "--version newest is no version; give one such as v2" in err) == (2, True)
    code, out, err = run(superseded, *arguments, "--version", "v1")
    said = "v1 of prod: confirmed by Sun, who counts as who put it back without a key, and not yet by a second lead"
    assert (code, out.startswith(said), err) == (0, True, "")
    key = make_private(tmp_path / "zhao.pem", "a passphrase of four words", superseded.store.root)
    register_key(superseded.store, COMMAND, "Zhao", key.public_key())
    code, out, err = run(superseded, "countersign", "--key", tmp_path / "zhao.pem")
    assert (code, out, err) == (0, "Zhao confirmed v1 of prod, which root put back\n", "")
    second = json.loads(run(superseded, "current", "--json")[1])["second"]
    assert (second["by"], second["first"], second["missing"], second["late"]) == ("Zhao", "Sun", 0, False)
    assert "confirmed by Zhao, a second lead, on " in run(superseded, "current")[1]
    assert run(superseded, *arguments)[0] == 2


def test_a_restore_with_a_key_is_that_leads_and_waits_for_one_more(run, superseded, tmp_path, monkeypatch):
    monkeypatch.setenv(PASSPHRASE, "a passphrase of four words")
    key = make_private(tmp_path / "sun.pem", "a passphrase of four words", superseded.store.root)
    register_key(superseded.store, COMMAND, "Sun", key.public_key())
    code, out, err = run(superseded, "restore", "v1", "--reason", "v2 is worse", "--key", tmp_path / "sun.pem")
    assert (code, err) == (0, "")
    assert " by Sun\n" in out
    assert "not yet confirmed by a second lead, due by " in out
    code, _, err = run(superseded, "countersign", "--key", tmp_path / "sun.pem")
    assert (code, "Sun put v1 of prod back; another lead must confirm it" in err) == (2, True)


def test_current_prints_the_folder_alone_for_scripts(run, both):
    assert run(both, "current", "--path") == (0, f"{both.folder}\n", "")
    code, out, _ = run(both, "current", "--json")
    told = json.loads(out)
    assert (code, told["live"], told["version"], told["path"]) == (0, True, 2, str(both.folder))
    assert (told["demo"], told["servers"], told["digest"]) == (False, [], f"sha256:{both.made.proposal.sha256}")
    assert "no server has confirmed that it runs it" in run(both, "current")[1]


def test_current_prints_no_folder_that_is_gone_or_changed(run, superseded):
    place = superseded.folder / "tokenizer.json"
    place.write_text(place.read_text().replace("1.0", "1.1"))
    code, out, err = run(superseded, "current", "--path")
    assert (code, out) == (1, "")
    assert "cannot be used: tokenizer.json is damaged" in err
    superseded.folder.rename(superseded.folder.with_name("elsewhere"))
    code, out, err = run(superseded, "current", "--path")
    assert (code, out) == (1, "")
    assert "cannot be used: the folder is no sealed folder" in err


def test_current_tells_something_damaged_from_nothing(run, superseded):
    before = json.loads(run(superseded, "current", "--json")[1])
    assert (before["live"], before["holds"], before["why"]) == (True, True, None)
    (superseded.folder / "tokenizer.json").unlink()
    code, out, err = run(superseded, "current", "--json")
    told = json.loads(out)
    assert (code, err, told["live"], told["holds"], told["path"]) == (1, "", True, False, None)
    assert (told["version"], told["digest"]) == (2, before["digest"])
    assert told["why"] == (
        f"v2 of prod is live, but its folder {superseded.folder} cannot be used: tokenizer.json is missing"
    )
    sql(superseded.store, "UPDATE release SET envelope = '{}' WHERE version = 2")
    code, out, _ = run(superseded, "current", "--json")
    told = json.loads(out)
    assert (code, told["live"], told["holds"], told["path"]) == (1, True, False, None)
    assert told["why"].startswith("v2 of prod is live, but cannot be used: the row of v2 of prod does not hold: ")


def test_current_says_where_nothing_is_live(run, both, passing):
    assert run(both, "current", "--env", "staging") == (
        1, "", "no: nothing is live in staging; there is something in: prod\n",
    )  # fmt: skip
    code, out, _ = run(passing, "current", "--json")
    assert (code, list(json.loads(out)), json.loads(out)["live"]) == (1, ["live", "why"], False)
    code, out, err = run(both, "current", "--path", "--json")
    assert (code, out) == (2, "")
    assert "give one of them" in err


def test_ls_lists_what_was_live_the_newest_first(run, both, passing):
    code, out, _ = run(both, "ls", "--json")
    assert code == 0
    assert [(one["version"], one["live"], one["can_be_put_back"], one["why_not"]) for one in json.loads(out)] == [
        (2, True, True, None), (1, False, True, None),
    ]  # fmt: skip
    assert "triage@600" in run(both, "ls")[1]
    assert run(passing, "ls") == (
        0, "", "nothing was released in prod yet; assay release make RUN@STEP does it\n",
    )  # fmt: skip


def test_at_says_what_was_live_and_who_had_signed(run, both):
    since = both.store.rows("SELECT created FROM release ORDER BY id")[0]["created"]
    code, out, _ = run(both, "at", f"{since:%Y-%m-%d}", "--json")
    told = json.loads(out)
    assert (code, [one["version"] for one in told["live"]]) == (0, [1, 2])
    assert [(one["name"], one["reason"]) for one in told["live"][0]["approvals"]] == [
        ("Li", "Answers are better."), ("Zhao", ""),
    ]  # fmt: skip
    assert "approve by Li" in run(both, "at", f"{since:%Y-%m-%d}")[1]
    assert run(both, "at", "2020-01-01") == (1, "", "no: nothing was live in prod then\n")
    code, out, _ = run(both, "at", "2020-01-01", "--json")
    assert (code, json.loads(out)["live"]) == (1, [])
    assert run(both, "at", "yesterday")[0] == 2


def test_confirm_says_whether_it_is_what_is_live(run, superseded):
    digest = superseded.made.proposal.sha256
    code, out, _ = run(superseded, "confirm", "--digest", f"sha256:{digest}", "--host", "gpu-1")
    assert (code, out) == (0, "gpu-1 runs v2 of prod, which is live\n")
    code, out, err = run(superseded, "confirm", "--digest", "0" * 64)
    assert (code, out) == (1, "")
    assert err.startswith(f"{platform.node()} runs 000000000000, which was never released in prod")
    code, out, _ = run(superseded, "confirm", "--digest", "0" * 64, "--json")
    assert (code, json.loads(out)["live"], json.loads(out)["live_digest"]) == (1, False, f"sha256:{digest}")
    assert run(superseded, "confirm", "--digest", "v2")[0] == 2
    assert "gpu-1 runs it, as it said on" in run(superseded, "current")[1]


def test_verify_needs_no_store_and_names_the_first_thing(run, superseded, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments = ("verify", superseded.folder, "--keys", superseded.keys)
    code, out, err = run(superseded, *arguments, store=False)
    assert (code, err) == (0, "note: the base that it runs on was not looked at; name its folder with --base\n")
    assert out.startswith("holds: v2 of prod, triage@600 (")
    assert "approve by Li" in out
    told = json.loads(run(superseded, *arguments, "--json", store=False)[1])
    assert (told["holds"], told["decision"], told["files"], told["demo"]) == (True, "pass", 6, False)
    (superseded.folder / "tokenizer.json").unlink()
    code, out, _ = run(superseded, *arguments, store=False)
    assert (code, out) == (1, "does not hold: tokenizer.json is missing\n")
    told = json.loads(run(superseded, *arguments, "--json", store=False)[1])
    assert (told["holds"], told["why"]) == (False, "tokenizer.json is missing")
    assert run(superseded, "verify", tmp_path, "--keys", superseded.keys, store=False)[0] == 2
    assert run(superseded, "verify", superseded.folder, "--keys", tmp_path, store=False)[0] == 2


def test_verifying_loads_neither_torch_nor_a_page(both):
    code = (
        "import sys\nfrom assay.cli import root\n"
        f"root.main(['release', 'verify', {str(both.folder)!r}, '--keys', {str(both.keys)!r}], standalone_mode=False)\n"
        "sys.stderr.write(str(sorted(set(sys.modules) & {'torch', 'transformers', 'streamlit', 'pandas'})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True)
    note = "note: the base that it runs on was not looked at; name its folder with --base\n"
    assert (done.returncode, done.stderr) == (0, f"{note}[]")


def test_report_writes_one_file(run, both, tmp_path):
    for language, words in (("zh", "发布报告：prod v1"), ("en", "Release report: v1 of prod")):
        place = tmp_path / f"{language}.html"
        code, out, _ = run(both, "report", "v1", "--lang", language, "--out", place)
        assert (code, out) == (0, f"{place} is the report of v1 of prod\n")
        assert words in place.read_text()
    assert "Release report: v2" in report_of(run, both, tmp_path / "live.html")
    assert run(both, "report", "--out", tmp_path)[0] == 2
    assert run(both, "report", "v9", "--out", tmp_path / "never.html")[0] == 2
    code, out, err = run(both, "report", "--env", "staging", "--out", tmp_path / "never.html")
    assert (code, out) == (1, "")
    assert err.startswith("no: nothing is live in staging")
    assert not (tmp_path / "never.html").exists()


def test_report_is_written_over_nothing_and_not_into_the_store(run, both, tmp_path):
    (tmp_path / "mine.html").write_text("mine")
    code, out, err = run(both, "report", "--out", tmp_path / "mine.html")
    assert (code, out, (tmp_path / "mine.html").read_text()) == (2, "", "mine")
    assert "is there already, and nothing is written over; name another file" in err
    for place in (both.store.path, both.folder / "README.md", both.folder / "new.html"):
        code, out, err = run(both, "report", "--out", place)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert f"{place} lies in the store's folder" in err
    assert both.verified().holds


def report_of(run, world, place):
    told = json.loads(run(world, "report", "--json", "--out", place)[1])
    assert (told["written"], told["file"]) == (True, str(place))
    return place.read_text()


def test_another_environment_has_its_own_releases(run, released):
    for lead in (released.made.li, released.made.zhao):
        sign(released.made, lead, environment="staging")
    assert run(released, "make", "triage@400", "--env", "staging")[0] == 0
    assert json.loads(run(released, "current", "--env", "staging", "--json")[1])["version"] == 1
