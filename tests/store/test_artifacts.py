"""Sealed folders: whole or not there, and no changed byte goes unnoticed."""

import hashlib
import json

import pytest

from assay.recording import Run, new_folder
from store.artifacts import (
    MANIFEST,
    ArtifactError,
    announce,
    clear_temporary,
    digest,
    read_manifest,
    remove,
    seal,
    sealed_folders,
    temporary_for,
    verify,
)
from store.database import Store
from store.loading import load_spools
from store.runs import show_run


@pytest.fixture
def sealed(tmp_path):
    final = tmp_path / "checkpoints" / "one"
    temporary = temporary_for(final)
    (temporary / "weights.bin").write_bytes(bytes(range(256)))
    (temporary / "deep").mkdir()
    (temporary / "deep" / "config.json").write_text("{}")
    seal(temporary, final, {"step": 3, "branch": 1})
    return final


def test_a_sealed_folder_lists_the_digest_and_size_of_every_file(sealed):
    manifest = verify(sealed)
    assert manifest["files"] == {
        "deep/config.json": {"bytes": 2, "sha256": hashlib.sha256(b"{}").hexdigest()},
        "weights.bin": {"bytes": 256, "sha256": hashlib.sha256(bytes(range(256))).hexdigest()},
    }
    assert (manifest["step"], manifest["branch"], manifest["format"]) == (3, 1, 1)


def test_the_digest_of_a_folder_is_that_of_its_manifest(sealed):
    assert digest(sealed) == hashlib.sha256((sealed / MANIFEST).read_bytes()).hexdigest()
    assert verify(sealed, digest(sealed)) == read_manifest(sealed)


def test_every_flipped_bit_of_a_file_is_noticed(sealed):
    path = sealed / "weights.bin"
    whole = path.read_bytes()
    for place in range(0, 256, 17):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(ArtifactError) as caught:
            verify(sealed)
        assert str(caught.value) == (f"{path} is damaged: its SHA-256 is not the sealed one; the folder is not used")


def test_a_cut_file_is_named_with_both_sizes(sealed):
    (sealed / "weights.bin").write_bytes(b"short")
    with pytest.raises(ArtifactError, match=r"weights\.bin has 5 bytes, 256 were sealed"):
        verify(sealed)


def test_a_missing_and_an_added_file_are_named(sealed):
    (sealed / "extra.bin").touch()
    with pytest.raises(ArtifactError, match=r"extra\.bin was added after the folder was sealed"):
        verify(sealed)
    (sealed / "extra.bin").rename(sealed / ".hidden")
    verify(sealed)
    (sealed / "deep" / "config.json").unlink()
    with pytest.raises(ArtifactError, match=r"config\.json is missing"):
        verify(sealed)


def test_files_beside_the_sealed_ones_are_allowed_by_name(sealed):
    (sealed / "README.md").write_text("card")
    assert verify(sealed, beside=("README.md", "bundle.json")) == read_manifest(sealed)
    with pytest.raises(ArtifactError, match=r"README\.md was added after the folder was sealed"):
        verify(sealed, beside=("bundle.json",))
    (sealed / "weights.bin").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"weights\.bin"):
        verify(sealed, beside=("README.md", "weights.bin"))


@pytest.mark.parametrize("name", [".hidden", ".cache/inside", "deep/.hidden"])
def test_hidden_files_count_in_a_folder_that_is_handed_on(sealed, name):
    (sealed / name).parent.mkdir(exist_ok=True)
    (sealed / name).touch()
    assert verify(sealed) == read_manifest(sealed)
    for beside in ((), ("README.md",)):
        with pytest.raises(ArtifactError, match=rf"{name} was added after the folder was sealed"):
            verify(sealed, beside=beside)


def test_a_changed_manifest_is_noticed_where_its_digest_was_announced(sealed):
    before = digest(sealed)
    manifest = json.loads((sealed / MANIFEST).read_text())
    (sealed / MANIFEST).write_text(json.dumps({**manifest, "step": 4}))
    verify(sealed)
    with pytest.raises(ArtifactError, match=r"manifest\.json is not the manifest that was sealed"):
        verify(sealed, before)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is no JSON"),
        ("[]", "it lists no files"),
        ('{"files": {}}', "it lists no files"),
        ('{"files": {"a": 1}, "format": 2}', "has format 2, this program reads 1"),
    ],
)
def test_a_damaged_manifest_is_an_error_in_words(sealed, text, said):
    (sealed / MANIFEST).write_text(text)
    with pytest.raises(ArtifactError, match=said):
        verify(sealed)


