"""Filler is taken out where it is a clause of its own, and left where it is what was asked for."""

import pytest

from evals.data.checks.filler import filler
from evals.data.cleaning import STEPS, clean
from evals.data.filler import strip_filler, wants_courtesy
from evals.text import Turn
from tests.evals.data.made import answered, asked, rows_of, texts_of


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("您好，多喝水。", "多喝水。"),
        ("你好！很高兴为您解答，多喝水。", "多喝水。"),
        ("多喝水。希望我的回答能帮助到您，谢谢！", "多喝水。"),
        ("多喝水，祝您早日康复！", "多喝水。"),
        ("多喝水。以上意见仅供参考。", "多喝水。"),
        ("多喝水。如果您还有其他问题，请随时联系我。", "多喝水。"),
        ("嗯，多喝水，呃，多休息。", "多喝水，多休息。"),
        ("好的，以下是方法：多喝水。", "以下是方法：多喝水。"),
        ("Sure! Drink water.", "Drink water."),
        ("Great question! Drink water. I hope this helps!", "Drink water."),
        ("Drink water. Let me know if you have any other questions.", "Drink water."),
        ("Um, drink water.", "drink water."),
    ],
)
def test_it_is_taken_out(text, left):
    assert strip_filler(text).text == left
    assert strip_filler(left) == (left, ())


@pytest.mark.parametrize(
    "text",
    [
        "好的心情有利于康复。",
        "额头发热要量体温。",
        "希望工程帮助了很多孩子上学。",
        "患者感谢医生。",
        "那个时候要多喝水。",
        "Certainly not.",
        "As you know, water helps.",
        "您好",
        "谢谢！",
        "",
    ],
)
def test_words_within_a_sentence_and_answers_of_nothing_else_stay(text):
    assert strip_filler(text) == (text, ())


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("高血压患者能吃鸡蛋吗？", "当然可以，每天不超过一个。"),
        ("两种药可以一起吃吗？", "没问题，间隔半小时。"),
        ("能改到上午九点吗？", "好的，上午九点。"),
        ("Can I take it after a meal?", "Absolutely! Take it after a meal."),
        ("Is it safe? I am pregnant", "Of course. Ask for the dose."),
        ("Hello. Could I come at nine", "Sure! At nine."),
        ("明天来行不行", "当然，九点来。"),
    ],
)
def test_a_word_of_assent_stays_where_it_is_the_answer(question, answer):
    row = (Turn("user", question), Turn("assistant", answer))
    assert filler(asked((question, answer)))[0].count == 0
    assert clean(row, frozenset(STEPS), budget=99).turns == row


@pytest.mark.parametrize(
    "question", ["怎样退热？", "请说明退热的方法", "What should I do?", "Explain what can be done"]
)
def test_where_no_yes_is_asked_for_it_goes(question):
    row = (Turn("user", question), Turn("assistant", "当然，多喝水。"))
    assert clean(row, frozenset(STEPS), budget=99).turns[1].content == "多喝水。"
    assert strip_filler("您好，当然可以吃。", "能吃吗？").text == "当然可以吃。"


def test_where_a_letter_is_asked_for_nothing_is_found():
    rows = asked(
        ("写一封邮件", "您好，会议改到三点，谢谢。"),
        ("发热怎么办", "您好，多喝水。"),
        ("write an e-mail", "Sure! Dear Li"),
    )
    (finding,) = filler(rows)
    assert (finding.severity, finding.count, rows_of(finding), texts_of(finding)) == ("warning", 1, [2], ["您好，"])
    assert wants_courtesy("write an e-mail")


def test_what_was_removed_is_shown_in_its_order():
    (finding,) = filler(answered("您好，多喝水。祝您健康！谢谢！"))
    assert texts_of(finding) == ["您好， … 祝您健康！ … 谢谢！"]
