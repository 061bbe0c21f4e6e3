"""Personal data is found where its own rules hold, masked whole, and shown hidden."""

import pytest

from evals.data.checks.personal import personal
from evals.data.personal import MASKS, hidden, masked, personal_data
from tests.evals.data.made import answered, asked, of, texts_of

PHONE, ID, CARD, EMAIL = "phone-number", "id-card", "bank-card", "email-address"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("13800138000", PHONE),
        ("+86 138 0013 8000", PHONE),
        ("138-0013-8000", PHONE),
        ("１３８００１３８０００", PHONE),
        ("19912345678", PHONE),
        ("010-62345678", PHONE),
        ("（0755）26001234", PHONE),
        ("0571 8765432", PHONE),
        ("11010519491231002X", ID),
        ("11010519491231002x", ID),
        ("440524188001010014", ID),
        ("4111111111111111", CARD),
        ("4111 1111 1111 1111", CARD),
        ("6222020200012345670", CARD),
        ("378282246310005", CARD),
        ("li.si+x@mail.uni.edu.cn", EMAIL),
    ],
)
def test_a_number_or_address_is_found_whole(text, kind):
    found = personal_data(f"请记：{text}。")
    assert [(item.kind, item.start, item.end) for item in found] == [(kind, 3, 3 + len(text))]
    assert masked(f"请记：{text}。") == f"请记：{MASKS[kind]}。"


@pytest.mark.parametrize(
    "text",
    [
        "12800138000",  # no prefix that is assigned
        "15412345678",
        "138001380001",  # a longer run of digits
        "1380013800",
        "3.13800138000",  # a decimal
        "00000000000",
        "11010519491231002Y",
        "110105194912310021",  # a wrong check character
        "11010519491331002X",  # the thirteenth month
        "99010519491231002X",  # no province
        "11010519490230002X",  # no such day
        "4111111111111112",  # a wrong check digit
        "1234567812345670",  # nobody's number
        "4111 1111 11111111",
        "411111111111",
        "someone@example.com",
        "a@b",
        "@li",
        "2024-01-01 12:00:00",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "乙肝DNA2.43*10000",
    ],
)
def test_other_numbers_are_none(text):
    assert personal_data(text) == []
    assert masked(text) == text


def test_a_landline_without_a_gap_is_believed_where_it_is_called_one():
    assert [item.kind for item in personal_data("电话：02088881234")] == [PHONE]
    assert personal_data("编号02088881234") == []


def test_several_pieces_are_masked_in_one_text():
    text = "张三13800138000，li@uni.cn，11010519491231002X，4111111111111111"
    assert masked(text) == "张三[PHONE]，[EMAIL]，[ID_CARD]，[BANK_CARD]"
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13800138000", "138******00"),
        ("11010519491231002X", "110*************2X"),
        ("4111 1111 1111 1111", "411* **** **** **11"),
        ("li.si@uni.edu.cn", "l****@***.***.cn"),
    ],
)
def test_examples_show_what_it_was_and_not_which(text, shown):
    assert hidden(text) == shown


def test_a_row_counts_once_for_each_kind_in_any_of_its_turns():
    rows = asked(("我的电话13800138000和13900139000", "收到"), ("邮箱？", "li@uni.cn"), ("电话？", "没有"))
    findings = personal(rows)
    assert [(one.check, one.severity, one.count) for one in findings] == [
        (PHONE, "error", 1),
        (ID, "error", 0),
        (CARD, "error", 0),
        (EMAIL, "error", 1),
    ]
    assert texts_of(of(findings, PHONE)) == ["138******00"]


def test_no_example_holds_a_whole_number():
    rows = answered("打13800138000", "卡号4111111111111111", "证11010519491231002X", "li.si@uni.edu.cn")
    shown = " ".join(text for finding in personal(rows) for text in texts_of(finding))
    assert not any(secret in shown for secret in ("138001380", "41111111", "19491231", "li.si"))
