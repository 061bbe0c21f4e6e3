"""`assay db audit`: verify and ls."""

import csv
import json
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from assay.errors import AssayError
from store.access import AccessError, Actor
from store.audit import Entry, append
from store.audit_log import Wanted, read_log
from store.commands.db import db
from store.errors import StoreError
from store.heads import sign_head
from store.keys import server_key, server_key_path, write_public
from store.users import remove_user
from tests.store.people import COMMAND, add

NOW = datetime(2026, 12, 1, 8, 30)  # noqa: DTZ001 - the store's times have no zone


def tell(store, actor="user:1", action="verdict", about="pair:1/a", now=NOW, **payload):
    entry = Entry(actor, "expert", action, about, payload)
    store.transaction(lambda transaction: append(transaction, entry, now=now))


def sign(store, now=NOW):
    return store.transaction(lambda transaction: sign_head(transaction, store, now=now))


def change(store, sql):
    store.transaction(lambda transaction: transaction.execute(sql))


def invoke(store, *arguments):
    arguments = ["audit", *map(str, arguments), "--store", str(store.path)]
    return CliRunner().invoke(db, arguments, catch_exceptions=False)


def listed(store, *arguments):
    return [row["seq"] for row in json.loads(invoke(store, "ls", "--json", *arguments).stdout)]


@pytest.fixture
def log(store):
    """Four rows an hour apart, then the one of the key, signed."""
    for number, (actor, about) in enumerate(
        [("user:1", "campaign:3"), ("user:2", "campaign:31"), ("command:ann", "campaign:3"), ("rules", "pair:3/a")]
    ):
        tell(store, actor, about=about, now=NOW + timedelta(hours=number), n=number)
    sign(store, NOW + timedelta(hours=4))
    return store


def test_a_log_that_holds_exits_0(log):
    done = invoke(log, "verify")
    assert (done.exit_code, done.stdout) == (0, "ok    5 rows, 1 end signed, the last at row 5: all hold\n")
    assert json.loads(invoke(log, "verify", "--json").stdout) == {
        "store": str(log.path), "holds": True, "rows": 5, "first_broken": None, "why": "", "heads": 1, "bundles": 0,
        "last_signed": 5, "unsigned": 0, "problems": [], "warnings": [],
    }  # fmt: skip


def test_rows_after_the_last_signed_end_are_counted(log):
    for number, said in enumerate(("1 row after it, not signed yet", "2 rows after it, not signed yet"), 1):
        tell(log, "user:1", now=NOW + timedelta(hours=4 + number), n=number)
        done = invoke(log, "verify")
        assert (done.exit_code, done.stdout) == (
            0, f"ok    {5 + number} rows, 1 end signed, the last at row 5 ({said}): all hold\n",
        )  # fmt: skip
        assert json.loads(invoke(log, "verify", "--json").stdout)["unsigned"] == number


def test_an_empty_log_holds(store):
    assert invoke(store, "verify").stdout == "ok    0 rows, no end signed: all hold\n"


def test_a_broken_row_is_named_and_exits_1(log):
    change(log, "UPDATE audit SET payload = '{}' WHERE seq = 2")
    done = invoke(log, "verify")
    assert done.exit_code == 1
    assert done.stdout == "wrong row 2 does not hold: its payload is not the one that was appended\n"
    document = json.loads(invoke(log, "verify", "--json").stdout)
    assert (document["holds"], document["first_broken"]) == (False, 2)


def test_only_keys_that_were_given_are_trusted(log, tmp_path):
    folder = tmp_path / "trusted"
    folder.mkdir()
    with pytest.raises(StoreError, match="holds no public key"):
        invoke(log, "verify", "--keys", folder)
    write_public(folder / "server.pub", server_key(log).public_key())
    assert invoke(log, "verify", "--keys", folder).exit_code == 0
    change(log, "DELETE FROM audit_head")
    change(log, "DELETE FROM signing_key")
    change(log, "DELETE FROM audit")
    server_key_path(log).unlink()
    sign(log)
    assert invoke(log, "verify").exit_code == 0
    done = invoke(log, "verify", "--keys", folder)
    assert done.exit_code == 1
    assert "which is not among those given" in done.stdout


