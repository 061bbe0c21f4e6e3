"""What an export takes from a base, and what it writes so that others answer alike."""

import json
import shutil

import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from evals.prompt import BUILT_IN, ChatTemplate
from evals.text.sample import Turn
from tests.trainer.exported import (
    answers,
    answers_here,
    by_hand,
    exported,
    load,
    train,
)
from trainer.export_files import write_generation_config

# peft asks transformers under an old name, as anyone who loads an adapter sees.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")


def test_a_server_decodes_as_campaigns_do_whatever_the_base_asks_for(model_folder, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(model_folder, base)
    own = {"eos_token_id": [1, 7], "pad_token_id": 0, "do_sample": True, "temperature": 0.7, "top_k": 5,
           "repetition_penalty": 1.9, "max_new_tokens": 99}  # fmt: skip
    (base / "generation_config.json").write_text(json.dumps(own))
    store = train(tmp_path, base)
    done = exported(store, "r@6", tmp_path / "out")
    found = json.loads((done.folder / "generation_config.json").read_text())
    assert found.pop("transformers_version")
    assert found == {
        "do_sample": False, "num_beams": 1, "eos_token_id": [1, 7], "pad_token_id": 0, "max_new_tokens": 99,
    }  # fmt: skip
    assert answers(*load(done.folder)) == answers_here(store, "r@6")
    merged = exported(store, "r@6", tmp_path / "merged", merge=True)
    assert json.loads((merged.folder / "generation_config.json").read_text()).get("temperature") is None


def test_without_a_file_of_the_base_it_comes_from_the_models_configuration(model_folder, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(model_folder, base)
    (base / "generation_config.json").unlink()
    write_generation_config(base, tmp_path, AutoTokenizer.from_pretrained(base))
    found = json.loads((tmp_path / "generation_config.json").read_text())
    assert (found["eos_token_id"], found["pad_token_id"], found["do_sample"]) == (1, 0, False)


def test_the_end_of_a_turn_ends_a_servers_answer_too(model_folder, tmp_path):
    """A template may end answers with a token that is not the end of a sequence."""
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    tokenizer.chat_template = (
        "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|pad|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    write_generation_config(model_folder, tmp_path, tokenizer)
    assert json.loads((tmp_path / "generation_config.json").read_text())["eos_token_id"] == [0, 1]


def test_a_template_that_stood_within_the_configuration_is_written_out(model_folder, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(model_folder, base)
    text = (base / "chat_template.jinja").read_text()
    (base / "chat_template.jinja").unlink()
    config = json.loads((base / "tokenizer_config.json").read_text())
    config["chat_template"] = [{"name": "default", "template": text}, {"name": "rag", "template": text + "!"}]
    (base / "tokenizer_config.json").write_text(json.dumps(config))
    done = exported(train(tmp_path, base), "r@6", tmp_path / "out")
    assert (done.folder / "chat_template.jinja").read_text() == text
    assert (done.folder / "additional_chat_templates" / "rag.jinja").read_text() == text + "!"
    assert done.manifest["digests"]["chat_template"] == by_hand(
        done.folder, "chat_template.jinja", "additional_chat_templates/rag.jinja"
    )
    assert AutoTokenizer.from_pretrained(done.folder).get_chat_template() == text


@pytest.fixture
def old_fashioned(tmp_path):
    """A GPT-2 whose tokenizer has neither a template nor a file of its own format, nor says of which class it is."""
    folder = tmp_path / "gpt2"
    folder.mkdir()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {**{letter: number for number, letter in enumerate(letters)}, "<|endoftext|>": len(letters)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    special = "<|endoftext|>"
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": special, "bos_token": special, "unk_token": special})
    )
    torch.manual_seed(0)
    size = len(vocabulary)
    config = GPT2Config(
        vocab_size=size, n_embd=16, n_layer=1, n_head=2, n_positions=128, bos_token_id=size - 1, eos_token_id=size - 1
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to False:UserWarning")
def test_a_tokenizer_that_needs_its_models_configuration_is_written_so_that_it_loads_alone(old_fashioned, tmp_path):
    store = train(tmp_path, old_fashioned)
    done = exported(store, "r@6", tmp_path / "out")
    assert not (old_fashioned / "tokenizer.json").exists()
    assert (done.folder / "tokenizer.json").exists()
    assert (done.folder / "chat_template.jinja").read_text() == BUILT_IN
    assert answers(*load(done.folder)) == answers_here(store, "r@6")


def test_what_the_tokenizer_puts_before_any_text_stands_in_the_template_that_is_ours(model_folder, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(model_folder, base)
    (base / "chat_template.jinja").unlink()
    whole = json.loads((base / "tokenizer.json").read_text())
    whole["post_processor"] = {
        "type": "TemplateProcessing",
        "special_tokens": {"<|pad|>": {"id": "<|pad|>", "ids": [0], "tokens": ["<|pad|>"]}},
        "single": [{"SpecialToken": {"id": "<|pad|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
    }  # fmt: skip
    (base / "tokenizer.json").write_text(json.dumps(whole))
    store = train(tmp_path, base)
    done = exported(store, "r@6", tmp_path / "out")
    assert (done.folder / "chat_template.jinja").read_text() == '{{ "<|pad|>" }}' + BUILT_IN
    there, here = AutoTokenizer.from_pretrained(done.folder), AutoTokenizer.from_pretrained(base)
    turns = [Turn("user", "What is it?")]
    assert ChatTemplate(there).prompt(turns) == ChatTemplate(here).prompt(turns)
    assert ChatTemplate(there).prompt(turns)[0] == 0
    assert answers(*load(done.folder)) == answers_here(store, "r@6")
