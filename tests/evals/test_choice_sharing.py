"""What choices and questions share changes no log-likelihood, on whatever model; and it is shared where it can be."""

from functools import partial

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    BloomForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3NextConfig,
    Qwen3NextForCausalLM,
)

from evals import packed, sharing
from evals.choice import accuracy, item_pairs, letter_prompt, score_items
from evals.choice_items import ChoiceItem
from evals.choice_prompt import Pair
from evals.generate import evaluating
from evals.packed import log_likelihoods

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # by peft

SHOTS = [
    ChoiceItem("s1", "en", "sums", "What is 2 plus 2?", ("four", "five"), 0),
    ChoiceItem("s2", "zh", "数", "二加二等于几？", ("五", "四"), 1),
]
ITEMS = [
    ChoiceItem("a", "en", "sums", "What is 2 plus 3?", ("four", "It is five.", "2", "It is four."), 1),
    ChoiceItem("b", "zh", "数", "三加二等于几？", ("四", "等于五。"), 1),
    ChoiceItem("c", "en", "sums", "What is it? " * 4, ("four", "a number between three and five", "four"), 1),
    ChoiceItem("d", "en", "sums", "Is it 2?", ("yes", "no"), 1),
    ChoiceItem("e", "zh", "数", "几？", ("“一”", "二二二二"), 0),
]
SMALL = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 330}
ROTARY = {**SMALL, "num_key_value_heads": 2, "intermediate_size": 64, "max_position_embeddings": 512, "head_dim": 8}
SPECIAL = {"pad_token_id": 0, "bos_token_id": None, "eos_token_id": 1}


