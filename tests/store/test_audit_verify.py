"""What is done to the audit log afterwards is found, each thing with its own sentence."""

import json
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.audit import Entry, append_all, row_hash
from store.errors import StoreError
from store.heads import sign_head, verify_audit
from store.heads_known import Known, read_known
from store.keys import key_id, public_pem, retire_key, server_key, server_key_path
from tests.store.people import COMMAND

NOW = datetime(2026, 12, 1, 8, 30)  # noqa: DTZ001 - the store's times have no zone


def write(store, rows, now=NOW):
    entries = [Entry("user:1", "expert", "verdict", f"pair:1/{number}", {"n": number}) for number in range(rows)]
    store.transaction(lambda transaction: append_all(transaction, entries, now=now))


def change(store, sql):
    store.transaction(lambda transaction: transaction.execute(sql))


def sign(store, now=NOW):
    return store.transaction(lambda transaction: sign_head(transaction, store, now=now))


def verify(store, trusted=None, bundles=()):
    return store.snapshot(lambda snapshot: verify_audit(snapshot, trusted, bundles))


@pytest.fixture
def log(store):
    """Rows 1 to 5, of which 4 registers the key; rows 4 and 5 are signed ends."""
    write(store, 3)
    sign(store)
    write(store, 1)
    sign(store, NOW + timedelta(hours=1))
    return store


def test_an_empty_log_holds(store):
    assert verify(store)[:3] == (0, None, "")
    assert verify(store).holds


def test_an_untouched_log_holds(log):
    report = verify(log)
    assert report.holds
    assert report == (5, None, "", 2, 0, 5, (), ())
    key = server_key(log).public_key()
    assert verify(log, {key_id(key): key}) == report


def forge(store, seq):
    """Change a row as somebody who knows how hashes are made."""
    [row] = store.rows(f"SELECT * FROM audit WHERE seq = {seq}")
    row["actor"] = "user:9"
    change(store, f"UPDATE audit SET actor = 'user:9', hash = '{row_hash(row)}' WHERE seq = {seq}")


@pytest.mark.parametrize(
    ("sql", "broken", "why"),
    [
        ("UPDATE audit SET actor = 'user:2' WHERE seq = 2", 2, "its hash is not that of what it says"),
        ("UPDATE audit SET role = 'lead' WHERE seq = 2", 2, "its hash is not that of what it says"),
        ("UPDATE audit SET action = 'skip' WHERE seq = 2", 2, "its hash is not that of what it says"),
        ("UPDATE audit SET object = 'x' WHERE seq = 2", 2, "its hash is not that of what it says"),
        ("UPDATE audit SET hash = previous WHERE seq = 2", 2, "its hash is not that of what it says"),
        (
            "UPDATE audit SET created = created - INTERVAL 1 MICROSECOND WHERE seq = 2",
            2,
            "its hash is not that of what it says",
        ),
        ("UPDATE audit SET created = 'infinity' WHERE seq = 2", 2, "its time is none"),
        ("UPDATE audit SET created = '200000-01-01' WHERE seq = 2", 2, "its time is none"),
        (
            "UPDATE audit SET seq = 9223372036854775807 WHERE seq = 5",
            9223372036854775807,
            "rows 5 to 9223372036854775806 are missing before it",
        ),
        ("UPDATE audit SET payload = '{\"n\":7}' WHERE seq = 2", 2, "its payload is not the one that was appended"),
        ("UPDATE audit SET payload_sha256 = hash WHERE seq = 2", 2, "its payload is not the one that was appended"),
        ("UPDATE audit SET previous = '' WHERE seq = 2", 2, "its link (previous) is not the hash of the row before"),
        ("UPDATE audit SET previous = hash WHERE seq = 1", 1, "its link (previous) is not the hash of the row before"),
        ("DELETE FROM audit WHERE seq = 2", 3, "row 2 is missing before it"),
        ("DELETE FROM audit WHERE seq < 4", 4, "rows 1 to 3 are missing before it"),
        ("INSERT INTO audit SELECT * FROM audit WHERE seq = 3", 3, "its number stands twice"),
        ("UPDATE audit SET seq = 3 WHERE seq = 2", 3, "row 2 is missing before it"),
        ("UPDATE audit SET seq = 0 WHERE seq = 1", 0, "its number stands twice"),
    ],
)
def test_the_first_broken_row_is_named_with_what_about_it_does_not_hold(log, sql, broken, why):
    change(log, sql)
    report = verify(log)
    assert (report.first_broken, report.why, report.holds) == (broken, why, False)