def test_bundles_kept_elsewhere_show_what_was_cut_off(log, tmp_path):
    [end] = log.rows("SELECT seq, hash FROM audit WHERE seq = 5")
    (tmp_path / "bundle.json").write_text(json.dumps({"audit": end}))
    done = invoke(log, "verify", "--bundle", tmp_path, "--bundle", tmp_path / "bundle.json")
    assert done.stdout == "ok    5 rows, 1 end signed, the last at row 5, 2 ends known from bundles: all hold\n"
    change(log, "DELETE FROM audit_head")
    change(log, "DELETE FROM audit WHERE seq = 5")
    change(log, "DELETE FROM signing_key")
    assert invoke(log, "verify").exit_code == 0
    done = invoke(log, "verify", "--bundle", tmp_path)
    assert done.exit_code == 1
    said = f"wrong the log was cut off: it ends at row 4, but {tmp_path}/bundle.json knows row 5"
    assert done.stdout == f"{said}\n"
    with pytest.raises(StoreError, match="cannot read the bundle"):
        invoke(log, "verify", "--bundle", tmp_path / "gone.json")


def test_why_no_end_is_signed_is_told_and_is_no_failure(store):
    sign(store)
    server_key_path(store).chmod(0o644)
    for number in range(100):
        tell(store, n=number)
    done = invoke(store, "verify", "--json")
    first, second = json.loads(done.stdout)["warnings"]
    assert first.startswith("no end of the log has been signed since row 1: what came after it (2026-12-01 08:30 UTC)")
    assert second.startswith(f"the server's key {server_key_path(store)} is open to others (mode 0644)")
    assert done.exit_code == 0


def test_rows_are_found_by_who_did_it(log):
    assert listed(log, "--person", "command:ann") == [3]
    assert listed(log, "--person", "rules") == [4, 5]
    add(log, "Root")
    add(log, "Li", "lead")
    assert listed(log, "--person", "Li") == listed(log, "--person", "2") == listed(log, "--person", "user:2") == [2]
    remove_user(log, COMMAND, "Li")
    assert listed(log, "--person", "Li") == [2]
    with pytest.raises(StoreError, match="knows nobody called Wang"):
        invoke(log, "ls", "--person", "Wang")


def test_rows_are_found_by_what_it_was_done_to(log):
    assert listed(log, "--object", "campaign:3") == [1, 3]
    assert listed(log, "--object", "campaign:") == [1, 2, 3]
    assert listed(log, "--object", "pair:3") == [4]
    assert listed(log, "--object", "[a-z]") == []


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--from", "2026-12-01"], [1, 2, 3, 4, 5]),
        (["--from", "2026-12-02"], []),
        (["--to", "2026-12-01"], [1, 2, 3, 4, 5]),
        (["--to", "2026-11-30"], []),
        (["--to", "9999-12-31"], [1, 2, 3, 4, 5]),
        (["--from", "2026-12-01T09:30", "--to", "2026-12-01T10:30"], [2, 3]),
        (["--from", "2026-12-01 09:30:01", "--to", "2026-12-01 11:29:59"], [3]),
        (["--last", "2"], [4, 5]),
        (["--last", "1", "--to", "2026-12-01T09:30"], [2]),
    ],
)
def test_rows_are_found_by_when(log, arguments, found):
    assert listed(log, *arguments) == found


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_what_is_no_date_is_told(log, option):
    with pytest.raises(AssayError, match="yesterday is no date; give one like 2026-12-01"):
        invoke(log, "ls", option, "yesterday")
    with pytest.raises(AssayError, match="names a time zone"):
        invoke(log, "ls", option, "2026-12-01T08:30+08:00")


