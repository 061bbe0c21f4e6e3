"""What trainers deliver is put at its place once, whoever asks how often."""

import os
import shutil

import pytest

from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.runs import remove_run
from store.serve.receiving import Delivery, Receiver
from tests.store.serve.serving import recorded, steps_of

ORIGIN, OTHER = "a" * 32, "b" * 32
FILE = "0-20261130T100000.000000Z-0123abcd.jsonl"


@pytest.fixture
def receiver(store):
    return Receiver(store)


def put(receiver, start, data, *, run="demo", origin=ORIGIN, file=FILE, token="gpu"):
    return receiver.take(token, Delivery(run, origin, file, start), data)


def spool(store, run="demo"):
    return (store.root / run / "spool" / FILE).read_bytes()


def test_what_was_put_already_is_left_out_and_what_begins_too_late_is_not_taken(store, receiver):
    assert receiver.offsets("gpu", "demo", ORIGIN) == {}
    assert put(receiver, 0, b"one\n") == 4
    assert put(receiver, 0, b"one\n") == 4
    assert put(receiver, 2, b"e\ntwo\n") == 8
    assert put(receiver, 9, b"four\n") == 8
    assert spool(store) == b"one\ntwo\n"
    assert receiver.offsets("gpu", "demo", ORIGIN) == {FILE: 8}


def test_another_run_of_the_same_name_is_told_so_and_changes_nothing(store, receiver):
    put(receiver, 0, b"one\n")
    with pytest.raises(StoreError, match=r"the server has another run called demo; .* `assay deliver demo --as NAME`"):
        put(receiver, 0, b"mine\n", origin=OTHER)
    assert spool(store) == b"one\n"


def test_a_run_of_the_servers_own_is_not_written_into(tmp_path, store, receiver):
    recorded(tmp_path, "demo", 1)
    with pytest.raises(StoreError, match="the server has another run called demo"):
        put(receiver, 0, b"mine\n")
    assert not (store.root / "demo" / "spool" / FILE).exists()


def test_a_run_belongs_to_the_token_that_began_it(receiver):
    put(receiver, 0, b"one\n")
    with pytest.raises(StoreError, match="run demo is delivered with the token gpu, not with eve; use that one"):
        put(receiver, 4, b"two\n", token="eve")


def test_a_run_that_was_removed_on_the_server_does_not_come_back_but_its_name_is_free(store, receiver):
    lines = b'{"k":"open","format":1,"t":1,"run":"demo"}\n{"k":"status","t":1,"status":"finished"}\n'
    put(receiver, 0, lines)
    load_spools(store)
    remove_run(store, "demo")
    with pytest.raises(StoreError, match="run demo was removed from the server, which takes no more of it"):
        put(receiver, 0, lines)
    assert not (store.root / "demo").exists()
    assert put(receiver, 0, lines, origin=OTHER) == len(lines)


def test_nothing_is_made_by_asking_or_by_a_delivery_that_is_not_taken(store, receiver):
    before = sorted(store.root.rglob("*"))
    assert receiver.offsets("gpu", "demo", ORIGIN) == {}
    assert put(receiver, 7, b"late\n") == 0
    assert sorted(store.root.rglob("*")) == before
    assert put(receiver, 0, b"mine\n", origin=OTHER) == 5


def test_a_run_comes_under_one_name(store, receiver):
    put(receiver, 0, b"one\n")
    put(receiver, 0, b"two\n", run="other", origin=OTHER)
    for known in (receiver, Receiver(store)):
        with pytest.raises(StoreError, match=r"^the server has this run already and calls it demo; .* --as demo$"):
            known.offsets("gpu", "demo-2", ORIGIN)
        with pytest.raises(StoreError, match="calls it demo"):
            put(known, 0, b"one\n", run="demo-2")
    assert not (store.root / "demo-2").exists()
    # One whose folder is gone is not there any more.
    remove_run_folder(store, "demo")
    assert put(receiver, 0, b"one\n", run="demo-2") == 4


def test_a_disk_that_fails_while_names_are_read_leaves_no_half_of_them(monkeypatch, store, receiver):
    put(receiver, 0, b"one\n")
    put(receiver, 0, b"two\n", run="other", origin=OTHER)

    def failing(_):
        yield "demo", ORIGIN
        raise OSError(5, "Input/output error")

    again = Receiver(store)
    with monkeypatch.context() as patched:
        patched.setattr("store.serve.receiving._delivered", failing)
        with pytest.raises(StoreError, match="Input/output error"):
            again.offsets("gpu", "third", OTHER)
    with pytest.raises(StoreError, match="the server has this run already and calls it other"):
        again.offsets("gpu", "third", OTHER)


def remove_run_folder(store, name):
    shutil.rmtree(store.root / name)


