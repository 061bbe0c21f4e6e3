"""A writer that dies in the middle of a write, by SIGKILL or a loss of power: nothing is lost, and nothing is half."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from store import torn
from store.database import Statement, Store
from store.errors import StoreDamagedError
from store.rebuild import rebuild

META = torn.HEADERS
"""Where the first block begins, which is one of metadata."""


def said(store):
    return [row["message"] for row in store.rows("SELECT message FROM event ORDER BY step")]


SAY = """
INSERT INTO event (run_id, branch, step, time, kind, level, message)
VALUES (1, 1, $step, now()::TIMESTAMP, 'note', 'info', $words)
"""


def say(store, step, words):
    store.transact([Statement(SAY, {"step": step, "words": words})])


@pytest.fixture
def dies(tmp_path, monkeypatch):
    """A store as it lies on the disk when its writer dies while it writes a block of metadata over in place: the log
    is there, the header is the old one, and of the block the first part is new. Returns it.
    """

    def die(part=torn.BLOCK // 2):
        store = Store.at(tmp_path / "runs" / "assay.duckdb")
        store.create()
        say(store, 1, "before")
        left = tmp_path / "left"
        with monkeypatch.context() as patched:
            real = Store._detach
            patched.setattr(Store, "_detach", lambda self: (shutil.copytree(store.root, left), real(self)))
            say(store, 2, "in the last moment")
        new = store.path.read_bytes()[META : META + part]
        with (left / "assay.duckdb").open("r+b") as file:
            file.seek(META)
            assert file.read(part) != new, "DuckDB writes it over in place"
            file.seek(META)
            file.write(new)
        return Store.at(left / "assay.duckdb")

    return die


def copies(store):
    return torn._beside(store.path)


def test_without_what_is_kept_the_store_cannot_be_read(dies):
    store = dies()
    copies(store).unlink()
    with pytest.raises(StoreDamagedError, match="checksum"):
        said(store)


def test_who_reads_finds_all_that_was_said(dies):
    assert said(dies()) == ["before", "in the last moment"]


def test_who_writes_finds_it_and_goes_on(dies):
    store = dies()
    say(store, 3, "after")
    assert said(store) == ["before", "in the last moment", "after"]
    assert not Path(f"{store.path}.wal").exists()


@pytest.mark.parametrize("part", [512, 4096, torn.BLOCK])
def test_however_much_of_it_was_written(dies, part):
    assert said(dies(part)) == ["before", "in the last moment"]


def copied(store):
    with store.exclusive():
        pass


@pytest.mark.parametrize("use", [lambda store: store.query("SELECT 1"), rebuild, copied])
def test_whatever_comes_first_finds_it(dies, use):
    store = dies()
    use(store)
    assert torn.put_back(store.path) or not copies(store).exists()


def test_where_duckdb_wrote_no_log_the_store_is_what_it_was(dies):
    """It decides so of large transactions; such a one was not committed."""
    store = dies()
    Path(f"{store.path}.wal").unlink()
    assert said(store) == ["before"]


def test_of_a_dead_writer_only_the_first_reader_makes_sure(dies, monkeypatch):
    store = dies()
    assert said(store) == ["before", "in the last moment"]
    monkeypatch.setattr(Store, "exclusive", lambda *_: pytest.fail("nothing is left to be done"))
    assert said(store) == ["before", "in the last moment"]


def test_when_a_writer_is_done_no_copies_are_left(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    store.transaction(lambda _: copies(store).stat())
    assert not copies(store).exists()
    with pytest.raises(KeyError):
        store.transaction(lambda _: {}["nothing"])
    assert not copies(store).exists()


def test_copies_of_an_older_state_are_taken_away(dies):
    store = dies()
    kept = copies(store).read_bytes()
    say(store, 3, "after")
    copies(store).write_bytes(kept)
    assert not torn.put_back(store.path)
    assert not copies(store).exists()
    assert said(store) == ["before", "in the last moment", "after"]


@pytest.mark.parametrize("harm", [lambda whole: whole[:-1], lambda whole: b"x" + whole[1:], lambda whole: b""])
def test_copies_that_are_not_whole_are_not_put_back(dies, harm):
    store = dies()
    copies(store).write_bytes(harm(copies(store).read_bytes()))
    assert not torn.put_back(store.path)


def test_nothing_is_put_back_under_another_program(dies):
    """DuckDB's own command line, which knows nothing of our locks."""
    store = dies()
    before = store.path.read_bytes()
    code = "import fcntl, sys; f = open(sys.argv[1], 'r+b'); fcntl.lockf(f, 2); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(BlockingIOError):
            torn.put_back(store.path)
        assert store.path.read_bytes() == before
        holder.communicate()
    assert said(store) == ["before", "in the last moment"]


def test_who_may_not_read_the_store_may_not_read_them(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    for mode in (0o644, 0o600):
        store.path.chmod(mode)
        assert store.transaction(lambda _: copies(store).stat().st_mode & 0o777) == mode


def test_where_they_cannot_be_written_the_transaction_is_done_all_the_same(tmp_path):
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    copies(store).mkdir()
    say(store, 1, "said")
    assert said(store) == ["said"]


def test_rule_two_nobody_opens_the_file_while_it_is_attached(tmp_path, monkeypatch):
    """Nor closes it: what looks into it is open before, and closed after (see the test below)."""
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    opened, attached, attach, detach = [], [0], Store._attach, Store._detach

    def watch(event, arguments):
        if event == "open" and attached[0] and str(arguments[0]) == str(store.path):
            opened.append(arguments)

    def attaching(self, *given, **more):
        attach(self, *given, **more)
        attached[0] += 1

    def detaching(self):
        attached[0] -= 1
        detach(self)

    monkeypatch.setattr(Store, "_attach", attaching)
    monkeypatch.setattr(Store, "_detach", detaching)
    sys.addaudithook(watch)
    say(store, 1, "said")
    assert said(store) == ["said"]
    assert attached == [0]
    store.snapshot(lambda _: store.path.open("rb").close())
    assert len(opened) == 1, "it would be seen"
    opened.clear()
    say(store, 2, "more")
    store.query("SELECT 1")
    assert opened == []
    attached[0] = 0


def test_the_lock_of_duckdb_outlasts_the_copying(tmp_path):
    """To close a file that is locked takes the lock away, whoever opened it."""
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()

    def locks(_):
        number = store.path.stat().st_ino
        return [
            line for line in Path("/proc/locks").read_text().splitlines() if f":{number} " in line and "POSIX" in line
        ]

    assert store.transaction(locks) != []
