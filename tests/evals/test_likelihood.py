"""How surprising texts are, and how far a model's predictions are from its base's."""

import math

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from evals.likelihood import TOP, Likeliest, likelihoods, token_digest
from evals.text.errors import DataError

SHORT, LONG = "It is four.", "What is 2 plus 2? 二加二等于四。" * 60


@pytest.fixture
def model(folder):
    return AutoModelForCausalLM.from_pretrained(folder)


@pytest.fixture
def other(folder):
    made = AutoModelForCausalLM.from_pretrained(folder)
    torch.manual_seed(5)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)
    return made


def whole_log_probs(model, tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([[first, *ids[:-1]]])).logits[0].double().log_softmax(-1)
    return ids, found


def test_a_text_s_likelihood_is_that_of_its_tokens_one_after_the_other(model, tokenizer):
    ids, log_probs = whole_log_probs(model, tokenizer, SHORT)
    [found] = likelihoods(model, tokenizer, [("t", SHORT)])
    assert found.nats == pytest.approx(-log_probs[range(len(ids)), ids].sum().item(), abs=1e-5)
    assert (found.tokens, found.kl, found.likeliest) == (len(ids), None, None)


def test_a_text_longer_than_the_model_reads_has_every_token_predicted_once(model, tokenizer):
    limit = model.config.max_position_embeddings
    ids = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    assert len(ids) > limit
    [found] = likelihoods(model, tokenizer, [("t", LONG)], keep=True)
    assert found.tokens == len(ids)
    assert found.likeliest.tokens.shape == (len(ids), TOP)


def test_the_divergence_is_that_of_whole_predictions_where_all_tokens_are_kept(model, other, tokenizer, monkeypatch):
    monkeypatch.setattr("evals.likelihood.TOP", model.config.vocab_size)
    _, old = whole_log_probs(model, tokenizer, SHORT)
    _, new = whole_log_probs(other, tokenizer, SHORT)
    [base] = likelihoods(model, tokenizer, [("t", SHORT)], keep=True)
    [found] = likelihoods(other, tokenizer, [("t", SHORT)], base=[base.likeliest])
    assert found.kl == pytest.approx((old.exp() * (old - new)).sum().item(), rel=1e-4)


def test_with_the_likeliest_tokens_alone_it_is_never_more_and_nothing_for_the_same_model(model, other, tokenizer):
    _, old = whole_log_probs(model, tokenizer, SHORT)
    _, new = whole_log_probs(other, tokenizer, SHORT)
    [base] = likelihoods(model, tokenizer, [("t", SHORT)], keep=True)
    [found] = likelihoods(other, tokenizer, [("t", SHORT)], base=[base.likeliest])
    [same] = likelihoods(model, tokenizer, [("t", SHORT)], base=[base.likeliest])
    assert 0 < found.kl <= (old.exp() * (old - new)).sum().item()
    assert same.kl == pytest.approx(0, abs=1e-6)


def test_a_certain_base_has_no_rest_to_compare(model, tokenizer):
    ids, log_probs = whole_log_probs(model, tokenizer, SHORT)
    sure = np.full((len(ids), 2), -50.0, dtype=np.float32)
    sure[:, 0] = 0.0
    tokens = np.stack([np.array(ids), np.array(ids) + 1], axis=1).astype(np.int32)
    [found] = likelihoods(model, tokenizer, [("t", SHORT)], base=[Likeliest(tokens, sure)])
    assert found.kl == pytest.approx(-log_probs[range(len(ids)), ids].sum().item(), rel=1e-5)
    assert math.isfinite(found.kl)


def test_a_text_without_a_token_is_refused_by_name(model, tokenizer):
    with pytest.raises(DataError, match="text empty has no token in this vocabulary; leave it out"):
        likelihoods(model, tokenizer, [("empty", "")])


def test_other_tokens_have_another_digest(tokenizer):
    assert token_digest(tokenizer, ["ab", "c"]) != token_digest(tokenizer, ["a", "bc"])