def test_a_note_that_is_damaged_keeps_its_own_run_out_and_no_other(store, receiver):
    put(receiver, 0, b"one\n")
    (store.root / "demo" / "delivered.json").write_text("{}")
    with pytest.raises(StoreError, match=r"the server's note .*delivered\.json is damaged"):
        put(receiver, 4, b"two\n")
    assert put(Receiver(store), 0, b"mine\n", run="other", origin=OTHER) == 5


@pytest.mark.parametrize("known", [True, False])
def test_a_line_that_is_too_long_is_refused_and_nothing_of_it_is_written(monkeypatch, store, receiver, known):
    monkeypatch.setattr("store.serve.receiving.LONGEST_LINE", 100)
    assert put(receiver, 0, b"one\n" + b"x" * 60) == 64
    taker = receiver if known else Receiver(store)
    assert put(taker, 64, b"x" * 40) == 104
    for more in (b"x", b"\n", b"x\ntwo\n"):
        with pytest.raises(
            StoreError, match=rf"^a line of {FILE} in run demo is longer than the .* it stays where it is$"
        ):
            put(taker, 104, more)
    assert spool(store) == b"one\n" + b"x" * 100
    assert put(taker, 0, b"one\n") == 104


def test_lines_that_fit_are_taken_however_many_there_are(monkeypatch, store, receiver):
    monkeypatch.setattr("store.serve.receiving.LONGEST_LINE", 100)
    lines = (b"x" * 99 + b"\n") * 50
    for start in range(0, len(lines), 77):
        assert put(receiver, start, lines[start : start + 77]) == min(start + 77, len(lines))
    assert spool(store) == lines


def test_a_disk_that_is_full_is_one_sentence_and_what_was_written_is_gone_on_from(monkeypatch, store, receiver):
    put(receiver, 0, b"one\n")
    real = os.write

    def half(descriptor, data):
        if len(data) < 4:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:4])

    monkeypatch.setattr("store.serve.receiving.os.write", half)
    with pytest.raises(
        StoreError, match="the server cannot write run demo: No space left on device; what was recorded"
    ):
        put(receiver, 4, b"twelve\n")
    monkeypatch.setattr("store.serve.receiving.os.write", real)
    assert receiver.offsets("gpu", "demo", ORIGIN) == {FILE: 8}
    assert put(receiver, 4, b"twelve\n") == 11
    assert spool(store) == b"one\ntwelve\n"


def test_a_disk_that_takes_no_note_leaves_no_run(monkeypatch, store, receiver):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("store.serve.receiving.write_note", full)
        with pytest.raises(StoreError, match="the server cannot write run demo: No space left on device"):
            put(receiver, 0, b"one\n")
    assert [path.name for path in store.root.glob("*/") if not path.name.startswith(".")] == []
    assert put(receiver, 0, b"one\n", origin=OTHER) == 4


@pytest.mark.parametrize(
    ("run", "file"),
    [
        ("..", FILE), ("../x", FILE), (".secrets", FILE), (".inbox", FILE), ("assay.duckdb", FILE), ("a/b", FILE),
        ("", FILE),
        ("demo", "../x.jsonl"), ("demo", "x.jsonl"), ("demo", "/etc/passwd"), ("demo", FILE + "/../x"), ("demo", ""),
    ],
)  # fmt: skip
def test_nothing_is_written_beside_a_runs_spool(store, receiver, run, file):
    before = sorted(store.root.rglob("*"))
    with pytest.raises(StoreError):
        put(receiver, 0, b"x\n", run=run, file=file)
    assert sorted(store.root.rglob("*")) == before


@pytest.mark.parametrize("suffix", [".wal", ".loading", "", ".WAL"])
def test_no_run_takes_the_place_of_what_lies_beside_a_store_of_another_name(tmp_path, suffix):
    store = Store.at(tmp_path / "team.duckdb")
    with pytest.raises(StoreError, match="cannot be a run's name here"):
        put(Receiver(store), 0, b"x\n", run=f"team.duckdb{suffix}")
    assert sorted(tmp_path.iterdir()) == []


def test_a_word_that_is_no_origin_is_refused(receiver):
    with pytest.raises(StoreError, match="cannot be a run's name here"):
        put(receiver, 0, b"x\n", origin="../../x")


def test_what_was_delivered_is_loaded_like_any_spool(tmp_path, store, receiver):
    folder = recorded(tmp_path / "elsewhere", "demo", 5)
    for path in (folder / "spool").glob("*.jsonl"):
        data = path.read_bytes()
        for start in range(0, len(data), 50):
            put(receiver, start, data[start : start + 50], file=path.name)
            load_spools(store)
    assert steps_of(store, "demo") == [1, 2, 3, 4, 5]
