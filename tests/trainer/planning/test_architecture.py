"""From config.json alone: as many numbers, in the same tensors, as the model that transformers and peft make of it."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.trainer.planning.shapes import LLAMA_2_7B, SMALL_GPT2, SMALL_LLAMA
from trainer.config import LoraConfig
from trainer.errors import ModelError
from trainer.model import add_adapter
from trainer.planning.architecture import architecture_of, read_config

KINDS = {
    "llama": SMALL_LLAMA,
    "llama with biases": {**SMALL_LLAMA, "attention_bias": True, "mlp_bias": True},
    "llama, tied, own head size": {**SMALL_LLAMA, "tie_word_embeddings": True, "head_dim": 24},
    "llama without shared heads": {**SMALL_LLAMA, "num_key_value_heads": None},
    "mistral": {**SMALL_LLAMA, "model_type": "mistral"},
    "qwen2": {**SMALL_LLAMA, "model_type": "qwen2"},
    "qwen2, tied": {**SMALL_LLAMA, "model_type": "qwen2", "tie_word_embeddings": True},
    "qwen3": {**SMALL_LLAMA, "model_type": "qwen3"},
    "qwen3 with biases": {**SMALL_LLAMA, "model_type": "qwen3", "attention_bias": True, "head_dim": 16},
    "gpt2": SMALL_GPT2,
    "gpt2, untied, own width": {**SMALL_GPT2, "tie_word_embeddings": False, "n_inner": 100},
}


def made(fields):
    kind, sizes = fields["model_type"], {key: value for key, value in fields.items() if key != "model_type"}
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes))


def shapes(named):
    return sorted(tuple(item.shape) for _, item in named)


def either_way(found):
    """Shapes without regard to which side is which: GPT-2 keeps its linear layers turned."""
    return sorted(tuple(sorted(shape)) for shape in found)


@pytest.mark.parametrize("name", KINDS)
def test_every_weight_is_known_by_its_shape(name):
    fields = KINDS[name]
    model = made(fields)
    found = architecture_of(fields, Path("config.json"))
    assert either_way(found.shapes) == either_way(shapes(model.named_parameters()))
    assert found.parameters == sum(item.numel() for item in model.parameters())


@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to False")
@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt2"])
def test_an_adapter_has_the_weights_that_peft_gives_it(name):
    fields = KINDS[name]
    model = made(fields)
    with torch.device("meta"):
        adapter = add_adapter(model, LoraConfig(rank=4))
    found = architecture_of(fields, Path("config.json"))
    theirs = shapes((key, item) for key, item in adapter.named_parameters() if "lora_" in key)
    assert sorted(found.adapter_shapes(4) * found.layers) == theirs


def test_llama_2_7b_has_the_numbers_it_is_published_with():
    assert architecture_of(LLAMA_2_7B, Path("config.json")).parameters == 6_738_415_616


@pytest.mark.parametrize(
    ("fields", "dtype", "longest"),
    [
        ({"torch_dtype": "float16"}, "float16", 128),
        ({"dtype": "bfloat16"}, "bfloat16", 128),
        ({"max_position_embeddings": "many"}, "float32", None),
    ],
)
def test_what_the_file_says_of_type_and_length_is_read(fields, dtype, longest):
    found = architecture_of({**SMALL_LLAMA, **fields}, Path("config.json"))
    assert (found.dtype, found.longest) == (dtype, longest)


@pytest.mark.parametrize("fields", [{"model_type": "mixtral"}, {"quantization_config": {"bits": 4}}, {"model_type": 3}])
def test_a_kind_that_is_not_known_has_no_shape(fields):
    assert architecture_of({**SMALL_LLAMA, **fields}, Path("config.json")) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hidden_size": None}, "c/config.json does not say hidden_size; take a whole copy of the model"),
        (
            {"vocab_size": -1},
            "c/config.json: vocab_size must be a whole number above 0, and is -1; take a whole copy of the model",
        ),
        (
            {"vocab_size": "12"},
            'c/config.json: vocab_size must be a whole number above 0, and is "12"; take a whole copy of the model',
        ),
    ],
)
def test_a_size_that_is_none_is_named(change, sentence):
    with pytest.raises(ModelError) as caught:
        architecture_of({**SMALL_LLAMA, **change}, Path("c/config.json"))
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (None, "", "is no model: it has no config.json"),
        ("adapter_config.json", "{}", "is an adapter, not a model; name the model it was trained on"),
        ("config.json", "{", "cannot read"),
        ("config.json", "[1]", "is no JSON object; take a whole copy of the model"),
        ("config.json", "[" * 100_000, "cannot read"),
    ],
)
def test_a_folder_that_is_no_model_is_told_in_a_sentence(tmp_path, name, text, said):
    if name:
        (tmp_path / name).write_text(text)
    with pytest.raises(ModelError) as caught:
        read_config(tmp_path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_folder_is_told_in_a_sentence(tmp_path):
    file = tmp_path / "model.bin"
    file.write_bytes(b"")
    for path, said in ((file, "is a file; name the folder that holds the model"), (tmp_path / "no", "does not exist")):
        with pytest.raises(ModelError, match=said):
            read_config(path)


def test_a_whole_config_is_read(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(SMALL_GPT2))
    assert read_config(tmp_path) == SMALL_GPT2