def test_a_row_written_anew_with_its_hash_breaks_the_link_of_the_next(log):
    forge(log, 2)
    report = verify(log)
    assert (report.first_broken, report.why) == (3, "its link (previous) is not the hash of the row before")


def test_a_last_row_written_anew_with_its_hash_is_known_by_the_signed_end(log):
    forge(log, 5)
    report = verify(log)
    assert report.first_broken is None
    assert report.problems == (
        "the log was written anew: row 5 is another than the signature of 2026-12-01 09:30 UTC knows",
    )
    assert (report.holds, report.heads, report.last_signed) == (False, 1, 4)


def test_an_end_cut_off_is_known_by_the_signed_end(log):
    change(log, "DELETE FROM audit WHERE seq = 5")
    report = verify(log)
    assert report.first_broken is None
    assert report.problems == (
        "the log was cut off: it ends at row 4, but the signature of 2026-12-01 09:30 UTC knows row 5",
    )


def test_a_log_that_is_gone_whole_is_known_by_the_signed_ends(log):
    change(log, "DELETE FROM audit")
    said = "the log was cut off: it is empty, but the signature of 2026-12-01 08:30 UTC knows row 4"
    assert verify(log).problems[0] == said


def test_a_signed_row_taken_from_the_middle_is_missed(log):
    change(log, "DELETE FROM audit WHERE seq = 4")
    assert verify(log).problems == ("row 4 is missing, which the signature of 2026-12-01 08:30 UTC knows",)


@pytest.mark.parametrize(
    ("assigned", "says"),
    [
        ("created = created + INTERVAL 1 SECOND", "does not hold: what was signed was changed"),
        ("signature = ''", "does not hold: what was signed was changed"),
        ("signature = 'no base64'", "does not hold: what was signed was changed"),
        ("hash = ''", "does not hold: what was signed was changed"),
        ("key_id = repeat('0', 64)", "is by the key 000000000000, which is unknown"),
    ],
)
def test_a_changed_signature_is_named(log, assigned, says):
    change(log, f"UPDATE audit_head SET {assigned} WHERE seq = 5")
    report = verify(log)
    assert report.problems == (f"the signature of 2026-12-01 09:30 UTC on row 5 {says}",)
    assert report.heads == 1


def test_keys_that_were_given_are_the_only_ones_trusted(log):
    other = Ed25519PrivateKey.generate().public_key()
    name = key_id(server_key(log).public_key())
    report = verify(log, {key_id(other): other})
    assert report.problems == tuple(
        f"the signature of 2026-12-01 {time} UTC on row {row} is by the key {name[:12]}, which is not among those given"
        for time, row in (("08:30", 4), ("09:30", 5))
    )


def test_a_key_exchanged_in_the_table_is_nobodys(log):
    other = public_pem(Ed25519PrivateKey.generate().public_key())
    change(log, f"UPDATE signing_key SET public_key = '{other}'")
    assert [said.endswith("which is unknown") for said in verify(log).problems] == [True, True]
    change(log, "UPDATE signing_key SET public_key = 'damaged'")
    assert [said.endswith("which is unknown") for said in verify(log).problems] == [True, True]


def test_a_log_forged_whole_with_a_key_of_its_own_is_known_by_the_keys_that_were_given(log):
    key = server_key(log).public_key()
    trusted = {key_id(key): key}
    for table in ("audit", "audit_head", "signing_key"):
        change(log, f"DELETE FROM {table}")
    server_key_path(log).unlink()
    write(log, 5)
    sign(log)
    assert verify(log).holds
    assert verify(log, trusted).problems[0].endswith("which is not among those given")


def test_a_retired_key_stands_for_what_it_signed_before_and_for_nothing_after(log):
    name = key_id(server_key(log).public_key())
    retire_key(log, COMMAND, name)
    change(log, f"UPDATE signing_key SET retired = '{NOW + timedelta(minutes=30)}'")
    assert verify(log).problems == (
        f"the signature of 2026-12-01 09:30 UTC on row 5 is by the key {name[:12]}, which had been retired",
        f"key {name[:12]} was changed: row 6 of the audit log tells another time",
    )
    change(log, f"UPDATE signing_key SET retired = '{NOW + timedelta(hours=2)}'")
    assert verify(log).problems == (f"key {name[:12]} was changed: row 6 of the audit log tells another time",)
    change(log, "UPDATE signing_key SET retired = NULL")
    assert verify(log).problems == (f"row 6 of the audit log tells of what is gone from the store: key {name[:12]}",)


