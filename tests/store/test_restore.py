"""A backup put back: every byte checked, no claim of what was left out, and paths that are found again."""

import json
import shutil
import stat

import pytest

from assay.recording import Run
from store import restore as restoring
from store.backup import back_up
from store.backup_list import BackupError, read_contents
from store.check import check_store
from store.database import Store
from store.errors import StoreError
from store.keys import server_public
from store.moved import MARKER, found_again, roots_before
from store.rebuild import rebuild
from store.restore import restore
from tests.store.backups import fill, path, put_back, save, states
from tests.store.people import COMMAND


@pytest.fixture
def full(store):
    """Two runs; see `fill`."""
    fill(store)
    return store


@pytest.mark.parametrize(
    ("which", "taken"),
    [
        ("pinned", [("base", 3)]),
        # What the child's stands on comes along, though it is neither.
        ("stable", [("base", 1), ("base", 2), ("base", 3), ("child", 2)]),
        ("all", [("base", 1), ("base", 2), ("base", 3), ("child", 1), ("child", 2), ("child", 3)]),
    ],
)
def test_the_wanted_checkpoints_come_along_and_the_others_are_told_as_deleted(full, tmp_path, which, taken):
    made = back_up(full, COMMAND, tmp_path / "copy", which)
    assert made.contents.taken == sorted(path(*one) for one in taken)
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    kept = {folder for folder, state in states(fresh).items() if state != "deleted"}
    assert kept == set(made.contents.taken)
    assert len(states(fresh)) == 6
    there = {
        place.parent.relative_to(fresh.root).as_posix() for place in fresh.root.glob("*/checkpoints/*/manifest.json")
    }
    assert there == kept
    checks = {check.name: check for check in check_store(fresh)}
    assert all(check.ok for check in checks.values())
    assert checks["checkpoints"].says == f"all {len(taken)} checkpoints are there"
    rebuild(fresh)
    assert {folder for folder, state in states(fresh).items() if state != "deleted"} == kept


def test_why_a_checkpoint_is_not_there_is_an_event_of_its_run(full, tmp_path):
    made = back_up(full, COMMAND, tmp_path / "copy", "pinned")
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    rows = fresh.rows("SELECT data FROM event WHERE message LIKE '%: deleted'")
    day = made.contents.created[:10]
    assert {json.loads(row["data"])["reason"] for row in rows} == {f"not in the backup of {day}: it was not pinned"}
    assert len(rows) == 5


def test_a_run_that_had_not_ended_does_not_look_alive_afterwards(full, tmp_path):
    (full.root / "live").mkdir()
    run = Run(full.root / "live")
    run.log(1, loss=1.0)
    save(run, 1)
    try:
        made = back_up(full, COMMAND, tmp_path / "copy", "pinned")
        assert made.contents.unfinished == ["live"]
        fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
        assert fresh.rows("SELECT status FROM run WHERE name = 'live'") == [{"status": "lost"}]
        assert full.rows("SELECT status FROM run WHERE name = 'live'") == [{"status": "running"}]
    finally:
        run.finish()


def test_secrets_stay_the_owners(full, tmp_path):
    back_up(full, COMMAND, tmp_path / "copy")
    for file in (tmp_path / "copy").rglob("*"):
        # As a copy to a disk that knows no modes leaves them.
        file.chmod(0o777 if file.is_dir() else 0o644)
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    secrets = fresh.root / ".secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert stat.S_IMODE((secrets / "signing_key.pem").stat().st_mode) == 0o600
    assert server_public(fresh, COMMAND) == server_public(full, COMMAND)


def test_every_changed_byte_of_a_backup_is_noticed_before_anything_is_written(full, tmp_path):
    back_up(full, COMMAND, tmp_path / "copy", "all")
    target = Store.at(tmp_path / "runs2" / "assay.duckdb")
    for file in sorted(place for place in (tmp_path / "copy").rglob("*") if place.is_file()):
        whole = file.read_bytes()
        if not whole:
            continue
        file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        with pytest.raises(BackupError, match=r"is damaged|was changed"):
            restore(tmp_path / "copy", target, COMMAND)
        file.write_bytes(whole)
        file.rename(tmp_path / "aside")
        with pytest.raises(BackupError, match=r"is missing|is no backup"):
            restore(tmp_path / "copy", target, COMMAND)
        (tmp_path / "aside").rename(file)
    (tmp_path / "copy" / "base" / "more").touch()
    with pytest.raises(BackupError, match="was added after the backup was made"):
        restore(tmp_path / "copy", target, COMMAND)
    assert not (tmp_path / "runs2").exists()


