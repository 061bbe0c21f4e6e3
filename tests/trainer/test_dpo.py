"""A stage of preferences: its reference is the model it began with, and it is a run like any other."""

import json
import math
import shutil
import signal
from statistics import fmean

import pytest
import torch

from evals.text.errors import DataError
from store.runs import show_run
from tests.trainer.asked import QUESTIONS, results
from tests.trainer.asked import written as asked_written
from tests.trainer.preferred import PREFERENCES, written
from tests.trainer.seen import active, batches, checkpoints, dies_at, events, learned, metric, said
from tests.trainer.test_objective import logps
from tests.trainer.test_training import _poisoned
from trainer.asked import find_asked, load_asked
from trainer.config_file import config_from
from trainer.errors import ConfigError, ResumeError, TrainingError
from trainer.job import prepare
from trainer.origin import find_origin, forked_config
from trainer.rollback import asked_back
from trainer.session import fork_run, resume_run, start_run
from trainer.step import Engine
from trainer.train import Training

EVERY_TWO = {"checkpoint__every": 2, "checkpoint__keep": 9}


def reference(folder):
    return {row: tuple(both) for row, *both in json.loads((folder / "reference.json").read_text())["rows"]}


def test_what_a_step_of_preferences_records(dpo, store):
    start_run(dpo(), store)
    run = show_run(store, "r")
    apart = [pair.row for pair in prepare(dpo()).data.validation]
    assert (run["stage"], run["status"], run["step"]) == ("dpo", "finished", 6)
    found = {
        name: [value for _, value in sorted(metric(store, name).items())]
        for name in ("loss", "val_loss", "grad_norm", "lr", "tokens", "rewards/chosen", "rewards/rejected",
                     "rewards/margin", "rewards/accuracy", "logps/chosen", "logps/rejected")
    }  # fmt: skip
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(found, 6) | {"val_loss": 3}
    assert found["loss"][0] == pytest.approx(math.log(2), abs=1e-6)
    assert found["val_loss"][0] == pytest.approx(math.log(2), abs=1e-6)
    assert found["loss"][-1] < 0.65
    assert found["val_loss"][-1] < 0.65
    assert found["rewards/margin"][-1] > 0.1
    assert found["rewards/accuracy"][-1] == 1.0
    for chosen, rejected, margin in zip(
        *(found[f"rewards/{name}"] for name in ("chosen", "rejected", "margin")), strict=True
    ):
        assert margin == pytest.approx(chosen - rejected, abs=1e-6)
    held_out = {name: metric(store, f"val_{name}") for name in ("rewards/margin", "rewards/accuracy", "logps/chosen")}
    assert {step for _, step in held_out["rewards/margin"]} == {0, 3, 6}
    assert held_out["rewards/margin"][1, 0] == pytest.approx(0.0, abs=1e-6)
    assert held_out["rewards/margin"][1, 6] > 0.1
    assert held_out["rewards/accuracy"][1, 6] == 1.0
    assert held_out["logps/chosen"][1, 0] == pytest.approx(
        fmean(reference(checkpoints(store)[0])[row][0] for row in apart), abs=1e-4
    )
    for batch, loss in zip(batches(store), found["loss"], strict=True):
        assert (len(batch["rows"]), len(batch["losses"])) == (4, 4)
        assert loss == pytest.approx(sum(batch["losses"]) / 4, abs=1e-9)
    assert said(store, "stage") == [
        f"dpo: 19 pairs and 5 held out, beta 0.1; the reference is {run['config']['model']['path']}, as the stage began"
    ]
    assert events(store, "stage")[0]["data"] == {"loss_floor": math.log(2) + 5 / 4}


@pytest.mark.parametrize("method", ["lora", "full"])
def test_the_reference_is_the_model_the_stage_began_with(dpo, store, model_folder, method):
    ended = start_run(dpo(train__method=method, data__validation=0.0), store)
    first, last = checkpoints(store)
    assert reference(first) == reference(last)
    assert sorted(reference(last)) == list(range(24))
    pairs = prepare(dpo()).data.files[0].examples
    model, _ = load_asked(find_asked(str(model_folder), store))
    with torch.no_grad():
        for pair in pairs[:8]:
            both = [logps(model, side.ids[None].long(), side.answer[None]).item() for side in (pair, pair.rejected)]
            assert reference(last)[pair.row] == pytest.approx(both, abs=1e-4)
    assert ended.outcome.state.step == 6


