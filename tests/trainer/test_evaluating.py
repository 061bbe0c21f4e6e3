"""A run is asked while it trains: its base once, each checkpoint, and training comes to the same."""

import shutil
import signal

import pytest
import torch

from evals.text.errors import DataError
from store.artifacts import digest
from store.evaluations import FOLDER
from tests.trainer.asked import OWN, QUESTIONS, places, results, written
from tests.trainer.seen import checkpoints, dies_at, events, learned, metric, said
from trainer.config_file import config_from, with_settings
from trainer.errors import ConfigError
from trainer.origin import find_origin, forked_config
from trainer.session import fork_run, resume_run, start_run

EXACT = ("loss", "val_loss", "grad_norm", "lr", "group/last/update_rms")


@pytest.fixture
def asks(config_for, suites):
    """Makes a configuration of a run that is put to all three suites, and to samples."""

    def make(**settings):
        return config_for(**{"eval__suites": suites, "eval__samples": 2, "eval__sample_tokens": 4, **settings})

    return make


@pytest.mark.parametrize(
    "settings",
    [{"lora__dropout": 0.2}, {"train__method": "full", "train__gradient_checkpointing": True}],
)
def test_training_is_the_same_to_the_bit_with_and_without(config_for, asks, store, monkeypatch, settings):
    start_run(config_for(run__name="plain", **settings), store)
    with dies_at(monkeypatch, 5):
        start_run(asks(**settings), store)
    resume_run("r", (), store)
    start_run(asks(run__name="whole", **settings), store)
    for run in ("r", "whole"):
        assert [*map(learned, checkpoints(store, run))] == [*map(learned, checkpoints(store, "plain"))]
        for name in EXACT:
            plain = {step: value for (_, step), value in metric(store, name, "plain").items()}
            assert len(plain) >= 3
            assert {step: value for (_, step), value in metric(store, name, run).items()} == plain
    assert len(places(store, "facts")) == 5


def test_the_base_is_asked_once_and_every_checkpoint_under_its_own_digest(asks, store):
    start_run(asks(), store)
    names = ["facts", "open", "samples", "texts"]
    assert places(store) == [(name, *place) for name in names for place in ((None, None), (1, 3), (1, 6))]
    base, *rest = results(store, "facts")
    assert [one.artifact for one in rest] == [digest(folder) for folder in checkpoints(store)]
    assert [(one.model, one.run, one.base) for one in rest] == [
        ("r@3", "r", base.artifact), ("r@6", "r", base.artifact),
    ]  # fmt: skip
    assert rest[0].score("acc", "base").n == len(QUESTIONS)
    assert rest[0].score("acc", "previous") is None
    assert rest[1].score("acc", "previous").n == len(QUESTIONS)
    told = said(store, "eval")
    assert [sentence.partition(":")[0] for sentence in told[:4]] == [
        f"scored {name} before the first step" for name in ("facts", "open", "texts", "samples")
    ]
    assert told[-1] == "scored samples at step 6: 2 prompts answered"
    assert f": {results(store, 'texts')[0].score('bits_per_byte').value:.3f} bits a byte (" in told[2]
    assert told[-4].startswith(f"scored facts at step 6: accuracy {100 * rest[1].score('acc').value:.1f} % (")
    start_run(asks(run__name="again"), store)
    told = said(store, "eval", "again")
    assert len(told) == 12
    assert told[3] == "samples was put to the base by an earlier run: 2 prompts answered"
    assert {event["data"]["base"] for event in events(store, "eval", "again")} == {base.artifact}
    assert len(results(store, "facts")) == 5


def test_results_become_rows_of_the_store_while_the_run_is_recorded(asks, store):
    start_run(asks(), store)
    rows = store.rows("SELECT suite, step, n FROM eval_run WHERE run_id IS NOT NULL ORDER BY suite, step")
    assert [tuple(row.values()) for row in rows] == [
        ("facts", 3, 12), ("facts", 6, 12), ("open", 3, 3), ("open", 6, 3), ("samples", 3, 2), ("samples", 6, 2),
        ("texts", 3, 3), ("texts", 6, 3),
    ]  # fmt: skip


