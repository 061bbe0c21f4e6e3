"""From files to what is learned: mixing, weights, columns, turns, near-duplicates, and early stopping."""

import json

import pytest
import torch

from evals.text.errors import DataError
from store.runs import show_run
from tests.trainer.seen import batches, checkpoints, events, metric, said
from trainer.errors import ConfigError, ResumeError
from trainer.job import prepare
from trainer.session import resume_run, start_run
from trainer.step import seed_step


def row(text, answer="It is so.", **more):
    return {"prompt": text, "completion": answer, **more}


# Rows that share few runs of five letters, so that none is a near-duplicate of another.
WORDS = [
    "amber", "basil", "cedar", "dune", "ember", "fjord", "grove", "heron", "iris", "jasper",
    "kelp", "lotus", "maple", "nectar", "opal", "pine", "quartz", "reed",
]  # fmt: skip


def rows(number, what="", **more):
    return [
        row(f"{what} {WORDS[n % 18]} {WORDS[(5 * n + 3) % 18]} {n}?", WORDS[(7 * n) % 18], **more)
        for n in range(number)
    ]


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text("".join(json.dumps(item) + "\n" for item in content))
        return str(path)

    return write


def lengths(config):
    return {example.row: len(example.ids) for example in prepare(config).data.train}


# --- general data mixed in -------------------------------------------------------------------


@pytest.fixture
def mixed(config_for, file):
    def make(**settings):
        return config_for(**{
            "data__train": [file("one.jsonl", rows(12, "one")), file("two.jsonl", rows(8, "two"))],
            "data__general": file("general.jsonl", rows(10, "a general and longer question about")),
            "data__general_ratio": 0.4, "data__validation": 0.0, "train__steps": 20, "checkpoint__every": 99,
            **settings,
        })  # fmt: skip

    return make


def test_files_that_are_mixed_are_recorded_with_their_rows_apart(mixed, store, tmp_path):
    start_run(mixed(), store)
    found = {
        (item["role"], item["path"]): (item["rows"], item["first_row"]) for item in show_run(store, "r")["datasets"]
    }
    assert found == {
        ("train", str(tmp_path / "one.jsonl")): (12, 0), ("train", str(tmp_path / "two.jsonl")): (8, 12),
        ("general", str(tmp_path / "general.jsonl")): (10, 20),
    }  # fmt: skip
    read = {place for batch in batches(store) for place in batch["rows"]}
    assert read == set(range(30))
    sources = store.rows(
        "SELECT d.first_row + s.row AS place, s.source FROM sample s JOIN dataset d ON d.sha256 = s.dataset ORDER BY 1"
    )
    assert [item["place"] for item in sources] == list(range(30))
    assert [item["source"] for item in sources] == ["one"] * 12 + ["two"] * 8 + ["general"] * 10


def test_the_share_of_general_tokens_in_what_was_read_is_the_one_asked_for(mixed, store):
    config = mixed()
    start_run(config, store)
    size = lengths(config)
    general = total = 0
    for batch in batches(store):
        total += sum(size[place] for place in batch["rows"])
        general += sum(size[place] for place in batch["rows"] if place >= 20)
        assert abs(general - 0.4 * total) <= max(size.values())
    assert metric(store, "tokens")[1, 20] == total
    # An epoch is a pass over the 20 domain rows.
    read = [place for batch in batches(store) for place in batch["rows"]]
    assert metric(store, "epoch")[1, 20] == sum(place < 20 for place in read) / 20


def test_the_loss_of_each_source_is_that_of_its_own_tokens(mixed, store):
    config = mixed(train__steps=1, train__batch_size=8, optim__warmup=0.0)
    start_run(config, store)
    (batch,) = batches(store)
    job = prepare(config)
    by_row = {example.row: example for example in job.data.train}
    sums = {}
    for place, loss in zip(batch["rows"], batch["losses"], strict=True):
        source = "one" if place < 12 else "two" if place < 20 else "general"
        count = int(by_row[place].answer[1:].sum())
        seed_step(0, 1)
        alone = job.engine.evaluate([by_row[place]], micro_batch=1)
        assert loss == pytest.approx(alone, rel=1e-5)
        total = sums.setdefault(source, [0.0, 0])
        total[0] += loss * count
        total[1] += count
    assert set(sums) == {"one", "two", "general"}
    for source, (loss, count) in sums.items():
        assert metric(store, f"loss/{source}")[1, 1] == pytest.approx(loss / count, rel=1e-6)
    whole = sum(loss for loss, _ in sums.values()) / sum(count for _, count in sums.values())
    assert metric(store, "loss")[1, 1] == pytest.approx(whole, rel=1e-6)


