"""What is said of the words of rows: language of elsewhere, broken characters, repetition, endings, echoes."""

import json
from pathlib import Path

import pytest

from evals.data.check import CheckOptions, check_data
from evals.data.checks.answers import answers, breaks_off
from evals.data.checks.characters import characters, mojibake
from evals.data.checks.echo import echo
from evals.data.checks.repetition import repeated, repetition
from evals.data.checks.translation import translation
from evals.data.leftovers import tidied
from evals.data.row import DataRow
from evals.data.translation import LISTS, telling
from evals.text import Sample, Turn, read_samples
from tests.evals.data.made import SHARED, answered, asked, of, rows_of, texts_of, told, turns

BROKEN = Path(__file__).parents[3] / "trainer" / "demo" / "sample" / "broken.jsonl"
QUESTION = "我的爸爸在上个月查出得了肝炎，他现在六十多岁了，平时吃的也很清淡，我想知道这样要怎么治疗才行"


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("作为一个人工智能语言模型，多喝水。", "translationese"),
        ("多喝水。请随时告诉我更多情况。", "translationese"),
        ("约翰和玛丽跑了三英里。", "translationese"),
        ("Sure, here is the answer: 请多喝水，多休息，按时吃药。", "foreign-template"),
        ("您应当麻醉乙肝疫苗。", "machine-rewritten"),
        ("建议专心监测数据血压。", "machine-rewritten"),
    ],
)
def test_a_row_that_was_not_written_in_chinese_is_told(text, check):
    findings = translation(answered(text))
    assert [(one.check, one.count) for one in findings if one.count] == [(check, 1)]
    assert of(findings, check).severity == "warning"


def test_english_rows_and_one_weak_phrase_alone_are_nothing_odd():
    rows = answered(
        "As an AI language model, I drink water.", "全程三英里，请多喝水。", "你好，请打疫苗。", "手术前要做麻醉评估。"
    )
    assert [one.count for one in translation(rows)] == [0, 0, 0]


def test_a_foreign_template_in_the_question_of_a_chinese_answer_counts():
    rows = asked(("Below is an instruction that describes a task.", "请多喝水。"))
    assert of(translation(rows), "foreign-template").count == 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("check", LISTS)
def test_no_sentence_of_the_encyclopaedia_or_of_school_examinations_is_told(check):
    sentences = [sample.turns[0].content for sample in read_samples(SHARED / "text" / "general_zh.jsonl")]
    asked_there = [
        json.loads(line) for line in (SHARED / "probes" / "gaokao_zh_history_biology.jsonl").read_text().splitlines()
    ]
    texts = [*sentences, *("\n".join([row["question"], *row["choices"]]) for row in asked_there)]
    # Ten sentences at a time are as long as an answer.
    texts += ["".join(sentences[start : start + 10]) for start in range(0, len(sentences), 10)]
    assert [text for text in texts if telling(text, LISTS[check])] == []


@pytest.mark.parametrize("text", ["发热三天怎么办？", "高血压，需要长期服药。"])
def test_utf8_read_in_another_encoding_is_seen(text):
    assert mojibake(text) is None
    for encoding in ("gbk", "gb18030", "cp1252", "latin-1"):
        assert mojibake(text.encode().decode(encoding, "replace").replace("\ufffd", "?")) is not None


@pytest.mark.parametrize("text", ["锟斤拷", "发热\ufffd天", "烫烫烫烫", "a\ud800b", "cafÃ©", "itâ€™s"])
def test_signs_of_broken_characters_are_seen(text):
    assert mojibake(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "café naïve Zürich", "α-干扰素 ≥ 38.5 ℃", "«Ça va ?»", "烫伤", "繁體中文", "日本語のテキスト", "😀👍",
        "«\xa0Le café\xa0»", "« Le caf\u00e9\xa0» et « le th\u00e9\xa0»", "“cliché”—he said", "fiancé’” she said",
        "décidé… »", "SÃO PAULO",
    ],
)  # fmt: skip
def test_good_characters_of_any_script_are_not(text):
    assert mojibake(text) is None


