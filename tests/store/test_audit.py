"""The audit chain: appended with what it tells of, and broken by every change."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from store.audit import Entry, append, append_all, first_broken, row_hash
from store.database import Store

NOW = datetime(2026, 12, 1, 8, 30)  # noqa: DTZ001 - the store's times have no zone

ONE = Entry("user:1", "expert", "verdict", "pair:1/a", {"choice": "first", "seconds": 12.5})


def write(store, *entries, now=NOW):
    store.transaction(lambda transaction: append_all(transaction, entries, now=now))


def change(store, sql):
    store.transaction(lambda transaction: transaction.execute(sql))


def broken(store):
    return store.snapshot(first_broken)


def test_an_empty_chain_holds(store):
    write(store)
    assert broken(store) is None


def test_a_hash_is_that_of_the_row_before_and_of_the_canonical_json(store):
    write(store, ONE)
    write(store, ONE._replace(payload={"名": "é", "b": 1, "a": [True, None]}))
    first, second = store.rows("SELECT * FROM audit ORDER BY seq")
    assert (first["seq"], first["previous"], second["seq"], second["previous"]) == (1, "", 2, first["hash"])
    assert first["payload"] == '{"choice":"first","seconds":12.5}'
    assert second["payload"] == '{"a":[true,null],"b":1,"名":"é"}'
    told = {
        "action": "verdict", "actor": "user:1", "created": "2026-12-01T08:30:00.000000Z", "object": "pair:1/a",
        "payload_sha256": hashlib.sha256(second["payload"].encode()).hexdigest(), "role": "expert", "seq": 2,
    }  # fmt: skip
    canonical = json.dumps(told, separators=(",", ":"), sort_keys=True)
    assert second["hash"] == hashlib.sha256((first["hash"] + canonical).encode()).hexdigest() == row_hash(second)
    assert broken(store) is None


def test_one_at_a_time_and_many_at_once_make_the_same_chain(store, root):
    entries = [ONE._replace(payload={"n": number}) for number in range(5)]
    for entry in entries:
        store.transaction(lambda transaction, entry=entry: append(transaction, entry, now=NOW))
    other = Store.at(root / "other.duckdb")
    other.create()
    write(other, *entries)
    assert store.rows("SELECT * FROM audit ORDER BY seq") == other.rows("SELECT * FROM audit ORDER BY seq")


@pytest.mark.parametrize(
    "assigned",
    [
        "actor = 'user:2'", "role = 'lead'", "action = 'skip'", "object = 'pair:1/b'", "payload = '{}'",
        "created = created + INTERVAL 1 MICROSECOND", "payload_sha256 = previous", "previous = ''", "hash = previous",
        "seq = 7",
    ],
)  # fmt: skip
def test_a_change_of_any_column_breaks_the_chain_where_it_was_made(store, assigned):
    write(store, *(ONE._replace(payload={"n": number}) for number in range(4)))
    change(store, f"UPDATE audit SET {assigned} WHERE seq = 3")
    assert broken(store) == (4 if assigned == "seq = 7" else 3)


def test_a_payload_exchanged_with_its_hash_breaks_the_chain(store):
    write(store, ONE, ONE)
    empty = hashlib.sha256(b"{}").hexdigest()
    change(store, f"UPDATE audit SET payload = '{{}}', payload_sha256 = '{empty}' WHERE seq = 1")
    assert broken(store) == 1


@pytest.mark.parametrize(("removed", "found"), [(1, 2), (2, 3)])
def test_a_row_taken_out_breaks_the_chain_at_the_next(store, removed, found):
    write(store, ONE, ONE, ONE)
    change(store, f"DELETE FROM audit WHERE seq = {removed}")
    assert broken(store) == found


def test_a_row_doubled_breaks_the_chain(store):
    write(store, ONE, ONE)
    change(store, "INSERT INTO audit SELECT * FROM audit WHERE seq = 1")
    assert broken(store) == 1


def test_what_fails_is_not_told(store):
    def work(transaction):
        append(transaction, ONE)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.transaction(work)
    assert store.rows("SELECT * FROM audit") == []


def test_rows_appended_at_once_by_many_threads_are_one_chain_without_gaps(store):
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda number: write(store, ONE._replace(payload={"n": number}), ONE), range(24)))
    assert [row["seq"] for row in store.rows("SELECT seq FROM audit ORDER BY seq")] == list(range(1, 49))
    assert broken(store) is None


def test_without_a_time_a_row_has_the_present_one(store):
    store.transaction(lambda transaction: append(transaction, ONE))
    assert broken(store) is None
