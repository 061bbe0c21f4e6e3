"""Rows that share most of their words and teach different things are no copies, in a check and in a build."""

import json
import random

import pytest

from evals.data.build import build_data
from evals.data.build_options import BuildOptions
from evals.data.check import CheckOptions, check_data
from evals.data.facts import forms_of
from evals.data.marks import Marks, marks_of
from tests.evals.data.made import asked
from tests.evals.written import written

DEPARTMENTS = ("消化内科", "呼吸内科", "骨科", "皮肤科", "眼科", "儿科", "妇科", "心内科")
INSTRUCTION = (
    "你是一名有经验的分诊护士。请仔细阅读下面患者的自述，判断他应当挂哪一个科室的号。只回答科室的名称，不要解释原因，"
    "不要给出治疗建议，也不要补充其他内容。患者自述："
)
COMPLAINTS = "头肩背腰腹膝颈胸眼耳鼻喉皮齿舌手足肘踝指"


def triage(count):
    draw = random.Random(11)
    rows = []
    for number in range(count):
        where = "、".join(draw.sample(COMPLAINTS, 4))
        rows.append({"instruction": f"{INSTRUCTION}{where}都不舒服", "output": DEPARTMENTS[number % 8]})
    return rows


def built(tmp_path, rows, **options):
    made = build_data([str(written(tmp_path, *rows))], tmp_path / "o.jsonl", BuildOptions(validation=0, **options))
    return json.loads(made.manifest.read_text())


def near_in_check(tmp_path, rows):
    checked = check_data([str(written(tmp_path, *rows, name="check.jsonl"))], CheckOptions())
    return sum(one.count for one in checked.findings if one.check == "near-duplicates")


def test_a_set_under_one_instruction_keeps_its_different_questions(tmp_path):
    rows = triage(400)
    account = built(tmp_path, rows)
    assert account["dropped"] == {}
    assert account["outputs"][0]["rows"] == 400
    assert near_in_check(tmp_path, rows) == 0


def test_a_set_of_many_tasks_keeps_the_questions_under_each_instruction(tmp_path):
    draw = random.Random(12)
    rows = []
    for _ in range(25):
        own = "".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(80))
        rows += [{**row, "instruction": f"{own}：{row['instruction'][len(INSTRUCTION) :]}"} for row in triage(12)]
    assert built(tmp_path, rows)["dropped"] == {}


HOTEL = "这家酒店的房间很干净，服务也好，下次还会来住，推荐给大家"
SUM = "请计算这个简单的算式：1234567890 加 {} 等于多少呢？"
DOSE = "饭后半小时吃，一天{}次，每次都要用温水送服，不要喝茶。"
EGGS = "得了高血压能吃鸡蛋吗？平时血压控制得还算比较稳定。"
MAY = "可以，要根据血压的情况来决定吃的数量，并且定期复查。"
MEDICINE = "Take the medicine with water after each meal and rest for a while at home today?"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((f"{HOTEL}。", "正面"), (f"{HOTEL}！！", "负面")),
        ((SUM.format(1), "结果是1234567891"), (SUM.format(2), "结果是1234567892")),
        (("阿莫西林每天怎么吃？", DOSE.format("三")), ("阿莫西林每天怎么吃？", DOSE.format("两"))),
        ((EGGS, MAY), (EGGS, f"不{MAY}")),
        ((MEDICINE, "Cardiology department"), (MEDICINE, "Neurology department")),
    ],
)
def test_rows_with_another_label_number_or_the_opposite_are_not_merged(tmp_path, one, other):
    rows = [{"instruction": question, "output": answer} for question, answer in (one, other)]
    assert built(tmp_path, rows, skip=("filler",))["dropped"] == {}
    assert near_in_check(tmp_path, rows) == 0


def test_nearly_the_same_words_are_still_a_copy(tmp_path):
    question = "阿莫西林成人每天应该怎么吃才对身体比较好？"
    rows = [
        {"instruction": question, "output": "饭后半小时吃，一天三次，每次都要用温水送服，不要喝茶。"},
        {"instruction": question, "output": "饭后半小时吃，一天三次，每次都要用温水送服，不要喝浓茶。"},
    ]
    assert built(tmp_path, rows)["dropped"]["near-duplicate"]["rows"] == {"data.jsonl": [2]}
    assert near_in_check(tmp_path, rows) == 1


def test_where_more_than_a_third_is_dropped_the_manifest_says_so(tmp_path):
    rows = [{"instruction": f"怎样{what}？", "output": "慢慢来。"} for what in ("跑步", "睡觉", "吃饭")]
    account = built(tmp_path, [*rows, rows[0], rows[1]])
    assert account["notes"][-1].startswith("2 of 5 rows were dropped, 2 of them as exact-duplicate; look at some")
    (tmp_path / "third").mkdir()
    assert not any("were dropped" in note for note in built(tmp_path / "third", [*rows, rows[0]])["notes"])


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (("科室？", "内科"), ("科室？", "外科"), True),
        (("科室？", "内科"), ("科室？", "内科。"), False),
        (("几片？", "温水送服，一次两片，一天三次。"), ("几片？", "温水送服，一次三片，一天两次。"), True),
        (("体温>38怎么办", "多喝水"), ("体温<38怎么办", "多喝水"), True),
        (("怎么办", "多喝水，多休息，少说话，注意保暖。"), ("怎么办", "多喝水，多休息，少说话，注意保暖呀。"), False),
        (("能吃吗？", "可以，注意清洗干净再吃就好了。"), ("能吃吗？", "不可以，注意清洗干净再吃就好了。"), True),
    ],
)
def test_marks_tell_rows_apart(one, other, apart):
    rows = asked(one, other)
    marks = marks_of(rows, forms_of(rows))
    joined = Marks.joined([marks_of(rows[:1], forms_of(rows[:1])), marks_of(rows[1:], forms_of(rows[1:]))])
    assert marks.apart(0, [1]).tolist() == joined.apart(0, [1]).tolist() == [apart]
