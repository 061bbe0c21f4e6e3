"""The demo's sample data: enough of it, of one kind, and honest about what it is."""

import re
from collections import Counter

import pytest

from evals.choice_items import read_items
from evals.text import read_samples, words_of
from evals.text.near import near_groups
from trainer.demo.material import SAMPLE, Material, make_material, sample_rows, write_rows

DEPARTMENTS = {
    "呼吸内科", "消化内科", "心血管内科", "神经内科", "内分泌科", "泌尿外科", "骨科", "皮肤科", "眼科", "耳鼻喉科",
    "口腔科", "妇科", "儿科", "急诊科",
}  # fmt: skip
MEDICAL = ("handbook", "symptoms", "triage", "triage_held_out", "triage_choice")


def letters(text):
    """A text without what stands between its words."""
    return re.sub(r"[\W_]+", "", text)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("facts", 400), ("handbook", 150), ("symptoms", 1000), ("triage", 400), ("triage_held_out", 80),
        ("triage_choice", 200),
    ],
)  # fmt: skip
def test_there_is_enough_of_everything_and_nothing_twice(name, least):
    rows = sample_rows(name)
    assert len(rows) >= least
    assert set(Counter(row["id"] for row in rows).values()) == {1}
    words = [row.get("messages") or row.get("question") or row.get("text") for row in rows]
    assert len({str(word or row["symptom"]) for word, row in zip(words, rows, strict=True)}) == len(rows)


@pytest.mark.parametrize("name", MEDICAL)
def test_what_is_about_health_says_that_it_is_no_advice(name):
    assert {row["note"] for row in sample_rows(name)} == {"样例数据，不是医疗建议 (sample data, not medical advice)"}


@pytest.mark.parametrize("name", ["facts", "triage_choice"])
def test_every_question_has_four_choices_and_the_right_one_anywhere(name):
    items = read_items(SAMPLE / f"{name}.jsonl")
    assert all(len(set(item.choices)) == 4 for item in items)
    places = Counter(item.answer for item in items)
    assert min(places.values()) > 0.2 * len(items)


def test_every_fact_says_its_answer():
    for row in sample_rows("facts"):
        assert row["choices"][row["answer"]].casefold() in row["statement"].casefold(), row["id"]


def test_facts_are_in_both_languages():
    assert min(Counter(row["lang"] for row in sample_rows("facts")).values()) >= 200


def test_answers_at_the_triage_desk_name_their_department_and_no_other():
    for row in sample_rows("triage"):
        named = {name for name in DEPARTMENTS if name in row["messages"][-1]["content"]}
        assert named <= {row["department"]}, row["id"]
        if row["department"] and row["task"] != "out-of-scope":
            assert named == {row["department"]}, row["id"]


def test_triage_has_many_subtasks_and_every_department():
    rows = sample_rows("triage")
    assert set(Counter(row["task"] for row in rows)) == {
        "department", "urgency", "advice", "both", "follow-up", "ask-back", "out-of-scope",
    }  # fmt: skip
    found = Counter(row["department"] for row in rows)
    assert found.keys() - {None} == DEPARTMENTS
    assert min(found[name] for name in DEPARTMENTS) >= 30
    assert Counter(row["department"] for row in sample_rows("triage_held_out")).keys() == DEPARTMENTS


def test_what_is_held_out_has_not_its_like_in_training():
    trained = [words_of(sample) for sample in read_samples(SAMPLE / "triage.jsonl")]
    questions = [row["messages"][0]["content"] for row in sample_rows("triage")]
    asked = [row["question"] for row in sample_rows("triage_held_out")]
    groups = near_groups([*trained, *questions, *asked], threshold=0.4)
    assert not set(groups[-len(asked) :]) & set(groups[: -len(asked)])


def test_no_question_that_is_asked_has_a_phrase_of_the_index():
    phrases = [letters(row["symptom"]) for row in sample_rows("symptoms")]
    for name in ("triage_held_out", "triage_choice"):
        for row in sample_rows(name):
            assert [phrase for phrase in phrases if phrase in letters(row["question"])] == [], row["id"]


@pytest.mark.parametrize(
    ("complaint", "department"),
    [("打鼾.*(憋|犯困|呼吸停顿)", "呼吸内科"), ("翻身.*(天旋地转|眩晕)", "耳鼻喉科")],
)
def test_handbook_and_desk_send_a_complaint_to_the_same_department(complaint, department):
    said = [(row["text"].split("。")[0], row) for row in sample_rows("handbook")]
    said += [(row["messages"][0]["content"], row) for row in sample_rows("triage") if row["department"]]
    said += [(row["question"], row) for name in ("triage_held_out", "triage_choice") for row in sample_rows(name)]
    found = {row["id"]: row["department"] for text, row in said if re.search(complaint, text)}
    assert len({name.partition("-")[0] for name in found}) >= 2
    assert set(found.values()) == {department}


def test_the_halves_of_the_facts_share_nothing_and_are_alike():
    material = make_material(3)
    halves = [{row["id"] for row in half} for half in (material.facts_a, material.facts_b)]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == {row["id"] for row in sample_rows("facts")}
    kinds = [Counter((row["lang"], row["category"]) for row in half) for half in (material.facts_a, material.facts_b)]
    assert all(abs(kinds[0][kind] - kinds[1][kind]) <= 1 for kind in kinds[0] | kinds[1])
    assert {row["id"] for row in make_material(4).facts_a} != halves[0]


def test_what_is_kept_is_measured_on_facts_that_are_never_mixed_in():
    material = make_material(0)
    mixed = {row["id"] for row in material.mix}
    assert mixed == {row["id"] for row in material.facts_a}
    assert not mixed & {row["id"] for row in material.facts_b}


def test_rows_are_written_in_an_order_of_the_seed(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_rows(tmp_path / name, make_material(seed))
    one, two, other = ((tmp_path / name / "triage.jsonl").read_text() for name in "abc")
    assert one == two != other
    assert sorted(one.splitlines()) == sorted(other.splitlines())
    assert {path.stem for path in (tmp_path / "a").iterdir()} == set(Material._fields)
    for name in ("base", "handbook", "triage", "mix"):
        assert read_samples(tmp_path / "a" / f"{name}.jsonl")
