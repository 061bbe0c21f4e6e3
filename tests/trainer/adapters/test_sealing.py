"""A host's folders are sealed, large files by links, and what it does to its own changes nothing that is sealed."""

import os
import shutil
import threading
from contextlib import contextmanager

import pytest
from transformers import TrainerCallback

from store.artifacts import ArtifactError, verify
from tests.trainer.adapters.hosts import Seen, SeenShaken, recorded, shown
from trainer.adapters import holding
from trainer.adapters.sealing import Sealer, clear_behind, make_way
from trainer.state import TrainState

SEALED = ["config.toml", "inner/more.json", "model.safetensors", "state.json"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Weights of a few bytes are large files here."""
    monkeypatch.setattr(holding, "SMALL", 4)


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
    assert sorted(manifest["files"]) == SEALED
    assert (manifest["step"], manifest["base"]) == (4, {"path": "m"})


@pytest.fixture
def no_links(monkeypatch):
    def refused(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)


@pytest.fixture
def behind(checkpoint, tmp_path):
    """Takes the checkpoint while the thread still hashes the one before, lets the host do something, and gives what
    came of it.
    """

    @contextmanager
    def busy():
        go_on, found = threading.Event(), []
        sealer = Sealer(tmp_path / "runs" / "r", lambda: {"waited": go_on.wait(30)})
        earlier = checkpoint.with_name("checkpoint-2")
        shutil.copytree(checkpoint, earlier)
        sealer.take(earlier, 1, TrainState(step=2), "", {})
        sealer.take(checkpoint, 1, TrainState(step=4), "", {})
        yield found
        go_on.set()
        found += sealer.done(wait=True)
        sealer.close()

    return busy


def test_where_links_are_not_possible_the_files_are_copied(checkpoint, taken, no_links):
    done = taken(checkpoint)
    assert sorted(verify(done.folder)["files"]) == SEALED
    assert not (done.folder / "model.safetensors").samefile(checkpoint / "model.safetensors")


def test_what_the_host_deletes_while_an_earlier_one_is_hashed_is_sealed_whole(checkpoint, behind):
    with behind() as found:
        (checkpoint / "model.safetensors").unlink()
    assert [sorted(verify(item.folder)["files"]) for item in found] == [SEALED] * 2
    assert (found[1].folder / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "the host deleted "),
        (lambda path: path.write_bytes(b"other"), "the host wrote "),
    ],
)
def test_where_files_can_only_be_copied_a_checkpoint_that_lacks_one_is_not_sealed(
    checkpoint, behind, no_links, spoil, says
):
    with behind() as found:
        spoil(checkpoint / "model.safetensors")
    assert [item.manifest is None for item in found] == [False, True]
    assert found[1].why_not == (
        f"{says}{checkpoint / 'model.safetensors'} {'before it was' if 'deleted' in says else 'again before it was'} "
        "copied; let the store lie on the same disk, where files are linked at once, or raise save_total_limit"
    )
    assert sorted(path.name for path in found[0].folder.parent.iterdir()) == ["00000002-b1"]


@pytest.fixture
def taken(tmp_path):
    """Takes a folder; what came of it."""

    def take(folder):
        sealer = Sealer(tmp_path / "runs" / "r", dict)
        sealer.take(folder, 1, TrainState(step=4), "", {})
        (done,) = sealer.done(wait=True)
        sealer.close()
        return done

    return take


def test_a_checkpoint_with_a_file_that_cannot_be_found_is_not_sealed_without_it(checkpoint, taken):
    (checkpoint / "inner" / "broken").symlink_to("nowhere")
    assert taken(checkpoint)[3:] == (None, f"No such file or directory: {checkpoint / 'inner' / 'broken'}")


def test_a_checkpoint_with_a_link_to_a_folder_is_not_sealed_without_what_is_in_it(checkpoint, tmp_path, taken):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "part").write_text("weights")
    (checkpoint / "inner" / "link").symlink_to(tmp_path / "far")
    assert taken(checkpoint)[3:] == (
        None, f"{checkpoint / 'inner' / 'link'} is a link to a folder; let the host write the files themselves"
    )  # fmt: skip


def test_what_is_written_into_a_small_file_later_changes_nothing_that_is_sealed(checkpoint, sealed):
    (checkpoint / "inner" / "more.json").write_bytes(b"[]")
    verify(sealed)
    assert (sealed / "inner" / "more.json").read_bytes() == b"{}"


def test_a_step_that_is_saved_again_while_it_is_being_sealed_is_sealed_once_and_whole(checkpoint, tmp_path):
    begun, go_on = threading.Event(), threading.Event()
    sealer = Sealer(tmp_path / "runs" / "r", lambda: {"waited": begun.set() or go_on.wait(30)})
    sealer.take(checkpoint, 1, TrainState(step=4), "", {})
    assert begun.wait(30)
    sealer.take(checkpoint, 1, TrainState(step=4), "", {})
    go_on.set()
    (done,) = sealer.done(wait=True)
    sealer.close()
    assert sorted(verify(done.folder)["files"]) == SEALED
    assert sorted(path.name for path in done.folder.parent.iterdir()) == ["00000004-b1"]


def test_where_files_can_only_be_copied_a_step_that_is_saved_again_is_sealed_as_it_was_last(
    checkpoint, tmp_path, no_links
):
    go_on = threading.Event()
    sealer = Sealer(tmp_path / "runs" / "r", lambda: {"waited": go_on.wait(30)})
    earlier = checkpoint.with_name("checkpoint-2")
    shutil.copytree(checkpoint, earlier)
    sealer.take(earlier, 1, TrainState(step=2), "", {})
    sealer.take(checkpoint, 1, TrainState(step=4), "", {})
    (checkpoint / "model.safetensors").write_bytes(b"once more")
    go_on.set()
    sealer.take(checkpoint, 1, TrainState(step=4), "", {})
    found = sealer.done(wait=True)
    sealer.close()
    assert [(item.step, sorted(verify(item.folder)["files"])) for item in found] == [(2, SEALED), (4, SEALED)]
    assert (found[1].folder / "model.safetensors").read_bytes() == b"once more"


@pytest.mark.parametrize("can_link", [True, False])
def test_what_another_process_writes_after_the_first_is_sealed_with_it(checkpoint, tmp_path, can_link, request):
    if not can_link:
        request.getfixturevalue("no_links")
    first = {"inner/more.json": 2, "model.safetensors": 7}
    (checkpoint / "rng_state_1.pth").write_bytes(b"half")
    # A file that has gone by the time it is looked at, as one does that is renamed.
    (checkpoint / "part.tmp").symlink_to("renamed")

    def everywhere():
        (checkpoint / "rng_state_1.pth").write_bytes(b"the whole")
        (checkpoint / "other").mkdir()
        (checkpoint / "other" / "part").write_bytes(b"of it")
        return [first, {**first, "rng_state_1.pth": 9, "other/part": 5}]

    sealer = Sealer(tmp_path / "runs" / "r", dict)
    sealer.take(checkpoint, 1, TrainState(step=4), "", {}, everywhere=everywhere)
    (done,) = sealer.done(wait=True)
    sealer.close()
    assert sorted(verify(done.folder)["files"]) == sorted([*SEALED, "other/part", "rng_state_1.pth"])
    assert (done.folder / "rng_state_1.pth").read_bytes() == b"the whole"


def test_a_folder_that_is_not_there_is_not_sealed_as_an_empty_one(tmp_path, taken):
    assert taken(tmp_path / "none")[3:] == (None, f"the host has written nothing in {tmp_path / 'none'}")


def test_of_a_symbolic_link_what_it_names_is_held(checkpoint, taken):
    (checkpoint / "big").write_bytes(b"far away")
    (checkpoint / "inner" / "link").symlink_to(checkpoint / "big")
    done = taken(checkpoint)
    (checkpoint / "big").unlink()
    verify(done.folder)
    assert (done.folder / "inner" / "link").read_bytes() == b"far away"


def test_a_host_that_writes_again_changes_nothing_that_is_sealed(checkpoint, sealed):
    make_way(checkpoint)
    (checkpoint / "model.safetensors").write_bytes(b"others!")
    verify(sealed)


def test_a_host_that_may_write_again_keeps_what_it_has_and_changes_nothing_that_is_sealed(checkpoint, sealed):
    make_way(checkpoint, surely=False)
    assert sorted(path.name for path in checkpoint.iterdir()) == ["inner", "model.safetensors"]
    assert (checkpoint / "model.safetensors").read_bytes() == b"weights"
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
    clear_behind(output, 4, sealed.parent)
    assert checkpoint.is_dir()
    clear_behind(output, 3, sealed.parent)
    assert sorted(path.name for path in output.iterdir()) == ["checkpoint-9", "checkpoint-best", "other-9"]
    verify(sealed)


def test_what_lies_behind_a_step_is_taken_away_where_it_was_copied_too(checkpoint, taken, no_links):
    done = taken(checkpoint)
    clear_behind(checkpoint.parent, 3, done.folder.parent)
    assert list(checkpoint.parent.iterdir()) == []
    verify(done.folder)


def test_a_host_started_anew_in_the_same_folder_leaves_the_first_run_as_it_was(make, store):
    for _ in range(2):
        make(Seen, recorded(store)).train()
    for name in ("r", "r-2"):
        for item in shown(store, name)["checkpoints"]:
            verify(store.root / item["path"], item["sha256"])


def test_a_host_that_keeps_its_best_leaves_what_another_run_has_sealed_as_it_was(make, store):
    best = {"save_strategy": "best", "eval_strategy": "steps", "eval_steps": 4, "metric_for_best_model": "loss"}
    for _ in range(2):
        make(Seen, recorded(store), **best).train()
    for name in ("r", "r-2"):
        found = shown(store, name)["checkpoints"]
        assert [item["step"] for item in found] == [4, 8, 12]
        for item in found:
            verify(store.root / item["path"], item["sha256"])


class LetSeal(TrainerCallback):
    """Nothing is sealed before step 55."""

    def __init__(self, may_seal):
        self.may_seal = may_seal

    def on_step_end(self, args, state, control, **_):
        if state.global_step == 55:
            self.may_seal.set()


def test_what_is_stable_and_kept_does_not_depend_on_how_long_it_takes_to_seal(make, store, monkeypatch):
    """Steps of a tiny model are quicker than a disk: all is sealed when the spike has come already."""
    may_seal, seal = threading.Event(), Sealer._seal
    monkeypatch.setattr(Sealer, "_seal", lambda *given, **more: (may_seal.wait(), seal(*given, **more))[1])
    trainer = make(SeenShaken, recorded(store, stable_after=5), max_steps=60, save_steps=10)
    trainer.how, trainer.times = "noise", 1
    trainer.add_callback(LetSeal(may_seal))
    trainer.train()
    assert {item["step"]: item["state"] for item in shown(store)["checkpoints"]} == {
        30: "stable", 40: "sealed", 50: "sealed", 60: "sealed",
    }  # fmt: skip
