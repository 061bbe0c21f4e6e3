"""What is said of rows together: duplicates, contradictions, balance, languages, refusals, lengths, suites."""

import numpy as np
import pytest

from evals.data.checks.balance import balance
from evals.data.checks.contradictions import contradictions
from evals.data.checks.duplicates import duplicates, repeated_answers, stock_sentences
from evals.data.checks.encoding import encoding
from evals.data.checks.history import history
from evals.data.checks.language import languages
from evals.data.checks.leakage import leakage
from evals.data.checks.length import length
from evals.data.checks.refusals import refusals
from evals.data.facts import Facts, facts_of
from evals.data.language import LANGUAGES, languages_of
from evals.data.refusal import declines, refuses
from evals.data.row import DataRow
from evals.data.stance import stance
from evals.suite import read_suite
from evals.text import Sample
from tests.evals.data.made import answered, asked, of, rows_of, texts_of, told, turns
from tests.evals.written import file_of, written


def test_copies_are_exact_or_near_and_name_the_earlier_row():
    rows = answered("多喝水。", "多 喝水。", "多喝水吧。", "少吃盐。")
    rows[1] = DataRow("b.jsonl", Sample(0, turns("问题0", "多喝水。")))
    findings = duplicates(rows, facts_of(rows), np.array([-1, 0, 0, -1]))
    assert [(one.check, one.severity, one.count) for one in findings] == [
        ("exact-duplicates", "warning", 1),
        ("near-duplicates", "warning", 1),
    ]
    assert findings[0].examples[0] == ("b.jsonl:1", "as a.jsonl:1: 多喝水。")
    assert findings[1].examples[0] == ("a.jsonl:3", "as a.jsonl:1: 多喝水吧。")


def test_one_long_answer_to_two_questions_is_repeated():
    long = "多喝水，多休息，注意观察体温的变化，必要时到医院就诊。"
    rows = asked(("头痛？", long), ("发热？", long), ("头痛？", long), ("咳嗽？", "不会"), ("腹泻？", "不会"))
    (finding,) = repeated_answers(rows, facts_of(rows))
    assert (finding.severity, finding.count, rows_of(finding)) == ("warning", 1, [2])


def test_a_sentence_in_five_answers_is_stock_and_shown_with_its_count():
    rows = answered(*(f"第{number}种情况要多休息。请到正规医院及时就诊治疗。" for number in range(5)), "多喝水。")
    (finding,) = stock_sentences(rows, facts_of(rows))
    assert (finding.severity, finding.count) == ("warning", 5)
    assert finding.examples == (("a.jsonl:1", "5 x 请到正规医院及时就诊治疗"),)
    (fewer,) = stock_sentences(rows[:4], facts_of(rows[:4]))
    assert (fewer.count, fewer.examples) == (0, ())


def test_facts_of_parts_are_those_of_the_whole():
    rows = answered("请到正规医院及时就诊治疗。", "多喝水。", "请到正规医院及时就诊治疗。少吃含盐多的食物。")
    whole, parts = facts_of(rows), Facts.joined([facts_of(rows[:1]), facts_of(rows[1:])])
    assert len(parts) == 3
    for name, value in vars(whole).items():
        assert np.array_equal(value, getattr(parts, name)), name


@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [
        ("", "可以，但要少吃。", 1),
        ("", "您好，不可以的。", -1),
        ("", "No, never.", -1),
        ("", "Yes.", 1),
        ("高血压能吃鸡肉吗？", "高血压的患者能吃鸡肉。", 1),
        ("高血压能吃鸡肉吗？", "高血压的患者不能吃鸡肉。", -1),
        ("高血压能吃鸡肉吗？", "鸡肉含蛋白质。", 0),
        ("怎么办？", "不能吃鸡肉。", 0),
        ("", "多喝水。", 0),
        ("高血压能治好吗？", "可以治好的，不过不能大意。", 1),
        ("高血压能治好吗？", "可以治好的，按时服药。", 1),
        ("会复发吗？", "不一定会复发。", 0),
        ("会复发吗？", "未必会复发", 0),
        ("会复发吗？", "不会复发的，放心。", -1),
        ("能喝酒吗？", "一般来说，不能喝。", -1),
        ("能喝酒吗？", "如果血压正常，可以喝一点。", 0),
        ("能喝酒吗？", "建议先去医院检查。", 0),
        ("能一起吃吗？", "能不能一起吃要看病情。", 0),
        ("这是不是癌？", "是良性的肿瘤，不必担心。", 0),
        ("有没有特效药？", "没有特效药。", -1),
        ("需要手术吗？", "没必要手术。", -1),
        ("会传染吗？", "没有症状的人也会传染。", 1),
    ],
)
def test_an_answer_says_yes_or_no(question, answer, says):
    assert stance(question, answer) == says


