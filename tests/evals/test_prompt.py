"""Answers, and answers only, are learned, under any template."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from assay.errors import AssayError
from evals.prompt import BUILT_IN, ChatTemplate
from evals.text import Turn

SPECIALS = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot|>"]

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
NO_GENERATION_PROMPT = "{% for m in messages %}{{ m.role + ': ' + m.content + '</s>\n' }}{% endfor %}"
TRIMS = (
    "{{ bos_token }}{% for m in messages %}{{ '[' + m.role + ']' + (m.content | trim) + '<|eot|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}"
)
REWRITES_THE_PAST = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}"
    "{% if m.role == 'assistant' and loop.last %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
REFUSES_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
    "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
WORD_AT_THE_END = (
    "{% for m in messages %}{{ m.role + '> ' + m.content + '\nover\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant> ' }}{% endif %}"
)

CONVERSATION = [
    Turn("user", "What is 2 + 2?"),
    Turn("assistant", "assistant: 4 四"),
    Turn("user", "And 3 + 3?"),
    Turn("assistant", "It is 6."),
]


def tokenizer_with(template, eos="</s>"):
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([turn.content for turn in CONVERSATION] * 5, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token=eos)
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIALS[2:]})
    tokenizer.chat_template = template
    return tokenizer


def learned(tokenizer, turns, **options):
    """The runs of learned tokens, as text."""
    found = ChatTemplate(tokenizer).encode(turns, **options)
    pieces, piece = [], []
    for number, wanted in [*zip(found.ids, found.answer, strict=True), (None, False)]:
        if wanted:
            piece.append(number)
        elif piece:
            pieces.append(tokenizer.decode(piece))
            piece = []
    return pieces


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        (CHATML, ["assistant: 4 四<|im_end|>", "It is 6.<|im_end|>"]),
        (None, [" assistant: 4 四</s>", " It is 6.</s>"]),
        (NO_GENERATION_PROMPT, ["assistant: 4 四</s>", "It is 6.</s>"]),
        (TRIMS, ["assistant: 4 四<|eot|>", "It is 6.<|eot|>"]),
        (REWRITES_THE_PAST, ["assistant: 4 四<|im_end|>", "<think>\n\n</think>\n\nIt is 6.<|im_end|>"]),
        (WORD_AT_THE_END, ["assistant: 4 四\nover", "It is 6.\nover"]),
    ],
    ids=["chatml", "built-in", "no generation prompt", "trims", "rewrites the past", "word at the end"],
)
def test_the_answers_with_their_end_of_turn_are_learned(template, pieces):
    assert learned(tokenizer_with(template), CONVERSATION) == pieces


def test_answers_that_repeat_the_question_or_each_other_are_told_apart():
    turns = [Turn("user", "ja"), Turn("assistant", "ja"), Turn("user", "ja"), Turn("assistant", "ja")]
    assert learned(tokenizer_with(CHATML), turns) == ["ja<|im_end|>", "ja<|im_end|>"]


def test_the_text_of_template_marks_inside_an_answer_does_not_end_it():
    turns = [Turn("user", "q"), Turn("assistant", "a<|im_end|>\n<|im_start|>assistant\nb")]
    assert learned(tokenizer_with(CHATML), turns) == ["a<|im_end|>\n<|im_start|>assistant\nb<|im_end|>"]


def test_what_comes_before_an_answer_is_what_the_model_is_given_to_answer():
    for template in (CHATML, TRIMS, WORD_AT_THE_END, None):
        chat = ChatTemplate(tokenizer_with(template))
        for end in (1, 3):
            found = chat.encode(CONVERSATION[: end + 1])
            last_asked = len(found.answer) - found.answer[::-1].index(True) - 1
            while found.answer[last_asked]:
                last_asked -= 1
            assert found.ids[: last_asked + 1] == chat.prompt(CONVERSATION[:end])


def test_a_tokenizer_that_cannot_tell_characters_gives_the_same_answers():
    tokenizer = tokenizer_with(CHATML)
    slow = _Slow(tokenizer)
    assert [ChatTemplate(slow).encode(CONVERSATION)] == [ChatTemplate(tokenizer).encode(CONVERSATION)]


def test_no_token_reaches_over_the_start_of_an_answer():
    tokenizer = tokenizer_with("{% for m in messages %}{{ m.content }}{% endfor %}")
    # "It" and "is" are one token together: the answer would begin inside it.
    turns = [Turn("user", "I"), Turn("assistant", "t is 6.")]
    assert learned(tokenizer, turns) == ["t is 6."]


def test_a_system_turn_the_template_refuses_stands_before_the_first_question():
    turns = [Turn("system", "Be brief."), *CONVERSATION[:2]]
    tokenizer = tokenizer_with(REFUSES_SYSTEM)
    found = ChatTemplate(tokenizer).encode(turns)
    assert tokenizer.decode(found.ids).startswith("<|im_start|>user\nBe brief.\n\nWhat is 2 + 2?<|im_end|>")
    assert learned(tokenizer, turns) == ["assistant: 4 四<|im_end|>"]


def test_a_conversation_the_template_refuses_is_an_error_in_words():
    chat = ChatTemplate(tokenizer_with("{{ raise_exception('roles must alternate') }}"))
    with pytest.raises(AssayError, match="chat template refuses this conversation: roles must alternate"):
        chat.encode(CONVERSATION)


def test_a_template_that_is_no_jinja_is_an_error_in_words():
    with pytest.raises(AssayError, match="refuses this conversation"):
        ChatTemplate(tokenizer_with("{% for %}")).encode(CONVERSATION)


def test_a_tokenizer_without_template_and_without_end_cannot_be_used():
    with pytest.raises(AssayError, match="neither a chat template nor an end-of-sequence token"):
        ChatTemplate(tokenizer_with(None, eos=None))


def test_the_built_in_template_is_used_only_where_there_is_none():
    assert ChatTemplate(tokenizer_with(None)).source is BUILT_IN
    assert ChatTemplate(tokenizer_with(CHATML)).source == CHATML


def test_what_does_not_fit_is_cut_at_the_end_and_counted():
    chat = ChatTemplate(tokenizer_with(CHATML))
    whole = chat.encode(CONVERSATION)
    cut = chat.encode(CONVERSATION, max_length=len(whole.ids) - 3)
    assert (cut.cut, whole.cut) == (3, 0)
    assert cut.ids == whole.ids[:-3]
    assert cut.has_answer


def test_a_conversation_whose_answer_was_cut_away_has_no_answer():
    chat = ChatTemplate(tokenizer_with(CHATML))
    prompt = len(chat.prompt(CONVERSATION[:1]))
    assert not chat.encode(CONVERSATION[:2], max_length=prompt).has_answer
    assert chat.encode(CONVERSATION[:2], max_length=prompt + 1).has_answer


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_blank_answer_is_not_learned(blank):
    turns = [Turn("user", "q"), Turn("assistant", blank)]
    found = ChatTemplate(tokenizer_with(CHATML)).encode(turns)
    assert not found.has_answer
    assert not any(found.answer)


def test_of_plain_text_every_token_is_learned_and_it_ends():
    tokenizer = tokenizer_with(None)
    found = ChatTemplate(tokenizer).encode([Turn("text", "It is 6.")])
    assert tokenizer.decode(found.ids) == "It is 6.</s>"
    assert all(found.answer)


class _Slow:
    """A tokenizer without offsets, as the sentencepiece ones are."""

    is_fast = False

    def __init__(self, tokenizer):
        self._tokenizer = tokenizer

    def __getattr__(self, name):
        return getattr(self._tokenizer, name)

    def __call__(self, text, **options):
        assert "return_offsets_mapping" not in options
        return self._tokenizer(text, **options)
