"""Every fault that was planted is found, counted and named, in one process and in several; the score adds up."""

import json

import pytest

from evals.data.check import ALWAYS_SAID, LOCAL, CheckOptions, check_data
from evals.data.finding import EXAMPLES, Example, Finding, found, merged, short
from evals.data.meanings import MEANINGS
from evals.data.scoring import COSTS, cost, score_of
from evals.text.errors import DataError
from tests.evals.data.made import SHARED, answered, of
from tests.evals.written import file_of, written

LONG = "高血压的病人要少吃盐，每天运动半小时，按时服药，定期复查血压和肾功能，不要自己停药。"
PLANTED = [
    ("empty-answer", "怎样退热？", ""),
    ("broken-off-answer", "怎样止咳？", "多喝温水，少说话，"),
    ("template-tokens", "怎样补钙？", "喝牛奶。</s>"),
    ("speaker-labels", "怎样减重？", "答：少吃多动。"),
    ("filler", "怎样戒烟？", "您好，逐渐减量，坚持运动。"),
    ("repeated-phrase", "怎样午睡？", "睡二十分钟。睡二十分钟。睡二十分钟。"),
    ("repeated-sign", "怎样护眼？", "看看远处。。"),
    ("mojibake", "怎样刷牙？", "锟斤拷锟斤拷"),
    ("control-characters", "怎样洗手？", "用\u200b流水。"),
    ("markup", "怎样泡脚？", "水温&lt;45度。"),
    ("half-width-signs", "怎样晒太阳？", "上午十点,下午四点。"),
    ("phone-number", "怎样挂号？", "打13800138000。"),
    ("id-card", "怎样建档？", "证号11010519491231002X。"),
    ("bank-card", "怎样缴费？", "卡号4111111111111111。"),
    ("email-address", "怎样投诉？", "写信到li@uni.cn。"),
    ("translationese", "怎样看书？", "作为一个人工智能语言模型，多看书。"),
    ("foreign-template", "怎样写字？", "Here is the answer: 坐直，放松手腕，每天练习半个小时。"),
    ("machine-rewritten", "怎样打针？", "到医院麻醉乙肝疫苗。"),
    ("answer-in-other-language", "怎样做早操才对身体好？", "Do it every morning for ten minutes."),
    ("refusals", "怎样造假？", "抱歉，我无法回答这个问题。"),
    ("negative-examples", "是不是癌？", "仅凭这些症状无法确诊。"),
    ("too-long", "怎样跑步？", "".join(f"第{number}天跑{number}圈。" for number in range(1200))),
    ("contradictory-answers", "高血压能喝酒吗？", "可以喝一点。"),
    ("contradictory-answers", "高血压能喝酒吗？", "不能喝。"),
    ("several-answers", "晚上吃什么？", "吃一碗面条，再吃一些青菜。"),
    ("several-answers", "晚上吃什么？", "喝一碗小米粥，吃半个馒头。"),
    ("repeated-answers", "怎样降压？", LONG),
    ("repeated-answers", "血压高了要做什么？", LONG),
]  # fmt: skip


@pytest.fixture
def planted(tmp_path):
    rows = [
        {"id": str(place), "task": "护理", "instruction": asked, "output": said}
        for place, (_, asked, said) in enumerate(PLANTED)
    ]
    rows += [{**rows[1], "output": "多喝温水， 少说话，"}, {**rows[21], "output": rows[21]["output"] + "跑完要拉伸。"}]
    return written(tmp_path, *rows)


def test_each_planted_fault_is_found_in_its_row(planted):
    checked = check_data([str(planted)], CheckOptions())
    places = {check: [] for check, _, _ in PLANTED}
    for place, (check, _, _) in enumerate(PLANTED, start=1):
        places[check].append(f"data.jsonl:{place}")
    for check, rows in places.items():
        shown = [example.place for example in of(checked.findings, check).examples]
        assert set(rows) & set(shown), check
    assert "data.jsonl:30" in [example.place for example in of(checked.findings, "near-duplicates").examples]


def test_the_findings_are_the_same_in_any_number_of_processes(planted, tmp_path):
    clean = [
        {"task": "饮食", "instruction": f"第{number}天吃什么？", "output": f"吃{number}个苹果。"}
        for number in range(500)
    ]
    other = written(tmp_path, *clean, name="other.jsonl")
    one, two = (
        check_data([str(planted), str(other)], CheckOptions(processes=processes)).as_dict() for processes in (1, 2)
    )
    assert one == two
    assert one["rows"] == 530


def test_no_example_shows_personal_data(planted):
    document = json.dumps(check_data([str(planted)], CheckOptions()).as_dict())
    assert "13800138000" not in document.replace("[PHONE]", "")


def test_clean_rows_have_no_costs(tmp_path):
    rows = [
        {"task": "饮食", "instruction": f"第{number}天吃什么？", "output": f"吃{number}个苹果。"}
        for number in range(20)
    ]
    checked = check_data([str(written(tmp_path, *rows))], CheckOptions())
    assert (checked.rows, checked.score) == (20, 100.0)
    assert [(one.check, one.severity, one.count) for one in checked.findings] == [("negative-examples", "info", 0)]