def test_the_samples_are_held_out_rows_spread_over_all_of_them(config_for, store):
    start_run(config_for(eval__samples=3, eval__sample_tokens=4), store)
    base = results(store, "samples")[0]
    rows = [row["row"] for row in store.rows("SELECT DISTINCT unnest(rows) AS row FROM step_batch")]
    held_out = sorted(set(range(24)) - set(rows))
    assert [item.id for item in base.items] == [f"row {held_out[place]}" for place in (0, 2, 4)]
    assert all(item.answer is not None for item in base.items)
    assert (base.measures, base.scores) == ("shown", ())


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({"eval__samples": 50}, 5), ({"eval__samples": 0}, 0), ({"data__validation": 0.0}, 0),
        ({"train__stage": "cpt"}, 0),
    ],
)  # fmt: skip
def test_there_are_as_many_samples_as_held_out_rows_of_answers(config_for, store, settings, count):
    start_run(config_for(**{"train__steps": 1, "eval__samples": 2, "eval__sample_tokens": 2, **settings}), store)
    assert [len(one.items) for one in results(store, "samples")] == [count] * (2 if count else 0)


def test_prompts_of_a_file_are_samples_too(config_for, store, tmp_path):
    prompts = written(tmp_path / "prompts.jsonl", [{"id": "p", "question": "What is 2?", "reference": "two"}])
    start_run(config_for(train__steps=1, eval__samples=str(prompts), eval__sample_tokens=2), store)
    assert [[item.id for item in one.items] for one in results(store, "samples")] == [["p"], ["p"]]


def test_between_checkpoints_the_live_model_is_asked_and_is_known_after_a_resumption(asks, store, monkeypatch):
    settings = {"eval__every": 2, "eval__samples": 0, "train__steps": 8, "checkpoint__every": 5}
    with dies_at(monkeypatch, 6):
        start_run(asks(**settings), store)
    assert places(store, "facts") == [("facts", None, None), ("facts", 1, 2), ("facts", 1, 4)]
    resume_run("r", (), store)
    found = results(store, "facts")
    assert [(one.branch, one.step) for one in found[1:]] == [(1, 2), (1, 4), (1, 5), (1, 6), (1, 8)]
    assert found[3].artifact == digest(checkpoints(store)[0])
    assert found[5].artifact == digest(checkpoints(store)[1])
    assert len({one.artifact for one in found}) == 6
    by_item = {item.id: bool(item.correct) for item in found[2].items}
    gained = sum(bool(item.correct) - by_item[item.id] for item in found[3].items)
    assert found[3].score("acc", "previous").value == gained / len(QUESTIONS)


