"""Ends of the audit log are signed: when asked, by the hundred, when a campaign closes; and never in the way."""

import base64
from datetime import datetime, timedelta

import pytest
import rfc8785

from evals.review.closing import close_campaign
from store.audit import Entry, append_all
from store.database import Store
from store.heads import Head, sign_head
from store.keys import KeyFileError, retire_key, server_key, server_key_path
from tests.store.people import COMMAND, actions, first_broken_of, put_campaign

NOW = datetime(2026, 12, 1, 8, 30)  # noqa: DTZ001 - the store's times have no zone


def write(store, rows, now=NOW):
    entries = [Entry("user:1", "expert", "verdict", f"pair:1/{number}", {}) for number in range(rows)]
    store.transaction(lambda transaction: append_all(transaction, entries, now=now))


def signed(store, now=NOW):
    return store.transaction(lambda transaction: sign_head(transaction, store, now=now))


def heads(store):
    return [Head(**row) for row in store.rows("SELECT * FROM audit_head ORDER BY seq, created")]


def test_a_head_is_the_last_row_signed_by_the_server(store):
    write(store, 3)
    head = signed(store)
    # The first signature registers the key, which the log tells of.
    assert actions(store) == ["verdict"] * 3 + ["key-add"]
    [last] = store.rows("SELECT seq, hash FROM audit WHERE seq = 4")
    assert (head.seq, head.hash, head.created) == (4, last["hash"], NOW)
    told = {"seq": 4, "hash": last["hash"], "created": "2026-12-01T08:30:00.000000Z"}
    server_key(store).public_key().verify(base64.b64decode(head.signature), rfc8785.dumps(told))
    assert heads(store) == [head]
    assert first_broken_of(store) is None


def test_the_same_end_is_signed_once(store):
    write(store, 3)
    head = signed(store)
    assert signed(store, NOW + timedelta(hours=1)) == head
    write(store, 1)
    assert signed(store).seq == 5
    assert len(heads(store)) == 2


def test_an_empty_log_has_the_registration_of_the_key_as_its_first_row(store):
    assert signed(store).seq == 1
    assert actions(store) == ["key-add"]


def test_each_hundredth_row_signs_the_end_by_itself(store):
    write(store, 99)
    assert heads(store) == []
    write(store, 1)
    assert [head.seq for head in heads(store)] == [101]
    assert actions(store)[99:] == ["verdict", "key-add"]
    write(store, 98)
    assert [head.seq for head in heads(store)] == [101]
    write(store, 1)
    assert [head.seq for head in heads(store)] == [101, 200]
    write(store, 250)
    assert [(head.seq, head.created) for head in heads(store)] == [(101, NOW), (200, NOW), (450, NOW)]
    assert first_broken_of(store) is None


def test_nothing_appended_signs_nothing(store):
    write(store, 100)
    write(store, 0)
    assert [head.seq for head in heads(store)] == [101]


def test_what_is_rolled_back_is_not_signed(store):
    def work(transaction):
        append_all(transaction, [Entry("user:1", "expert", "verdict", "pair:1/a", {})] * 100)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.transaction(work)
    assert heads(store) == store.rows("SELECT * FROM signing_key") == []


@pytest.mark.parametrize("spoil", ["open", "damaged", "gone", "another", "retired", "no folder"])
def test_an_unusable_key_of_the_server_is_in_nobodys_way_but_signs_nothing(store, spoil):
    write(store, 1)
    if spoil == "no folder":
        (store.root / ".secrets").write_text("a file in the folder's place")
    else:
        head, place = signed(store), server_key_path(store)
        {
            "open": lambda: place.chmod(0o644),
            "damaged": lambda: place.write_text("no key"),
            "gone": place.unlink,
            "another": lambda: place.write_bytes(another(store.root.parent)),
            "retired": lambda: retire_key(store, COMMAND, head.key_id),
        }[spoil]()
    before = len(heads(store))
    write(store, 150)
    assert len(heads(store)) == before
    with pytest.raises(KeyFileError):
        signed(store)
    assert first_broken_of(store) is None


def another(folder):
    """The key of another store."""
    other = Store.at(folder / "other" / "assay.duckdb")
    server_key(other)
    return server_key_path(other).read_bytes()


def test_the_end_of_a_campaign_is_signed(store):
    put_campaign(store)
    close_campaign(store, COMMAND, 1, "enough")
    assert actions(store) == ["campaign-close", "key-add"]
    assert [head.seq for head in heads(store)] == [2]


def test_a_campaign_closes_also_where_its_end_cannot_be_signed(store):
    put_campaign(store)
    (store.root / ".secrets").write_text("a file in the folder's place")
    close_campaign(store, COMMAND, 1, "enough")
    assert (actions(store), heads(store)) == (["campaign-close"], [])