def test_a_folder_without_a_manifest_is_not_sealed(tmp_path):
    with pytest.raises(ArtifactError, match=r"is no sealed folder: it has no manifest\.json"):
        verify(tmp_path)
    with pytest.raises(ArtifactError, match="is no sealed folder"):
        digest(tmp_path)


def test_what_was_interrupted_before_the_rename_is_no_checkpoint(sealed):
    unfinished = temporary_for(sealed.parent / "two")
    (unfinished / MANIFEST).write_text("{}")
    assert sealed_folders(sealed.parent) == [sealed]
    clear_temporary(sealed.parent)
    assert list(sealed.parent.iterdir()) == [sealed]


def test_a_sealed_folder_is_never_written_again(sealed):
    with pytest.raises(ArtifactError, match="exists; a sealed folder is never written again"):
        seal(temporary_for(sealed), sealed, {})


def test_a_failing_disk_leaves_no_half_sealed_folder(tmp_path, monkeypatch):
    final = tmp_path / "one"
    temporary = temporary_for(final)
    (temporary / "weights.bin").write_bytes(b"w")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        seal(temporary, final, {})
    assert not final.exists()
    assert sealed_folders(tmp_path) == []


def test_states_reach_the_store_each_with_its_event(tmp_path):
    folder = new_folder(tmp_path, "r")
    run = Run(folder)
    final = folder / "checkpoints" / "00000003-b1"
    temporary = temporary_for(final)
    (temporary / "weights.bin").write_bytes(b"12345678")
    seal(temporary, final, {"step": 3, "branch": 1})
    sealed = digest(final)
    announce(run, final, "sealed", step=3, branch=1, data={"update": 3})
    announce(run, final, "suspect", step=3, branch=1, reason="a jump followed")
    store = Store.at(tmp_path / "assay.duckdb")
    run.log(3, loss=1.0)
    run.finish()
    load_spools(store)
    (row,) = show_run(store, "r")["checkpoints"]
    assert {name: row[name] for name in ("step", "branch", "state", "path", "sha256", "data")} == {
        "step": 3, "branch": 1, "state": "suspect", "path": str(final),
        "sha256": sealed, "data": {"update": 3},
    }  # fmt: skip
    assert row["bytes"] == 8 + (final / MANIFEST).stat().st_size
    said = store.rows("SELECT message FROM event WHERE kind = 'checkpoint' ORDER BY time")
    assert [event["message"] for event in said] == ["checkpoint at step 3: sealed", "checkpoint at step 3: suspect"]


def test_what_lies_beside_is_in_the_folder_from_the_start_and_not_among_its_files(tmp_path):
    final = tmp_path / "made"
    temporary = temporary_for(final)
    (temporary / "weights.bin").write_bytes(b"w")
    (temporary / "README.md").write_text("a page")
    manifest = seal(temporary, final, {}, beside=("README.md", "bundle.json"))
    assert list(manifest["files"]) == ["weights.bin"]
    (final / "README.md").write_text("another page")
    assert verify(final, digest(final), beside=("README.md",)) == manifest


def test_a_removed_checkpoint_is_gone_from_disk_and_marked_deleted(tmp_path):
    folder = new_folder(tmp_path, "r")
    run = Run(folder)
    final = folder / "checkpoints" / "00000003-b1"
    temporary = temporary_for(final)
    (temporary / "weights.bin").write_bytes(b"w")
    seal(temporary, final, {"step": 3, "branch": 1})
    announce(run, final, "sealed", step=3, branch=1)
    remove(run, final, step=3, branch=1, reason="older than those kept")
    run.finish()
    assert list(final.parent.iterdir()) == []
    store = Store.at(tmp_path / "assay.duckdb")
    load_spools(store)
    assert [row["state"] for row in store.rows("SELECT state FROM checkpoint")] == ["deleted"]
