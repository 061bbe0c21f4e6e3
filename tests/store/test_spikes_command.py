"""`assay spikes detect` over every kind of log and over recorded runs; what it says of what is none."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import assay
from assay.cli import main
from store.commands.spikes import spikes

KEYS = ["onset", "first_alarm", "peak_step", "peak", "end", "series", "rule", "action", "alarms"]

LOSSES = [2.0 + 0.01 * (step % 7) for step in range(60)]
LOSSES[50] = 5.0


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(spikes, ["detect", *map(str, arguments)], catch_exceptions=False)


def detect(*arguments: object) -> dict[str, Any]:
    answer = invoke(*arguments, "--json")
    assert answer.exit_code == 0
    return json.loads(answer.stdout)


def rows() -> list[dict[str, float]]:
    return [{"step": step, "loss": loss} for step, loss in enumerate(LOSSES, 1)]


def the_spike(found: dict[str, Any]) -> tuple[object, ...]:
    (spike,) = found["spikes"]
    assert list(spike) == KEYS
    return tuple(spike[key] for key in KEYS[:-1])


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_csv(tmp_path):
    lines = [f"{row['step']},{row['loss']},{0.3 if row['step'] != 51 else 9.0}" for row in rows()]
    found = detect(write(tmp_path, "log.csv", "\n".join(["step,loss,grad_norm", *lines])))
    assert list(found) == ["points", "spike_score", "spikes"]
    assert (found["points"], found["spike_score"]) == (60, {"loss": 0.0, "grad_norm": 0.0})
    assert the_spike(found) == (51, 51, 51, 5.0, None, "both", "T1", "skip")
    assert found["spikes"][0]["alarms"] == [
        {"step": 51, "series": "loss", "rule": "T1", "action": "skip"},
        {"step": 51, "series": "grad_norm", "rule": "T1", "action": "skip"},
    ]


def test_json_lines_and_trainer_logs(tmp_path):
    path = write(tmp_path, "any.jsonl", "".join(json.dumps(row) + "\n" for row in rows()))
    assert the_spike(detect(path)) == (51, 51, 51, 5.0, None, "loss", "T1", "skip")
    lines = (
        {"current_steps": row["step"], "total_steps": 60, "loss": row["loss"], "percentage": 1.0} for row in rows()
    )
    write(tmp_path, "out/trainer_log.jsonl", "".join(json.dumps(row) + "\n" for row in lines))
    found = detect(tmp_path / "out")
    assert (the_spike(found)[0], found["points"]) == (51, 60)
    assert found["spike_score"] == {"loss": 0.0, "grad_norm": None}


def test_a_trainer_state_with_evaluations_and_its_closing_row(tmp_path):
    history: list[dict[str, float]] = []
    for row in rows():
        history.append({**row, "grad_norm": 0.3, "learning_rate": 1e-4, "epoch": 0.1})
        if row["step"] % 10 == 0:
            history.append({"step": row["step"], "eval_loss": 99.0, "eval_runtime": 1.0})
    history.append({"step": 60, "train_loss": 77.0, "train_runtime": 12.0, "total_flos": 1e9})
    state = {"global_step": 60, "max_steps": 60, "log_history": history}
    found = detect(write(tmp_path, "trainer_state.json", json.dumps(state)))
    assert found["points"] == 60
    assert the_spike(found) == (51, 51, 51, 5.0, None, "loss", "T1", "skip")


def test_tensorboard_events(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415 - only where it is installed
    from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415 - only where it is installed
    from tensorboard.summary.writer.event_file_writer import EventFileWriter  # noqa: PLC0415 - only where it is installed

    writer = EventFileWriter(str(tmp_path / "runs"))
    for row in rows():
        for tag, value in (("train/loss", row["loss"]), ("train/grad_norm", 0.3)):
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.add_event(Event(step=int(row["step"]), summary=summary, wall_time=1.7e9 + row["step"]))
    writer.close()
    found = detect(tmp_path)
    assert (found["points"], found["spike_score"]["grad_norm"]) == (60, 0.0)
    assert the_spike(found)[:3] == (51, 51, 51)


def test_numbers_as_logs_spell_them(tmp_path):
    lines = [f"{row['step']}.0,{row['loss']},0.3" for row in rows()]
    lines[20:22] = ["21.0,nan,", "22.0,,0.3"]
    lines[34] = "35.0,Infinity,inf"
    found = detect(write(tmp_path, "log.csv", "\n".join(["step,loss,grad_norm", *lines, lines[-1], ""])))
    assert found["points"] == 60
    first, second, third = found["spikes"]
    assert (first["peak"], first["nonfinite"], first["peak_step"]) == (None, "nan", 21)
    assert (second["nonfinite"], second["series"], second["rule"]) == ("inf", "both", "T0")
    assert third["onset"] == 51
    assert type(first["onset"]) is int


def test_a_spike_that_a_log_was_restarted_behind_is_found_and_so_is_one_on_the_new_path(tmp_path):
    lines = [f"{step},{9.0 if step > 50 else 2.0}" for step in range(1, 61)]
    lines += [f"{step},{7.0 if step == 70 else 2.001}" for step in range(46, 90)]
    path = write(tmp_path, "log.csv", "\n".join(["step,loss", *lines]))
    found = detect(path)
    assert found["points"] == 104
    assert [tuple(spike[key] for key in KEYS[:-1]) for spike in found["spikes"]] == [
        (51, 51, 51, 9.0, 60, "loss", "T2", "rollback"),
        (70, 70, 70, 7.0, 70, "loss", "T1", "skip"),
    ]
    assert invoke(path).stderr == (
        "the log has 2 stretches, as its steps go back: each is looked at, from what was known where it begins\n"
    )


def test_a_run_behind_another_in_one_file_is_judged_by_its_own_level(tmp_path):
    lines = [f"{step},{2.0 if step < 90 else 8.0}" for step in range(1, 101)]
    lines += [f"{step},{12.0 if step != 80 else 20.0}" for step in range(1, 101)]
    found = detect(write(tmp_path, "log.csv", "\n".join(["step,loss", *lines])))
    assert found["points"] == 200
    assert [(spike["onset"], spike["end"], spike["action"]) for spike in found["spikes"]] == [
        (90, 100, "rollback"), (80, 80, "skip"),
    ]  # fmt: skip


def test_a_stray_copy_of_a_row_hides_no_spike(tmp_path):
    lines = [f"{row['step']},{row['loss']}" for row in rows()]
    answer = invoke(write(tmp_path, "log.csv", "\n".join(["step,loss", *lines, lines[20]])))
    assert "1 spike (1 skip) in 60 points" in answer.stdout
    assert answer.stderr == ""


def test_steps_counted_anew_in_each_epoch_are_told(tmp_path):
    lines = [f"{step},{3.0 - epoch / 10 - step / 1000}" for epoch in range(3) for step in range(1, 101)]
    answer = invoke(write(tmp_path, "log.csv", "\n".join(["step,loss", *lines])))
    assert answer.stdout.startswith("no spikes in 300 points")
    assert "the log has 3 stretches" in answer.stderr


def test_rows_that_are_not_looked_at_are_told(tmp_path):
    lines = [f"{step},{loss},{part}" for step in range(1, 41) for loss, part in ((2.0, "train"), (4.0, "val"))]
    path = write(tmp_path, "log.csv", "\n".join(["step,loss,split", *lines, "-1,2.0,train", "40.5,2.0,train"]))
    answer = invoke(path)
    assert answer.stdout.startswith("no spikes in 40 points")
    assert answer.stderr == (
        "2 of 82 rows could not be read, the first at line 82: step -1 is below 0\n"
        "40 rows of validation were left out\n"
    )


def test_gradients_of_fp16_that_overflow_while_the_loss_scale_is_found_are_never_gone_back_for(tmp_path):
    rows = [{"step": step, "loss": 2.0, "grad_norm": "inf" if step < 9 else "0.3"} for step in range(1, 60)]
    path = write(tmp_path, "trainer_log.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (spike,) = detect(path)["spikes"]
    assert (spike["series"], spike["rule"], spike["action"], len(spike["alarms"])) == ("grad_norm", "T0", "skip", 8)


def test_json_lines_under_another_ending_are_read(tmp_path):
    assert detect(write(tmp_path, "log.json", "".join(json.dumps(row) + "\n" for row in rows())))["points"] == 60


@pytest.mark.parametrize("huge", ["1e200", "-1e308", "1.7e308"])
def test_a_loss_near_the_end_of_what_a_float_holds(huge, tmp_path):
    lines = [f"{step},{huge if step in (150, 160) else 2.0 + 0.01 * (step % 7)}" for step in range(1, 1301)]
    found = detect(write(tmp_path, "log.csv", "\n".join(["step,loss", *lines])))
    assert found["points"] == 1300
    # The second is 9 deviations away still; 1000 steps on, the score is as before.
    assert found["spike_score"]["loss"] == round(200 / 1300, 6)


def test_recorded_runs_and_the_branches_they_left(root):
    with assay.run("triage", store=root) as run:
        for row in rows():
            run.log(int(row["step"]), loss=row["loss"])
        run.fork(45, "rollback")
        for step in range(46, 80):
            run.log(step, loss=2.0)
    assert detect("triage", "--store", root)["spikes"] == []
    assert the_spike(detect("triage/1", "--store", root))[:2] == (51, 51)


def test_people_get_a_sentence_a_spike(tmp_path):
    path = write(tmp_path, "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows()))
    answer = invoke(path)
    assert "51 – …  skip    jump  5 @51  the loss 5 is above" in answer.stdout
    assert "the median of the last 50 accepted steps is 2.03" in answer.stdout
    assert answer.stdout.endswith("1 spike (1 skip) in 60 points; outside 7 σ of the last 1,000: 0 % of loss\n")


def test_a_log_without_spikes_is_fine(tmp_path):
    answer = invoke(write(tmp_path, "log.csv", "step,loss\n" + "".join(f"{step},2.0\n" for step in range(50))))
    assert answer.exit_code == 0
    assert answer.stdout == "no spikes in 50 points; outside 7 σ of the last 1,000: 0 % of loss\n"


BAD = {
    "empty.csv": (b"", "is empty"),
    "blank.jsonl": (b"\n\n", "is empty"),
    "header.csv": (b"step,loss\n", "has no loss: no row has a step and a number"),
    "columns.csv": (b"step,accuracy\n1,0.5\n2,0.6\n", "has no loss: its columns are step, accuracy; a column loss"),
    "no_step.csv": (b"a,loss\n1,0.5\n", "has no step column"),
    "words.txt": (b"this is\nno log at all\n", "has no step column"),
    "binary.csv": (bytes(range(256)) * 20, "is no log: it holds binary data"),
    "no_nul.csv": (bytes(range(1, 256)) * 20, "is no log: it holds binary data"),
    "high_bytes.csv": (bytes(range(128, 256)) * 20, "is no log: it holds binary data"),
    "beep.csv": (
        b"\x07\x1b[2J\x9b,loss\n1,2\n",
        r"columns are \x07\x1b[2J\ufffd, loss; one of".replace(r"\ufffd", "\ufffd"),
    ),
    "colour.csv": (b"step,\x1b[31macc\n1,2\n", r"columns are step, \x1b[31macc; a column"),
    "bell\a\x1b[1m.csv": (b"a,loss\n1,0.5\n", r"bell\x07\x1b[1m.csv has no step column"),
    "weights.safetensors": (b"\0\1\2" * 99, "is no log: it holds binary data"),
    "trainer_state.json": (b'{"log_history": 3}', "is no trainer state"),
    "torn.json": (b'{"log_history": [{"step": 1', "is no trainer state"),
    "events.out.tfevents.1.x": (b"not an event at all", "has no loss"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_log_is_one_sentence_and_exit_2(name, tmp_path, capsys):
    content, sentence = BAD[name]
    (tmp_path / name).write_bytes(content)
    refused(["spikes", "detect", str(tmp_path / name), "--json"], sentence, capsys)


def refused(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert said.err[:-1].isprintable()


def test_a_header_in_another_encoding_is_still_a_log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("step,loss,学习率\n".encode("gbk") + b"1,2.0,0.1\n2,1.5,0.1\n")
    assert detect(path)["points"] == 2


def test_what_is_not_there_is_one_sentence_and_exit_2(root, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").mkdir()
    store = ["--store", str(root / "assay.duckdb")]
    refused(["spikes", "detect", "triage", *store], "there is no store", capsys)
    assay.run("triage", store=root).finish()
    refused(["spikes", "detect", "triagee", *store], "there is no run triagee", capsys)
    refused(["spikes", "detect", "triage", *store], "run triage has no loss yet", capsys)
    refused(["spikes", "detect", "triage/7", *store], "no branch 7", capsys)
    refused(["spikes", "detect", "logs/away.csv", *store], "logs/away.csv is no file and no folder", capsys)
    refused(["spikes", "detect", "nothing", *store], "nothing to follow in nothing", capsys)
    (tmp_path / "loop").symlink_to("loop")
    refused(["spikes", "detect", "loop", *store], "loop is a symbolic link that leads back to itself", capsys)


def test_a_peak_that_is_no_number_is_named_beside_it(tmp_path):
    path = write(tmp_path, "log.csv", "step,loss\n1,nan\n2,nan\n3,nan\n")
    (spike,) = detect(path)["spikes"]
    assert (spike["peak"], spike["nonfinite"], spike["end"], spike["action"]) == (None, "nan", None, "rollback")
    assert math.isclose(detect(path)["spike_score"]["loss"], 100.0)
