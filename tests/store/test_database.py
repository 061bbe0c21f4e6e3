"""The four rules of docs/design/0001-short-attaches.md, and what a transaction promises."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from store import database, filesystem, instance
from store.database import Statement, Store
from store.errors import StoreBusyError, StoreDamagedError, StoreError, StoreMissingError
from store.gate import MOST_READERS
from store.version import create_schema


def count(store: Store) -> int:
    return store.rows("SELECT count(*) AS n FROM metric_name")[0]["n"]


def add(store: Store, name: str = "loss") -> None:
    store.transact([Statement("INSERT INTO metric_name VALUES (1, $name)", {"name": name})])


def test_rule_one_there_is_one_instance_a_process(store, tmp_path, monkeypatch):
    instance.discard()
    connects = []
    real = duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *args: connects.append(args) or real(*args))
    other = Store.at(tmp_path / "other.duckdb")
    other.create()
    threads = [threading.Thread(target=lambda: (count(store), count(other))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    add(store)
    assert connects == [(":memory:",)]


def test_rule_one_two_users_of_a_file_share_its_gate(store):
    assert Store.at(store.path) is store
    assert Store.at(store.path.parent / ".." / store.root.name / store.path.name) is store


def test_rule_three_readers_of_other_processes_wait_for_a_writer(store):
    code = (
        "import sys; from store.database import Store\n"
        "print(Store.at(sys.argv[1]).rows('SELECT count(*) AS n FROM metric_name')[0]['n'])"
    )
    with store.exclusive():
        process = subprocess.Popen([sys.executable, "-c", code, str(store.path)], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.5)
    assert process.communicate(timeout=30)[0] == "0\n"


def test_rule_three_the_file_is_detached_only_when_the_last_reader_has_left(store):
    inside, leave = threading.Event(), threading.Event()

    def slow_reader():
        store.snapshot(lambda snapshot: (inside.set(), leave.wait(20), snapshot.read("SELECT * FROM meta")))

    thread = threading.Thread(target=slow_reader)
    thread.start()
    inside.wait(20)
    assert count(store) == 0
    assert databases() == 1
    leave.set()
    thread.join()
    assert databases() == 0


def databases() -> int:
    with instance.cursor() as cursor:
        found = cursor.execute("SELECT count(*) FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL")
        return found.fetchone()[0]


def test_rule_four_a_network_filesystem_is_refused_unless_forced(tmp_path, monkeypatch):
    part = type("Part", (), {"mountpoint": str(tmp_path), "fstype": "nfs4"})
    monkeypatch.setattr(filesystem.psutil, "disk_partitions", lambda **_: [part])
    with pytest.raises(StoreError, match=r"network filesystem \(nfs4\)"):
        Store.at(tmp_path / "deep" / "net.duckdb")
    monkeypatch.setenv("ASSAY_NETWORK_STORE", "1")
    Store.at(tmp_path / "deep" / "net.duckdb")


def test_a_transaction_is_all_or_nothing(store):
    with pytest.raises(duckdb.Error):
        store.transact(
            [Statement("INSERT INTO metric_name VALUES (1, 'a')"), Statement("INSERT INTO nowhere VALUES (1)")]
        )
    assert count(store) == 0

    def fails(transaction):
        transaction.insert("metric_name", pa.table({"id": [1], "name": ["a"]}))
        assert transaction.rows("SELECT name FROM metric_name") == [{"name": "a"}]
        raise LookupError

    with pytest.raises(LookupError):
        store.transaction(fails)
    assert count(store) == 0
    add(store)
    assert count(store) == 1


def test_inserted_columns_go_by_name(store):
    store.transaction(lambda transaction: transaction.insert("metric_name", pa.table({"name": ["lr"], "id": [7]})))
    assert store.rows("FROM metric_name") == [{"id": 7, "name": "lr"}]


@pytest.mark.parametrize("outer", ["read", "write"])
@pytest.mark.parametrize("inner", ["read", "write"])
def test_nested_calls_raise_instead_of_waiting_for_themselves(store, outer, inner):
    def call(kind, work):
        return store.snapshot(work) if kind == "read" else store.transaction(work)

    with pytest.raises(RuntimeError, match="nested"):
        call(outer, lambda _: call(inner, lambda _: None))
    assert count(store) == 0


def test_a_waiting_writer_goes_before_new_readers(store):
    order, first_inside, release = [], threading.Event(), threading.Event()

    def first(_):
        first_inside.set()
        release.wait(20)
        order.append("first reader")

    reader = threading.Thread(target=lambda: store.snapshot(first))
    reader.start()
    first_inside.wait(20)
    writer = threading.Thread(target=lambda: store.transaction(lambda _: order.append("writer")))
    writer.start()
    wait_for(lambda: store._gate._waiting_writers)
    second = threading.Thread(target=lambda: store.snapshot(lambda _: order.append("second reader")))
    second.start()
    time.sleep(0.05)
    release.set()
    for thread in (reader, writer, second):
        thread.join(20)
    assert order == ["first reader", "writer", "second reader"]


def test_a_few_readers_are_inside_at_once_and_the_others_get_their_turn(store):
    inside, most, lock = [0], [0], threading.Lock()

    def work(snapshot):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        snapshot.read("SELECT * FROM meta")
        time.sleep(0.01)
        with lock:
            inside[0] -= 1

    threads = [threading.Thread(target=lambda: store.snapshot(work)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most[0] <= MOST_READERS


def test_a_store_held_too_long_is_one_sentence(store):
    inside, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=lambda: store.transaction(lambda _: (inside.set(), release.wait(20))))
    holder.start()
    inside.wait(20)
    with pytest.raises(StoreBusyError, match="held the store too long"):
        store.read("SELECT 1", timeout=0.05)
    release.set()
    holder.join()


def test_a_program_that_keeps_the_file_open_is_named(store, monkeypatch):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "open\n"
    with pytest.raises(StoreBusyError, match=f"PID {process.pid}"):
        store.read("SELECT 1", timeout=0.1)
    process.communicate()
    assert count(store) == 0


def test_no_store_a_damaged_store_and_a_strangers_file_are_sentences(tmp_path, store):
    with pytest.raises(StoreMissingError, match="there is no store at"):
        Store.at(tmp_path / "none.duckdb").read("SELECT 1")
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database " * 1000)
    with pytest.raises(StoreDamagedError, match="assay db rebuild"):
        Store.at(broken).read("SELECT 1")
    stranger = tmp_path / "stranger.duckdb"
    duckdb.connect(str(stranger)).close()
    with pytest.raises(StoreError, match="no store of Assay's"):
        Store.at(stranger).read("SELECT 1")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_found_and_the_way_back_named(store, place):
    store.transact(
        [Statement("INSERT INTO metric SELECT 1, 1, 1, i, i / 7, now()::TIMESTAMP FROM range(100_000) t(i)")]
    )
    data = bytearray(store.path.read_bytes())
    data[int(len(data) * place)] ^= 1
    damaged = Store.at(store.path.with_name("damaged.duckdb"))
    damaged.path.write_bytes(data)
    with pytest.raises(StoreDamagedError, match="`assay db rebuild` restores it"):
        damaged.rows("SELECT sum(run_id), sum(branch), sum(metric_id), sum(step), sum(value), max(time) FROM metric")
    assert store.rows("SELECT count(*) AS n FROM metric") == [{"n": 100_000}]


def test_a_folder_that_cannot_be_made_or_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot make .*; name another store with --store"):
        Store.at(tmp_path / "file" / "runs" / "assay.duckdb").create()
    (tmp_path / "a.duckdb.turn").mkdir()
    with pytest.raises(StoreError, match=r"cannot write in .*: Is a directory"):
        Store.at(tmp_path / "a.duckdb").create()


def test_a_query_of_anyones_can_read_the_store_and_nothing_else(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    add(store)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    before = store.path.read_bytes()
    assert store.query("SELECT name FROM metric_name").to_pylist() == [{"name": "loss"}]
    assert store.query("SHOW TABLES").num_rows > 10
    assert store.query("DESCRIBE metric").num_rows == 6
    assert store.query("EXPLAIN SELECT 1").num_rows == 1
    own = store.path
    for sql in (
        f"SELECT * FROM '{tmp_path}/secret.csv'",
        f"SELECT size FROM read_blob('{own}')",
        f"SELECT file FROM glob('{tmp_path}/*')",
        f"COPY (SELECT 1) TO '{own}' (FORMAT csv, USE_TMP_FILE false)",
        f"COPY (SELECT 1) TO '{own}.wal' (FORMAT csv)",
        "COPY (SELECT 1) TO '.tmp/x.csv' (FORMAT csv)",
        f"COPY metric_name TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/new.duckdb'",
        "DELETE FROM metric_name",
        "CREATE TABLE memory.main.x AS SELECT 1",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "BEGIN",
        "SELECT nonsense FROM nowhere",
        "SELEC 1",
        "",
    ):
        with pytest.raises(StoreError, match="cannot be run"):
            store.query(sql)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "secret.csv"]
    assert store.path.read_bytes() == before
    add(store, "lr")
    assert count(store) == 2


def test_a_query_that_takes_too_long_is_ended_and_nobody_waits_on(store):
    endless = "SELECT count(*) FROM range(1000000000000) a(i) WHERE sin(i) > 2"
    with pytest.raises(StoreError, match=r"took longer than 0.1 s.*assay db export"):
        store.query(endless, limit=0.1)
    add(store)
    assert count(store) == 1


def test_a_store_deleted_while_a_writer_waits_is_missed_not_made_anew(store):
    found = []

    def write():
        try:
            add(store)
        except StoreMissingError as error:
            found.append(str(error))

    with store.exclusive():
        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.1)
        store.path.unlink()
    writer.join(20)
    assert len(found) == 1
    assert not store.path.exists()


def test_the_log_of_a_store_that_is_gone_is_not_replayed_into_the_next_one(store):
    log = f"{store.path}.wal"
    store.path.unlink()
    with Path(log).open("wb") as file:
        file.write(b"what an interrupted loader left")
    store.create()
    assert count(store) == 0
    assert not Path(log).exists()
    assert len(list(store.root.glob("*.wal.orphan-*"))) == 1


def test_an_instance_thrown_away_under_readers_leaves_the_store_usable(store):
    def throw_away(snapshot):
        instance.discard()

    store.snapshot(throw_away)
    add(store)
    assert count(store) == 1


@pytest.mark.parametrize(
    ("kind", "refused"), [("fuse.gcsfuse", True), ("fuse.mergerfs", False), ("ext4", False), ("lustre", True)]
)
def test_filesystems_of_unknown_user_programs_are_taken_for_remote(tmp_path, monkeypatch, kind, refused):
    part = type("Part", (), {"mountpoint": str(tmp_path), "fstype": kind})
    monkeypatch.setattr(filesystem.psutil, "disk_partitions", lambda **_: [part])
    if refused:
        with pytest.raises(StoreError, match="network filesystem"):
            filesystem.refuse_network(tmp_path / "x.duckdb")
    else:
        filesystem.refuse_network(tmp_path / "x.duckdb")


def test_creating_twice_keeps_what_is_there(store):
    add(store)
    store.create()
    assert count(store) == 1


def test_many_processes_that_create_at_once_make_one_store(tmp_path):
    code = "import sys; from store.database import Store; Store.at(sys.argv[1]).create()"
    path = tmp_path / "deep" / "assay.duckdb"
    racers = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [racer.wait(60) for racer in racers] == [0, 0, 0, 0]
    assert Store.at(path).rows("SELECT count(*) AS n FROM meta") == [{"n": 1}]


def test_a_forked_child_uses_an_instance_of_its_own(store):
    add(store)
    assert count(store) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if instance._instance is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert count(store) == 1


def test_timeouts_have_defaults_that_a_person_would_wait(store):
    assert (database.READ_TIMEOUT, database.WRITE_TIMEOUT) == (10.0, 30.0)


def wait_for(condition, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


FORMAT = "SELECT tags['storage_version'] AS format FROM duckdb_databases() WHERE database_name = current_database()"


def test_a_new_store_has_the_format_whose_transactions_write_least(store):
    assert store.rows(FORMAT) == [{"format": "v1.5.0+"}]


def test_a_store_in_an_older_format_is_read_as_it_is_and_changes_with_its_first_transaction(tmp_path):
    older = Store.at(tmp_path / "older.duckdb")
    with duckdb.connect() as made:
        made.execute(f"ATTACH '{older.path}' AS old (STORAGE_VERSION 'v1.0.0')")
        made.execute("USE old")
        create_schema(made.execute, demo=False)
        made.execute("USE memory")
        made.execute("DETACH old")
    assert older.rows(FORMAT) == [{"format": "v1.0.0+"}]
    add(older)
    assert older.rows(FORMAT) == [{"format": "v1.5.0+"}]
    assert count(older) == 1


def test_a_store_that_duckdb_could_not_keep_under_its_name_is_refused(tmp_path):
    with pytest.raises(StoreError, match="question mark in its name"):
        Store.at(tmp_path / "why?" / "assay.duckdb")
    with pytest.raises(StoreError, match=r"the store \S+\\xff/assay\.duckdb has a name that is not UTF-8"):
        Store.at(os.fsdecode(os.fsencode(tmp_path) + b"/\xff/assay.duckdb"))
