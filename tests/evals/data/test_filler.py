"""Filler is taken out where it is a clause of its own, and left where it is what was asked for."""

import pytest

from evals.data.checks.filler import filler
from evals.data.filler import strip_filler, wants_courtesy
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