def louder(model):
    """As it is made a model finds all tokens about equally likely; so nothing would tell two mistakes apart."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "A_log" not in name:
                weight.mul_(6)
    return model.eval()


def llama(**settings):
    return LlamaForCausalLM(LlamaConfig(**ROTARY, **SPECIAL, **settings))


def windowed(size):
    return MistralForCausalLM(MistralConfig(**ROTARY, **SPECIAL, sliding_window=size))


def linear():
    return Qwen3NextForCausalLM(
        Qwen3NextConfig(
            **{**ROTARY, "num_hidden_layers": 4}, **SPECIAL, linear_num_value_heads=4, linear_num_key_heads=2,
            linear_key_head_dim=8, linear_value_head_dim=8, num_experts=4, num_experts_per_tok=2,
            moe_intermediate_size=16, shared_expert_intermediate_size=16,
        )
    )  # fmt: skip


def softcapped():
    return Gemma2ForCausalLM(
        Gemma2Config(**ROTARY, **SPECIAL, attn_implementation="eager", final_logit_softcapping=3.0, sliding_window=400)
    )


MODELS = {
    "llama": (llama, True),
    "llama, eager": (lambda: llama(attn_implementation="eager"), True),
    "qwen2": (lambda: Qwen2ForCausalLM(Qwen2Config(**{k: v for k, v in ROTARY.items() if k != "head_dim"})), True),
    "gpt2": (
        lambda: GPT2LMHeadModel(GPT2Config(vocab_size=330, n_embd=32, n_head=4, n_layer=2, n_positions=512)),
        True,
    ),
    "gemma2 with soft caps": (softcapped, True),
    "adapter": (lambda: get_peft_model(llama(), LoraConfig(target_modules=["q_proj"], init_lora_weights=False)), True),
    "window shorter than a question": (lambda: windowed(16), False),
    "alibi": (lambda: BloomForCausalLM(BloomConfig(vocab_size=330, hidden_size=32, n_head=4, n_layer=2)), False),
    "mamba": (lambda: MambaForCausalLM(MambaConfig(vocab_size=330, hidden_size=32, num_hidden_layers=2)), False),
    "linear attention": (linear, False),
}


@pytest.fixture(params=MODELS)
def case(request):
    make, shares = MODELS[request.param]
    torch.manual_seed(0)
    return louder(make()), shares


def lls_of(model, tokenizer, **settings):
    return [score.lls for score in score_items(model, tokenizer, ITEMS, **settings)]


def same(some, others, tolerance=1e-4):
    return all(one == pytest.approx(other, abs=tolerance) for one, other in zip(some, others, strict=True))


def tokens_read(model, work):
    """Rows and tokens in them that each call of the model was given."""
    seen = []
    handle = model.register_forward_pre_hook(
        lambda _module, _inputs, named: seen.append(tuple(named["input_ids"].shape)), with_kwargs=True
    )
    try:
        work()
    finally:
        handle.remove()
    return seen


@pytest.mark.parametrize("style", ["plain", "letter"])
@pytest.mark.parametrize("shots", [[], SHOTS], ids=["no examples", "examples"])
def test_shared_or_not_the_log_likelihoods_are_the_same(case, tokenizer, style, shots):
    model, _ = case
    expected = lls_of(model, tokenizer, style=style, shots=shots, share=False)
    assert same(lls_of(model, tokenizer, style=style, shots=shots, batch_size=2), expected)
    assert max(map(max, expected)) - min(map(min, expected)) > 1


def test_choices_share_a_row_where_the_model_follows_a_tree_and_only_there(case, tokenizer):
    model, shares = case
    lls_of(model, tokenizer)
    assert (sharing._known[model].mask is not None) == shares
    (alone,) = tokens_read(model, lambda: score_items(model, tokenizer, ITEMS[:1]))
    read = {(*context, *said[:-1]) for context, said in item_pairs(tokenizer, ITEMS[0], None)}
    assert len(read) > 2
    assert alone[0] == (1 if shares else len(read))


def test_an_eager_model_is_given_numbers_to_add_and_one_with_sdpa_truths(tokenizer):
    for kernel, kind in (("eager", "additive"), ("sdpa", "bool")):
        model = louder(llama(attn_implementation=kernel))
        lls_of(model, tokenizer)
        assert sharing._known[model] == sharing.Sharing(kind, True, sharing._known[model].reach, kernel)


def test_another_kernel_and_longer_rows_are_tried_anew(tokenizer):
    model = louder(llama())
    score_items(model, tokenizer, ITEMS[3:4])
    first = sharing._known[model]
    score_items(model, tokenizer, ITEMS[3:4])
    assert sharing._known[model] is first
    score_items(model, tokenizer, ITEMS)
    assert sharing._known[model].reach > first.reach
    model.set_attn_implementation("eager")
    assert same(lls_of(model, tokenizer), lls_of(model, tokenizer, share=False))
    assert sharing._known[model].mask == "additive"


def test_a_window_longer_than_every_question_is_no_hindrance(tokenizer):
    short, long = ITEMS[3:4], [ChoiceItem("f", "en", "c", "What is 2 plus 2? " * 20, ("four", "five", "six"), 0)]
    model = louder(windowed(120))
    score_items(model, tokenizer, short)
    assert sharing._known[model].mask == "bool"
    expected = score_items(model, tokenizer, [*short, *long], share=False)
    found = score_items(model, tokenizer, [*short, *long])
    assert same([score.lls for score in found], [score.lls for score in expected])
    assert sharing._known[model].mask is None


def test_a_broken_model_is_not_remembered_as_one_of_another_kind(tokenizer):
    model = louder(llama())
    with torch.no_grad():
        model.model.norm.weight.fill_(torch.nan)
    score_items(model, tokenizer, ITEMS)
    assert model not in sharing._known


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_shared_within_its_own_exactness(tokenizer, dtype):
    torch.manual_seed(0)
    model = llama().to(dtype).eval()
    expected = lls_of(model, tokenizer, share=False)
    assert same(lls_of(model, tokenizer), expected, 0.1)
    assert sharing._known[model].mask == "bool"


def test_contexts_that_part_before_their_end_share_what_they_begin_with(folder):
    model = louder(AutoModelForCausalLM.from_pretrained(folder))
    pairs = [
        Pair([5, 6, 7, 8], [9, 10]),
        Pair([5, 6, 7], [8, 9]),
        Pair([5, 6, 11, 12], [9]),
        Pair([5, 6, 7, 8], [9, 10]),
        Pair([5], [6]),
    ]
    with evaluating(model):
        ((found,),) = log_likelihoods(model, [pairs], limit=512, batch_size=1, share=True)
        for pair, ll in zip(pairs, found.lls, strict=True):
            logits = model(input_ids=torch.tensor([pair.context + pair.continuation])).logits[0].log_softmax(-1)
            steps = zip(logits[len(pair.context) - 1 :], pair.continuation, strict=False)
            assert ll == pytest.approx(sum(row[token].item() for row, token in steps), abs=1e-4)


def test_what_all_questions_begin_with_is_run_once(tokenizer):
    model = louder(llama())
    plain = tokens_read(model, lambda: lls_of(model, tokenizer, shots=SHOTS, share=False))
    lls_of(model, tokenizer, shots=SHOTS)
    prefix, *batches = tokens_read(model, lambda: lls_of(model, tokenizer, shots=SHOTS, batch_size=3))
    assert prefix[0] == 1
    assert prefix[1] > packed.WORTH_SHARING
    assert [rows for rows, _ in batches] == [3, 2]
    assert sum(rows * width for rows, width in [prefix, *batches]) < sum(rows * width for rows, width in plain) / 3


def test_a_question_that_is_cut_or_too_wide_for_one_row_is_scored_choice_by_choice(tokenizer):
    torch.manual_seed(0)
    model = louder(llama())
    model.config.max_position_embeddings = 64
    wide = ChoiceItem("wide", "en", "c", "q?", tuple(letter + "abcdefghij" * 2 for letter in "uvwxyz"), 0)
    cut = ChoiceItem("cut", "en", "c", "What is 2 plus 2? " * 9, ("four", "five"), 0)
    items = [*ITEMS[3:], wide, cut]
    expected = score_items(model, tokenizer, items, share=False)
    found = score_items(model, tokenizer, items)
    seen = tokens_read(model, lambda: score_items(model, tokenizer, items))
    assert max(width for _, width in seen) <= 64
    assert [(score.id, score.cut) for score in found] == [(score.id, score.cut) for score in expected]
    assert [score.cut > 0 for score in found] == [False, False, False, True]
    assert same([score.lls for score in found], [score.lls for score in expected])


def test_letters_are_asked_in_one_row_also_of_a_model_that_shares_nothing(tokenizer):
    for make in (llama, MODELS["mamba"][0]):
        model = louder(make())
        score_items(model, tokenizer, ITEMS, style="letter")
        seen = tokens_read(model, partial(score_items, model, tokenizer, ITEMS[:1], style="letter"))
        assert [rows for rows, _ in seen] == [1]


def test_a_letter_is_what_a_forward_pass_makes_of_it(tokenizer):
    model = louder(llama())
    text, delimiter = letter_prompt(ITEMS[0])
    assert text == "What is 2 plus 3?\nA. four\nB. It is five.\nC. 2\nD. It is four.\nAnswer:"
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).logits[0, -1].log_softmax(-1)
    letters = [tokenizer(text + delimiter + letter)["input_ids"] for letter in "ABCD"]
    (score,) = score_items(model, tokenizer, ITEMS[:1], style="letter")
    before = len(tokenizer(text)["input_ids"])
    assert [len(ids) - before for ids in letters] == [2] * 4
    space = letters[0][before]
    with torch.inference_mode():
        after = model(input_ids=torch.tensor([[*tokenizer(text)["input_ids"], space]])).logits[0, -1].log_softmax(-1)
    expected = [(logits[space] + after[ids[-1]]).item() for ids in letters]
    assert score.lls == pytest.approx(expected, abs=1e-4)
    assert score.pred == score.pred_norm == max(range(4), key=score.lls.__getitem__)
    assert accuracy([score]) == (score.pred == 1)


def test_neither_mode_nor_random_numbers_nor_gradients_are_touched(tokenizer):
    model = louder(llama(attention_dropout=0.5)).train()
    drawn = torch.get_rng_state()
    lls_of(model, tokenizer, shots=SHOTS)
    assert model.training
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(weight.grad is None and not weight.is_inference() for weight in model.parameters())
