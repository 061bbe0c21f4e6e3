"""A host's folders are sealed by links, and what it does to its own changes nothing that is sealed."""

import os

import pytest

from store.artifacts import ArtifactError, verify
from tests.trainer.adapters.hosts import Seen, recorded, shown
from trainer.adapters.sealing import Sealer, clear_behind, make_way
from trainer.state import TrainState


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "out" / "checkpoint-4"
    (folder / "inner").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "inner" / "more.json").write_bytes(b"{}")
    return folder


@pytest.fixture
def sealed(checkpoint, tmp_path):
    sealer = Sealer(tmp_path / "runs" / "r", lambda: {"base": {"path": "m"}})
    sealer.take(checkpoint, 1, TrainState(step=4), "", {"step": 4, "branch": 1})
    (done,) = sealer.done(wait=True)
    sealer.close()
    return done.folder


def test_the_files_are_linked_and_sealed_with_what_the_run_knew(checkpoint, sealed):
    assert sealed.name == "00000004-b1"
    assert (sealed / "model.safetensors").samefile(checkpoint / "model.safetensors")
    manifest = verify(sealed)
    assert sorted(manifest["files"]) == ["config.toml", "inner/more.json", "model.safetensors", "state.json"]
    assert (manifest["step"], manifest["base"]) == (4, {"path": "m"})


def test_where_links_are_not_possible_the_files_are_copied(checkpoint, tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    sealer = Sealer(tmp_path / "runs" / "r", dict)
    sealer.take(checkpoint, 1, TrainState(step=4), "", {})
    (done,) = sealer.done(wait=True)
    sealer.close()
    verify(done.folder)
    assert not (done.folder / "model.safetensors").samefile(checkpoint / "model.safetensors")


def test_a_host_that_writes_again_changes_nothing_that_is_sealed(checkpoint, sealed):
    make_way(checkpoint)
    (checkpoint / "model.safetensors").write_bytes(b"others!")
    verify(sealed)


def test_without_that_the_change_would_be_found(checkpoint, sealed):
    (checkpoint / "model.safetensors").write_bytes(b"others!")
    with pytest.raises(ArtifactError, match="is damaged"):
        verify(sealed)


def test_what_lies_behind_a_step_is_taken_away_where_it_is_sealed(checkpoint, sealed):
    output = checkpoint.parent
    for name in ("checkpoint-9", "checkpoint-best", "other-9"):
        (output / name).mkdir()
        (output / name / "own").write_text("not sealed")
    clear_behind(output, 4)
    assert checkpoint.is_dir()
    clear_behind(output, 3)
    assert sorted(path.name for path in output.iterdir()) == ["checkpoint-9", "checkpoint-best", "other-9"]
    verify(sealed)


def test_a_host_started_anew_in_the_same_folder_leaves_the_first_run_as_it_was(make, store):
    for _ in range(2):
        make(Seen, recorded(store)).train()
    for name in ("r", "r-2"):
        for item in shown(store, name)["checkpoints"]:
            verify(store.root / item["path"], item["sha256"])
