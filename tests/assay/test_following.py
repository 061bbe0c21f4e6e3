"""A process that records beside rank 0 goes on with it, and declares nothing."""

from assay.recording import Run
from assay.spool import read_spool


def steps_of(folder, rank):
    [path] = (folder / "spool").glob(f"{rank}-*.jsonl")
    lines = read_spool(path).lines
    return {line["k"] for line in lines}, [(line["b"], line["s"], line["v"]) for line in lines if line["k"] == "step"]


def test_it_goes_on_on_a_branch_that_rank_0_declares(tmp_path):
    folder = tmp_path / "r"
    folder.mkdir()
    with Run(folder) as first, Run(folder, rank=1) as second:
        for step in (1, 2, 3):
            first.log(step, loss=1.0)
            second.log(step, heat=40.0)
        first.fork(after=1, reason="rollback")
        second.follow(branch=2, after=1)
        second.log(2, heat=41.0)
        second.log(3, heat=42.0)
    kinds, steps = steps_of(folder, 1)
    assert kinds == {"open", "step"}
    assert steps[3:] == [(2, 2, {"heat": 41.0}), (2, 3, {"heat": 42.0})]
    assert "branch" in steps_of(folder, 0)[0]
