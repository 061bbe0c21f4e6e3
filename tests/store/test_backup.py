"""A store copied elsewhere: whole, agreeing with itself, and nothing half."""

import shutil
import stat

import pytest

from store import backup as backing
from store.access import AccessError, Actor
from store.artifacts import verify
from store.backup import back_up
from store.backup_list import BackupError
from store.check import check_store
from store.database import Store
from store.errors import StoreMissingError
from store.heads import verify_audit
from store.restore import restore
from tests.store.backups import contents, fill, path, put_back, tables
from tests.store.people import COMMAND, actions, add


@pytest.fixture
def full(store):
    """Two runs; see `fill`."""
    fill(store)
    return store


def test_a_whole_store_comes_back_as_it_was(full, tmp_path):
    before, files = tables(full), contents(full.root)
    made = back_up(full, COMMAND, tmp_path / "copy", "all")
    fresh, done = put_back(tmp_path / "copy", tmp_path / "new" / "runs")
    assert (made.damaged, made.contents.left_out, done.digest) == ([], {}, made.digest)
    after = tables(fresh)
    assert after.pop("audit")[:-1] == before.pop("audit")
    assert after == before
    assert contents(fresh.root) == {name: text for name, text in files.items() if not name.startswith(".tmp-")}
    assert all(check.ok for check in check_store(fresh))
    assert actions(fresh)[-1] == "store-restore"
    assert actions(full)[-1] == "store-backup"
    assert fresh.snapshot(verify_audit).holds
    for folder in made.contents.taken:
        verify(fresh.root / folder)


def test_spools_go_as_far_as_the_database_does(full, tmp_path, monkeypatch):
    [spool] = (full.root / "base" / "spool").iterdir()
    whole = spool.read_bytes()
    real = backing._copy_database

    def copy_and_log(store, copy):
        real(store, copy)
        with spool.open("ab") as file:
            file.write(b'{"k":"step","t":1,"b":1,"s":4,"v":{"loss":9}}\n')
        (full.root / "late" / "spool").mkdir(parents=True)
        (full.root / "late" / "spool" / "0-x.jsonl").write_bytes(b'{"k":"step","t":1,"b":1,"s":4,"v":{"loss":9}}\n')

    monkeypatch.setattr(backing, "_copy_database", copy_and_log)
    made = back_up(full, COMMAND, tmp_path / "copy", "all")
    assert (tmp_path / "copy" / "base" / "spool" / spool.name).read_bytes() == whole
    assert not any(name.startswith("late/") for name in made.contents.files)
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    assert fresh.rows("SELECT max(step) AS last FROM metric") == [{"last": 3}]


def test_a_backup_is_its_owners(full, tmp_path):
    back_up(full, COMMAND, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700


def test_a_backup_is_never_written_over_nor_into_its_store(full, tmp_path):
    (tmp_path / "copy").mkdir()
    with pytest.raises(BackupError, match="copy exists, and a backup is never written over"):
        back_up(full, COMMAND, tmp_path / "copy")
    with pytest.raises(BackupError, match="lies in the store that is to be backed up"):
        back_up(full, COMMAND, full.root / "deep" / "copy")
    assert not (full.root / "deep").exists()


def test_where_there_is_no_store_there_is_no_backup(tmp_path):
    with pytest.raises(StoreMissingError, match="there is no store at"):
        back_up(Store.at(tmp_path / "none" / "assay.duckdb"), COMMAND, tmp_path / "copy")


def test_only_admins_copy_a_store(full, tmp_path):
    number = add(full, "Li", "lead")
    with pytest.raises(AccessError, match="needs the role admin"):
        back_up(full, Actor("oidc", number), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_is_stopped_leaves_nothing_half(full, tmp_path, stopped_by):
    def stop(what, done, _all):
        if what == "copied" and done > 2000:
            raise stopped_by

    (tmp_path / "to").mkdir()
    with pytest.raises((KeyboardInterrupt, BackupError)) as caught:
        back_up(full, COMMAND, tmp_path / "to" / "copy", "all", stop)
    assert caught.type is KeyboardInterrupt or "No space left on device; nothing was left behind" in str(caught.value)
    assert list((tmp_path / "to").iterdir()) == []
    assert "store-backup" not in actions(full)
    back_up(full, COMMAND, tmp_path / "to" / "copy", "all")
    with pytest.raises((KeyboardInterrupt, BackupError)):
        restore(tmp_path / "to" / "copy", Store.at(tmp_path / "to" / "runs" / "assay.duckdb"), COMMAND, stop)
    assert [place.name for place in (tmp_path / "to").iterdir()] == ["copy"]


def test_a_damaged_checkpoint_is_told_and_not_taken(full, tmp_path):
    (full.root / path("base", 1) / "weights.bin").write_bytes(b"x" * 3500)
    (full.root / path("base", 2) / "manifest.json").write_text("{}")
    shutil.rmtree(full.root / path("base", 3))
    made = back_up(full, COMMAND, tmp_path / "copy", "all")
    assert made.damaged == [
        f"{path('base', 1)}: weights.bin is damaged",
        f"{path('base', 2)}: its manifest.json is not the one that was sealed",
    ]
    assert {name: left.why for name, left in made.contents.left_out.items()} == {
        path("base", 1): "weights.bin is damaged",
        path("base", 2): "its manifest.json is not the one that was sealed",
        path("base", 3): "its folder was gone",
    }
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    assert all(check.ok for check in check_store(fresh))


def test_a_checkpoint_cleared_away_meanwhile_is_left_out(full, tmp_path, monkeypatch):
    real = backing.files_of

    def listed_and_gone(root, name):
        found = real(root, name)
        if name == path("child", 1):
            shutil.rmtree(root / name)
        return found

    monkeypatch.setattr(backing, "files_of", listed_and_gone)
    made = back_up(full, COMMAND, tmp_path / "copy", "all")
    assert made.damaged == []
    assert {name: left.why for name, left in made.contents.left_out.items()} == {
        path("child", 1): "it was cleared away meanwhile"
    }


def test_runs_behind_links_come_along(full, tmp_path):
    (tmp_path / "disk").mkdir()
    (full.root / "child").rename(tmp_path / "disk" / "child")
    (full.root / "child").symlink_to(tmp_path / "disk" / "child")
    (full.root / "child" / "loop").symlink_to(full.root / "child")
    made = back_up(full, COMMAND, tmp_path / "copy", "all")
    assert path("child", 2) in made.contents.taken
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    assert not (fresh.root / "child").is_symlink()
    assert all(check.ok for check in check_store(fresh))


def test_spools_that_the_store_does_not_take_come_along_whole(full, tmp_path):
    newer = b'{"k":"open","t":1,"format":99}\n{"k":"step","torn'
    (full.root / "base" / "spool" / "0-newer.jsonl").write_bytes(newer)
    back_up(full, COMMAND, tmp_path / "copy")
    assert (tmp_path / "copy" / "base" / "spool" / "0-newer.jsonl").read_bytes() == newer


def test_what_lies_outside_is_named_with_its_runs(full, tmp_path):
    made = back_up(full, COMMAND, tmp_path / "copy")
    assert made.contents.outside == {"/elsewhere/rows.jsonl": ["base", "child"]}
