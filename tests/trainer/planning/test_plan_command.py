"""`assay plan` from its arguments to what it prints and writes; what it cannot plan it tells in one sentence."""

import json
import subprocess
import sys

import pytest

import assay.cli
from store.runs import show_run
from tests.trainer.planning.shapes import LLAMA_2_7B, QWEN_7B
from trainer.config_file import config_from, read_toml, with_settings
from trainer.job import prepare
from trainer.origin import find_origin, stage_tables
from trainer.planning.memory import card_of
from trainer.session import start_run

KEYS = ["stages", "method", "lr", "batch", "general_share", "vocabulary", "memory", "fits", "reasons"]
ROW = ["method", "weights", "gradients", "optimizer", "activations", "total_bytes"]


@pytest.fixture
def planned(capsys):
    """Calls `assay plan`; returns its exit status, what it printed, and what it said beside that."""

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["plan", *map(str, arguments)])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


@pytest.fixture
def plan(planned):
    """Calls `assay plan --json` and returns the document."""

    def call(*arguments):
        status, out, _ = planned(*arguments, "--json")
        assert status == 0
        return json.loads(out)

    return call


@pytest.fixture
def sizes_only(tmp_path):
    """Makes a model folder that holds a config.json and nothing else."""

    def make(fields):
        folder = tmp_path / "sizes"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(fields))
        return folder

    return make


def texts(path, rows):
    path.write_text("".join(json.dumps({"text": f"{number} 药品说明"}) + "\n" for number in range(rows)))
    return path


def pairs(path, rows):
    path.write_text(
        "".join(json.dumps({"instruction": f"{number}?", "output": f"{number}."}) + "\n" for number in range(rows))
    )
    return path


def reasons(found, about):
    return [item["reason"] for item in found["reasons"] if item["about"] == about]


def test_the_document_has_its_keys_and_each_sum_is_right(plan, model_folder, data_file):
    found = plan("--model", model_folder, "--data", data_file, "--gpu", "24GB,A100-80GB")
    assert list(found) == KEYS
    for row in found["memory"]:
        assert list(row)[: len(ROW)] == ROW
        assert row["total_bytes"] == sum(row[part] for part in ROW[1:5])
    assert [row["method"] for row in found["memory"][:3]] == ["full", "lora", "qlora"]
    assert list(found["fits"]) == ["24GB", "A100-80GB"]
    assert all(item["reason"] and item["source"] for item in found["reasons"])
    assert {item["about"] for item in found["reasons"]} == {
        "stages", "start", "length", "batch", "epochs", "method", "lr", "general_share", "vocabulary", "memory",
    }  # fmt: skip


def test_few_pairs_are_sft_with_an_adapter(plan, model_folder, data_file):
    found = plan("--model", model_folder, "--data", data_file)
    (stage,) = found["stages"]
    assert (stage["stage"], stage["start"], stage["rows"], stage["epochs"]) == ("sft", "chat", 24, 3.0)
    assert (stage["data"], stage["batch"], stage["steps"]) == ([str(data_file)], 8, 9)
    assert (found["method"], found["lr"], found["fits"]) == ("lora", 7.1e-5, {})
    assert found["batch"] == {
        "size": 8, "micro_batch": 8, "accumulation": 1, "gradient_checkpointing": False,
        "lr_at": {"4": 5e-5, "16": 1e-4},
    }  # fmt: skip
    assert found["general_share"]["value"] == 0.2
    assert found["general_share"]["guide"] == [[0.1, 0.2], [5 / 6, 10 / 11]]
    assert [row["share"] for row in found["general_share"]["measured"]] == [0.0, 0.1, 0.2, 0.5, 0.83, 0.91]
    assert found["vocabulary"]["tokens"] <= 400
    assert "brings a chat template" in reasons(found, "start")[1]


