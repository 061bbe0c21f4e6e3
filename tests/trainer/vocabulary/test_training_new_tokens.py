"""Adapters on an extended model train the rows of its new tokens, and no other row of it."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.trainer.vocabulary.material import domain_texts, general_model, write_corpus
from trainer.config import LoraConfig, ModelConfig
from trainer.config_file import config_from
from trainer.errors import ModelError
from trainer.export import export, source_of
from trainer.job import prepare
from trainer.model import adapter_shape, add_adapter, load_adapter, load_model
from trainer.session import resume_run, start_run
from trainer.vocabulary.corpus import read_corpus
from trainer.vocabulary.extending import Wanted, extend
from trainer.vocabulary.folder import new_tokens_of
from trainer.vocabulary.learning import learn_tokens
from trainer.vocabulary.tokens import Source


@pytest.fixture(scope="module", params=[True, False], ids=["tied", "untied"])
def extended(request, tmp_path_factory):
    """A model extended by 60 tokens, with a head that is its embedding, or one of its own."""
    folder = tmp_path_factory.mktemp("extended")
    plain = general_model(folder / "plain")
    if not request.param:
        untie(plain)
    corpus = read_corpus([str(write_corpus(folder / "corpus.jsonl"))], {}, 0)
    source = Source.of(plain)
    learned = learn_tokens(source.runs(corpus.learned), 60, 5, is_new=source.is_new)
    extend(Wanted(plain, source, corpus, learned, 0, 0), folder / "model")
    return folder / "model"


def untie(folder):
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach() * 1.5)
    model.save_pretrained(folder)


def ends(model):
    return [model.get_input_embeddings().weight.detach(), model.get_output_embeddings().weight.detach()]


def last_of(run):
    return max((run / "checkpoints").glob("00000006-*"))


def config_for(extended, tmp_path, **train):
    return config_from(
        {
            "run": {"name": "r"}, "model": {"path": str(extended)}, "eval": {"samples": 0},
            "data": {"train": str(write_corpus(tmp_path / "train.jsonl", domain_texts(40))), "max_length": 128},
            "train": {"stage": "cpt", "steps": 6, "batch_size": 4, "device": "cpu", **train},
            "optim": {"lr": 1e-2}, "checkpoint": {"every": 3}, "record": {"system_seconds": 0},
        }
    )  # fmt: skip


def test_only_the_new_rows_of_the_embedding_move_and_they_are_saved_with_the_adapter(extended, tmp_path, store):
    new = new_tokens_of(extended)
    assert len(new) == 60
    ended = start_run(config_for(extended, tmp_path), store)
    before = load_model(str(extended), ModelConfig(path=str(extended)), torch.float32)
    old_rows = [weight.clone() for weight in ends(before)]
    checkpoint = last_of(ended.folder)
    merged = load_adapter(before, checkpoint).merge_and_unload()
    others = [row for row in range(len(old_rows[0])) if row not in new]
    for old, now in zip(old_rows, ends(merged), strict=True):
        assert torch.equal(now[others], old[others])
        moved = (now[new] - old[new]).abs().amax(dim=1)
        # Those that are only parts of others are read nowhere: of a head of its own alone each row moves.
        assert int((moved > 0).sum()) > 10
    assert (checkpoint / "adapter_model.safetensors").stat().st_size < (extended / "model.safetensors").stat().st_size


def test_a_run_that_goes_on_learns_the_same_rows_as_one_that_was_never_stopped(extended, tmp_path, store):
    began = start_run(config_for(extended, tmp_path), store).folder
    first = last_of(began)
    whole = (first / "adapter_model.safetensors").read_bytes()
    resume_run(f"{began.name}@3", [], store)
    assert last_of(began) != first
    assert (last_of(began) / "adapter_model.safetensors").read_bytes() == whole


def test_a_merged_export_answers_as_the_adapter_does(extended, tmp_path, store):
    ended = start_run(config_for(extended, tmp_path), store)
    done = export(source_of("r", store), tmp_path / "merged", readme=lambda _: "", merge=True)
    job = prepare(config_for(extended, tmp_path), last_of(ended.folder))
    merged = load_model(str(done.folder), ModelConfig(path=str(done.folder)), torch.float32).eval()
    ids = torch.tensor([[5, 9, *new_tokens_of(extended)[:20]]])
    with torch.no_grad():
        torch.testing.assert_close(merged(input_ids=ids).logits, job.model.eval()(input_ids=ids).logits)
    kept = merged.get_input_embeddings().weight is merged.get_output_embeddings().weight
    assert kept is json.loads((extended / "config.json").read_text())["tie_word_embeddings"]


def test_rows_held_in_a_narrow_type_are_trained_in_float32(extended):
    model = load_model(str(extended), ModelConfig(path=str(extended)), torch.bfloat16)
    adapted = add_adapter(model, LoraConfig(), new_tokens_of(extended))
    rows = [item for name, item in adapted.named_parameters() if "trainable_tokens_delta" in name]
    assert {item.dtype for item in rows} == {torch.float32}


def test_new_tokens_can_be_left_as_they_are(extended, tmp_path):
    config = config_for(extended, tmp_path)
    model = load_model(str(extended), config.model, torch.float32)
    adapted = add_adapter(model, LoraConfig(new_tokens=False), new_tokens_of(extended))
    assert not [name for name, _ in adapted.named_parameters() if "trainable_tokens" in name]


def test_a_layer_that_has_an_adapter_of_its_own_is_refused(extended):
    model = load_model(str(extended), ModelConfig(path=str(extended)), torch.float32)
    with pytest.raises(ModelError, match=r"lora.target names model.embed_tokens, whose rows of new tokens"):
        add_adapter(model, LoraConfig(target=["q_proj", "embed_tokens"]), new_tokens_of(extended))


def test_a_saved_adapter_says_that_its_rows_go_on_being_trained(extended, tmp_path):
    model = load_model(str(extended), ModelConfig(path=str(extended)), torch.float32)
    add_adapter(model, LoraConfig(), new_tokens_of(extended)).save_pretrained(tmp_path, save_embedding_layers=False)
    assert adapter_shape(str(tmp_path), LoraConfig(new_tokens=False)).new_tokens is True


def test_a_broken_note_is_said(tmp_path):
    (tmp_path / "assay_vocabulary.json").write_text('{"tokens": [{}]}')
    with pytest.raises(ModelError, match="does not say which tokens were added"):
        new_tokens_of(tmp_path)
    assert new_tokens_of(Path(__file__).parent) == []
