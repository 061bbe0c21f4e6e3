"""The process's instance of DuckDB: renewed after so many attaches, at a moment when nothing is attached."""

import os
import threading

import pytest

from store import instance
from store.database import Store
from store.errors import StoreDamagedError, StoreError
from store.serve import reading
from store.serve.reading import Questions


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    made = Store.at(tmp_path / "runs" / "assay.duckdb")
    made.create()
    monkeypatch.setattr(instance, "RENEWED_AFTER", 4)
    instance.discard()
    return made


def look(store):
    return store.rows("SELECT count(*) AS n FROM run")[0]["n"]


def test_a_new_one_takes_its_place_after_so_many_attaches(store):
    began = instance.generation()
    numbers = []
    for _ in range(9):
        look(store)
        numbers.append(instance.generation() - began)
    assert numbers == [0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_writers_count_as_readers_do_and_nothing_is_lost(store):
    began = instance.generation()
    for number in range(12):
        store.transaction(
            lambda tx, number=number: tx.execute(
                "INSERT INTO metric_name (id, name) VALUES ($n, $name)", {"n": 900 + number, "name": f"m{number}"}
            )
        )
    assert instance.generation() - began == 3
    assert store.rows("SELECT count(*) AS n FROM metric_name WHERE id >= 900")[0]["n"] == 12


def test_not_while_someone_reads_this_store_or_another(store, tmp_path):
    other = Store.at(tmp_path / "other" / "assay.duckdb")
    other.create()
    instance.discard()
    began = instance.generation()

    def meanwhile(snapshot):
        for _ in range(6):
            assert look(other) == 0
        assert instance.generation() == began
        return snapshot.rows("SELECT 7 AS n")[0]["n"]

    assert store.snapshot(meanwhile) == 7
    assert instance.generation() == began + 1


def test_an_attach_that_fails_holds_nothing(store):
    store.path.write_bytes(b"no database" * 1000)
    for _ in range(3):
        with pytest.raises(StoreError):
            look(store)
    assert instance._held == 0


def test_many_threads_read_and_write_through_many_of_them(store):
    errors = []

    def work():
        try:
            for _ in range(15):
                look(store)
                store.transaction(lambda tx: tx.execute("UPDATE run SET notes = 'x'"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to say it
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert instance._held == 0


def test_a_question_to_a_server_is_limited_on_each_of_them(store, monkeypatch):
    questions, limits = Questions(store), []

    def answered(snapshot, *_, **__):
        limits.append(
            snapshot.rows("SELECT current_setting('threads') AS n, current_setting('temp_directory') AS t")[0]
        )

    monkeypatch.setattr(reading, "_answer", answered)
    # As where a loader beside it has just brought in a new one.
    monkeypatch.setattr(store, "snapshot", lambda work: instance.discard() or Store.snapshot(store, work))
    for _ in range(3):
        questions.answer("SELECT 1", {})
    assert limits == [{"n": 1, "t": ""}] * 3
    instance.discard()


def forked(work):
    """What a child says of `work`: whether it came to an end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - it is a child: nothing but its end may come of it
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def test_a_child_forked_in_the_middle_of_a_write_writes_nothing(store, monkeypatch):
    """To close what it inherited would checkpoint the file, while the parent is about to, and remove the log."""
    seen, real = [], Store._detach

    def detach(self):
        for _ in range(2):
            seen.append({path.name: path.stat().st_mtime_ns for path in store.root.glob("assay.duckdb*")})
            assert len(seen) % 2 == 0 or forked(lambda: None)
        real(self)

    monkeypatch.setattr(Store, "_detach", detach)
    store.transaction(lambda tx: tx.execute("INSERT INTO metric_name (id, name) VALUES (900, 'm')"))
    assert "assay.duckdb.wal" in seen[0]
    assert seen[0] == seen[1]


def test_a_child_forked_while_another_thread_reads_does_not_wait_for_it(store):
    def meanwhile(_):
        read = []
        reader = threading.Thread(target=lambda: read.append(store._attach_lock.acquire() and forked(child)))
        reader.start()
        reader.join()
        store._attach_lock.release()
        return read

    def child():
        assert store._gate._readers == 0
        assert look(store) == 0

    assert store.snapshot(meanwhile) == [True]


def test_a_child_that_cannot_write_for_what_it_inherited_is_told_so_and_not_that_the_store_is_damaged(store):
    inside, (is_forked, say_forked), (has_left, say_left) = threading.Event(), os.pipe(), os.pipe()

    def read():
        store.snapshot(lambda _: (inside.set(), os.read(is_forked, 1)))
        os.write(say_left, b"x")

    def child():
        os.write(say_forked, b"x")
        os.read(has_left, 1)
        with pytest.raises(StoreError, match="in use in the process that this one was forked from") as told:
            store.transact([])
        assert not isinstance(told.value, StoreDamagedError)

    reader = threading.Thread(target=read)
    reader.start()
    assert inside.wait(20)
    is_told = forked(child)
    reader.join()
    for end in (is_forked, say_forked, has_left, say_left):
        os.close(end)
    assert is_told


def test_what_interrupts_an_attach_or_a_detach_leaves_nothing_attached(store, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("store.database.check_version", interrupted)
        with pytest.raises(KeyboardInterrupt):
            look(store)
    assert look(store) == 0

    real, calls = instance.cursor, []

    def third_is_interrupted():
        calls.append(1)
        return interrupted() if len(calls) == 3 else real()

    with monkeypatch.context() as patched:
        patched.setattr(instance, "cursor", third_is_interrupted)
        with pytest.raises(KeyboardInterrupt):
            look(store)
    assert look(store) == 0
    assert instance._held == 0
