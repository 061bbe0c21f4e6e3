"""Log-likelihoods of choices are those of a plain forward pass, whatever they are batched with."""

import math
from types import SimpleNamespace

import pytest
import torch
from tokenizers import normalizers, processors
from torch import nn
from transformers import AutoModelForCausalLM

from assay.errors import AssayError
from evals.choice import (
    ChoiceScore,
    Pair,
    _score,
    accuracy,
    accuracy_norm,
    encode_pair,
    item_pairs,
    item_prompt,
    score_items,
)
from evals.choice_items import ChoiceItem
from evals.prompt import ChatTemplate
from evals.text import Turn
from trainer.demo.tiny import SPECIALS

ENGLISH = ChoiceItem("en", "en", "sums", "What is 2 plus 2?", ("four", "It is five.", "2"), 0)
CHINESE = ChoiceItem("zh", "zh", "数", "二加二等于几？", ("四", "等于五。"), 0)
LONGER = ChoiceItem("long", "en", "sums", "What is 2 plus 2? " * 9, ("four", "a number between three and five"), 1)
ITEMS = [ENGLISH, LONGER, CHINESE]


@pytest.fixture
def model(folder):
    made = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    # As it is made the model finds all tokens about equally likely; so nothing would tell two mistakes apart.
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(6)
    return made


def by_hand(model, context, continuation):
    with torch.no_grad():
        logits = model.eval()(input_ids=torch.tensor([context + continuation])).logits[0]
    steps = zip(logits[len(context) - 1 :].log_softmax(-1), continuation, strict=False)
    return sum(row[number].item() for row, number in steps)


def lls_by_hand(model, tokenizer, context, choices):
    before = tokenizer(context)["input_ids"]
    wholes = [tokenizer(context + choice)["input_ids"] for choice in choices]
    return [by_hand(model, before, whole[len(before) :]) for whole in wholes]


def test_an_english_choice_follows_the_question_after_a_space(model, tokenizer):
    expected = lls_by_hand(
        model, tokenizer, "Question: What is 2 plus 2?\nAnswer:", [f" {choice}" for choice in ENGLISH.choices]
    )
    (score,) = score_items(model, tokenizer, [ENGLISH])
    assert score.lls == pytest.approx(expected, abs=1e-4)
    assert max(expected) - min(expected) > 1


def test_a_chinese_choice_follows_the_question_at_once(model, tokenizer):
    expected = lls_by_hand(model, tokenizer, "问题：二加二等于几？\n答案：", CHINESE.choices)
    (score,) = score_items(model, tokenizer, [CHINESE])
    assert score.lls == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("lang", "delimiter"), [("zh", ""), ("zh-Hant", ""), ("en", " "), ("de", " ")])
def test_languages_but_chinese_are_asked_in_english(lang, delimiter):
    item = ChoiceItem("q", lang, "c", "q?", ("a", "b"), 0)
    words = ("问题：q?\n答案：", "") if delimiter == "" else ("Question: q?\nAnswer:", " ")
    assert item_prompt(item) == words


@pytest.mark.parametrize("has_template", [True, False], ids=["own template", "built-in"])
def test_a_chat_scores_the_tokens_that_training_learns(model, tokenizer, has_template):
    if not has_template:
        tokenizer.chat_template = None
    chat = ChatTemplate(tokenizer)
    prompt = chat.prompt([Turn("user", ENGLISH.question)])
    pairs = item_pairs(tokenizer, ENGLISH, chat)
    for pair, choice in zip(pairs, ENGLISH.choices, strict=True):
        found = chat.encode([Turn("user", ENGLISH.question), Turn("assistant", choice)])
        learned = [number for number, wanted in zip(found.ids, found.answer, strict=True) if wanted]
        assert pair == Pair(prompt, learned[:-1])
    (score,) = score_items(model, tokenizer, [ENGLISH], style="chat")
    assert score.lls == pytest.approx([by_hand(model, *pair) for pair in pairs], abs=1e-4)


def test_white_space_at_the_contexts_end_goes_to_the_continuation(tokenizer):
    assert encode_pair(tokenizer, "What is ", "2") == encode_pair(tokenizer, "What is", " 2")
    assert encode_pair(tokenizer, "What\n", "is") == encode_pair(tokenizer, "What", "\nis")


def test_what_begins_a_text_stands_once_before_it_and_what_ends_it_is_left_out(tokenizer):
    plain = encode_pair(tokenizer, "What is", " 2")
    begin, end = ("<|user|>", 3), ("<|end|>", 1)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<|user|> $A <|end|>", special_tokens=[begin, end]
    )
    assert encode_pair(tokenizer, "What is", " 2") == Pair([3, *plain.context], plain.continuation)


def test_where_one_token_swallows_the_seam_the_choice_is_encoded_alone(tokenizer):
    four = tokenizer("four")["input_ids"]
    assert len(tokenizer("What")["input_ids"]) == len(tokenizer("W")["input_ids"]) == 1
    assert encode_pair(tokenizer, "W", "hat") == Pair(tokenizer("W")["input_ids"], tokenizer("hat")["input_ids"])
    assert encode_pair(tokenizer, "What", "four").continuation == four


@pytest.mark.parametrize("style", ["plain", "chat"])
def test_batches_change_nothing_and_keep_the_order(model, tokenizer, style):
    alone = [score_items(model, tokenizer, [item], style=style)[0] for item in ITEMS]
    together = score_items(model, tokenizer, ITEMS, style=style, batch_size=3)
    assert [score.id for score in together] == ["en", "long", "zh"]
    for one, other in zip(alone, together, strict=True):
        assert one.lls == pytest.approx(other.lls, abs=1e-4)
        assert (one.pred, one.pred_norm, one.cut) == (other.pred, other.pred_norm, 0)