def test_a_run_on_mixed_data_goes_on_bit_equal_and_not_with_another_share(mixed, store):
    start_run(mixed(train__steps=4, checkpoint__every=2, run__name="whole"), store)
    start_run(mixed(train__steps=4, checkpoint__every=2), store)
    resume_run("r@2", (), store)
    ours, theirs = (checkpoints(store, name)[-1] / "adapter_model.safetensors" for name in ("r", "whole"))
    assert ours.read_bytes() == theirs.read_bytes()
    config = store.root / "r" / "config.toml"
    config.write_text(config.read_text().replace("general_ratio = 0.4", "general_ratio = 0.5"))
    with pytest.raises(ResumeError, match=r"shares was .*'general': 0.4.* and is .*'general': 0.5"):
        resume_run("r@2", (), store)


def test_weights_decide_how_often_a_file_is_read(mixed, store, tmp_path):
    config = mixed(data__weights={"one": 1.0, "two": 3.0}, data__general="", data__general_ratio=0.2, train__steps=30)
    start_run(config, store)
    size = lengths(config)
    read = [place for batch in batches(store) for place in batch["rows"]]
    total = sum(size[place] for place in read)
    assert sum(size[place] for place in read if place >= 12) / total == pytest.approx(0.75, abs=0.01)


def test_a_file_without_a_weight_has_that_of_its_length(mixed):
    config = mixed(data__weights={"one": 2.0})
    job = prepare(config)
    size = {example.row: len(example.ids) for example in job.data.train}
    one, two = sum(size[place] for place in range(12)), sum(size[place] for place in range(12, 20))
    shares = job.plan.facts()["shares"]
    assert shares["two"] / shares["one"] == pytest.approx(two / one)
    assert shares["one"] + shares["two"] == pytest.approx(0.6)
    assert shares["general"] == 0.4


def test_a_weight_of_a_file_that_is_not_there_is_refused(mixed):
    with pytest.raises(ConfigError) as caught:
        prepare(mixed(data__weights={"three": 1.0}))
    assert str(caught.value) == "data.weights names three, which is no file of data.train; they are one, two"