def test_ends_known_from_bundles_are_compared(log):
    [end] = log.rows("SELECT seq, hash FROM audit WHERE seq = 3")
    assert verify(log, bundles=[Known("v3", 3, end["hash"])])[3:5] == (2, 1)
    assert verify(log, bundles=[Known("v3", 3, "0" * 64)]).problems == (
        "the log was written anew: row 3 is another than v3 knows",
    )
    change(log, "DELETE FROM audit_head")
    change(log, "DELETE FROM audit WHERE seq > 3")
    change(log, "DELETE FROM signing_key")
    assert verify(log).holds
    report = verify(log, bundles=[Known("v3", 5, "0" * 64)])
    assert report.problems == ("the log was cut off: it ends at row 3, but v3 knows row 5",)
    assert report.bundles == 0


def put_release(store, bundle, version=1):
    values = f"{version}, 'prod', 'release', {version}, 1, 1, '', false, '', now(), 'rules', 'lead', $bundle, '', ''"
    store.transaction(
        lambda transaction: transaction.execute(f"INSERT INTO release VALUES ({values})", {"bundle": bundle})
    )


def test_the_ends_that_releases_of_the_store_know_are_looked_at_by_itself(log):
    [end] = log.rows("SELECT seq, hash FROM audit WHERE seq = 5")
    put_release(log, json.dumps({"audit": end}))
    assert verify(log)[3:5] == (2, 1)
    change(log, "DELETE FROM audit_head")
    change(log, "DELETE FROM audit WHERE seq = 5")
    assert verify(log).problems == (
        "the log was cut off: it ends at row 4, but the bundle of prod v1 knows row 5",
        "release 1 (prod v1) stands in no row of the audit log",
    )


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"audit": 3}', '{"audit": {"seq": "3", "hash": "x"}}', '{"audit": {"seq": true, "hash": "x"}}'],
)
def test_a_bundle_that_does_not_say_where_the_log_ended_is_named(log, tmp_path, text):
    put_release(log, text)
    assert verify(log).problems[0] == (
        "the bundle of prod v1 in this store is damaged: it does not say where the audit log ended"
    )
    (tmp_path / "bundle.json").write_text(text)
    with pytest.raises(StoreError, match=r"bundle\.json is no bundle of a release"):
        read_known(tmp_path)


def test_a_bundle_is_read_from_its_file_or_from_the_folder_of_the_release(tmp_path):
    (tmp_path / "bundle.json").write_text(json.dumps({"audit": {"seq": 7, "hash": "sha256:ab"}, "more": []}))
    for path in (tmp_path, tmp_path / "bundle.json"):
        assert read_known(path) == [(str(tmp_path / "bundle.json"), 7, "ab")]
    with pytest.raises(StoreError, match=r"cannot read the bundle .*nowhere: No such file"):
        read_known(tmp_path / "nowhere")
    (tmp_path / "bundle.json").write_bytes(b"\xff")
    with pytest.raises(StoreError, match="it is no text"):
        read_known(tmp_path)


def test_a_clock_that_went_backwards_is_a_warning_where_it_did(store):
    for minutes in (0, 10, 8, 9, 30, 29):
        write(store, 1, NOW + timedelta(minutes=minutes))
    report = verify(store)
    assert report.warnings == ("the clock went backwards at row 3, by 0:02:00",)
    assert report.holds


def test_an_end_that_has_not_been_signed_for_long_is_a_warning(store):
    (store.root / ".secrets").write_text("a file in the folder's place")
    write(store, 99)
    assert verify(store).warnings == ()
    write(store, 1)
    [said] = verify(store).warnings
    assert said == (
        "no end of the log has been signed since row 0: what came after it (2026-12-01 08:30 UTC) can be cut off "
        "unseen; see to the server's key"
    )
    (store.root / ".secrets").unlink()
    write(store, 100)
    assert verify(store) == (201, None, "", 1, 0, 201, (), ())
    server_key_path(store).unlink()
    write(store, 99, NOW + timedelta(hours=1))
    assert [said.startswith("no end of the log has been signed since row 201") for said in verify(store).warnings] == [
        True
    ]