def test_a_question_that_does_not_fit_is_cut_from_the_left_and_counted(model, tokenizer):
    item = ChoiceItem("q", "en", "c", "What is 2 plus 2? " * 200, ("four", "It is five, I guess."), 0)
    context, _ = item_prompt(item)
    before = tokenizer(context)["input_ids"]
    after = [tokenizer(f"{context} {choice}")["input_ids"][len(before) :] for choice in item.choices]
    (score,) = score_items(model, tokenizer, [item])
    # The last token is only predicted: 512 are read.
    fitting = [before[-(513 - len(choice)) :] for choice in after]
    expected = [by_hand(model, *pair) for pair in zip(fitting, after, strict=True)]
    assert score.lls == pytest.approx(expected, abs=1e-3)
    assert score.cut == len(before) + max(map(len, after)) - 513 > 500


def test_a_choice_the_model_cannot_read_is_refused_by_its_id(model, tokenizer):
    item = ChoiceItem("q7", "en", "c", "q?", ("a", "xy" * 300), 0)
    with pytest.raises(AssayError) as caught:
        score_items(model, tokenizer, [item])
    assert str(caught.value) == "choice 1 of question q7 has 601 tokens, the model reads 512; leave it out"


def test_a_choice_without_a_token_is_refused_by_its_id(model, tokenizer):
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("†", "")
    with pytest.raises(AssayError) as caught:
        score_items(model, tokenizer, [ChoiceItem("q7", "zh", "c", "问？", ("†", "甲"), 1)])
    assert str(caught.value) == "choice 0 of question q7 has no token in this vocabulary; leave it out"


def test_the_likeliest_choice_is_by_sum_and_by_characters_and_the_first_of_equals():
    item = ChoiceItem("q", "zh", "c", "q", ("abcd", "中文"), 0)
    assert _score(item, [-6.0, -5.0], 3) == ChoiceScore("q", [-6.0, -5.0], 1, 0, False, True, 3)
    assert _score(item, [-4.0, -2.0], 0) == ChoiceScore("q", [-4.0, -2.0], 1, 0, False, True)
    assert _score(item, [-2.0, -2.0], 0) == ChoiceScore("q", [-2.0, -2.0], 0, 0, True, True)


@pytest.mark.parametrize("lls", [[math.nan, -1.0], [-1.0, math.nan]])
def test_one_log_likelihood_that_is_no_number_leaves_the_question_unanswered(lls):
    score = _score(CHINESE, lls, 0)
    assert (score.pred, score.pred_norm, score.correct, score.correct_norm) == (-1, -1, False, False)


def test_a_broken_model_answers_nothing(model, tokenizer):
    with torch.no_grad():
        model.model.norm.weight.fill_(math.nan)
    scores = score_items(model, tokenizer, ITEMS)
    assert all(math.isnan(value) for score in scores for value in score.lls)
    assert [(score.pred, score.pred_norm) for score in scores] == [(-1, -1)] * 3
    assert accuracy(scores) == accuracy_norm(scores) == 0


def test_accuracy_is_the_share_of_right_choices_and_of_none_it_is_no_number():
    scores = [_score(CHINESE, lls, 0) for lls in ([-1.0, -5.0], [-3.0, -4.0], [-9.0, -1.0], [math.nan, 0.0])]
    assert accuracy(scores) == 0.5
    assert accuracy_norm(scores) == 0.25
    assert math.isnan(accuracy([]))
    assert math.isnan(accuracy_norm([]))


class Bigrams(nn.Module):
    """Predicts a token from the one before it, in half precision."""

    def __init__(self, tokens):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Parameter((8 * torch.randn(tokens, tokens)).bfloat16())
        self.config = SimpleNamespace(get_text_config=SimpleNamespace)

    def forward(self, input_ids, attention_mask, use_cache):
        return SimpleNamespace(logits=self.table[input_ids])


def test_log_probabilities_are_float32_whatever_the_model_computes_in(tokenizer):
    model = Bigrams(len(tokenizer))
    table = model.table.detach().float().log_softmax(-1)
    for item, score in zip(ITEMS, score_items(model, tokenizer, ITEMS), strict=True):
        for pair, found in zip(item_pairs(tokenizer, item, None), score.lls, strict=True):
            said = pair.continuation
            steps = zip([pair.context[-1], *said], said, strict=False)
            assert found == pytest.approx(sum(table[before, after].item() for before, after in steps), abs=1e-5)


def test_the_mode_of_each_module_and_the_random_numbers_are_left_as_they_were(model, tokenizer):
    model.train()
    model.model.layers[0].eval()
    modes = [module.training for module in model.modules()]
    drawn = torch.get_rng_state()
    score_items(model, tokenizer, ITEMS)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(weight.requires_grad and not weight.is_inference() for weight in model.parameters())


def test_a_model_in_training_is_scored_without_dropout(model, tokenizer):
    expected = score_items(model.eval(), tokenizer, ITEMS)
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.5
    assert score_items(model.train(), tokenizer, ITEMS) == expected


def test_progress_counts_questions(model, tokenizer):
    told = []
    items = [ChoiceItem(str(number), "en", "c", "q?", ("a", "b"), 0) for number in range(5)]
    score_items(model, tokenizer, items, batch_size=2, progress=told.append)
    assert told == [2, 4, 5]
    assert score_items(model, tokenizer, []) == []


def test_the_special_tokens_have_the_ids_these_tests_use():
    assert (SPECIALS.index("<|end|>"), SPECIALS.index("<|user|>")) == (1, 3)
