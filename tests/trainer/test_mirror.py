"""Checkpoints have a second place, and a run can go on from it."""

import shutil

import pytest

from assay.errors import AssayError
from store.artifacts import sealed_folders, verify
from store.database import Store
from store.loading import load_spools
from store.runs import remove_run, show_run
from tests.trainer.seen import active, checkpoints, dies_at, events, learned, said
from trainer.errors import ResumeError
from trainer.session import resume_run, start_run

DAMAGED = "is damaged: its SHA-256 is not the sealed one; the folder is not used"


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture
def mirror(tmp_path):
    return tmp_path / "second disk" / "mirror"


@pytest.fixture
def other(tmp_path):
    """Another store, yet to be made."""
    return Store.at(tmp_path / "elsewhere" / "assay.duckdb")


@pytest.fixture
def interrupted(config_for, store, monkeypatch, mirror):
    """A mirrored run that dies in its fifth step, with a checkpoint after the third; and the whole one."""

    def make(**settings):
        start_run(config_for(run__name="whole", lora__dropout=0.2, **settings), store)
        with dies_at(monkeypatch, 5):
            start_run(config_for(lora__dropout=0.2, checkpoint__mirror=str(mirror), **settings), store)

    return make


def test_each_kept_checkpoint_is_copied_byte_for_byte_and_pruned_ones_vanish(config_for, store, mirror):
    config = config_for(
        checkpoint__every=1,
        checkpoint__keep=2,
        checkpoint__stable_after=1,
        checkpoint__mirror=str(mirror),
        data__validation=0.0,
    )
    start_run(config, store)
    names = [folder.name for folder in checkpoints(store)]
    assert names == ["00000005-b1", "00000006-b1"]
    assert content(mirror / "r" / "checkpoints") == content(store.root / "r" / "checkpoints")
    assert [verify(folder)["step"] for folder in sealed_folders(mirror / "r" / "checkpoints")] == [5, 6]
    assert (mirror / "r" / "config.toml").read_bytes() == (store.root / "r" / "config.toml").read_bytes()
    assert events(store, "mirror") == []


def test_what_a_killed_copy_left_does_not_stay_for_good(config_for, store, mirror):
    rubbish = mirror / "r" / "checkpoints" / ".tmp-00000003-b1-1234"
    rubbish.mkdir(parents=True)
    start_run(config_for(checkpoint__mirror=str(mirror)), store)
    assert not rubbish.exists()


def test_a_mirror_that_cannot_be_written_is_told_once_and_training_goes_on(config_for, store, tmp_path, capsys):
    place = tmp_path / "a file"
    place.touch()
    ended = start_run(config_for(checkpoint__mirror=str(place)), store)
    assert ended.outcome.state.step == 6
    assert len(checkpoints(store)) == 2
    found = events(store, "mirror")
    assert [event["level"] for event in found] == ["alarm", "alarm"]
    assert found[0]["message"].startswith(f"not copied to {place / 'r'}: [Errno 20] Not a directory: ")
    assert show_run(store, "r")["status"] == "finished"
    said_aloud = [line for line in capsys.readouterr().err.splitlines() if "not copied" in line]
    assert said_aloud == [f"{found[0]['message']}; training goes on, and each further checkpoint is tried"]
    assert said_aloud[0] in (store.root / "r" / "log.txt").read_text()


def test_a_disk_that_is_full_for_a_while_is_told_in_its_own_words_each_time(
    config_for, store, mirror, monkeypatch, capsys
):
    copy, names = shutil.copyfile, []

    def refusing(source, target, **options):
        names.append(str(target))
        if "/checkpoints/.tmp-" in names[-1] and any(f"{step:08d}" in names[-1] for step in (2, 3, 5)):
            raise OSError(28, "No space left on device", target)
        return copy(source, target, **options)

    monkeypatch.setattr(shutil, "copyfile", refusing)
    start_run(config_for(checkpoint__mirror=str(mirror), checkpoint__every=1, checkpoint__keep=9), store)
    whole = [int(folder.name[:8]) for folder in sealed_folders(mirror / "r" / "checkpoints")]
    assert whole == [1, 4, 6]
    found = said(store, "mirror")
    assert len(found) == 3
    assert all(text.startswith(f"not copied to {mirror / 'r'}: [Errno 28] No space left on device: ") for text in found)
    # Of steps 2 and 3 the first is told; after step 4 was copied, 5 is another matter.
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("not copied to ")]
    assert [line.partition(";")[0] for line in told] == [found[0], found[2]]


