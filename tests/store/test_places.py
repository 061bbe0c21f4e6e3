"""The checkpoint of RUN@STEP, from the store's rows alone."""

import shutil

import pytest

from assay.recording import Run
from store.artifacts import announce, seal, temporary_for
from store.errors import StoreError
from store.loading import load_spools
from store.places import find_checkpoint


def save(run, step, branch=1):
    final = run.folder / "checkpoints" / f"{step:08d}-b{branch}"
    temporary = temporary_for(final)
    (temporary / "weights").write_bytes(bytes([step, branch]) * 50)
    seal(temporary, final, {"step": step, "branch": branch})
    announce(run, final, "sealed", step=step, branch=branch)
    return final


@pytest.fixture
def run(root, store):
    """Checkpoints at 2, 4, 6 of the first branch; it went back to 4, and on to 6 and 8. That at 2 was deleted."""
    (root / "r").mkdir()
    run = Run(root / "r")
    for step in range(1, 7):
        run.log(step, loss=1.0)
        if step % 2 == 0:
            save(run, step)
    run.fork(4, "rollback")
    for step in range(5, 9):
        run.log(step, loss=1.0)
        if step % 2 == 0:
            save(run, step, 2)
    announce(run, root / "r/checkpoints/00000002-b1", "deleted", step=2, branch=1)
    announce(run, root / "r/checkpoints/00000004-b1", "stable", step=4, branch=1)
    run.finish()
    load_spools(store)
    return run


def found(store, text):
    return store.snapshot(lambda snapshot: find_checkpoint(snapshot, store.root, text))


@pytest.mark.parametrize(
    ("text", "branch", "step"),
    [("r", 2, 8), ("r@8", 2, 8), ("r@6", 2, 6), ("r@4", 1, 4), ("r/1@6", 1, 6), ("r/1", 1, 6), ("r/2", 2, 8)],
)
def test_a_name_is_a_checkpoint_of_the_active_path_unless_it_names_a_branch(store, run, text, branch, step):
    place = found(store, text)
    assert (place.run, place.run_id, place.branch, place.step) == ("r", 1, branch, step)
    assert (place.candidate, place.reference) == (f"r@{step}", f"r/{branch}@{step}")


def test_path_digest_and_state_are_as_announced_and_no_file_is_read(store, run, root):
    shutil.rmtree(root / "r" / "checkpoints")
    place = found(store, "r@4")
    assert (place.path, place.state, len(place.sha256)) == ("r/checkpoints/00000004-b1", "stable", 64)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("r@2", "the checkpoint of run r at step 2 was deleted; those that are left: 4, 6, 8"),
        ("r@5", "run r has no sealed checkpoint at step 5; there are: 4, 6, 8"),
        ("r/2@4", "branch 2 of run r has no sealed checkpoint at step 4; there are: 6, 8"),
        ("r/7", "branch 7 of run r has no sealed checkpoint; there are: none"),
        ("q@2", "there is no run q in "),
        ("r@", "'r@' names no place in a run: write RUN, RUN@STEP or RUN/BRANCH@STEP"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(store, run, text, sentence):
    with pytest.raises(StoreError) as refused:
        found(store, text)
    assert str(refused.value).startswith(sentence)


def test_a_run_of_a_name_nearly_the_same_is_named(store, root):
    (root / "triage").mkdir()
    Run(root / "triage").finish()
    load_spools(store)
    with pytest.raises(StoreError, match=r"there is no run triag in .*; did you mean triage\?"):
        found(store, "triag@3")
