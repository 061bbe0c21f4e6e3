"""What cannot be trained on is told in one sentence, and nothing is written."""

import json
import re
import shutil
from dataclasses import fields, replace

import pytest
from safetensors.torch import load_file, save_file

import assay.cli
from store.runs import show_run
from tests.trainer.seen import checkpoints, dies_at, said
from trainer.changes import CHANGEABLE, check_changeable
from trainer.errors import ConfigError
from trainer.session import resume_run, start_run


@pytest.fixture
def refused(capsys, store):
    """Calls `assay train`; returns its one sentence. Nothing in the store's folder may have changed."""

    def call(*arguments):
        before = content(store.root)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["train", *map(str, arguments), "--store", str(store.path)])
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
        assert content(store.root) == before
        return err.removeprefix("assay: ").rstrip("\n")

    return call


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("assay.duckdb", ".training"))
    }


@pytest.fixture
def copy(model_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(model_folder, folder)
    return folder


def test_a_tokenizer_without_an_end_is_named(refused, copy, data_file):
    path = copy / "tokenizer_config.json"
    fields = json.loads(path.read_text())
    del fields["eos_token"]
    path.write_text(json.dumps(fields))
    assert refused("--model", copy, "--data", data_file) == (
        f"the tokenizer in {copy} has no end-of-sequence token, so a model could never learn where an answer ends; "
        f'name it as "eos_token" in tokenizer_config.json'
    )


@pytest.mark.parametrize("method", ["lora", "full"])
def test_weights_that_are_no_number_are_named(refused, copy, data_file, method):
    weights = load_file(copy / "model.safetensors")
    name = "model.layers.1.mlp.up_proj.weight"
    weights[name][0, :3] = float("nan")
    weights[name][1, 0] = float("inf")
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    said = refused("--model", copy, "--data", data_file, "--set", f"train.method={method}")
    where = "base_model.model.model.layers.1.mlp.up_proj.base_layer.weight" if method == "lora" else name
    assert said == (
        f"4 of 3072 weights of {where} in {copy} are not a number; take a whole copy of the model"
    )  # fmt: skip


def test_a_context_in_which_no_answer_fits_is_named(refused, copy, data_file):
    path = copy / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "max_position_embeddings": 3}))
    assert refused("--model", copy, "--data", data_file) == (
        f"no row of {data_file} has an answer left to learn from in its first 3 tokens, the lesser of data.max_length "
        f"and the model's context; raise the lower one, or see whether the answers are empty"
    )


def test_a_weight_of_no_file_and_a_column_of_no_row_are_named(refused, model_folder, data_file):
    with_model = ("--model", model_folder, "--data", data_file)
    assert refused(*with_model, "--set", "data.weights={ sum = 1 }") == (
        "data.weights names sum, which is no file of data.train; they are sums"
    )
    said = refused(*with_model, "--set", 'data.columns={ output = "reply" }')
    assert said.startswith(f"{data_file} has no column reply, which the column mapping names for output; it has ")


def test_what_could_have_no_effect_is_refused(refused, model_folder, data_file):
    with_model = ("--model", model_folder, "--data", data_file)
    assert refused(*with_model, "--validation", "0", "--set", "train.early_stop=2") == (
        "train.early_stop watches the validation loss, and data.validation is 0; give it rows"
    )
    assert refused(*with_model, "--set", "data.general_ratio=0.5") == (
        "data.general_ratio is 0.5, and no data.general is named to mix in"
    )


def test_of_several_layers_to_adapt_the_one_that_is_not_there_is_named(refused, model_folder, data_file):
    said = refused("--model", model_folder, "--data", data_file, "--set", 'lora.target=["q_proj", "query"]')
    assert said == (
        "lora.target = query fits no layer of the model; its linear layers are called q_proj, k_proj, v_proj, "
        "o_proj, gate_proj, up_proj, down_proj, lm_head"
    )


def test_half_of_a_character_is_named_by_its_row(refused, model_folder, tmp_path):
    path = tmp_path / "odd.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n{"prompt": "c", "completion": "\\ud83d"}\n')
    assert refused("--model", model_folder, "--data", path) == (
        rf"{path} row 1: it holds half of a character (a lone \ud800 to \udfff), which no tokenizer reads"
    )


def test_a_mirror_among_the_runs_is_refused(refused, model_folder, data_file, store):
    said = refused("--model", model_folder, "--data", data_file, "--set", f"checkpoint.mirror={store.root}")
    assert said == f"checkpoint.mirror is {store.root}, where the runs are; name a folder on another disk"


def test_one_of_several_processes_that_cannot_find_the_others_is_refused(refused, model_folder, data_file, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert refused("--model", model_folder, "--data", data_file) == (
        "WORLD_SIZE is 2, and RANK is not set; start several processes with torchrun or `accelerate launch "
        "--multi_gpu`, or leave WORLD_SIZE out"
    )


@pytest.fixture
def interrupted(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 5):
        start_run(config_for(), store)


def test_a_run_goes_on_neither_with_other_rows_nor_in_other_batches(refused, interrupted, data_file):
    assert refused("--resume", "r", "--set", "train.batch_size=2") == (
        "train.batch_size was 4 and is 2, and run r goes on as it began; a new run from its weights takes it, "
        "`assay train --data FILE --from r --set train.batch_size=2`"
    )
    data_file.write_text(data_file.read_text().replace("It is 6.", "It is 7."))
    assert refused("--resume", "r") == (
        f"{data_file} has changed since the run began; put the old file back, or start a new run from its weights "
        f"with `assay train CONFIG --from RUN@STEP`"
    )


FORK = "a new run that goes on from its checkpoint takes it, `assay train --from r --set {}`"
STAGE = "a new run from its weights takes it, `assay train --data FILE --from r --set {}`"
START = "other weights take a run from the start, `assay train CONFIG`"


@pytest.mark.parametrize(
    ("setting", "change", "takes"),
    [
        ("optim.lr=1e-3", "was 0.005 and is 0.001", FORK),
        ("data.max_length=9", "was 512 and is 9", STAGE),
        ("lora.rank=4", "was 16 and is 4", START),
    ],
)
def test_what_a_run_cannot_take_on_is_told_with_what_it_would_take(refused, interrupted, setting, change, takes):
    name = setting.partition("=")[0]
    assert refused("--resume", "r", "--set", setting) == (
        f"{name} {change}, and run r goes on as it began; {takes.format(setting)}"
    )


def test_what_it_would_take_is_done(interrupted, store, data_file):
    settings = ("--from", "r", "--store", str(store.path), "--set", "run.name=next", "--set", "train.device=cpu")
    for more in (("--set", "optim.lr=1e-3"), ("--data", str(data_file), "--set", "train.batch_size=2")):
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["train", *settings, *more])
        assert ended.value.code == 0