def test_a_byte_that_changes_on_the_way_is_noticed(full, tmp_path, monkeypatch):

    back_up(full, COMMAND, tmp_path / "copy", "all")
    real = restoring.copy_files

    def copy_badly(items, folder, progress):
        found = real(items, folder, progress)
        (folder / path("base", 1) / "weights.bin").write_bytes(b"x")
        return found

    monkeypatch.setattr(restoring, "copy_files", copy_badly)
    with pytest.raises(BackupError, match=r"weights\.bin is damaged"):
        put_back(tmp_path / "copy", tmp_path / "runs2")
    assert not (tmp_path / "runs2").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is damaged"), ("[]", "is damaged"), ("{}", "is damaged"), ('{"sha256": "x"}', "was changed")],
)
def test_a_list_that_makes_no_sense_is_named(tmp_path, text, says):
    (tmp_path / "backup.json").write_text(text)
    with pytest.raises(BackupError, match=rf"backup\.json {says}"):
        read_contents(tmp_path)
    with pytest.raises(BackupError, match=r"is no backup: it has no backup\.json"):
        read_contents(tmp_path / "nowhere")


def test_a_store_is_restored_into_an_empty_place_alone(full, tmp_path):
    back_up(full, COMMAND, tmp_path / "copy")
    with pytest.raises(BackupError, match="is not empty"):
        restore(tmp_path / "copy", full, COMMAND)
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match="is a file"):
        put_back(tmp_path / "copy", tmp_path / "file")
    (tmp_path / "empty").mkdir()
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "empty")
    assert fresh.exists


def test_the_database_may_get_another_name(full, tmp_path):
    back_up(full, COMMAND, tmp_path / "copy")
    fresh = Store.at(tmp_path / "runs2" / "team.duckdb")
    restore(tmp_path / "copy", fresh, COMMAND)
    assert [place.name for place in fresh.root.glob("*.duckdb")] == ["team.duckdb"]
    assert fresh.rows("SELECT count(*) AS n FROM run") == [{"n": 2}]


def test_a_backup_of_a_newer_schema_is_left_alone(full, tmp_path, monkeypatch):
    back_up(full, COMMAND, tmp_path / "copy")
    monkeypatch.setattr("store.restore.schema_version", lambda: 3)
    with pytest.raises(BackupError, match="newer than this program"):
        put_back(tmp_path / "copy", tmp_path / "runs2")


def test_what_was_named_in_the_old_place_is_found_in_the_new_one(full, tmp_path):
    old = full.root
    back_up(full, COMMAND, tmp_path / "copy", "stable")
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    near = fresh.root / "child" / "config.toml"
    assert found_again(f"{old}/{path('base', 2)}", near) == f"{fresh.root}/{path('base', 2)}"
    assert found_again(f"{old}/{path('base', 9)}", near) == f"{old}/{path('base', 9)}"
    assert found_again(f"{old}/material/rows.jsonl", near) == f"{fresh.root}/material/rows.jsonl"
    assert found_again("material/rows.jsonl", near) == "material/rows.jsonl"
    assert found_again(f"{old}/material/rows.jsonl", old / "child") == f"{old}/material/rows.jsonl"
    (fresh.root / "material" / "info.json").touch()
    assert found_again(f"{old}/material/info.json:set", near) == f"{fresh.root}/material/info.json:set"


def test_a_store_restored_twice_knows_both_places(full, tmp_path):
    old = full.root
    back_up(full, COMMAND, tmp_path / "one", "stable")
    second, _ = put_back(tmp_path / "one", tmp_path / "second")
    back_up(second, COMMAND, tmp_path / "two", "stable")
    third, _ = put_back(tmp_path / "two", tmp_path / "third")
    assert roots_before(third.root) == [str(second.root), str(old)]
    for root in (old, second.root):
        shutil.rmtree(root)
    assert found_again(f"{old}/{path('base', 2)}", third.root / "child") == f"{third.root}/{path('base', 2)}"
    assert third.rows("SELECT count(*) AS n FROM checkpoint WHERE state <> 'deleted'") == [{"n": 4}]


def test_a_store_named_through_a_link_is_found_again_too(full, tmp_path):
    (tmp_path / "link").symlink_to(full.root)
    (full.root / "child" / "config.toml").write_text(f'[model]\npath = "{tmp_path}/link/{path("base", 2)}"\n')
    made = back_up(full, COMMAND, tmp_path / "copy", "stable")
    assert made.contents.roots == [str(full.root), str(tmp_path / "link")]
    fresh, _ = put_back(tmp_path / "copy", tmp_path / "runs2")
    named = f"{tmp_path}/link/{path('base', 2)}"
    assert found_again(named, fresh.root / "child") == f"{fresh.root}/{path('base', 2)}"


def test_a_damaged_marker_is_named(full, tmp_path):
    (full.root / MARKER).write_text("{}")
    with pytest.raises(StoreError, match=r"restored\.json is damaged"):
        found_again(f"{full.root}/x", full.root / "child")