def test_the_score_is_100_less_the_costs_of_its_findings(planted):
    checked = check_data([str(planted)], CheckOptions())
    assert checked.score == score_of(checked.findings, checked.rows)
    assert checked.score == round(max(0, 100 - sum(map(checked.cost, checked.findings))), 1)
    costs = [checked.cost(one) for one in checked.findings]
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize(
    ("severity", "count", "of_items", "points"),
    [
        ("error", 1, None, 4.0),
        ("error", 50, None, 40.0),
        ("warning", 1, None, 0.5),
        ("warning", 99, None, 10.0),
        ("info", 99, None, 0.0),
        ("error", 1, 50, 8.0),
        ("error", 0, 0, 0.0),
    ],
)
def test_a_finding_costs_by_its_share_up_to_a_limit(severity, count, of_items, points):
    assert cost(Finding("x", severity, count, of=of_items), 100) == points


def test_a_score_is_not_below_0():
    assert score_of([Finding(name, "error", 100) for name in "abc"], 100) == 0.0
    assert list(COSTS) == ["error", "warning", "info"]


def test_parts_of_a_finding_are_put_together_with_the_first_examples():
    parts = [
        Finding("a", "info", 4, tuple(Example(f"f:{place}", "x") for place in range(start, start + 4)))
        for start in (1, 5)
    ]
    (whole,) = merged(parts)
    assert (whole.count, [example.place for example in whole.examples]) == (8, ["f:1", "f:2", "f:3", "f:4", "f:5"])
    assert len(whole.examples) == EXAMPLES


def test_a_finding_keeps_the_first_rows_in_one_short_line():
    finding = found("x", "info", answered(*["a\n b" * 30] * 9), lambda row: row.answer)
    assert (finding.count, len(finding.examples)) == (9, EXAMPLES)
    assert finding.examples[0].text == short("a\n b" * 30)
    assert (len(finding.examples[0].text), "\n" in finding.examples[0].text) == (60, False)


def test_every_check_has_a_meaning(planted):
    checked = check_data([str(planted)], CheckOptions())
    assert {one.check for one in checked.findings} <= set(MEANINGS)
    local = {one.check for check in LOCAL for one in check(answered("多喝水。"))}
    assert local <= set(MEANINGS)
    assert set(ALWAYS_SAID) <= set(MEANINGS)


def test_lengths_are_in_characters_or_in_tokens(tmp_path):
    data = written(tmp_path, {"prompt": "abcd", "completion": "abc"})
    assert (
        of(check_data([str(data)], CheckOptions(max_length=6)).findings, "too-long").examples[0].text == "7 characters"
    )
    assert of(check_data([str(data)], CheckOptions(max_length=4)).findings, "nothing-left-to-learn").count == 1
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"abcd": 0, "[UNK]": 1}, unk_token="[UNK]"))
    made.save(str(tmp_path / "tokenizer.json"))
    options = CheckOptions(tokenizer=str(tmp_path), max_length=1)
    assert (
        of(check_data([str(data)], options).findings, "nothing-left-to-learn").examples[0].text
        == "1 tokens before the answer"
    )


def test_a_mixture_of_files_is_checked_together(tmp_path):
    one = written(
        tmp_path,
        {"instruction": "怎样退热？", "output": "多喝水。"},
        {"instruction": "怎样止咳？", "output": "少说话。"},
        name="a.jsonl",
    )
    two = file_of(tmp_path, "prompt,completion\n怎样退热？,多喝水。\n", "b.csv")
    findings = check_data([str(one), str(two)], CheckOptions()).findings
    assert of(findings, "exact-duplicates").examples == (("b.csv:1", "as a.jsonl:1: 多喝水。"),)
    assert of(findings, "mixed-formats").examples == (("b.csv:1", "pairs, most are Alpaca"),)


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="is empty: it has no rows"):
        check_data([str(file_of(tmp_path, "", "a.jsonl"))], CheckOptions())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
def test_on_real_medical_questions_it_finds_what_is_there():
    checked = check_data([str(SHARED / "sft" / "medical_zh_1000.jsonl")], CheckOptions())
    counts = {one.check: one.count for one in checked.findings if one.severity != "info"}
    assert counts == {
        "machine-rewritten": 413, "unbalanced-subtasks": 402, "filler": 190, "stock-sentences": 73, "repeated-sign": 34,
        "broken-off-answer": 12, "echoed-question": 3, "markup": 2, "near-duplicates": 1,
    }  # fmt: skip
    assert of(checked.findings, "near-duplicates").examples[0].place == "medical_zh_1000.jsonl:640"
    assert of(checked.findings, "near-duplicates").examples[0].text.startswith("as medical_zh_1000.jsonl:194")
    assert (checked.rows, checked.score) == (1000, 64.2)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
def test_general_instructions_and_sentences_raise_hardly_any_alarm():
    english = check_data([str(SHARED / "sft" / "general_en_252.jsonl")], CheckOptions())
    chinese = check_data([str(SHARED / "text" / "general_zh.jsonl")], CheckOptions())
    assert {one.check: one.count for one in english.findings if one.severity != "info"} == {
        "email-address": 1,
        "broken-off-answer": 1,
    }
    assert {one.check: one.count for one in chinese.findings if one.severity != "info"} == {"repeated-sign": 1}