def test_control_characters_markup_and_half_width_signs():
    rows = answered("多喝\u200b水。", "体温&gt;38。", "多喝水,多休息。", "用<br>换行。", "体温38.5度，1,000毫升。")
    findings = characters(rows)
    assert [(one.check, one.severity, rows_of(one)) for one in findings] == [
        ("mojibake", "error", []),
        ("missing-glyphs", "error", []),
        ("control-characters", "warning", [1]),
        ("markup", "warning", [2, 4]),
        ("half-width-signs", "info", [3]),
    ]
    assert texts_of(findings[2]) == ["U+200B after '多喝'"]


@pytest.mark.parametrize(
    "text",
    [
        "若 a<b 且 c>d，则交换两者。",
        "while (i<u && v>i) i++;",
        "收缩压<p 值>0.05，差异没有意义。",
        "<b & c> 是一个区间。",
        "if a<b and c>d: pass",
        "Map<i, u> 与 List<b> 都是泛型。",
        "x<a>y",
    ],
)
def test_formulas_and_code_are_no_markup(text):
    row = (Turn("user", "怎么写？"), Turn("assistant", text))
    assert tidied(row) == row
    assert of(characters(answered(text)), "markup").count == 0


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<p>多喝水。</p>", "多喝水。"),
        ("多喝水。</p>", "多喝水。"),
        ("<b class=x>多喝水</b>。", "多喝水。"),
        ('<a href="http://a.cn/?x=1&y=2">多喝水</a>。', "多喝水。"),
        ("<a href=http://a.cn/?x=1>多喝水</a>。", "多喝水。"),
        ("多喝水<br/>多休息", "多喝水\n多休息"),
        ("<td nowrap>多喝水</td>", "多喝水"),
        ("白细胞 10<sup>9</sup>/L，H<sub>2</sub>O", "白细胞 10^9/L，H2O"),
    ],
)
def test_markup_is_taken_out(text, left):
    assert tidied((Turn("assistant", text),))[0].content == left
    assert of(characters(answered(text)), "markup").count == 1


@pytest.mark.parametrize("text", ["□■□■□■□■", "好 ￭￭￭￭￭￭", "\ue001\ue002\ue003\ue004 a"])
def test_an_answer_of_boxes_has_lost_its_characters(text):
    assert of(characters(answered(text)), "missing-glyphs").count == 1


@pytest.mark.parametrize("text", ["□", "□ 是 □ 否 □ 不确定，请在方框里打勾", "■■■ 三个方块"])
def test_boxes_in_a_form_are_meant(text):
    assert of(characters(answered(text)), "missing-glyphs").count == 0


def test_all_damaged_rows_of_the_demo_are_found():
    checked = check_data([str(BROKEN)], CheckOptions())
    errors = {one.check: rows_of(one) for one in checked.findings if one.severity == "error"}
    assert errors == {"mojibake": [1, 3], "missing-glyphs": [2, 4]}


def test_markup_that_is_asked_about_stays():
    about = (Turn("user", "HTML里<br>是什么？"), Turn("assistant", "换行：&lt;br&gt;"))
    assert tidied(about) == about
    assert of(characters(asked((about[0].content, about[1].content))), "markup").count == 0


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("多喝水吃药。多喝水吃药。多喝水吃药。", "多喝水吃药。"), ("ab cd ab cd ab cd ", "ab cd ")],
)
def test_a_phrase_three_times_in_a_row_is_repeated(text, phrase):
    assert len(repeated(text)) == len(phrase)
    assert repeated(f"首先说明{text}然后结束") is not None


@pytest.mark.parametrize(
    "text",
    [
        "多喝水吃药。多喝水吃药。",
        "哈哈哈哈哈哈哈哈哈哈哈哈",
        "1,2,1,2,1,2,1,2,",
        "| a | b | a | b | a | b |",
        "一天三次，一次一片",
    ],
)
def test_twice_laughter_numbers_and_tables_are_not(text):
    assert repeated(text) is None


def test_every_phrase_of_4_to_24_characters_is_found_wherever_it_stands():
    letters = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地"
    missed = [
        (size, before)
        for size in range(4, 25)
        for before in range(9)
        if repeated("东西南北中春夏秋"[:before] + letters[:size] * 3 + "冬") is None
    ]
    assert missed == []