def test_yes_and_no_to_one_question_contradict_each_other():
    rows = asked(
        ("高血压能吃鸡肉吗？", "可以吃，但要少吃。"),
        ("高血压能吃鸡肉吗", "不能，要避免。"),
        ("怎么办？", "多喝水，多休息，注意保暖。"),
        ("怎么办？", "少吃盐，多运动，按时吃药。"),
        ("什么科？", "内科"),
        ("什么科？", "外科"),
        ("几点？", "三点"),
        ("几点？", "三点。"),
    )
    findings = contradictions(rows, facts_of(rows))
    assert [(one.check, one.severity, rows_of(one)) for one in findings] == [
        ("contradictory-answers", "warning", [1, 2, 5, 6]),
        ("several-answers", "info", [3, 4]),
    ]
    assert texts_of(findings[0])[0] == "可以吃，但要少吃。 | a.jsonl:2: 不能，要避免。"


def test_answers_that_agree_do_not_contradict_each_other():
    rows = asked(
        ("高血压能治好吗？", "可以治好的，不过不能大意。"),
        ("高血压能治好吗？", "可以治好的，按时服药就不要紧。"),
        ("会不会复发？", "不一定会复发，要定期去医院复查。"),
        ("会不会复发？", "会复发的，所以要按时去复查。"),
    )
    assert [(one.check, one.count) for one in contradictions(rows, facts_of(rows))] == [
        ("contradictory-answers", 0),
        ("several-answers", 4),
    ]


def test_one_question_under_two_system_turns_or_after_another_history_is_not_one():
    rows = [
        DataRow("a.jsonl", Sample(0, turns("什么科？", "内科", system="答一"))),
        DataRow("a.jsonl", Sample(1, turns("什么科？", "外科", system="答二"))),
        DataRow("a.jsonl", Sample(2, turns("发热", "好", "什么科？", "儿科"))),
        DataRow("a.jsonl", Sample(3, turns("骨折", "好", "什么科？", "骨科"))),
    ]
    assert [one.count for one in contradictions(rows, facts_of(rows))] == [0, 0]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("发热三天怎么办", "Chinese"),
        ("發熱三天怎麼辦，請問醫師", "traditional Chinese"),
        ("It is a high fever", "Latin script"),
        ("熱が三日続いています", "Japanese"),
        ("열이 사흘째 계속됩니다", "Korean"),
        ("У меня высокая температура сегодня", "Cyrillic"),
        ("عندي حمى منذ ثلاثة أيام", "Arabic"),
        ("38.5", "too short to tell"),
        ("做MRI和CT检查", "Chinese"),
        ("", "too short to tell"),
    ],
)
def test_a_language_is_told_by_its_script(text, language):
    assert LANGUAGES[languages_of([text])[0]] == language
    # The same among others.
    assert [LANGUAGES[one] for one in languages_of(["abc def ghi jkl", text, "发热三天"])][1] == language


def test_few_rows_in_another_language_are_odd_and_many_are_a_mix():
    chinese, english = ("怎么办呢？", "多喝水，多休息。"), ("What shall I do?", "Drink more water today.")
    few, many = asked(*[chinese] * 8, english, english), asked(*[chinese] * 6, *[english] * 4)
    assert [(one.check, one.severity, one.count) for one in languages(few, facts_of(few))][:2] == [
        ("other-language", "warning", 2),
        ("mixed-languages", "info", 0),
    ]
    assert [one.count for one in languages(many, facts_of(many))] == [0, 4, 0]


def test_a_file_of_its_own_for_another_language_is_a_mix_in_which_rows_can_be_odd():
    chinese, english = ("怎么办呢？", "多喝水，多休息。"), ("What shall I do?", "Drink more water today.")
    rows = asked(*[chinese] * 20)
    rows += [DataRow("b.jsonl", row.sample) for row in asked(*[english] * 4, chinese, ("1", "2"))]
    odd, mixed, _ = languages(rows, facts_of(rows))
    assert (odd.examples, mixed.count) == ((("b.jsonl:5", "Chinese: 多喝水，多休息。"),), 4)


def test_an_answer_in_another_language_counts_where_none_was_asked_for():
    rows = asked(
        ("发热三天怎么办？", "Drink more water today."),
        ("请翻译成英文：多喝水", "Drink more water today."),
        ("发热三天怎么办？", "多喝水，多休息。"),
    )
    finding = of(languages(rows, facts_of(rows)), "answer-in-other-language")
    assert (finding.severity, rows_of(finding)) == ("warning", [1])


@pytest.mark.parametrize(
    "answer",
    [
        "抱歉，我无法回答这个问题。",
        "作为AI语言模型，我不能提供医疗建议。",
        "对不起，不能提供这类信息。",
        "抱歉，这个问题我们没办法回答。",
        "很遗憾，无法满足您的要求。",
        "I'm sorry, but I can't help with that.",
        "As an AI language model, I cannot say.",
    ],
)
def test_a_refusal_is_told(answer):
    assert refuses(answer) is not None