@pytest.mark.parametrize(
    "settings", [{}, {"train__method": "full", "train__micro_batch": 3}, {"train__gradient_checkpointing": True}]
)
def test_a_resumed_stage_is_bit_equal_to_one_never_interrupted(dpo, store, monkeypatch, settings):
    start_run(dpo(run__name="whole", **settings), store)
    with dies_at(monkeypatch, 5):
        start_run(dpo(**settings), store)
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "likelihoods", None)  # what the checkpoint holds is not measured anew
        resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    assert reference(checkpoints(store)[-1]) == reference(checkpoints(store, "whole")[-1])
    for name in ("loss", "val_loss", "rewards/margin", "logps/rejected"):
        assert active(store, name) == active(store, name, "whole")


def test_a_fork_goes_on_against_the_reference_of_its_parent(dpo, store):
    start_run(dpo(**EVERY_TWO), store)
    origin = find_origin("r@4", store)
    fork_run(forked_config(origin, []), origin, store)
    assert learned(checkpoints(store, "r-from-4")[-1]) == learned(checkpoints(store)[-1])
    assert said(store, "replay", "r-from-4") == ["steps 5 to 6, done again, came to the same numbers, bit for bit"]
    fork_run(forked_config(origin, ["run.name=weaker", "dpo.beta=0.01"]), origin, store)
    loss, weaker = metric(store, "loss"), metric(store, "loss", "weaker")
    assert metric(store, "logps/chosen", "weaker")[1, 5] == metric(store, "logps/chosen")[1, 5]
    assert abs(weaker[1, 5] - math.log(2)) < abs(loss[1, 5] - math.log(2)) / 5
    (fork,) = events(store, "fork", "weaker")
    assert "dpo.beta was set anew" in fork["data"]["baseline"]["reset"]


def test_going_back_comes_to_the_same_bits(dpo, store, monkeypatch):
    start_run(dpo(run__name="whole", **EVERY_TWO), store)
    train_step, back = Training.train_step, []

    def once(self, step):
        verdict = train_step(self, step)
        if step == 5 and len(back) < 2:
            back.append(asked_back(self, 4, "lin") if back else asked_back(self, 2, "lin"))
        return verdict

    monkeypatch.setattr(Training, "train_step", once)
    start_run(dpo(**EVERY_TWO), store)
    assert back == [f"went back from step 5 to step {step}, on branch {branch}" for step, branch in ((2, 2), (4, 3))]
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])


def test_a_stage_goes_on_from_its_mirror_with_its_reference(dpo, store, tmp_path, monkeypatch):
    start_run(dpo(run__name="whole"), store)
    with dies_at(monkeypatch, 5):
        start_run(dpo(checkpoint__mirror=str(tmp_path / "mirror")), store)
    shutil.rmtree(store.root / "r" / "checkpoints")
    resume_run("r", (), store)
    assert reference(checkpoints(store)[-1]) == reference(checkpoints(store, "whole")[-1])
    assert active(store, "loss") == active(store, "loss", "whole")


def test_a_loss_that_is_no_number_is_not_stepped_on_and_its_pairs_are_told(dpo, store, monkeypatch):
    monkeypatch.setattr("trainer.step.Engine.measure", _poisoned({3}))
    start_run(dpo(data__validation=0.0), store)
    assert [(row["step"], row["update"], row["verdict"]) for row in batches(store)][1:4] == [
        (2, 2, "commit"), (3, 2, "skip"), (4, 3, "commit"),
    ]  # fmt: skip
    (spike,) = events(store, "spike")
    sample = spike["data"]["samples"][0]
    row = PREFERENCES[sample["row"]]
    assert row["chosen"][0]["content"] in sample["text"]
    assert sample["text"].endswith(f"\nrejected: {row['rejected'][0]['content']}")