def test_a_checkpoint_that_is_damaged_on_its_way_is_told_and_not_there(config_for, store, mirror, monkeypatch):
    copied = shutil.copytree

    def damaging(source, target, **options):
        copied(source, target, **options)
        flip_a_bit(target / "optimizer.safetensors")

    monkeypatch.setattr(shutil, "copytree", damaging)
    start_run(config_for(checkpoint__mirror=str(mirror), checkpoint__every=6), store)
    (sentence,) = said(store, "mirror")
    assert DAMAGED in sentence
    assert list((mirror / "r" / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_run_goes_on_from_its_mirror_alone_in_another_store(interrupted, store, other, mirror, monkeypatch, method):
    # A recorder that writes late: the copy of the history must not be behind that of the checkpoint.
    monkeypatch.setattr("assay.flusher.POLL_SECONDS", 0.3)
    interrupted(train__method=method)
    ended = resume_run(str(mirror / "r"), (), other)
    assert ended.folder == other.root / "r"
    assert learned(checkpoints(other)[-1]) == learned(checkpoints(store, "whole")[-1])
    assert active(other, "loss") == active(store, "loss", "whole")
    run = show_run(other, "r")
    assert (run["status"], run["step"]) == ("finished", 6)
    assert [item["step"] for item in run["checkpoints"]] == [3, 6]
    assert len(run["datasets"]) == 2
    # And from there on it is mirrored as before.
    assert [folder.name[:8] for folder in sealed_folders(mirror / "r" / "checkpoints")] == ["00000003", "00000006"]


def test_a_run_whose_own_checkpoints_are_damaged_goes_on_from_its_mirror(interrupted, store):
    interrupted()
    (own,) = checkpoints(store)
    flip_a_bit(own / "adapter_model.safetensors")
    harmed = learned(own)
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    assert active(store, "loss") == active(store, "loss", "whole")
    assert learned(own.with_name(f".damaged-{own.name}")) == harmed
    assert verify(own)["step"] == 3


def test_a_run_whose_checkpoints_are_gone_goes_on_from_its_mirror(interrupted, store):
    interrupted()
    shutil.rmtree(store.root / "r" / "checkpoints")
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])


def test_a_step_that_is_not_there_moves_no_whole_checkpoint(interrupted, store):
    interrupted()
    (own,) = checkpoints(store)
    before = own.stat().st_ino
    with pytest.raises(ResumeError, match=r"^run r has no whole checkpoint at step 99; there are: 3$"):
        resume_run("r@99", (), store)
    assert own.stat().st_ino == before
    assert [path.name for path in own.parent.iterdir()] == [own.name]


def test_a_run_and_a_mirror_that_are_both_damaged_are_left_as_they_are(interrupted, store, mirror):
    interrupted()
    (own,) = checkpoints(store)
    (copy,) = sealed_folders(mirror / "r" / "checkpoints")
    for folder in (own, copy):
        flip_a_bit(folder / "adapter_model.safetensors")
    before = content(own.parent)
    for _ in range(2):
        with pytest.raises(ResumeError) as caught:
            resume_run("r", (), store)
        assert str(own / "adapter_model.safetensors") in str(caught.value)
        assert str(mirror / "r") in str(caught.value)
        assert content(own.parent) == before


def test_a_damaged_copy_is_refused_and_leaves_nothing_behind(interrupted, other, mirror):
    interrupted()
    (copy,) = sealed_folders(mirror / "r" / "checkpoints")
    flip_a_bit(copy / "optimizer.safetensors")
    with pytest.raises(ResumeError) as caught:
        resume_run(str(mirror / "r"), (), other)
    assert str(caught.value) == (
        f"run r cannot go on, no checkpoint of it is whole: {copy / 'optimizer.safetensors'} {DAMAGED}"
    )
    assert not other.root.exists() or list(other.root.iterdir()) == []


def test_a_run_goes_on_from_a_step_of_its_mirror(interrupted, store, other, mirror):
    interrupted(checkpoint__every=1, checkpoint__keep=9)
    with pytest.raises(ResumeError, match=r"^run r has no whole checkpoint at step 9; there are: 1, 2, 3, 4$"):
        resume_run(f"{mirror / 'r'}@9", (), other)
    assert not other.root.exists()
    resume_run(f"{mirror / 'r'}@2", (), other)
    assert active(other, "loss") == active(store, "loss", "whole")
    assert [branch["fork_step"] for branch in show_run(other, "r")["branches"]] == [-1, 2]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["train.steps=3"], r"^run r is at its end \(step 3 of 3\)"),
        (["train.epochs=0"], r"^train.epochs must be above 0"),
        ([], r"sums\.jsonl has changed since the run began; put the old file back"),
    ],
)
def test_nothing_is_brought_back_before_every_check_has_passed(interrupted, store, mirror, data_file, settings, says):
    interrupted()
    (own,) = checkpoints(store)
    flip_a_bit(own / "adapter_model.safetensors")
    data_file.write_text(data_file.read_text() + ("" if settings else '{"instruction": "x", "output": "y"}\n'))
    before = content(store.root / "r"), content(mirror)
    other = Store.at(store.root / "elsewhere" / "assay.duckdb")
    for name, place in ((str(mirror / "r"), other), ("r", store)):
        with pytest.raises(AssayError, match=says):
            resume_run(name, settings, place)
    assert (content(store.root / "r"), content(mirror)) == before
    assert not other.root.exists()