@pytest.mark.parametrize(
    "answer",
    [
        "乙肝无法根治。",
        "抱歉，不能排除肝炎。",
        "I cannot recommend it enough.",
        "不能吃鸡肉。",
        "多喝水。",
        "抱歉，胃溃疡不能喝咖啡。",
        "不好意思，这个药不能和酒同服。",
        "对不起，孕妇不能吃这个药",
        "很遗憾，这种病无法手术。",
    ],
)
def test_other_answers_refuse_nothing(answer):
    assert refuses(answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        "仅凭这些症状无法确诊。",
        "信息不足，请补充。",
        "文中没有提到。",
        "There is not enough information.",
        "I don't know.",
        "这种说法不正确。",
    ],
)
def test_an_answer_that_says_that_there_is_none_is_told(answer):
    assert declines(answer) is not None
    assert refuses(answer) is None


def test_few_refusals_are_worth_knowing_and_many_a_warning_and_negative_examples_are_always_said():
    plain, refusal = "多喝水。", "抱歉，我无法回答这个问题。"
    few, many = answered(*[plain] * 29, refusal), answered(*[plain] * 9, refusal, "信息不足，无法判断。")
    assert [(one.check, one.severity, one.count) for one in refusals(few, facts_of(few))] == [
        ("refusals", "info", 1),
        ("negative-examples", "info", 0),
    ]
    assert [(one.check, one.severity, one.count) for one in refusals(many, facts_of(many))] == [
        ("refusals", "warning", 1),
        ("negative-examples", "info", 1),
    ]


def test_plain_text_answers_nothing_and_has_no_negative_examples():
    rows = told("多喝水。", "少吃盐。")
    assert refusals(rows, facts_of(rows)) == []


def test_subtasks_ten_times_larger_or_smaller_than_the_middle_one_are_out_of_balance():
    rows = [
        row
        for task, size in (("a", 210), ("b", 20), ("c", 1), ("d", 20))
        for row in asked(*[("1", "2")] * size, task=task)
    ]
    large, unnamed = balance([*rows, *asked(("1", "2"))])
    assert (large.check, large.severity, large.count) == ("unbalanced-subtasks", "warning", 211)
    assert texts_of(large) == ["a: 210 rows, the middle subtask has 20", "c: 1 rows, the middle subtask has 20"]
    assert (unnamed.check, unnamed.severity, unnamed.count) == ("no-subtask", "info", 1)
    assert [one.count for one in balance(asked(*[("1", "2")] * 3))] == [0, 0]


def test_a_history_over_the_budget_is_long():
    long = [DataRow("a.jsonl", Sample(0, turns("一" * 1500, "二" * 501, "三", "四")))]
    fits = [DataRow("a.jsonl", Sample(0, turns("一" * 1500, "二" * 500, "三" * 999, "四")))]
    assert texts_of(history(long)[0]) == ["2,001 characters in 2 turns before the last question"]
    assert history(fits)[0].count == 0


def test_rows_are_too_long_or_leave_nothing_to_learn():
    rows = [*asked(("12345", "12345"), ("12345", "123456"), ("1234567890", "1"), ("1",)), *told("1" * 99)]
    findings = length(rows, 10, lambda texts: list(map(len, texts)), "characters")
    assert [(one.check, one.severity, rows_of(one), texts_of(one)) for one in findings] == [
        ("nothing-left-to-learn", "error", [3], ["10 characters before the answer"]),
        ("too-long", "warning", [2], ["11 characters"]),
    ]


def test_items_of_a_suite_that_stand_in_the_rows_are_leaked(tmp_path):
    question = "北京大学第一医院的门诊部在哪一条街道上，怎么走？"
    written(
        tmp_path,
        {"id": "q1", "question": question, "reference": "西什库大街"},
        {"id": "q2", "question": "上海市的区号是多少位的数字？", "reference": "三位"},
        name="s.jsonl",
    )
    suite = read_suite(
        file_of(tmp_path, 'measures = "learned"\nkind = "open"\nfile = "s.jsonl"\nlang = "zh"\n', "s.toml")
    )
    rows = asked(("你好吗", "很好"), (question, "西什库大街"))
    (finding,) = leakage(rows, [suite])
    assert (finding.check, finding.severity, finding.count, finding.of) == ("leakage", "error", 1, 2)
    assert finding.examples == (("a.jsonl:2", "s q1: 北京大学第一医院的门诊部在哪一条街道上，怎么走？ 西什库大街"),)


def test_rows_of_files_that_are_not_utf8_are_errors():
    rows = [DataRow("a.csv", Sample(0, turns("1", "2"))), DataRow("b.csv", Sample(0, turns("3", "4")))]
    (finding,) = encoding(rows, {"a.csv": "UTF-8", "b.csv": "GB18030"})
    assert (finding.severity, finding.examples) == ("error", (("b.csv:1", "the file is in GB18030"),))
