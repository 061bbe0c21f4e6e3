"""Both vocabularies are measured on the very same characters, each of which is predicted."""

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.trainer.vocabulary.material import domain_texts, general_model
from trainer.vocabulary import measuring
from trainer.vocabulary.measuring import Measure, Side, part_texts


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return general_model(tmp_path_factory.mktemp("plain") / "model")


@pytest.fixture
def measure():
    texts = domain_texts(30)
    return Measure(part_texts(texts[5:], 512), part_texts(texts[:5], 512, 200), seed=0, steps=4)


def side(plain, measure):
    return Side(AutoModelForCausalLM.from_pretrained(plain), AutoTokenizer.from_pretrained(plain), measure)


def test_parts_are_all_of_the_text_in_order_and_short_enough_for_the_model():
    texts = ["药" * 300, "片"]
    assert part_texts(texts, None) == ["药" * 256, "药" * 44, "片"]
    assert max(map(len, part_texts(texts, 129))) == 32
    assert "".join(part_texts(texts, 129)) == "".join(texts)
    assert part_texts(texts, None, 260) == ["药" * 256, "药" * 4]


def test_the_loss_is_that_of_all_tokens_by_hand_over_all_characters(plain, measure):
    model, tokenizer = AutoModelForCausalLM.from_pretrained(plain).eval(), AutoTokenizer.from_pretrained(plain)
    nats = 0.0
    for part in measure.held_out:
        ids = torch.tensor([[tokenizer.eos_token_id, *tokenizer.encode(part, add_special_tokens=False)]])
        with torch.no_grad():
            logits = model(input_ids=ids).logits
        nats += float(functional.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="sum"))
    assert side(plain, measure).loss() == pytest.approx(nats / sum(map(len, measure.held_out)), rel=1e-5)
    assert measure.characters == 200


def test_a_short_pre_training_lowers_the_loss_and_is_the_same_each_time(plain, measure, monkeypatch):
    monkeypatch.setattr(measuring, "LR", 5e-3)
    first, second = side(plain, measure), side(plain, measure)
    before = first.loss()
    after = first.trained()
    assert after < before - 0.01
    assert second.trained() == after


def test_both_vocabularies_read_the_same_parts_in_the_same_order(measure):
    assert measure.batches == measure.batches
    assert [len(places) for places in measure.batches] == [8, 8, 8, 8]
    everything = [place for places in measure.batches for place in places]
    assert sorted(everything[: len(measure.learned)]) == list(range(len(measure.learned)))
    assert measure.read == sum(len(measure.learned[place]) for place in everything)


class Short:
    """A tokenizer that reads five tokens of each text."""

    def __init__(self, tokenizer):
        self.whole, self.bos_token_id, self.eos_token_id = tokenizer, tokenizer.bos_token_id, tokenizer.eos_token_id

    def __call__(self, texts, **settings):
        return {"input_ids": [ids[:5] for ids in self.whole(texts, **settings)["input_ids"]]}


def test_decoding_goes_through_every_token_of_the_text_one_by_one(plain, measure, monkeypatch):
    monkeypatch.setattr(measuring, "ROUNDS", 1)
    asked = side(plain, measure)
    passes = []
    model = asked._model
    model.register_forward_hook(lambda *_args: passes.append(1))
    tokenizer = AutoTokenizer.from_pretrained(plain)
    found = asked.decoding(Short(tokenizer))
    lengths = [len(tokenizer.encode(part, add_special_tokens=False)) for part in measure.decoded]
    # The first part once more in both vocabularies, before the clock runs.
    shorter = [min(5, length) for length in lengths]
    assert len(passes) == lengths[0] + sum(lengths) + shorter[0] + sum(shorter)
    assert found.characters == sum(map(len, measure.decoded))
    assert len(found.rounds) == 1
