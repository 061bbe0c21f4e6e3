"""Examples stand before a question as it stands itself; what cannot be asked is refused by its id."""

import pytest
from tokenizers import normalizers

from assay.errors import AssayError
from evals.choice import item_pairs, score_items
from evals.choice_items import ChoiceItem
from evals.choice_prompt import Pair, encode_pair
from evals.prompt import ChatTemplate
from evals.text import Turn
from tests.evals.test_choice import CHINESE, ENGLISH, model  # noqa: F401 - a fixture

SHOT = ChoiceItem("shot", "en", "sums", "Is it 2?", ("yes", "no"), 1)


def test_examples_stand_before_a_question_with_a_blank_line_behind_each(tokenizer):
    before = "Question: Is it 2?\nAnswer: no\n\n"
    assert item_pairs(tokenizer, CHINESE, None, shots=[SHOT]) == [
        encode_pair(tokenizer, f"{before}问题：二加二等于几？\n答案：", choice) for choice in CHINESE.choices
    ]
    lettered = "Is it 2?\nA. yes\nB. no\nAnswer: B\n\n"
    assert item_pairs(tokenizer, CHINESE, None, wording="letter", shots=[SHOT]) == [
        encode_pair(tokenizer, f"{lettered}二加二等于几？\nA. 四\nB. 等于五。\n答案：", letter) for letter in "AB"
    ]


def test_examples_are_turns_of_a_chat(tokenizer):
    chat = ChatTemplate(tokenizer)
    asked = chat.prompt([Turn("user", "Is it 2?"), Turn("assistant", "no"), Turn("user", ENGLISH.question)])
    pairs = item_pairs(tokenizer, ENGLISH, chat, shots=[SHOT])
    assert pairs == [Pair(asked, tokenizer(choice)["input_ids"]) for choice in ENGLISH.choices]


@pytest.mark.parametrize("style", ["plain", "chat", "letter"])
def test_a_question_among_its_examples_is_refused_by_its_id(model, tokenizer, style):  # noqa: F811 - the fixture
    with pytest.raises(AssayError) as caught:
        score_items(model, tokenizer, [ENGLISH, SHOT], style=style, shots=[SHOT])
    assert str(caught.value) == "question shot is also one of the examples before it; take it out of either"


def test_more_choices_than_letters_are_refused_by_the_questions_id(model, tokenizer):  # noqa: F811 - the fixture
    item = ChoiceItem("q7", "en", "c", "q?", tuple(map(str, range(27))), 0)
    with pytest.raises(AssayError) as caught:
        score_items(model, tokenizer, [item], style="letter")
    assert str(caught.value) == "question q7 has 27 choices, and there are 26 letters; score it plain"


def test_a_question_without_a_token_is_refused_by_its_id(model, tokenizer):  # noqa: F811 - the fixture
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("问题：†\n答案：", "")
    with pytest.raises(AssayError) as caught:
        score_items(model, tokenizer, [ChoiceItem("q7", "zh", "c", "†", ("甲", "乙"), 1)])
    assert str(caught.value) == "question q7 has no token in this vocabulary; leave it out"