def test_ctrl_c_while_the_reference_is_measured_ends_the_run_and_it_begins_anew(dpo, store, monkeypatch):
    start_run(dpo(run__name="whole", train__micro_batch=2), store)
    sample_losses, read = Engine.sample_losses, []

    def pressing(engine, batch):
        read.append(len(batch.ids))
        if len(read) == 3:
            signal.raise_signal(signal.SIGINT)
        return sample_losses(engine, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "sample_losses", pressing)
        ended = start_run(dpo(train__micro_batch=2), store)
    assert (ended.outcome.state.step, ended.outcome.stopped_by, read) == (0, "Ctrl-C", [4, 4, 4])
    assert said(store, "stage")[-1] == "the reference was not finished; it is measured anew when the run goes on"
    assert not (checkpoints(store)[-1] / "reference.json").exists()
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])


def test_memory_that_does_not_suffice_for_the_reference_halves_what_is_read_at_once(dpo, store, monkeypatch):
    sample_losses = Engine.sample_losses

    def narrow(engine, batch):
        if len(batch.ids) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return sample_losses(engine, batch)

    monkeypatch.setattr(Engine, "sample_losses", narrow)
    start_run(dpo(), store)
    assert [event["data"]["micro_batch"] for event in events(store, "memory")] == [2]
    assert show_run(store, "r")["step"] == 6


def test_a_model_that_gives_no_probability_is_named_with_the_row(dpo, store, monkeypatch):
    likelihoods = Engine.likelihoods

    def broken(*arguments, **options):
        return likelihoods(*arguments, **options) | {7: (math.nan, -1.0)}

    monkeypatch.setattr(Engine, "likelihoods", broken)
    with pytest.raises(TrainingError, match=r"gives an answer of row 7 of .*preferences\.jsonl no probability"):
        start_run(dpo(data__validation=0.0), store)
    assert show_run(store, "r")["status"] == "failed"


def test_nothing_is_dropped_while_preferences_are_learned(dpo):
    config = dpo()
    assert config.lora.dropout == 0.05
    job = prepare(config)
    assert job.config.lora.dropout == 0.0
    for pair in job.data.train[:4], job.data.train[:4]:
        job.engine.objective.reference = job.engine.likelihoods(pair, micro_batch=4)
        torch.manual_seed(3)
        assert job.engine.measure(job.optimizer, pair, micro_batch=4, clip=0.0).loss == pytest.approx(
            math.log(2), abs=1e-6
        )
        assert job.model.training


def test_each_source_has_its_own_loss(dpo, store, tmp_path):
    other = written(tmp_path / "others.jsonl", [{**row, "source": "hers"} for row in PREFERENCES[:12]])
    mine = written(tmp_path / "mine.jsonl", PREFERENCES[12:])
    start_run(dpo(data__train=[mine, other], data__weights={"mine": 1.0, "others": 1.0}, data__validation=0.0), store)
    by_row = {row["step"]: row for row in batches(store)}
    for (_, step), loss in metric(store, "loss/hers").items():
        theirs = [one for row, one in zip(by_row[step]["rows"], by_row[step]["losses"], strict=True) if row >= 12]
        assert loss == pytest.approx(sum(theirs) / len(theirs), abs=1e-9)
    assert metric(store, "loss/mine")


def test_a_validation_file_is_one_of_preferences_too(dpo, store, tmp_path):
    rows = [
        {"prompt": f"Who lives in house {n * 31}?", "chosen": f"The fox {n}.", "rejected": "No one."} for n in range(4)
    ]
    start_run(dpo(data__validation=written(tmp_path / "other.jsonl", rows)), store)
    assert sorted(reference(checkpoints(store)[-1])) == list(range(28))
    assert metric(store, "val_loss")[1, 0] == pytest.approx(math.log(2), abs=1e-6)
    origin = find_origin("r@3", store)
    other = written(tmp_path / "third.jsonl", [{**row, "chosen": "The owl."} for row in rows])
    with pytest.raises(ResumeError) as refused:
        fork_run(forked_config(origin, [f"data.validation={other}"]), origin, store)
    assert str(refused.value) == (
        f"the pairs are not read as when {origin.folder} was written (another validation file, or another length), and "
        f"of these there is no reference; leave them as they were, or begin a new stage with `assay train CONFIG "
        f"--from RUN@STEP`"
    )


