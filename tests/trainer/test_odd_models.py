"""Models that are not whole, that bring code, or whose parts are not each other's."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import assay.cli
from store.runs import show_run
from tests.trainer.seen import checkpoints, dies_at, learned, said
from trainer.demo.tiny import make_tokenizer
from trainer.errors import ModelError
from trainer.job import prepare
from trainer.model import doubts
from trainer.session import resume_run, start_run


@pytest.fixture
def copy(model_folder, tmp_path):
    """A model folder to spoil."""
    folder = tmp_path / "copy"
    shutil.copytree(model_folder, folder)
    return folder


@pytest.fixture
def refused(copy, data_file, store, capsys):
    """Calls `assay train` on that model; returns its one sentence. No run may be there then."""

    def call(*settings):
        arguments = ["--model", copy, "--data", data_file, "--store", store.path]
        options = [item for setting in settings for item in ("--set", setting)]
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["train", *map(str, arguments), *options])
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
        assert [path.name for path in store.root.iterdir() if path.is_dir()] == []
        return err.removeprefix("assay: ").rstrip("\n")

    return call


def edit(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


# --- weights -----------------------------------------------------------------------------------


class Code:
    """What an unpickler that allows it would run."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return (Path.touch, (self.place,))


def test_code_in_pickled_weights_is_not_run(refused, copy, tmp_path):
    (copy / "model.safetensors").unlink()
    torch.save({"lm_head.weight": Code(tmp_path / "it-ran")}, copy / "pytorch_model.bin")
    assert refused() == (
        f"the weights in {copy} are a pickle that holds code, or is damaged; nothing of it was run: take the model as "
        f"safetensors, or convert it where its code may run"
    )
    assert not (tmp_path / "it-ran").exists()
    torch.load(copy / "pytorch_model.bin", weights_only=False)
    assert (tmp_path / "it-ran").exists()


def test_pickled_weights_that_are_numbers_are_those_of_the_safetensors(config_for, copy):
    whole = prepare(config_for(model__path=str(copy), train__method="full")).model.state_dict()
    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    found = prepare(config_for(model__path=str(copy), train__method="full")).model.state_dict()
    assert all(torch.equal(whole[name], found[name]) for name in whole)


def test_weights_that_are_in_no_file_are_named_and_never_made_up(refused, copy):
    weights = load_file(copy / "model.safetensors")
    kept = {name: item for name, item in weights.items() if "layers.1." not in name}
    save_file(kept, copy / "model.safetensors", metadata={"format": "pt"})
    assert refused() == (
        f"9 weights that config.json asks for are in no file of {copy} (model.layers.1.input_layernorm.weight, "
        f"model.layers.1.mlp.down_proj.weight, model.layers.1.mlp.gate_proj.weight, …); they would be random numbers: "
        f"take a whole copy of the model"
    )


def test_weights_the_model_has_no_place_for_are_told(config_for, copy, store, capsys):
    weights = load_file(copy / "model.safetensors")
    save_file({**weights, "score.weight": torch.ones(2)}, copy / "model.safetensors", metadata={"format": "pt"})
    start_run(config_for(model__path=str(copy), train__steps=1), store)
    sentence = f"1 weights in {copy} have no place in the model and are left out (score.weight)"
    assert said(store, "model") == [sentence]
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fields", "size", "more"),
    [({"vocab_size": 300}, "300 x 32", ""), ({"hidden_size": 64}, "307 x 64", ", as 19 more do not")],
)
def test_sizes_that_are_not_those_of_the_configuration_are_named(refused, copy, fields, size, more):
    edit(copy / "config.json", **fields)
    assert refused() == (
        f"model.embed_tokens.weight is 307 x 32 in the weights in {copy} and {size} by its config.json, so they do not "
        f"belong together{more}; take a whole copy of the model"
    )


# --- code that comes with a model --------------------------------------------------------------

MODELING = """
from pathlib import Path
from transformers import LlamaConfig, LlamaForCausalLM

Path({place!r}).touch()


class OwnConfig(LlamaConfig):
    model_type = "own"


class OwnModel(LlamaForCausalLM):
    config_class = OwnConfig
"""


