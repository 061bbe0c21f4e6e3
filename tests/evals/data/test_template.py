"""Templates within the words are seen and taken off; what only looks like one stays."""

import pytest

from evals.data.checks.template import mixture, template
from evals.data.cleaning import STEPS, clean
from evals.data.facts import facts_of
from evals.data.row import DataRow
from evals.data.template import label_in, token_in, unwrapped
from evals.text import Sample, Turn
from tests.evals.data.made import asked, of, rows_of, texts_of, turns

ALPACA = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:"
)


@pytest.mark.parametrize(
    ("role", "text", "left"),
    [
        ("user", "<|im_start|>user\nHi<|im_end|>\n", "Hi"),
        ("assistant", "<|start_header_id|>assistant<|end_header_id|>\n\nYes<|eot_id|>", "Yes"),
        ("assistant", "Yes</s>", "Yes"),
        ("user", "[INST] Hi [/INST]", "Hi"),
        ("user", ALPACA, "Add.\n1 2"),
        ("user", "问题：发热怎么办？\n答：", "发热怎么办？"),
        ("user", "Human: Hi\nAssistant:", "Hi"),
        ("assistant", "答：多喝水。", "多喝水。"),
        ("assistant", "### Response: Yes", "Yes"),
    ],
)
def test_it_is_taken_off(role, text, left):
    turn = Turn(role, text)
    assert token_in([turn]) or label_in(turn)
    assert unwrapped((turn,)) == ((Turn(role, left),), True)
    assert token_in([Turn(role, left)]) is label_in(Turn(role, left)) is None


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("user", "问：1+1\n答：2\n问：2+2\n答："),
        ("user", "Question: 1?\nAnswer: 1\n\nQuestion: 2?\nAnswer:"),
        ("user", "The question: why?"),
        ("assistant", "A: 肝炎"),
        ("assistant", "The answer: 4"),
        ("user", "a[0] < b and <b> is HTML"),
        ("text", "问题：很多"),
    ],
)
def test_examples_that_are_shown_and_other_signs_stay(role, text):
    turn = Turn(role, text)
    assert (token_in([turn]), label_in(turn)) == (None, None)
    assert unwrapped((turn,)) == ((turn,), False)


def test_tokens_between_words_stay_and_are_still_seen():
    turn = Turn("user", "Hi<|im_end|>\n<|im_start|>assistant\nHello")
    assert token_in(unwrapped((turn,)).turns) == "<|im_end|>"


@pytest.mark.parametrize(
    "answer",
    [
        "句首放 [CLS]，两句之间放 [SEP]，不足的地方用 [PAD] 补齐。",
        "写成 <s>文字</s>，浏览器就会显示删除线。",
        "<s>文字</s> 表示文字已经作废。",
        "HTML 里的闭合标签是 </s>",
        "```html\n<s>文字\n</s>\n```",
        "Qwen 的结束标记是 <|im_end|>，不要在数据里写它。",
    ],
)
def test_rows_that_mention_a_token_keep_it(answer):
    row = turns("怎么写？", answer)
    assert token_in(row) is None
    assert template(asked(("怎么写？", answer)))[0].count == 0
    assert clean(row, frozenset(STEPS), budget=99) == (row, (), None)


def test_a_row_in_a_template_is_so_whatever_it_is_about():
    row = (Turn("user", "写一段 HTML"), Turn("assistant", "<|im_start|>assistant\n```html\n<p>\n```<|im_end|>"))
    assert token_in(row) == "<|im_start|>"
    assert unwrapped(row).turns[1].content == "```html\n<p>\n```"
    assert token_in(turns("你好", "<s>[INST] 问 [/INST] 答</s><s>[INST] 再问 [/INST]")) == "<s>"


def test_tokens_are_errors_and_labels_warnings():
    rows = asked(("Hi", "Yes</s>"), ("问：好吗", "好"), ("Hi", "Yes"))
    findings = template(rows)
    assert [(one.check, one.severity, one.count, rows_of(one), texts_of(one)) for one in findings] == [
        ("template-tokens", "error", 1, [1], ["</s>"]),
        ("speaker-labels", "warning", 1, [2], ["问："]),
    ]


def test_the_rarer_format_and_the_rarer_kind_of_system_turn_are_odd():
    rows = [
        DataRow("a.jsonl", Sample(0, turns("1", "2", system="Be brief."))),
        DataRow("a.jsonl", Sample(1, turns("3", "4", system="Be long."))),
        DataRow("b.csv", Sample(0, turns("5", "6"))),
    ]
    findings = mixture(rows, facts_of(rows), {"a.jsonl": "chat", "b.csv": "pairs"})
    assert [(one.check, one.severity, one.count) for one in findings] == [
        ("mixed-formats", "warning", 1),
        ("mixed-system-turns", "warning", 1),
    ]
    assert texts_of(of(findings, "mixed-formats")) == ["pairs, most are chat"]
    assert texts_of(of(findings, "mixed-system-turns")) == ["has no system turn, most have one"]


def test_one_format_without_system_turns_is_uniform():
    rows = asked(("1", "2"), ("3", "4"))
    assert [one.count for one in mixture(rows, facts_of(rows), {"a.jsonl": "chat"})] == [0, 0]