def test_left_out_pairs_are_told(dpo, store, tmp_path):
    same = {**PREFERENCES[1], "rejected": PREFERENCES[1]["chosen"]}
    path = written(
        tmp_path / "rows.jsonl",
        [*PREFERENCES[2:], same, {**PREFERENCES[0], "rejected": [{"role": "assistant", "content": ""}]}],
    )
    start_run(dpo(data__train=path, data__validation=0.0), store)
    assert said(store, "data") == [
        "1 of 24 rows of rows.jsonl are left out: no token of an answer is left in them (rows 23)",
        "1 of 24 rows of rows.jsonl are left out: both answers are the same, as far as they are read (rows 22)",
    ]


def test_suites_are_asked_and_looked_for_in_both_answers(dpo, store, suites, tmp_path):
    leaked = [
        {**QUESTIONS[0], "id": name, "question": "What is 12 plus 12?", "choices": [said, "No."]}
        for name, said in (("in chosen", "It is 24."), ("in rejected", PREFERENCES[12]["rejected"][0]["content"]))
    ]
    asked_written(tmp_path / "facts.jsonl", [*leaked, {**QUESTIONS[1], "question": "Whom did Caesar defeat?"}])
    start_run(dpo(eval__suites=suites[:1], eval__samples=2, eval__sample_tokens=4), store)
    facts = [one for one in results(store) if one.suite == "facts"]
    assert [[item.leaked for item in one.items] for one in facts] == [
        [False] * 3,
        [True, True, False],
        [True, True, False],
    ]
    shown = [one for one in results(store) if one.suite == "samples"]
    assert [len(one.items) for one in shown] == [2, 2, 2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"train__stage": "dpo", "data__general": "general.jsonl"},
         ("data.general has no preferences to learn, so a dpo stage takes none; leave it out, and see with an eval "
          "suite of what should be kept whether the model forgets")),
        ({"train__stage": "dpo", "lora__dropout": 0.2},
         "lora.dropout is 0.2, and dpo drops nothing, as the reference it compares with does not; leave it out"),
        ({"train__stage": "sft", "dpo__beta": 0.2},
         '[dpo] is for train.stage = "dpo", and that is "sft"; leave it out'),
        ({"train__stage": "dpo", "dpo__beta": 0.0}, "dpo.beta must be above 0, and is 0.0"),
        ({"train__stage": "dpo", "dpo__label_smoothing": 0.5},
         "dpo.label_smoothing must be 0 or above and below 0.5, and is 0.5"),
        ({"train__stage": "rlhf"}, 'train.stage must be sft, cpt, dpo or pretrain, and is "rlhf"'),
    ],
)  # fmt: skip
def test_what_a_stage_of_preferences_cannot_be_is_said_in_a_sentence(config_for, settings, message):
    with pytest.raises(ConfigError) as refused:
        config_for(**settings)
    assert str(refused.value) == message


def test_the_learning_rates_are_those_of_trl():
    named = {"model": {"path": "m"}, "data": {"train": "d"}}
    assert [config_from({**named, "train": {"stage": "dpo", "method": method}}).lr for method in ("lora", "full")] == [
        1e-5, 1e-6,
    ]  # fmt: skip


def test_rows_of_another_stage_are_refused(dpo, store, data_file):
    with pytest.raises(DataError, match=r"sums.jsonl line 1 lacks chosen, rejected: a row of preferences has chosen"):
        start_run(dpo(data__train=str(data_file)), store)


def test_a_run_of_another_stage_is_no_stage_of_preferences_to_go_on_with(dpo, config_for, store, tmp_path):
    both = written(tmp_path / "both.jsonl", [{**row, "completion": "x"} for row in PREFERENCES])
    start_run(config_for(data__train=both, data__validation=0.0), store)
    origin = find_origin("r@3", store)
    with pytest.raises(ResumeError) as refused:
        fork_run(forked_config(origin, ["train.stage=dpo"]), origin, store)
    assert str(refused.value) == (
        f"{origin.folder} is no checkpoint of a dpo stage, so it has no reference; begin a new stage with `assay train "
        f"CONFIG --from RUN@STEP`"
    )