def test_code_of_a_model_runs_only_where_the_configuration_says_so(refused, copy, config_for, tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    place = tmp_path / "it-ran"
    (copy / "modeling_own.py").write_text(MODELING.format(place=str(place)))
    auto = {"AutoConfig": "modeling_own.OwnConfig", "AutoModelForCausalLM": "modeling_own.OwnModel"}
    edit(copy / "config.json", model_type="own", auto_map=auto)
    assert refused() == (
        f"the model in {copy} cannot be loaded: Python code comes with it, which runs with "
        f"--set model.trust_remote_code=true alone; read it first"
    )
    assert not place.exists()
    job = prepare(config_for(model__path=str(copy), model__trust_remote_code=True, train__method="full"))
    assert type(job.model).__name__ == "OwnModel"
    assert place.exists()


# --- the tokenizer -----------------------------------------------------------------------------


def test_a_tokenizer_that_is_not_there_is_named(refused, copy):
    (copy / "tokenizer.json").unlink()
    assert refused() == (
        f"the tokenizer in {copy} cannot be loaded: it has no tokenizer.json; copy the tokenizer's files from where "
        f"the model is from"
    )
    (copy / "tokenizer.model").touch()
    assert "it has tokenizer.model and no tokenizer.json, so the package sentencepiece is needed" in refused()


@pytest.mark.parametrize("file", ["config.json", "generation_config.json"])
def test_an_end_that_is_not_the_models_is_told(config_for, copy, store, capsys, file):
    edit(copy / file, eos_token_id=[77, 78])
    start_run(config_for(model__path=str(copy), train__steps=1), store)
    sentence = (
        f"the tokenizer ends an answer with token 1 (<|end|>), and eos_token_id in {file} is [77, 78]; other programs "
        f"may not stop where answers end"
    )
    assert said(store, "model") == [sentence]
    assert sentence in capsys.readouterr().err


def test_a_tokenizer_with_far_fewer_tokens_than_the_model_is_doubted(config_for, copy):
    job = prepare(config_for(train__method="full"))
    assert doubts(job.model, job.tokenizer) == job.notes == []
    size = len(job.tokenizer)
    job.model.resize_token_embeddings(size + 512)
    assert doubts(job.model, job.tokenizer) == []
    job.model.resize_token_embeddings(size + 513)
    (sentence,) = doubts(job.model, job.tokenizer)
    assert sentence.startswith(f"the tokenizer has {size} tokens and the model {size + 513}, 513 more than padding ")


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(refused, copy):
    tokenizer = make_tokenizer([f"word{number} thing{7 * number}" for number in range(600)], 600)
    tokenizer.save_pretrained(copy)
    assert refused() == f"the tokenizer has {len(tokenizer)} tokens, the model 307; they do not belong together"


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ messages[0].content + 1 }}", 'can only concatenate str (not "int") to str'),
        ("{{ messages[0].content | upside_down }}", "No filter named 'upside_down'."),
        ("{{ raise_exception('no more') }}", "no more"),
    ],
)
def test_a_template_that_fails_in_any_way_is_one_sentence(refused, copy, data_file, template, says):
    (copy / "chat_template.jinja").write_text(template)
    assert refused() == f"{data_file} row 0: the tokenizer's chat template refuses this conversation: {says}"


# --- the adapter's places ----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`:UserWarning")
def test_an_adapter_on_the_embedding_is_trained_and_goes_on_bit_equal(config_for, store, monkeypatch):
    settings = {"lora__target": ["embed_tokens", "q_proj"]}
    start_run(config_for(run__name="whole", **settings), store)
    with dies_at(monkeypatch, 5):
        start_run(config_for(**settings), store)
    resume_run("r", (), store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    names = load_file(checkpoints(store)[-1] / "adapter_model.safetensors")
    assert {name.split(".")[-2] for name in names if "embed_tokens" in name} == {"embed_tokens"}
    assert show_run(store, "r")["status"] == "finished"


def test_a_pattern_that_is_none_is_named(refused):
    assert refused("lora.target=[q_proj") == (
        "lora.target = [q_proj is neither a list of names nor a regular expression: unterminated character set at "
        'position 0; write a list as ["q_proj", "v_proj"]'
    )


def test_a_model_is_loaded_whole_for_a_checkpoint_of_a_full_run_too(config_for, store):
    start_run(config_for(train__method="full", train__steps=1), store)
    (folder,) = checkpoints(store)
    weights = load_file(folder / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"^1 weights that config\.json asks for .*\(model\.norm\.weight\)"):
        prepare(config_for(model__path=str(folder)))