def test_a_disk_that_refuses_the_checkpoint_that_is_needed_leaves_nothing(interrupted, other, mirror, monkeypatch):
    interrupted(checkpoint__every=2)
    copy = shutil.copyfile

    def refusing(source, target, **options):
        if "00000004" in str(target):
            raise OSError(28, "No space left on device", str(target))
        return copy(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", refusing)
        with pytest.raises(ResumeError, match=r"^run r cannot be brought back from .*: \[Errno 28\] No space left on"):
            resume_run(str(mirror / "r"), (), other)
    assert list(other.root.iterdir()) == []


def test_of_two_copies_the_damaged_one_is_refused_by_name_and_the_other_taken(interrupted, store, other, mirror):
    interrupted(checkpoint__every=2)
    first, second = sealed_folders(mirror / "r" / "checkpoints")
    flip_a_bit(second / "optimizer.safetensors")
    resume_run(str(mirror / "r"), (), other)
    assert learned(checkpoints(other)[-1]) == learned(checkpoints(store, "whole")[-1])
    run = show_run(other, "r")
    assert [item["step"] for item in run["checkpoints"]][:1] == [int(first.name[:8])]
    (sentence,) = [item["message"] for item in run["events"] if item["level"] == "alarm"]
    assert second.name in sentence
    assert DAMAGED in sentence


def test_a_run_that_is_there_is_not_brought_back_over_it(interrupted, store, mirror):
    interrupted()
    before = content(store.root / "r")
    with pytest.raises(ResumeError, match=r"^run r is in .* already; `assay train --resume r` goes on with it$"):
        resume_run(str(mirror / "r"), (), store)
    assert content(store.root / "r") == before


def test_a_removed_run_is_brought_back_with_its_whole_past(interrupted, store, mirror):
    interrupted()
    remove_run(store, "r")
    resume_run(str(mirror / "r"), (), store)
    load_spools(store)
    assert active(store, "loss") == active(store, "loss", "whole")
    assert [item["step"] for item in show_run(store, "r")["checkpoints"]] == [3, 6]


def test_the_mirror_of_another_run_of_the_same_name_is_put_aside(config_for, store, other, mirror):
    config = config_for(checkpoint__mirror=str(mirror))
    start_run(config, other)
    first = content(mirror / "r" / "checkpoints")
    start_run(config_for(checkpoint__mirror=str(mirror), train__seed=1), store)
    assert content(mirror / "r" / "checkpoints") == content(store.root / "r" / "checkpoints")
    (aside,) = (path for path in mirror.iterdir() if path.name != "r")
    assert content(aside / "checkpoints") == first
    assert said(store, "mirror") == [
        f"{mirror / 'r'} was the mirror of another run of this name; it is kept as {aside}"
    ]


def test_a_run_the_store_still_knows_is_brought_back_once_it_is_removed(interrupted, store, mirror):
    interrupted()
    shutil.rmtree(store.root / "r")
    before = sorted(path.name for path in store.root.iterdir())
    with pytest.raises(ResumeError, match="still knows a run r whose folder is gone; remove it with `assay runs rm r`"):
        resume_run(str(mirror / "r"), (), store)
    assert sorted(path.name for path in store.root.iterdir()) == before
    remove_run(store, "r")
    resume_run(str(mirror / "r"), (), store)
    load_spools(store)
    # Its whole past is in the store again, not only what was recorded since.
    assert list(active(store, "loss")) == [1, 2, 3, 4, 5, 6]
    assert active(store, "loss") == active(store, "loss", "whole")


@pytest.mark.parametrize("where", ["store", "mirror"])
def test_a_bare_name_is_the_run_whatever_lies_in_the_working_folder(interrupted, store, mirror, monkeypatch, where):
    interrupted()
    monkeypatch.chdir({"store": store.root, "mirror": mirror}[where])
    assert resume_run("r", (), store).outcome.state.step == 6
    assert active(store, "loss") == active(store, "loss", "whole")


def test_a_folder_that_is_no_mirror_is_no_run_either(store, tmp_path):
    with pytest.raises(AssayError):
        resume_run(str(tmp_path), (), store)
