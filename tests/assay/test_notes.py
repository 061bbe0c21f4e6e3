"""Small files that are there whole or not at all."""

import pytest

from assay.notes import write_note


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_note_replaces_the_one_before(tmp_path):
    write_note(tmp_path / "note.json", "one")
    write_note(tmp_path / "note.json", "二")
    assert (tmp_path / "note.json").read_text(encoding="utf-8") == "二"
    assert names(tmp_path) == ["note.json"]


def test_it_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("assay.notes.os.fsync", lambda _: synced.append(names(tmp_path)))
    write_note(tmp_path / "note.json", "one")
    assert [found == ["note.json"] for found in synced] == [False, True]


def test_one_that_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    write_note(tmp_path / "note.json", "one")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assay.notes.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_note(tmp_path / "note.json", "two")
    assert (tmp_path / "note.json").read_text() == "one"
    assert names(tmp_path) == ["note.json"]
