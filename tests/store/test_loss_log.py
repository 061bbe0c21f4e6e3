"""What is read of someone's log and of a recorded run, and what is refused."""

import codecs
import gzip
import json
from pathlib import Path

import pytest

import assay
from assay.errors import AssayError
from assay.spikes import Settings, Stretch, scan_stretches
from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.loss_log import LossLog, read_log, read_run
from store.refs import parse_ref

LINES = [f"{step},2.0" for step in range(1, 21)]


def the_only(log: LossLog) -> Stretch:
    (stretch,) = log.stretches
    return stretch


def losses(log: LossLog) -> dict[int, float]:
    return {step: values["loss"] for step, values in the_only(log).rows}


def a_log(folder: Path, lines: list[str], header: str = "step,loss", name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines, ""]))
    return path


def test_the_last_line_counts_though_its_line_end_is_not_there(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n1,2.0\n2,1.5")
    assert losses(read_log(path)) == {1: 2.0, 2: 1.5}


def test_a_run_is_read_along_its_active_path_or_one_that_was_left(root: Path):
    with assay.run("r", store=root) as run:
        for step in range(1, 6):
            run.log(step, {"loss": 1.0 * step, "grad_norm": 0.5, "other": 3.0, "group/first/rms_t": 1.0})
        run.fork(2, "rollback")
        run.log(3, {"loss": 30.0})
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    assert losses(read_run(store, parse_ref("r"))) == {1: 1.0, 2: 2.0, 3: 30.0}
    assert losses(read_run(store, parse_ref("r/1"))) == {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0, 5: 5.0}
    assert the_only(read_run(store, parse_ref("r"))).rows[0] == (
        1,
        {"loss": 1.0, "grad_norm": 0.5, "group/first/rms_t": 1.0},
    )


def test_a_run_without_losses_or_that_is_not_there_says_so(root: Path):
    assay.run("empty", store=root).finish()
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    with pytest.raises(AssayError, match="run empty has no loss yet"):
        read_run(store, parse_ref("empty"))
    with pytest.raises(StoreError, match=r"there is no run emty .*did you mean empty"):
        read_run(store, parse_ref("emty"))


def places_begun_anew(root: Path, *forks: tuple[int, str, dict[str, object]]) -> list[int]:
    """Steps before which the baselines of a run begin anew that was forked so; each branch has a few steps."""
    with assay.run("r", store=root) as run:
        for step in range(1, 10):
            run.log(step, {"loss": 2.0})
        for after, reason, data in forks:
            run.fork(after, reason, data=data)
            for step in range(after + 1, after + 1 + int(str(data.get("steps", 3)))):
                run.log(step, {"loss": 2.0})
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    stretch = the_only(read_run(store, parse_ref("r")))
    return [stretch.rows[place][0] for place in stretch.anew]


RESET = {"guard": {"reset": "the learning rate rises again"}}


def test_the_baselines_of_a_run_begin_anew_where_its_guard_said_so(root: Path):
    assert places_begun_anew(root, (6, "rollback", RESET), (8, "rollback", {"guard": {}})) == [7]


def test_no_baseline_begins_anew_on_a_branch_that_was_left(root: Path):
    assert places_begun_anew(root, (6, "rollback", RESET), (4, "rollback", {"actor": "lin"})) == []


def test_a_branch_that_was_resumed_before_it_had_a_step_still_begins_anew(root: Path):
    assert places_begun_anew(root, (6, "rollback", {**RESET, "steps": 0}), (6, "resume", {})) == [7]
    assert places_begun_anew(root / "older", (6, "rollback", {**RESET, "steps": 0}), (5, "resume", {})) == [6]


def test_a_person_who_goes_back_to_the_same_step_does_not_begin_anew(root: Path):
    assert places_begun_anew(root, (6, "rollback", RESET), (6, "rollback", {"actor": "lin"})) == []


def begun_anew(root: Path, *known: tuple[str, int, str | None]) -> list[int]:
    """The same for a run of 9 steps that was resumed, or sent back, behind a step, each time with what it knew."""
    with assay.run("r", store=root) as run:
        for step in range(1, 10):
            run.log(step, {"loss": 2.0})
        for kind, step, reset in known:
            baseline = {"arms_at": step + 32, "reset": reset} if reset else {"arms_at": None}
            if kind == "rollback":
                run.fork(step, kind, data={"baseline": baseline})
                run.log(step + 1, {"loss": 2.0})
            else:
                run.event(kind, "goes on", step=step, baseline=baseline)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    stretch = the_only(read_run(store, parse_ref("r")))
    return sorted(stretch.rows[place][0] for place in stretch.anew)


def test_a_run_that_was_resumed_with_other_settings_begins_anew_there(root: Path):
    assert begun_anew(root, ("resume", 3, "optim.lr was set anew"), ("resume", 6, "optim.lr was set anew")) == [4, 7]


def test_what_was_recorded_of_a_step_last_holds(root: Path):
    assert begun_anew(root, ("resume", 6, "optim.lr was set anew"), ("resume", 6, None)) == []
    assert begun_anew(root / "back", ("resume", 6, "optim.lr was set anew"), ("rollback", 6, None)) == []


def test_a_boundary_behind_where_the_run_went_back_to_is_left_there(root: Path):
    assert begun_anew(root, ("resume", 6, "optim.lr was set anew"), ("rollback", 4, None)) == []


def test_a_fork_that_begins_anew_does_so_before_its_first_step(root: Path):
    assert begun_anew(root, ("fork", 0, "optim.lr was set anew")) == [1]


def test_rows_that_cannot_be_read_are_counted_and_the_first_is_named(tmp_path: Path):
    log = read_log(a_log(tmp_path, [*LINES, "-1,2.0", "1.5,2.0", "x,2.0", ",2.0", "21,high", "22,n/a", "23,"]))
    assert log.unread == "5 of 27 rows could not be read, the first at line 22: step -1 is below 0"
    assert list(losses(log)) == list(range(1, 21))
    lines = [json.dumps({"step": step, "loss": 2.0}) for step in range(1, 9)]
    log = read_log(a_log(tmp_path, ["{torn", *lines], header=lines[0], name="log.jsonl"))
    assert log.unread == "1 of 10 rows could not be read, the first at line 2: no JSON object"
    assert read_log(a_log(tmp_path, LINES)).unread == ""


REFUSED = {
    "epochs.csv": (
        b"step,loss\n0.5,2.0\n1.0,1.9\n1.5,1.8\n",
        "2 of 3 rows could not be read, the first at line 2: step 0.5 is no whole number; a row needs a whole step",
    ),
    "torn.jsonl": (
        b'{"step": 1, "loss"\n{"step": 2, \n',
        "2 of 2 rows could not be read, the first at line 1: no JSON",
    ),
    "commas.csv": (b"step;loss\n1;2,5\n2;2,4\n", "2 of 2 rows could not be read, the first at line 2: loss '2,5' is"),
    "utf16.csv": (codecs.BOM_UTF16_LE + "step,loss\n1,2.0\n".encode("utf-16-le"), "is text in UTF-16, and logs are"),
    "no_mark.csv": ("step,loss\n1,2.0\n".encode("utf-16-be"), "save it anew, as `iconv -f UTF-16 -t UTF-8` does"),
    "log.csv.gz": (gzip.compress(b"step,loss\n1,2.0\n"), "compressed: unpack it first, as `gunzip -k log.csv.gz` does"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_says_why_and_what_to_do(tmp_path: Path, name: str):
    content, sentence = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AssayError) as refused:
        read_log(tmp_path / name)
    assert sentence in str(refused.value)


def test_half_of_the_rows_may_be_unreadable_and_not_one_more(tmp_path: Path):
    assert losses(read_log(a_log(tmp_path, ["1,2.0", "x,2.0"]))) == {1: 2.0}
    with pytest.raises(AssayError, match="2 of 3 rows could not be read"):
        read_log(a_log(tmp_path, ["1,2.0", "x,2.0", "y,2.0"]))


def test_a_link_that_leads_back_to_itself_is_said_to_be_one(tmp_path: Path):
    (tmp_path / "log.csv").symlink_to(tmp_path / "log.csv")
    with pytest.raises(AssayError, match="is a symbolic link that leads back to itself"):
        read_log(tmp_path / "log.csv")


@pytest.mark.parametrize("column", ["split", "phase", "Type", "stage", "mode", "subset"])
def test_rows_of_validation_in_the_same_column_are_left_out(tmp_path: Path, column: str):
    lines = [line for step in range(1, 9) for line in (f"{step},2.0,train", f"{step},9.0,Val")]
    log = read_log(a_log(tmp_path, lines, header=f"step,loss,{column}"))
    assert (losses(log), log.left_out) == (dict.fromkeys(range(1, 9), 2.0), 8)
    rows = [{"iter": step, "lr": step / 10, "loss": 9.0, column: "val"} for step in (2, 5)]
    lines = [json.dumps({"iter": step, "lr": 0.1, "loss": 2.0, column: "train"}) for step in range(1, 9)]
    log = read_log(a_log(tmp_path, [*map(json.dumps, rows), *lines[5:]], "\n".join(lines[:5]), "log.jsonl"))
    assert (losses(log), log.left_out) == (dict.fromkeys(range(1, 9), 2.0), 2)


def test_a_column_that_says_something_else_leaves_no_row_out(tmp_path: Path):
    log = read_log(a_log(tmp_path, [f"{step},2.0,sft" for step in range(1, 9)], header="step,loss,stage"))
    assert (len(losses(log)), log.left_out) == (8, 0)


def test_a_log_of_validation_alone_is_looked_at_as_it_is(tmp_path: Path):
    log = read_log(a_log(tmp_path, [f"{step},2.0,test" for step in range(1, 9)], header="step,loss,split"))
    assert (losses(log), log.left_out) == (dict.fromkeys(range(1, 9), 2.0), 0)


@pytest.mark.parametrize(("stage", "may_overflow"), [("sft", False), (None, True)])
def test_only_runs_of_the_trainer_are_known_to_say_where_they_overflow(
    root: Path, stage: str | None, may_overflow: bool
):
    with assay.run("r", store=root) as run:
        run.log(1, {"loss": 2.0})
        if stage:
            run.facts(stage=stage)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    assert the_only(read_run(store, parse_ref("r"))).may_overflow == may_overflow


def test_the_loss_of_a_run_is_judged_by_the_rules_its_stage_told(root: Path):
    """Half a nat of one pair among eight is no spike of preferences, and it is one of answers."""
    losses = [0.03 + 0.001 * (step % 5) + (0.5 if step == 70 else 0.0) for step in range(1, 90)]
    for name, told in [("sft", {}), ("dpo", {"loss_floor": 1.3})]:
        with assay.run(name, store=root) as run:
            run.event("stage", "so it is learned", step=0, **told)
            for step, loss in enumerate(losses, 1):
                run.log(step, {"loss": loss})
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    found = {name: read_run(store, parse_ref(name)) for name in ("sft", "dpo")}
    assert {name: log.rules for name, log in found.items()} == {"sft": None, "dpo": Settings(loss_floor=1.3)}
    spikes = {name: scan_stretches(log.stretches, log.rules).spikes for name, log in found.items()}
    assert [spike.onset for spike in spikes["sft"]] == [70]
    assert spikes["dpo"] == []
