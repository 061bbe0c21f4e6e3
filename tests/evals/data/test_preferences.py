"""Preferences are checked as their chosen answers and as pairs; a build and a mix leave them to training."""

import json

import pytest

from assay.cli import main
from evals.data.check import CheckOptions, check_data
from evals.data.reading import read_data
from tests.evals.data.made import of, rows_of, texts_of
from tests.evals.written import file_of, written

QUESTION = "怎样退热？"
GOOD = {"prompt": QUESTION, "chosen": "多喝水，多休息。", "rejected": "马上吃抗生素，多盖被子。"}


def checked(*paths, **options):
    return check_data([str(path) for path in paths], CheckOptions(**options))


def counts(result):
    return {one.check: one.count for one in result.findings if one.severity != "info"}


def test_good_preferences_have_no_costs(tmp_path):
    result = checked(written(tmp_path, GOOD, {**GOOD, "prompt": "怎样止咳？", "chosen": "少说话，喝温水。"}))
    assert (result.rows, result.score, counts(result)) == (2, 100.0, {})
    assert result.files[0]["format"] == "preferences"


def test_pairs_that_teach_nothing_are_errors(tmp_path):
    rows = [
        {**GOOD, "rejected": " 多喝水，多休息。\n"},
        {**GOOD, "prompt": "怎样止咳？", "rejected": " 。"},
        {**GOOD, "prompt": "怎样午睡？", "chosen": ""},
        {**GOOD, "prompt": "", "chosen": "早睡早起。"},
        GOOD,
    ]
    result = checked(written(tmp_path, *rows))
    places = {one.check: rows_of(one) for one in result.findings if one.severity == "error"}
    assert places == {"same-answers": [1], "empty-rejected-answer": [2], "empty-answer": [3], "empty-question": [4]}


@pytest.mark.parametrize(("longer", "found"), [(20, 20), (18, 18), (17, None)])
def test_length_is_a_bias_where_nearly_always_the_longer_answer_was_chosen(tmp_path, longer, found):
    said = ("多喝水，多休息，注意保暖。", "不知道。")
    rows = [
        {"prompt": f"第{number}个问题：怎样退热？", "chosen": said[number >= longer], "rejected": said[number < longer]}
        for number in range(20)
    ]
    result = checked(written(tmp_path, *rows))
    assert counts(result).get("longer-answer-chosen") == found
    if found:
        example = texts_of(of(result.findings, "longer-answer-chosen"))[0]
        assert example == f"{5 * longer} % are longer; here 13 and 4 characters"
    few = written(tmp_path, *rows[:12], name="few.jsonl")
    assert "longer-answer-chosen" not in counts(checked(few))


def test_the_same_question_and_answer_beside_another_rejected_one_is_no_copy(tmp_path):
    rows = [GOOD, {**GOOD, "rejected": "用冰水洗澡，不要吃东西。"}, GOOD]
    result = checked(written(tmp_path, *rows))
    assert {name: count for name, count in counts(result).items() if "duplicates" in name} == {"exact-duplicates": 1}


def test_what_stands_in_a_rejected_answer_is_found(tmp_path):
    result = checked(written(tmp_path, {**GOOD, "rejected": "打13800138000。"}))
    assert of(result.findings, "phone-number").count == 1


@pytest.mark.parametrize(
    "row",
    [
        {"chosen": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "好。"}],
         "rejected": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "不。"}]},
        {"conversations": [{"from": "human", "value": QUESTION}], "chosen": {"from": "gpt", "value": "好。"},
         "rejected": {"from": "gpt", "value": "不。"}},
        {"instruction": QUESTION, "input": "", "output": "", "chosen": "好。", "rejected": "不。"},
    ],
)  # fmt: skip
def test_preferences_of_each_format_are_read_as_their_chosen_answers(tmp_path, row):
    (file,) = read_data([str(written(tmp_path, row))])
    (read,) = file.rows
    assert (file.format, read.question, read.answer, read.rejected) == ("preferences", QUESTION, "好。", "不。")


def test_columns_of_other_names_a_description_and_gb18030_are_read(tmp_path):
    row = {"frage": QUESTION, "gut": "好。", "schlecht": "不。"}
    named = written(tmp_path, row, name="a.jsonl")
    columns = {"prompt": "frage", "chosen": "gut", "rejected": "schlecht"}
    assert checked(named, columns=columns).files[0]["format"] == "preferences"
    entry = {
        "file_name": "a.jsonl",
        "ranking": True,
        "columns": {"prompt": "frage", "chosen": "gut", "rejected": "schlecht"},
    }
    info = file_of(tmp_path, json.dumps({"visits": entry}), "dataset_info.json")
    assert checked(f"{info}:visits").files[0]["format"] == "preferences"
    wide = tmp_path / "b.csv"
    wide.write_bytes("prompt,chosen,rejected\n怎样退热？,多喝水，多休息。,马上吃药，多盖被子。\n".encode("gb18030"))
    assert (checked(wide).rows, checked(wide).files[0]["encoding"]) == (1, "GB18030")


def test_rows_that_have_messages_beside_are_read_as_those(tmp_path):
    messages = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "好。"}]
    assert checked(written(tmp_path, {**GOOD, "messages": messages})).files[0]["format"] == "chat"


@pytest.mark.parametrize(
    "arguments",
    [
        ["build", "{pairs}", "--out", "{folder}/o.jsonl"],
        ["mix", "{pairs}", "--general", "{other}", "--out", "{folder}/o.jsonl"],
        ["mix", "{other}", "--general", "{pairs}", "--out", "{folder}/o.jsonl"],
    ],
)
def test_a_build_and_a_mix_say_that_these_are_preferences(capsys, tmp_path, arguments):
    pairs = written(tmp_path, GOOD, name="pairs.jsonl")
    other = written(tmp_path, {"prompt": "怎样止咳？", "completion": "少说话。"}, name="other.jsonl")
    with pytest.raises(SystemExit) as ended:
        main(["data", *(argument.format(pairs=pairs, other=other, folder=tmp_path) for argument in arguments)])
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (2, 1)
    assert 'pairs.jsonl has preferences (chosen, rejected), which training reads as they are with stage = "dpo"' in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.jsonl", "pairs.jsonl"]