def test_people_read_names_and_particulars(log):
    add(log, "Root")
    lines = invoke(log, "ls", "--last", "6", "--to", "2026-12-01").stdout.splitlines()
    assert lines[0].split() == ["row", "when", "(UTC)", "who", "role", "action", "object", "particulars"]
    assert lines[1].split() == ["1", "2026-12-01", "08:30:00", "Root", "expert", "verdict", "campaign:3", '{"n":0}']
    assert invoke(log, "ls", "--to", "2020-11-30").stderr == "nothing in the audit log fits\n"


def test_a_row_with_an_impossible_time_or_payload_is_still_read(log):
    change(log, "UPDATE audit SET created = 'infinity', payload = 'no json' WHERE seq = 2")
    row = json.loads(invoke(log, "ls", "--json").stdout)[1]
    assert (row["created"], row["payload"]) == (None, "no json")
    assert "no time" in invoke(log, "ls").stdout


def test_csv_holds_every_column_of_the_chain_and_no_formula(log, tmp_path):
    add(log, "=HYPERLINK(1)")
    done = invoke(log, "ls", "--csv", tmp_path / "log.csv", "--last", "100")
    assert (done.stdout, done.stderr) == ("", f"6 rows in {tmp_path}/log.csv\n")
    text = (tmp_path / "log.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    kept = [name for name in rows[0] if name not in ("seq", "created", "name")]
    told = log.rows("SELECT * FROM audit ORDER BY seq")
    assert [[row[name] for name in kept] for row in rows] == [[row[name] for name in kept] for row in told]
    assert rows[0]["created"] == "2026-12-01T08:30:00.000000Z"
    with pytest.raises(AssayError, match="cannot write"):
        invoke(log, "ls", "--csv", tmp_path / "nowhere" / "log.csv")


@pytest.mark.parametrize("name", ["assay.duckdb", "assay.duckdb.lock", "new.csv", "run/spool/log.csv"])
def test_csv_is_never_written_into_the_folder_of_the_store(log, name):
    before = sorted(log.root.rglob("*"))
    with pytest.raises(AssayError, match=r"lies in the store's folder .*; name a file outside it"):
        invoke(log, "ls", "--csv", log.root / name)
    assert sorted(log.root.rglob("*")) == before
    assert log.rows("SELECT count(*) > 0 AS there FROM audit") == [{"there": True}]


def test_csv_reaches_the_store_by_no_detour(log, tmp_path):
    (tmp_path / "link").symlink_to(log.root)
    for place in (tmp_path / "link" / "log.csv", tmp_path / "elsewhere" / ".." / log.root.name / "log.csv"):
        with pytest.raises(AssayError, match="lies in the store's folder"):
            invoke(log, "ls", "--csv", place)


def test_csv_is_written_over_nothing(log, tmp_path):
    (tmp_path / "thesis.csv").write_text("mine")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "nowhere")
    for name in ("thesis.csv", "dangling.csv"):
        with pytest.raises(AssayError, match=rf"{name} is there already, and nothing is written over"):
            invoke(log, "ls", "--csv", tmp_path / name)
    assert (tmp_path / "thesis.csv").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_csv_and_json_go_together(log, tmp_path):
    done = invoke(log, "ls", "--csv", tmp_path / "log.csv", "--json")
    assert len(json.loads(done.stdout)) == 5
    assert (tmp_path / "log.csv").exists()


def test_the_log_is_for_auditors(log):
    number = add(log, "Root")
    for role, name in (("lead", "Li"), ("engineer", "Eng"), ("auditor", "Aud")):
        number = add(log, name, role)
        who = Actor("oidc", number)
        if role == "auditor":
            assert len(log.snapshot(lambda snapshot, who=who: read_log(snapshot, who, Wanted()))) == 9
        else:
            with pytest.raises(AccessError, match="needs the role auditor"):
                log.snapshot(lambda snapshot, who=who: read_log(snapshot, who, Wanted()))
