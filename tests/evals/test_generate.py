"""Greedy answers are those of an argmax a step, whatever they are batched with."""

import logging
from itertools import pairwise

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from assay.errors import AssayError
from evals.generate import answer, generate, longest_input
from evals.prompt import ChatTemplate
from evals.text import Turn

TEXTS = ["What is 2 plus 2?", "二加二", "a", "It is a longer question: what is 2 plus 2, and what is 2 plus 3?"]


@pytest.fixture
def model(folder):
    made = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    # As it is made the model repeats its last token for ever; no mistake would show.
    with torch.no_grad():
        for name, weight in made.named_parameters():
            weight.mul_(1 if "embed" in name or "norm" in name else 12)
    return made


@pytest.fixture
def prompts(tokenizer):
    return [tokenizer(text)["input_ids"] for text in TEXTS]


def by_hand(model, prompt, tokens):
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(tokens):
            ids.append(int(model.eval()(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def chained(tokenizer, *ids):
    """A model that says each of these tokens after the one before it, and the first token of all after any other."""
    width = -(-len(tokenizer) // 8) * 8
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=8, num_hidden_layers=1, num_attention_heads=4,
        max_position_embeddings=64, tie_word_embeddings=False, bos_token_id=None, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    made = LlamaForCausalLM(config)
    with torch.no_grad():
        made.model.embed_tokens.weight.copy_(torch.eye(width)[: len(tokenizer)])
        made.model.layers[0].self_attn.o_proj.weight.zero_()
        made.model.layers[0].mlp.down_proj.weight.zero_()
        made.lm_head.weight.zero_()
        for before, after in pairwise(ids):
            made.lm_head.weight[after, before] = 1
    return made


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_answers_are_the_likeliest_tokens_whatever_the_batch(model, tokenizer, prompts, batch_size):
    expected = [tokenizer.decode(by_hand(model, prompt, 12), skip_special_tokens=True) for prompt in prompts]
    found = generate(model, tokenizer, prompts, max_new_tokens=12, batch_size=batch_size, stop_ids=frozenset())
    assert found == expected
    assert len({text[1:] for text in found}) == len(TEXTS)


def test_an_answer_ends_before_the_first_stop(model, tokenizer, prompts):
    said = [by_hand(model, prompt, 12) for prompt in prompts]
    stops = frozenset({said[0][3], said[3][6]})
    ends = [next((place for place, number in enumerate(ids) if number in stops), 12) for ids in said]
    assert len(set(ends)) > 2
    expected = [tokenizer.decode(ids[:end], skip_special_tokens=True) for ids, end in zip(said, ends, strict=True)]
    assert generate(model, tokenizer, prompts, max_new_tokens=12, stop_ids=stops) == expected


def test_by_default_the_ends_of_sequence_of_model_and_tokenizer_stop(tokenizer):
    a, b, c, d = (tokenizer.convert_tokens_to_ids(letter) for letter in "xyzw")
    model = chained(tokenizer, a, b, c, 1, d)
    prompt = [[a]]
    assert generate(model, tokenizer, prompt, max_new_tokens=3) == ["yz"]
    assert generate(model, tokenizer, prompt, max_new_tokens=4, stop_ids=frozenset()) == ["yzw"]
    model.generation_config.eos_token_id = [c, d]
    assert generate(model, tokenizer, prompt, max_new_tokens=3) == ["y"]
    model.generation_config.eos_token_id = None
    assert generate(model, tokenizer, prompt, max_new_tokens=4) == ["yz"]


def test_special_tokens_are_not_in_the_text(tokenizer):
    x, y = (tokenizer.convert_tokens_to_ids(letter) for letter in "xy")
    model = chained(tokenizer, 4, x, 2, y, 1)
    assert generate(model, tokenizer, [[4]], max_new_tokens=5) == ["xy"]


def test_what_the_models_folder_says_of_sampling_and_penalties_is_left_aside(model, tokenizer, prompts):
    expected = generate(model, tokenizer, prompts, max_new_tokens=12)
    model.generation_config.update(
        do_sample=True, temperature=0.7, top_k=20, top_p=0.8, repetition_penalty=1.9, no_repeat_ngram_size=1,
        min_new_tokens=3, max_length=20, num_beams=2, suppress_tokens=[prompts[0][0]],
    )  # fmt: skip
    before = model.generation_config.to_dict()
    assert generate(model, tokenizer, prompts, max_new_tokens=12) == expected
    assert model.generation_config.to_dict() == before


def test_transformers_has_nothing_to_warn_of(model, tokenizer, prompts, monkeypatch):
    said = []
    handler = logging.Handler(logging.WARNING)
    monkeypatch.setattr(handler, "emit", said.append)
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    try:
        model.generation_config.update(do_sample=True, temperature=0.31, top_k=7, max_length=20)
        generate(model, tokenizer, prompts, max_new_tokens=3)
    finally:
        logger.removeHandler(handler)
    assert [record.getMessage() for record in said] == []


def test_the_mode_of_each_module_and_the_random_numbers_are_left_as_they_were(model, tokenizer, prompts):
    model.train()
    model.model.layers[0].eval()
    modes = [module.training for module in model.modules()]
    drawn = torch.get_rng_state()
    generate(model, tokenizer, prompts, max_new_tokens=3)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), drawn)


def test_the_mode_is_put_back_after_a_failure(model, tokenizer, prompts):
    model.train()
    with pytest.raises(IndexError):
        generate(model, tokenizer, [[len(tokenizer) + 7]], max_new_tokens=3)
    assert model.training


def test_a_prompt_too_long_is_cut_from_the_left_so_that_the_answer_fits(model, tokenizer):
    assert longest_input(model) == 512
    prompt = tokenizer("What is 2 plus 3? " * 100)["input_ids"]
    expected = tokenizer.decode(by_hand(model, prompt[-500:], 12), skip_special_tokens=True)
    assert generate(model, tokenizer, [prompt], max_new_tokens=12, stop_ids=frozenset()) == [expected]


def test_answers_longer_than_the_model_are_refused(model, tokenizer, prompts):
    with pytest.raises(AssayError) as caught:
        generate(model, tokenizer, prompts, max_new_tokens=512)
    assert str(caught.value) == (
        "answers of 512 tokens leave no room for a question, for the model reads 512 in all; ask for fewer"
    )


def test_progress_counts_prompts(model, tokenizer, prompts):
    told = []
    generate(model, tokenizer, prompts, max_new_tokens=1, batch_size=3, progress=told.append)
    assert told == [3, 4]
    assert generate(model, tokenizer, [], max_new_tokens=1) == []


def test_questions_are_asked_as_in_a_chat(model, tokenizer):
    template = ChatTemplate(tokenizer)
    prompts = [template.prompt([Turn("user", text)]) for text in TEXTS]
    expected = [text.strip() for text in generate(model, tokenizer, prompts, max_new_tokens=12)]
    assert answer(model, tokenizer, template, TEXTS, max_new_tokens=12) == expected


def test_an_answer_ends_with_the_templates_end_of_turn_and_has_no_blanks_around_it(tokenizer):
    space, x = (tokenizer.convert_tokens_to_ids(letter) for letter in "Ġx")
    y = tokenizer.convert_tokens_to_ids("y")
    tokenizer.chat_template = tokenizer.chat_template.replace("<|end|>", "<|system|>")
    model = chained(tokenizer, 4, space, x, 2, y)
    template = ChatTemplate(tokenizer)
    assert answer(model, tokenizer, template, ["q", "longer"], max_new_tokens=4) == ["x", "x"]
    prompt = template.prompt([Turn("user", "q")])
    assert generate(model, tokenizer, [prompt], max_new_tokens=4) == [" xy"]