def edit(config, **changes):
    """Change keys in the file a run goes on with."""
    text = config.read_text()
    for was, now in changes.values():
        assert was in text
        text = text.replace(was, now)
    config.write_text(text)


def test_a_configuration_that_was_edited_is_told_where_it_differs(interrupted, store, capsys):
    edit(store.root / "r" / "config.toml", lr=("lr = 0.005", "lr = 0.05"), cut=("max_length = 512", "max_length = 60"))
    resume_run("r", ("train.steps=7",), store)
    sentence = (
        "config.toml is not what it was at the checkpoint: optim.lr was 0.005 and is 0.05, data.max_length was 512 and "
        "is 60; the run goes on with what is there"
    )
    assert said(store, "config") == [sentence]
    assert sentence in capsys.readouterr().err
    resume_run("r", ("train.steps=8",), store)
    assert said(store, "config") == [sentence]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("rank = 16", "rank = 4"), "lora.rank was 16 when the checkpoint was written, and is 4 in config.toml"),
        (("alpha = 32.0", "alpha = 8.0"), "lora.alpha was 32.0 when the checkpoint was written, and is 8.0 in config"),
        (('"lora"', '"full"'), "train.method was lora when the checkpoint was written, and is full in config.toml"),
    ],
)
def test_a_configuration_edited_to_other_weights_is_refused(refused, interrupted, store, change, says):
    edit(store.root / "r" / "config.toml", weights=change)
    found = refused("--resume", "r")
    assert found.startswith(says)
    assert found.endswith("; weights keep the shape they were trained in, so put it back, or start a run with "
                          "`assay train CONFIG`")  # fmt: skip


def another(value):
    """A value of the same kind that is not the same."""
    if isinstance(value, list | dict):
        return [*value, "x"]
    return not value if isinstance(value, bool) else value + "x" if isinstance(value, str) else (value or 0) + 1


def test_each_key_that_makes_another_run_says_what_it_would_take(config_for):
    config = config_for()
    sections = {"guard.remedies" if entry.name == "remedies" else entry.name: entry.name for entry in fields(config)}
    del sections["alerts"]  # all of it may change
    for section, attribute in sections.items():
        values = getattr(config, attribute)
        for key in (entry.name for entry in fields(values)):
            name = f"{section}.{key}"
            other = replace(config, **{attribute: replace(values, **{key: another(getattr(values, key))})})
            check_changeable("r", [f"{name}=x"], config, config)
            if name in CHANGEABLE:
                check_changeable("r", [f"{name}=x"], config, other)
                continue
            with pytest.raises(ConfigError) as caught:
                check_changeable("r", [f"{name}=x"], config, other)
            said = str(caught.value)
            assert re.fullmatch(rf"{name} was .* and is .*, and run r goes on as it began; .*`assay train .*`", said)


def test_a_run_goes_on_with_as_many_files_as_it_began_with(refused, interrupted, store, data_file, tmp_path):
    shutil.copy(data_file, tmp_path / "again.jsonl")
    config = store.root / "r" / "config.toml"
    text = config.read_text()
    config.write_text(text.replace(f'train = "{data_file}"', f'train = ["{data_file}", "{tmp_path / "again.jsonl"}"]'))
    assert refused("--resume", "r").startswith("the run began with 1 data files, now there are 2 or in another order; ")
    config.write_text(text)
    assert resume_run("r", (), store).outcome.state.step == 6


def test_a_base_model_that_has_changed_is_named(config_for, store, refused, copy, monkeypatch):
    with dies_at(monkeypatch, 5):
        start_run(config_for(model__path=str(copy)), store)
    weights = load_file(copy / "model.safetensors")
    weights["model.norm.weight"] += 1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    said = refused("--resume", "r")
    assert said.startswith(f"the model in {copy} has changed since the run began; put the old one back, or ")


def test_a_fork_in_other_batches_writes_nothing(refused, interrupted, store):
    said = refused("--from", "r@3", "--set", "train.batch_size=8")
    assert "(batch_size was 4 and is 8)" in said
    assert [item["step"] for item in show_run(store, "r")["checkpoints"]] == [3]
    assert len(checkpoints(store)) == 1


@pytest.mark.parametrize("setting", ["train.method=full", "lora.rank=4", "lora.dropout=0.5"])
def test_a_fork_of_other_weights_writes_nothing(refused, interrupted, setting):
    assert refused("--from", "r@3", "--set", setting) == (
        "r/1@3 goes on with the weights it has, so train.method and [lora] stay as they were; "
        "a new stage begins with `assay train CONFIG --from r@3`"
    )