def test_what_was_left_by_a_rollback_is_not_what_a_checkpoint_is_compared_with(asks, store, monkeypatch):
    settings = {"checkpoint__every": 2, "checkpoint__keep": 9, "eval__samples": 0}
    start_run(asks(**settings), store)
    resume_run("r@2", ("train.steps=7",), store)
    found = {(one.branch, one.step): one for one in results(store, "facts") if one.step}
    assert sorted(found) == [(1, 2), (1, 4), (1, 6), (2, 4), (2, 6), (2, 7)]
    before = {item.id: bool(item.correct) for item in found[1, 2].items}
    gained = sum(bool(item.correct) - before[item.id] for item in found[2, 4].items)
    assert found[2, 4].score("acc", "previous").value == gained / len(QUESTIONS)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_base_that_was_never_asked_is_read_from_disk_and_comes_to_the_same(asks, store, monkeypatch, method):
    with dies_at(monkeypatch, 5):
        start_run(asks(train__method=method), store)
    base = results(store, "facts")[0]
    shutil.rmtree(store.root / FOLDER)
    resume_run("r", (), store)
    again = results(store, "facts")
    assert (again[0].artifact, again[0].items) == (base.artifact, base.items)
    assert [one.step for one in again] == [None, 3, 6]
    assert again[1].score("acc", "base").n == len(QUESTIONS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eval__suites": ["nowhere.toml"]}, "there is no suite nowhere.toml"),
        ({"eval__suites": []}, "eval.suites names no choice suite of what should be kept"),
        ({"eval__samples": "nowhere.jsonl"}, "there is no data file nowhere.jsonl"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_recorded(asks, store, settings, message):
    with pytest.raises((DataError, ConfigError), match=message):
        start_run(asks(guard__max_forgetting="stop", **settings), store)
    assert not (store.root / "r").exists()


def test_two_suites_of_one_name_are_refused(asks, store, suites, tmp_path):
    (tmp_path / "other").mkdir()
    twin = written(tmp_path / "other" / "facts.jsonl", QUESTIONS)
    with pytest.raises(ConfigError, match="are both called facts; give one another `name`"):
        start_run(asks(eval__suites=[suites[0], str(twin)]), store)


def test_a_metric_that_fails_is_told_and_costs_neither_training_nor_the_other_suites(asks, store, tmp_path):
    (tmp_path / "own.py").write_text(OWN.format(holds=False))
    ended = start_run(asks(), store)
    assert ended.outcome.state.step == 6
    assert places(store) == [
        (name, *place) for name in ("facts", "samples", "texts") for place in ((None, None), (1, 3), (1, 6))
    ]
    failed = [item for item in events(store, "eval") if item["level"] == "warning"]
    assert [item["step"] for item in failed] == [0, 3, 6]
    assert (
        failed[1]["message"]
        == f"open was not scored at step 3: row 1: {tmp_path / 'own.py'}:score raises AssertionError"
    )


def test_a_lack_of_memory_is_told_and_training_goes_on(asks, store, monkeypatch):
    def full(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr("trainer.evaluating.evaluate", full)
    assert start_run(asks(eval__samples=0), store).outcome.state.step == 6
    assert results(store) == []
    told = said(store, "eval")
    assert len(told) == 9
    assert told[3] == "facts was not scored at step 3: out of memory (CUDA out of memory. Tried to allocate 2 GiB)"


@pytest.mark.parametrize("error", [TypeError("no such argument"), RuntimeError("size mismatch")])
def test_a_model_that_raises_anything_costs_no_training(asks, store, monkeypatch, error):
    def score(*_arguments, **_options):
        raise error

    monkeypatch.setattr("evals.run.score_items", score)
    ended = start_run(asks(eval__samples=0), store)
    assert ended.outcome.state.step == 6
    [first, *_] = [item["message"] for item in events(store, "eval") if item["level"] == "warning"]
    kind = type(error).__name__
    assert first == f"facts was not scored before the first step: {kind}, see the traceback in the log"
    [traceback, *_] = [item["message"] for item in events(store, "traceback")]
    assert traceback.splitlines()[-1] == f"{kind}: {error}"


@pytest.mark.parametrize("at", [0, 3])
def test_one_ctrl_c_ends_an_evaluation_at_its_next_item_and_the_run_with_it(asks, store, monkeypatch, at):
    from evals.run import likelihoods  # noqa: PLC0415 - the real one

    asked = []

    def pressing(model, tokenizer, texts, *, progress, **options):
        def told(done):
            asked.append(done)
            if len(asked) == (1 if at == 0 else 4):
                signal.raise_signal(signal.SIGINT)
            progress(done)

        return likelihoods(model, tokenizer, texts, progress=told, **options)

    with monkeypatch.context() as patch:
        patch.setattr("evals.run.likelihoods", pressing)
        ended = start_run(asks(), store)
    assert (ended.outcome.state.step, ended.outcome.stopped_by) == (at, "Ctrl-C")
    assert len(asked) == (1 if at == 0 else 4)
    where = f"at step {at}" if at else "before the first step"
    assert said(store, "eval")[-1] == f"the evaluation {where} was not finished"
    resume_run("r", (), store)
    assert places(store) == [
        (name, *place) for name in ("facts", "open", "samples", "texts") for place in ((None, None), (1, 3), (1, 6))
    ]


def test_items_that_stand_in_the_training_data_are_marked(asks, store, suites, data_file):
    leaked = [{**QUESTIONS[0], "id": "leaked", "question": "What is 12 plus 12?", "choices": ["It is 24.", "No."]}]
    written(data_file.parent / "facts.jsonl", [*leaked, {**QUESTIONS[1], "question": "Whom did Caesar defeat?"}])
    start_run(asks(eval__suites=suites[:1], eval__samples=0), store)
    base, *checkpoints_ = [[item.leaked for item in one.items] for one in results(store)]
    assert checkpoints_ == [[True, False]] * 2
    # What other runs that begin with it were trained on is no fault of the base.
    assert base == [False, False]


def test_a_fork_has_the_base_of_its_parent_and_is_compared_with_no_checkpoint_of_it(asks, store):
    start_run(asks(eval__samples=0), store)
    origin = find_origin("r@3", store)
    fork_run(forked_config(origin, ["run.name=fork", "train.steps=7"]), origin, store)
    base, *_ = results(store, "facts")
    found = {(one.run, one.step): one for one in results(store, "facts")}
    assert sorted(key for key in found if key[0]) == [("fork", 6), ("fork", 7), ("r", 3), ("r", 6)]
    forked = found["fork", 6]
    assert forked.base == base.artifact
    assert (forked.score("acc", "base") is None, forked.score("acc", "previous")) == (False, None)


def test_what_is_being_asked_is_shown_on_the_bar(asks, store, monkeypatch):
    shown = []
    monkeypatch.setattr("trainer.progress.ProgressLine.aside", lambda _, said: shown.append(said))
    start_run(asks(train__steps=1, eval__samples=0), store)
    assert shown == ["facts: 12 of 12", "open: 3 of 3", *(f"texts: {n} of 3" for n in (1, 2, 3))] * 2


def test_a_long_evaluation_is_no_stalled_run(asks, store, monkeypatch):
    held = []
    monkeypatch.setattr("store.alerts.watch.Watcher.paused", lambda _, on: held.append(on))
    start_run(asks(eval__samples=0), store)
    assert held == [True, False] * 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("eval.every=-1", "eval.every must be 0 or above, and is -1"),
        ("eval.samples=-1", "eval.samples must be a JSONL file, or a number from 0 up, and is -1"),
        ("eval.samples=true", "eval.samples must be a whole number or text, and is true"),
        ("eval.sample_tokens=0", "eval.sample_tokens must be above 0, and is 0"),
        ("eval.suites=a.toml", 'eval.suites must be a list of texts, and is "a.toml"'),
        ("guard.max_forgetting=pause", 'guard.max_forgetting must be stop, rollback or empty, and is "pause"'),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_in_a_sentence(setting, message):
    tables = {"model": {"path": "m"}, "data": {"train": "d"}}
    with pytest.raises(ConfigError) as refused:
        config_from(with_settings(tables, [setting]))
    assert str(refused.value) == message


def test_suites_and_prompts_are_found_beside_the_configuration_and_what_is_asked_can_be_set_anew(asks, store):
    start_run(asks(train__steps=4, eval__samples=0), store)
    resume_run("r", ("train.steps=6", "eval.suites=[]", "eval.samples=1", "eval.sample_tokens=2"), store)
    assert places(store, "facts") == [("facts", None, None), ("facts", 1, 3), ("facts", 1, 4)]
    assert places(store, "samples") == [("samples", None, None), ("samples", 1, 4), ("samples", 1, 6)]


def test_what_the_runs_before_it_were_trained_on_counts_as_leaked_too(asks, config_for, store, suites, data_file):
    start_run(config_for(run__name="before", train__method="full", eval__samples=0), store)
    leaked = {**QUESTIONS[0], "question": "What is 12 plus 12?", "choices": ["It is 24.", "No."]}
    written(data_file.parent / "facts.jsonl", [leaked])
    other = written(data_file.parent / "other.jsonl", [{"instruction": "Whom did he defeat?", "output": "All."}] * 4)
    settings = {"data__train": str(other), "data__validation": 0.0, "eval__samples": 0, "eval__suites": suites[:1]}
    start_run(asks(model__path=str(checkpoints(store, "before")[-1]), **settings), store)
    assert sorted([item.leaked for item in one.items] for one in results(store)) == [[False], [True], [True]]