def test_signs_twice_and_letters_seven_times_are_repeated():
    rows = answered(
        "多喝水。。",
        "多喝水，。休息",
        "啊啊啊啊啊啊啊啊",
        "aaaaaaaaaa",
        "真的！！！",
        "什么？？",
        "……",
        "1000000000",
        "------",
    )
    assert rows_of(of(repetition(rows), "repeated-sign")) == [1, 2, 4]


def test_two_signs_of_latin_script_are_repeated_beside_chinese_characters_only():
    code = answered("std::vector<int> v;", "for(;;) wait();", "x = {1,,2}", "a[::2]", "Wait!!! Really?")
    text = answered("多喝水,,多休息", "包括::水果", "多喝水。;", "Wait!!!!")
    assert of(repetition(code), "repeated-sign").count == 0
    assert of(repetition(text), "repeated-sign").count == 4


@pytest.mark.parametrize(
    "text",
    ["多喝水，", "包括：", "首先，因为", "多喝水以及", "一是休息；\n2.", "drink and", "one of the", "```python\nx = 1"],
)
def test_an_answer_breaks_off(text):
    assert breaks_off(text)


@pytest.mark.parametrize("text", [
    "多喝水。", "是", "38.5", "drink water", "return x;", "见表（1）", "", "，", "Yes, it is", "Find it and turn it on",
    "Log in", "What are you waiting for",
])  # fmt: skip
def test_an_answer_is_whole(text):
    assert not breaks_off(text)


def test_answers_that_are_empty_break_off_or_have_no_end_mark():
    whole = "多喝水，多休息，注意观察体温和精神状态的变化。如果体温超过三十八度五，要及时到医院就诊"
    rows = answered("", " … ", "多喝水，", whole, f"{whole}。", "A", "√")
    findings = answers(rows)
    assert [(one.check, one.severity, rows_of(one)) for one in findings] == [
        ("empty-answer", "error", [1, 2]),
        ("empty-question", "error", []),
        ("broken-off-answer", "warning", [3]),
        ("answer-without-end-mark", "info", [4]),
    ]


def test_a_row_without_a_question_is_an_answer_to_nothing():
    rows = asked(("", "只有答案。"), (" \u200b\n", "只有答案。"), ("？", "什么？"), ("好吗？", "好。"))
    told_beforehand = [DataRow("a.jsonl", Sample(0, (Turn("system", "打招呼"), Turn("assistant", "你好！"))))]
    alone = [DataRow("a.jsonl", Sample(0, (Turn("assistant", "你好！"),)))]
    finding = of(answers([*rows, *told("多喝水")]), "empty-question")
    assert (finding.severity, rows_of(finding), texts_of(finding)) == ("error", [1, 2], ["只有答案。"] * 2)
    assert [of(answers(some), "empty-question").count for some in (told_beforehand, alone)] == [0, 1]
    later = [DataRow("a.jsonl", Sample(0, turns("好吗？", "好。", "", "是的。")))]
    assert of(answers(later), "empty-question").count == 1


def test_a_last_answer_that_is_blank_after_another_is_empty():
    rows = [DataRow("a.jsonl", Sample(0, turns("好吗？", "好。", "还有呢？", " 。")))]
    finding = of(answers(rows), "empty-answer")
    assert (finding.severity, texts_of(finding)) == ("error", ["还有呢？"])


def test_a_row_without_any_answer_and_an_empty_text_are_empty():
    rows = [*asked(("好吗？", "好。")), *told("", "多喝水")]
    unanswered = asked(("好吗？",))
    assert [of(answers(some), "empty-answer").count for some in (rows, unanswered)] == [1, 1]


def test_an_answer_that_begins_with_its_question_and_goes_on_is_an_echo():
    going_on = "一般来说需要先查明肝炎的类型，再决定是否使用抗病毒药物，并且注意休息和营养，定期复查肝功能"
    rows = asked(
        (QUESTION, QUESTION + going_on),
        (QUESTION, going_on),
        (f"请改写：{QUESTION}", QUESTION + going_on),
        (QUESTION, QUESTION),
    )
    assert rows_of(echo(rows)[0]) == [1]