def test_files_of_one_stem_have_the_names_of_their_folders(config_for, file, store, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    paths = [file(f"{folder}/chat.jsonl", rows(8, folder)) for folder in ("a", "b")]
    settings = {"data__train": paths, "data__validation": 0.0, "train__steps": 20}
    with pytest.raises(ConfigError, match=r"names chat, which is no file of data.train; they are a/chat, b/chat$"):
        prepare(config_for(**settings, data__weights={"chat": 1.0}))
    config = config_for(**settings, data__weights={"a/chat": 1.0, "b/chat": 4.0})
    start_run(config, store)
    size = lengths(config)
    read = [place for batch in batches(store) for place in batch["rows"]]
    share = sum(size[place] for place in read if place >= 8) / sum(size[place] for place in read)
    assert share == pytest.approx(0.8, abs=0.02)
    assert metric(store, "loss/b/chat").keys() == metric(store, "loss").keys()
    sources = store.rows("SELECT source, count(*) AS rows FROM sample GROUP BY source ORDER BY source")
    assert [tuple(item.values()) for item in sources] == [("a/chat", 8), ("b/chat", 8)]


def test_a_file_called_general_is_told_from_the_general_data(mixed, file, tmp_path):
    (tmp_path / "mine").mkdir()
    paths = [file("mine/general.jsonl", rows(12, "mine")), file("two.jsonl", rows(8, "two"))]
    job = prepare(mixed(data__train=paths, data__weights={"mine/general": 2.0, "two": 1.0}))
    shares = job.plan.facts()["shares"]
    assert shares == pytest.approx({"mine/general": 0.4, "two": 0.2, "general": 0.4})
    assert job.data.sources == ["mine/general", "two", "general"]


def test_a_weight_of_a_file_whose_rows_are_all_held_out_is_refused(config_for, file):
    paths = [file("one.jsonl", rows(1, "one")), file("two.jsonl", rows(9, "two"))]
    with pytest.raises(ConfigError) as caught:
        for seed in range(9):
            prepare(config_for(data__train=paths, data__weights={"one": 1.0}, train__seed=seed))
    assert str(caught.value) == (
        "data.weights names one, of which every row is held out for the validation loss; "
        "leave its weight out, or lower data.validation"
    )


# --- what of a row is learned ----------------------------------------------------------------


def answers(job, example):
    return job.tokenizer.decode(example.ids[example.answer])


def test_columns_of_any_name_are_read_once_they_are_named(config_for, file):
    path = file("odd.jsonl", [{"question": f"What is {word}?", "reply": f"A {word}.", "cat": word} for word in WORDS])
    with pytest.raises(DataError, match=r"odd\.jsonl line 1 has the columns question, reply"):
        prepare(config_for(data__train=path))
    columns = {"prompt": "question", "completion": "reply", "task": "cat"}
    job = prepare(config_for(data__train=path, data__columns=columns, data__validation=0.0))
    assert [answers(job, example) for example in job.data.train] == [f"A {word}.<|end|>" for word in WORDS]
    assert [sample.task for sample in job.data.files[0].samples] == WORDS
    with pytest.raises(DataError, match="has no column answer, which the column mapping names for completion"):
        prepare(config_for(data__train=path, data__columns={**columns, "completion": "answer"}))


TALK = [
    {"role": "user", "content": "First?"}, {"role": "assistant", "content": "One."},
    {"role": "user", "content": "Second?"}, {"role": "assistant", "content": "Two."},
]  # fmt: skip


def test_general_data_has_columns_of_its_own(config_for, file):
    path = file("odd.jsonl", [{"question": f"Who is {number}?", "reply": "Me."} for number in range(9)])
    general = file("own.jsonl", [{"prompt": f"What is {number}?", "completion": "A number."} for number in range(9)])
    columns = {"prompt": "question", "completion": "reply"}
    job = prepare(config_for(data__train=path, data__general=general, data__columns=columns, data__validation=0.0))
    assert [len(item.examples) for item in job.data.files] == [9, 9]


def test_of_a_conversation_all_answers_are_learned_or_the_last_one_only(config_for, file):
    path = file("talk.jsonl", [{"messages": TALK}])
    for last, learned in ((False, "One.<|end|>Two.<|end|>"), (True, "Two.<|end|>")):
        job = prepare(config_for(data__train=path, data__validation=0.0, data__last_turn_only=last))
        assert answers(job, job.data.train[0]) == learned


def test_a_second_pretraining_on_conversations_learns_every_token(config_for, file, store):
    paths = [file("talk.jsonl", [{"messages": TALK}]), file("plain.jsonl", [row("q", "a")])]
    config = config_for(data__train=paths, data__validation=0.0, train__stage="cpt", train__steps=1)
    job = prepare(config)
    (talk, short) = job.data.train
    assert talk.answer.all()
    assert short.answer.all()
    assert answers(job, talk).count("<|user|>") == 2
    start_run(config, store)
    assert show_run(store, "r")["stage"] == "cpt"
    found = job.engine.measure(job.optimizer, [talk, short], micro_batch=2, clip=0.0)
    assert found.counts == [len(talk.ids) - 1, len(short.ids) - 1]


# --- near-duplicates -------------------------------------------------------------------------


def test_no_row_that_is_held_out_has_its_like_among_those_that_are_learned(config_for, file):
    first = rows(15)
    likes = [row(f"{item['prompt'].upper()}  ", f"{item['completion']}") for item in first]
    for seed in range(5):
        config = config_for(data__train=file("d.jsonl", first + likes), data__validation=0.3, train__seed=seed)
        data = prepare(config).data
        apart = {example.row % 15 for example in data.validation}
        assert apart.isdisjoint(example.row % 15 for example in data.train)
        assert 0 < len(data.validation) <= 10


def test_no_row_that_is_held_out_has_its_like_in_the_general_data_either(config_for, file):
    first = rows(15)
    for seed in range(5):
        config = config_for(
            data__train=file("d.jsonl", first), data__general=file("g.jsonl", first[:10]),
            data__validation=0.2, train__seed=seed,
        )  # fmt: skip
        data = prepare(config).data
        assert {example.row for example in data.validation} <= set(range(10, 15))
        assert len(data.validation) == 3


def test_rows_of_a_validation_file_that_are_learned_are_left_out_and_told(config_for, file, store):
    learned = rows(12)
    other = rows(4, "another thing altogether:")
    config = config_for(
        data__train=file("d.jsonl", learned), data__validation=file("v.jsonl", [*other, learned[3], learned[5]]),
        train__steps=1,
    )  # fmt: skip
    job = prepare(config)
    assert [example.row for example in job.data.validation] == [12, 13, 14, 15]
    start_run(config, store)
    sentence = (
        "2 rows of the validation file stand, nearly the same, in the training data; they are not measured on"
    )  # fmt: skip
    assert said(store, "data") == [sentence]
    found = {item["role"]: (item["rows"], item["first_row"]) for item in show_run(store, "r")["datasets"]}
    assert found == {"train": (12, 0), "validation": (4, 12)}
    assert metric(store, "val_loss")[1, 0] == pytest.approx(
        job.engine.evaluate(job.data.validation, micro_batch=4), rel=1e-5
    )


def test_a_validation_file_of_learned_rows_only_is_refused(config_for, file):
    path = file("v.jsonl", rows(3))
    with pytest.raises(DataError) as caught:
        prepare(config_for(data__train=file("d.jsonl", rows(12)), data__validation=path))
    assert str(caught.value) == (
        f"every row of {path} is, nearly the same, in the training data; name a validation file of other rows"
    )


@pytest.mark.parametrize(
    ("different", "copies", "why"),
    [
        (1, 1, "there is only one row"),
        (1, 3, "the rows are nearly the same, as each other or as the general data"),
        (5, 2, "rows that are nearly the same stay together, and no such group is as small as the share"),
    ],
)
def test_why_no_row_can_be_held_out_is_told(config_for, file, store, different, copies, why):
    path = file("few.jsonl", rows(different) * copies)
    start_run(config_for(data__train=path, data__validation=0.02, train__steps=1), store)
    sentence = (
        f"data.validation is 0.02, but nothing is held out, so there is no validation loss: {why}; "
        f"a file of other rows can be named, --validation FILE"
    )
    (event,) = events(store, "data")
    assert (event["message"], event["level"]) == (sentence, "warning")
    assert f" {sentence}\n" in (store.root / "r" / "log.txt").read_text()
    assert metric(store, "val_loss") == {}


def test_of_two_rows_one_is_held_out(config_for, file, store):
    start_run(config_for(data__train=file("two.jsonl", rows(2)), data__validation=0.02, train__steps=1), store)
    assert len(metric(store, "val_loss")) == 2
    assert events(store, "data") == []


# --- early stopping, activations -------------------------------------------------------------


def test_a_run_that_learns_no_more_stops_early_says_so_and_says_it_again(config_for, store, monkeypatch):
    losses = iter([9.0, 3.0, 4.0, 3.0, 3.5, 9.0, 9.0])
    monkeypatch.setattr("trainer.step.Engine.held_out", lambda *_, **__: (next(losses), {}))
    settings = {"train__steps": 50, "train__eval_every": 1, "train__early_stop": 3, "checkpoint__every": 50}
    ended = start_run(config_for(**settings), store)
    assert (ended.outcome.state.step, ended.outcome.stopped_by) == (4, None)
    sentence = "stopped early at step 4: the lowest validation loss is that of step 1"
    assert said(store, "early-stop") == [sentence]
    assert [folder.name for folder in checkpoints(store)] == ["00000004-b1"]
    run = show_run(store, "r")
    assert (run["status"], run["step"], run["total_steps"]) == ("finished", 4, 50)
    again = resume_run("r", (), store)
    assert again.outcome.state.step == 4
    assert said(store, "early-stop") == [sentence, sentence]
    # Another patience lets it go on, at the loss where it was.
    assert resume_run("r", ("train.early_stop=5",), store).outcome.state.step == 6
    assert events(store, "early-stop")[-1]["data"] == {"best_step": 1}


@pytest.mark.parametrize("method", ["full", "lora"])
def test_computing_activations_again_changes_no_bit(config_for, method):
    found = []
    for again in (False, True):
        job = prepare(config_for(train__method=method, lora__dropout=0.3, train__gradient_checkpointing=again))
        assert any(getattr(layer, "gradient_checkpointing", False) for layer in job.model.modules()) == again
        seed_step(0, 1)
        measured = job.engine.measure(job.optimizer, job.data.train[:4], micro_batch=2, clip=1.0)
        gradients = {name: item.grad for name, item in job.model.named_parameters() if item.grad is not None}
        found.append((measured, gradients))
    (plain, expected), (again, gradients) = found
    assert plain == again
    assert expected.keys() == gradients.keys() != set()
    assert all(torch.equal(expected[name], gradients[name]) for name in expected)