def test_a_config_json_is_enough_for_the_table_and_what_fits(plan, sizes_only):
    found = plan("--model", sizes_only(LLAMA_2_7B), "--gpu", "24GB")
    assert (found["stages"], found["batch"], found["general_share"], found["vocabulary"]) == ([], None, None, None)
    full, lora, qlora = found["memory"][:3]
    assert (full["weights"], lora["weights"] // 10**9, qlora["weights"] // 10**9) == (4 * 6_738_415_616, 13, 4)
    card = found["fits"]["24GB"]
    assert (card["bytes"], card["usable_bytes"]) == (24 * 2**30, int(24 * 2**30 * 0.9))
    assert (card["full"], card["full_sharded_over"]) == (None, 7)
    assert card["lora"]["total_bytes"] <= card["usable_bytes"]
    lengths = {(row["length"], row["micro_batch"], row["gradient_checkpointing"]) for row in found["memory"]}
    assert lengths == {(n, size, way) for n in (512, 1024, 2048, 4096) for size in (1, 4) for way in (False, True)}
    assert len(found["memory"]) == 3 * len(lengths)


def test_documents_and_many_pairs_are_two_stages_that_fit_the_smallest_card(plan, sizes_only, tmp_path):
    files = [texts(tmp_path / "texts.jsonl", 400), pairs(tmp_path / "pairs.jsonl", 10_000)]
    found = plan("--model", sizes_only(QWEN_7B), "--data", files[0], "--data", files[1], "--gpu", "80GB,24GB")
    assert [(stage["stage"], stage["start"]) for stage in found["stages"]] == [("cpt", "chat"), ("sft", "cpt")]
    assert found["method"] == "lora"
    assert "fits a card of 24GB" in reasons(found, "method")[0]
    for stage in found["stages"]:
        assert stage["micro_batch"] * stage["accumulation"] >= stage["batch"]
    assert found["memory"][0]["length"] == max(stage["max_length"] for stage in found["stages"]) == 1024
    assert found["vocabulary"] is None
    assert "WARNING" in reasons(found, "start")[1]


@pytest.mark.parametrize(
    ("cards", "method", "said"),
    [
        ("12GB", "qlora", "12GB holds it, with weights of 4 bits only"),
        ("2GB", "lora", "WARNING: not even weights of 4 bits fit"),
        ("8GB,192GB", "full", "it fits a card of 192GB"),
    ],
)
def test_the_method_is_what_fits(plan, sizes_only, tmp_path, monkeypatch, *, cards, method, said):
    monkeypatch.setattr("trainer.planning.advice.FROM_BASE", 100 if method == "full" else 10**5)
    data = pairs(tmp_path / "pairs.jsonl", 200)
    found = plan("--model", sizes_only(LLAMA_2_7B), "--data", data, "--gpu", cards)
    assert found["method"] == method
    assert said in reasons(found, "method")[0]


def test_a_kind_of_model_that_is_not_known_is_planned_without_memory(plan, sizes_only, data_file):
    found = plan("--model", sizes_only({"model_type": "mixtral"}), "--data", data_file, "--gpu", "24GB")
    assert (found["memory"], found["fits"], found["method"]) == ([], {}, "lora")
    assert "no table of memory" in reasons(found, "memory")[0]
    assert "what fits is not known" in reasons(found, "method")[0]


def test_preferences_are_a_last_stage_of_two_rows_each(plan, model_folder, tmp_path, data_file):
    row = {"prompt": "What is it?", "chosen": "It is 6.", "rejected": "No."}
    preferences = tmp_path / "preferences.jsonl"
    preferences.write_text("".join(json.dumps({**row, "prompt": f"What is {n}?"}) + "\n" for n in range(40)))
    target = tmp_path / "c.toml"
    found = plan("--model", model_folder, "--data", data_file, preferences, "--gpu", "24GB", "--write", target)
    assert [(stage["stage"], stage["start"]) for stage in found["stages"]] == [("sft", "chat"), ("dpo", "sft")]
    dpo = found["stages"][1]
    assert (dpo["data"], dpo["rows"], dpo["epochs"], dpo["lr"]) == ([str(preferences)], 40, 1.0, 1e-5)
    assert (dpo["batch"], dpo["micro_batch"], dpo["steps"]) == (8, 8, 5)
    config = config_from(with_settings(read_toml(tmp_path / "c-dpo.toml"), [f"model.path={model_folder}"]))
    assert (config.train.stage, config.lr, config.data.general) == ("dpo", 1e-5, "")
    assert (found["lr"], list(found["batch"]["lr_at"])) == (1e-5, ["4", "16"])


def test_a_second_pre_training_takes_the_steps_that_are_planned(plan, model_folder, tmp_path, store):
    """Documents of three tokens and of many; several are packed into a row, and long ones are read in parts."""
    data = tmp_path / "texts.jsonl"
    said = [" ".join(f"What is {n}?" for _ in range(1 + 40 * (n % 3 == 0))) for n in range(300)]
    data.write_text("".join(json.dumps({"text": text}) + "\n" for text in said))
    target = tmp_path / "c.toml"
    (stage,) = plan("--model", model_folder, "--data", data, "--write", target)["stages"]
    assert stage["batch"] > stage["rows_a_step"] == 8
    settings = ["train.device=cpu", "run.name=r", "eval.samples=0", "data.validation=0.0"]
    job = prepare(config_from(with_settings(read_toml(target), settings)))
    assert job.plan.steps == stage["steps"]
    packed = job.engine.objective.batch(job.data.train[: stage["batch"]])
    assert abs(len(packed.ids) - 8) <= 2


@pytest.mark.parametrize(
    ("card", "count", "size"), [("24GB", 1, 24), ("4x A100 40GB", 4, 40), ("8 × 80GB", 8, 80), ("2*H100-80G", 2, 80)]
)
def test_cards_are_counted(card, count, size):
    found = card_of(card)
    assert (found.count, found.size, found.name) == (count, size * 2**30, card)


def test_weights_that_are_shared_out_over_the_cards_there_are_fit(planned, sizes_only):
    folder = sizes_only(LLAMA_2_7B)
    assert "no; 7 cards with sharding" in planned("--model", folder, "--gpu", "4 x 24GB")[1]
    assert "sharded over 7 of the 8" in planned("--model", folder, "--gpu", "8 x 24GB")[1]


def test_people_are_shown_stages_reasons_and_tables(planned, model_folder, data_file):
    status, out, err = planned("--model", model_folder, "--data", data_file, "--gpu", "24GB")
    assert (status, err) == (0, "")
    for line in (
        "1. sft from a chat model: 24 rows", "LoRA, 8 samples at once; learning rate at other batch sizes: 4: 5e-05",
        "GB of activations, LoRA", "what fits", "five times the guide's 2e-5", "83 %", "-2.07",
    ):  # fmt: skip
        assert line in out
    assert planned("--model", model_folder)[0] == 0


def test_a_written_configuration_trains(planned, model_folder, data_file, tmp_path, store):
    target = tmp_path / "plan.toml"
    status, _, err = planned("--model", model_folder, "--data", data_file, "--gpu", "24GB", "--write", target)
    assert status == 0
    assert err == f"written: {target}\nnext: assay train {target}\n"
    settings = ["train.steps=1", "train.device=cpu", "run.name=r", "eval.samples=0"]
    config = config_from(with_settings(read_toml(target), settings))
    assert (config.train.method, config.lr, config.train.batch_size, config.train.micro_batch) == ("lora", 7.1e-5, 8, 8)
    assert (config.data.train, config.train.epochs, config.data.max_length) == (str(data_file), 3.0, 64)
    start_run(config, store)
    assert show_run(store, "r")["status"] == "finished"


def test_two_stages_are_two_configurations_that_train_one_after_the_other(
    planned, model_folder, tmp_path, store, monkeypatch
):
    monkeypatch.setattr("trainer.planning.advice.SFT_ALONE", 10)
    target = tmp_path / "plan.toml"
    files = [texts(tmp_path / "texts.jsonl", 9), pairs(tmp_path / "pairs.jsonl", 12)]
    status, _, err = planned("--model", model_folder, "--data", *files, "--write", target)
    after = tmp_path / "plan-sft.toml"
    assert status == 0
    assert f"then: assay train {after} --from RUN, with the name of the first run" in err
    settings = ["train.steps=1", "train.device=cpu", "eval.samples=0"]
    start_run(config_from(with_settings(read_toml(target), [*settings, "run.name=first"])), store)
    tables = with_settings(read_toml(after), [*settings, "run.name=second"])
    start_run(config_from(stage_tables(find_origin("first", store), tables)), store)
    assert [show_run(store, name)["status"] for name in ("first", "second")] == ["finished", "finished"]
    assert read_toml(after)["train"]["stage"] == "sft"


def test_nothing_is_written_over(planned, model_folder, data_file, tmp_path):
    target = tmp_path / "plan.toml"
    target.write_text("mine")
    status, out, err = planned("--model", model_folder, "--data", data_file, "--write", target, "--json")
    assert (status, out) == (2, "")
    assert err == f"assay: {target} exists, and is left as it is; name another file to write to\n"
    assert target.read_text() == "mine"


def test_nothing_is_half_written(planned, model_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.planning.advice.SFT_ALONE", 10)
    (tmp_path / "plan-sft.toml").write_text("mine")
    files = [texts(tmp_path / "texts.jsonl", 9), pairs(tmp_path / "pairs.jsonl", 12)]
    status, _, err = planned("--model", model_folder, "--data", *files, "--write", tmp_path / "plan.toml")
    assert (status, err.count("\n")) == (2, 1)
    assert not (tmp_path / "plan.toml").exists()


def five_formats(path):
    rows = [
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
        {"instruction": "a", "output": "b"}, {"prompt": "a", "completion": "b"}, {"text": "a"},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_what_cannot_be_planned_is_told_in_one_sentence(planned, model_folder, sizes_only, data_file, tmp_path):
    empty, broken = tmp_path / "empty", tmp_path / "broken.jsonl"
    empty.mkdir()
    broken.write_bytes('{"text": "药品说明"}'.encode("gb18030"))
    mixed = five_formats(tmp_path / "mixed.jsonl")
    small = sizes_only({**LLAMA_2_7B, "vocab_size": 100})
    (small / "tokenizer.json").write_bytes((model_folder / "tokenizer.json").read_bytes())
    of, data = ("--model", model_folder), ("--data", data_file)
    for arguments, said in (
        (("--model", empty, *data), f"{empty} is no model: it has no config.json"),
        (("--model", tmp_path / "no", *data), "does not exist"),
        (("--model", small, *data), "tokens, the model 100; they do not belong together"),
        ((*of, *data, "--gpu", "24GB,A100"), "--gpu A100: Assay does not know this card; write how much"),
        ((*of, "--data", mixed), "mixed.jsonl line 2 lacks messages: the rows before it are chat rows"),
        ((*of, "--data", broken), "is not UTF-8"),
        ((*of, "--data", tmp_path / "no.jsonl"), "there is no data file"),
        ((*of, data_file), "is named as nothing; data files come behind --data"),
        ((*of, "--write", tmp_path / "c.toml"), "--write needs to know the data; name it with --data"),
        ((*of, *data, "--write", tmp_path / "no" / "c.toml"), "cannot write"),
    ):
        status, out, err = planned(*arguments, "--json")
        assert (status, out, err.count("\n")) == (2, "", 1), arguments
        assert said in err


def test_weights_of_4_bits_are_written_where_nothing_else_fits(planned, sizes_only, data_file, tmp_path):
    target = tmp_path / "c.toml"
    arguments = ("--model", sizes_only(LLAMA_2_7B), "--data", data_file, "--gpu", "12GB", "--write", target)
    assert planned(*arguments)[0] == 0
    config = config_from(read_toml(target))
    assert (config.train.method, config.lr) == ("qlora", 7.1e-5)


def test_the_command_loads_no_torch(model_folder, data_file):
    code = (
        "import sys, assay.cli\ntry:\n    assay.cli.main(sys.argv[1:])\n"
        "except SystemExit:\n    print('loaded:', {'torch', 'transformers'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", code, "plan", "--model", str(model_folder), "--data", str(data_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("loaded: set()\n")
