"""Where a run comes from is recorded with it."""

import subprocess
from importlib.metadata import version

import pytest

from store.owners import Owners, owners_of
from store.runs import show_run
from trainer.errors import ConfigError
from trainer.origin import find_origin, forked_config
from trainer.provenance import DIFF_BYTES, MOST_UNTRACKED
from trainer.session import fork_run, resume_run, start_run


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A working folder under git, with one commit."""
    folder = tmp_path / "work"
    (folder / "inner").mkdir(parents=True)
    monkeypatch.chdir(folder / "inner")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)

    def git(*arguments):
        who = ("-c", "user.name=lin", "-c", "user.email=lin@example.org")
        done = subprocess.run(["git", *who, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    (folder / "train.py").write_text("steps = 1\n")
    (folder / ".gitignore").write_text("*.log\n")
    git("init", "-q", "..")
    git("add", "..")
    git("commit", "-q", "-m", "first")
    return folder, git("rev-parse", "HEAD")


@pytest.fixture
def recorded(config_for, store, monkeypatch):
    def run():
        monkeypatch.setattr("sys.argv", ["assay", "train", "job.toml", "--set", "train.steps=1"])
        return show_run(store, start_run(config_for(train__steps=1), store).name)["provenance"]

    return run


def test_command_commit_and_packages_are_recorded(recorded, repository):
    folder, commit = repository
    found = recorded()
    assert found["command"] == ["assay", "train", "job.toml", "--set", "train.steps=1"]
    assert found["folder"] == str(folder / "inner")
    assert found["git"] == {
        "commit": commit, "changed": False, "diff": "", "diff_cut": False, "untracked": [], "untracked_files": 0,
    }  # fmt: skip
    for name in ("torch", "transformers", "peft"):
        assert found["packages"][name] == version(name)
    assert found["model"]["trained"] < found["model"]["parameters"]
    assert len(found["data"][0]["sha256"]) == 64


def test_what_is_in_no_commit_is_recorded_and_files_of_none_are_named(recorded, repository):
    folder, commit = repository
    (folder / "train.py").write_text("steps = 2\n")
    (folder / "general.py").write_text("ratio = 1\n")
    (folder / "inner" / "new file.py").touch()
    (folder / "noise.log").touch()
    git = recorded()["git"]
    assert (git["commit"], git["changed"], git["diff_cut"]) == (commit, True, False)
    assert git["diff"].endswith("-steps = 1\n+steps = 2\n")
    assert git["untracked"] == ["general.py", "inner/new file.py"]
    assert git["untracked_files"] == 2


def test_a_long_difference_is_cut_and_many_files_are_counted(recorded, repository):
    folder, _ = repository
    (folder / "train.py").write_text("x" * 2 * DIFF_BYTES)
    for number in range(MOST_UNTRACKED + 1):
        (folder / f"{number}.txt").touch()
    git = recorded()["git"]
    assert (len(git["diff"]), git["diff_cut"]) == (DIFF_BYTES, True)
    assert (len(git["untracked"]), git["untracked_files"]) == (MOST_UNTRACKED, MOST_UNTRACKED + 1)


def test_a_folder_without_git_is_none(recorded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert recorded()["git"] is None


def test_the_account_and_the_owner_are_recorded_and_those_who_had_it_before_are_kept(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.provenance.account", lambda: "ann")
    start_run(config_for(run__owner="Lin"), store)
    monkeypatch.setattr("trainer.provenance.account", lambda: "bob")
    for steps in (8, 9):
        resume_run("r", [f"train.steps={steps}"], store)
    run = show_run(store, "r")
    assert (run["provenance"]["account"], run["provenance"]["accounts"]) == ("bob", ["ann", "bob"])
    assert run["config"]["run"]["owner"] == "Lin"
    [number] = store.rows("SELECT id FROM run")
    found = store.snapshot(lambda snapshot: owners_of(snapshot, number["id"]))
    assert found == Owners(frozenset({"ann", "bob"}), frozenset({"Lin"}))


def test_a_run_that_goes_on_keeps_its_owner(config_for, store):
    start_run(config_for(run__owner="Lin"), store)
    with pytest.raises(ConfigError, match=r"run\.owner was Lin and is Zhao, and run r goes on as it began"):
        resume_run("r", ["run.owner=Zhao", "train.steps=8"], store)


def test_a_run_that_goes_on_from_anothers_checkpoint_is_its_trainers_too(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.provenance.account", lambda: "ann")
    start_run(config_for(), store)
    monkeypatch.setattr("trainer.provenance.account", lambda: "bob")
    origin = find_origin("r@3", store)
    fork_run(forked_config(origin, ["run.name=fork"]), origin, store)
    assert show_run(store, "fork")["provenance"]["accounts"] == ["ann", "bob"]
