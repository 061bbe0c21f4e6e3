"""Data is built whole or not at all, the same each time, with an account of every row."""

import hashlib
import json
import random

import pytest

from assay.errors import AssayError
from evals.data import publishing
from evals.data.balancing import largest_size, surplus
from evals.data.build import build_data, paths_of
from evals.data.build_options import STEPS, BuildOptions
from evals.data.check import CheckOptions, check_data
from evals.data.cleaning import STEPS as CLEANING
from evals.data.cleaning import clean
from evals.data.compressing import compressed
from evals.data.output import LAYOUTS, NotAlpacaError, line_of
from evals.data.splitting import held_out
from evals.text import Sample, Turn, read_samples, words_of
from evals.text.errors import DataError
from evals.text.near import near_groups
from tests.evals.data.made import turns
from tests.evals.written import file_of, written

LETTERS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"


def made_rows(count, seed=1):
    draw = random.Random(seed)
    return [
        {"id": str(place), "task": draw.choice("abc"), "instruction": text(draw, 30), "output": text(draw, 60)}
        for place in range(count)
    ]


def text(draw, size):
    return "".join(draw.choices(LETTERS, k=size)) + "。"


def built_from(tmp_path, rows, **options):
    return build_data([str(written(tmp_path, *rows))], tmp_path / "built.jsonl", BuildOptions(**options))


def account_of(built):
    return json.loads(built.manifest.read_text())


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_row_is_in_one_of_the_files_or_accounted_for(tmp_path):
    rows = made_rows(100)
    rows[7] = rows[3]
    rows[8] = {**rows[4], "output": rows[4]["output"][:-2] + "好。"}
    rows[9] = {**rows[9], "output": " "}
    built = built_from(tmp_path, rows, validation=0.1)
    account = account_of(built)
    train, validation = lines_of(built.train), lines_of(built.validation)
    assert account["dropped"] == {
        "empty-answer": {"why": "no answer is left to learn", "count": 1, "rows": {"data.jsonl": [10]}},
        "exact-duplicate": {"why": "the same words stand in an earlier row", "count": 1, "rows": {"data.jsonl": [8]}},
        "near-duplicate": {
            "why": "nearly the same words stand in an earlier row",
            "count": 1,
            "rows": {"data.jsonl": [9]},
        },
    }
    assert (len(train), len(validation)) == (87, 10)
    expected = {row["id"] for place, row in enumerate(rows) if place not in (7, 8, 9)}
    assert {row["id"] for row in train} | {row["id"] for row in validation} == expected
    digest = hashlib.sha256(built.train.read_bytes()).hexdigest()
    assert account["outputs"][0] == {"file": "built.jsonl", "part": "train", "rows": 87, "sha256": digest}
    assert account["inputs"] == [
        {
            "file": "data.jsonl",
            "sha256": hashlib.sha256((tmp_path / "data.jsonl").read_bytes()).hexdigest(),
            "rows": 100,
            "encoding": "UTF-8",
            "format": "Alpaca",
        }
    ]


def test_training_reads_what_was_built(tmp_path):
    rows = [
        {
            "id": 7,
            "source": "ward",
            "task": "a",
            "instruction": "问：发热？",
            "input": "38.5度",
            "output": "您好，多喝水。",
            "system": "简短回答",
        }
    ]
    built = built_from(tmp_path, rows)
    (sample,) = read_samples(built.train)
    assert sample == Sample(0, turns("发热？\n38.5度", "多喝水。", system="简短回答"), id="7", source="ward", task="a")
    assert built.validation is None
    assert account_of(built)["notes"] == ["nothing was held out: the rows are too few, or nearly the same"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_conversation_has_the_same_turns_in_each_layout(tmp_path, layout):
    said = [["一", "二"], ["三", "四"]]
    rows = [{"instruction": "五", "output": "六", "history": said, "system": "简短"}]
    built = built_from(tmp_path, rows, layout=layout)
    assert read_samples(built.train)[0].turns == turns("一", "二", "三", "四", "五", "六", system="简短")


def test_rows_of_several_formats_and_encodings_become_one(tmp_path):
    one = written(tmp_path, {"instruction": "怎样退热？", "output": "多喝水，多休息。"}, name="a.jsonl")
    two = tmp_path / "b.csv"
    two.write_bytes("prompt,completion\n怎样止咳？,少说话，多喝温水。\n".encode("gb18030"))
    three = written(
        tmp_path,
        {"messages": [{"role": "user", "content": "怎样睡？"}, {"role": "assistant", "content": "早睡。"}]},
        name="c.jsonl",
    )
    built = build_data([str(one), str(two), str(three)], tmp_path / "o.jsonl", BuildOptions(validation=0))
    assert [row["source"] for row in lines_of(built.train)] == ["a", "b", "c"]
    assert [turn["content"] for row in lines_of(built.train) for turn in row["messages"]] == [
        "怎样退热？", "多喝水，多休息。", "怎样止咳？", "少说话，多喝温水。", "怎样睡？", "早睡。",
    ]  # fmt: skip
    assert [file["encoding"] for file in account_of(built)["inputs"]] == ["UTF-8", "GB18030", "UTF-8"]


def test_plain_text_is_built_apart_from_conversations(tmp_path):
    talks = written(tmp_path, {"prompt": "一", "completion": "二"}, name="a.jsonl")
    texts = written(tmp_path, {"text": "打13800138000。"}, name="b.jsonl")
    built = build_data([str(texts)], tmp_path / "o.jsonl", BuildOptions())
    assert lines_of(built.train) == [{"text": "打[PHONE]。"}]
    with pytest.raises(
        DataError, match=r"a\.jsonl has pairs rows and b\.jsonl plain text rows; build plain text apart"
    ):
        build_data([str(talks), str(texts)], tmp_path / "p.jsonl", BuildOptions())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.jsonl",
        "b.jsonl",
        "o.jsonl",
        "o.jsonl.manifest.json",
    ]


def test_the_same_options_give_the_same_bytes_in_any_number_of_processes(tmp_path):
    path = written(tmp_path, *made_rows(1200))
    digests = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        built = build_data([str(path)], folder / "o.jsonl", BuildOptions(processes=processes))
        digests.append(
            [hashlib.sha256(file.read_bytes()).hexdigest() for file in (built.train, built.validation, built.manifest)]
        )
    assert digests[0] == digests[1]


def test_another_seed_holds_other_rows_out(tmp_path):
    held = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        built = built_from(tmp_path / str(seed), made_rows(100), seed=seed)
        held.append([row["id"] for row in lines_of(built.validation)])
    assert len(held[0]) == len(held[1]) == 5
    assert held[0] != held[1]


@pytest.mark.parametrize("options", [{"near": 0.9}, {"skip": ("dedupe",)}, {}])
def test_nothing_held_out_is_near_to_what_is_trained_on(tmp_path, options):
    draw = random.Random(4)
    rows = made_rows(60)
    for place in range(30):
        output = rows[place]["output"]
        cut = draw.randrange(50)
        rows.append({**rows[place], "id": f"near {place}", "output": output[:cut] + "好" + output[cut + 1 :]})
    built = built_from(tmp_path, rows, validation=0.2, **options)
    train, validation = (
        [words_of(sample) for sample in read_samples(path)] for path in (built.train, built.validation)
    )
    groups = near_groups([*train, *validation], 0.7)
    assert not set(groups[: len(train)]) & set(groups[len(train) :])
    assert len(validation) >= 10


def test_subtasks_are_cut_down_to_a_multiple_of_the_middle_one(tmp_path):
    rows = [
        {**row, "task": task} for row, task in zip(made_rows(400), ["a"] * 300 + ["b"] * 60 + ["c"] * 40, strict=True)
    ]
    built = built_from(tmp_path, rows, balance=2.0, validation=0)
    account = account_of(built)
    assert account["subtasks"] == {"before": {"a": 300, "b": 60, "c": 40}, "after": {"a": 120, "b": 60, "c": 40}}
    assert account["dropped"]["surplus-of-subtask"]["count"] == 180
    assert (largest_size({"a": 300, "b": 60, "c": 40}, 2.0), len(surplus(["a"] * 300, 2.0, 0))) == (120, 0)


def test_each_step_can_be_left_out(tmp_path):
    rows = [{"instruction": "问：好吗？", "output": "您好，打13800138000。\u200b"}] * 2
    built = built_from(tmp_path, rows, skip=STEPS)
    assert [sample.turns for sample in read_samples(built.train)] == [
        turns(row["instruction"], row["output"]) for row in rows
    ]
    assert (account_of(built)["dropped"], account_of(built)["changed"]) == ({}, {})


def test_what_was_changed_is_said_of_rows_that_are_kept(tmp_path):
    rows = made_rows(4)
    rows[1]["output"] = "您好，" + rows[1]["output"]
    rows[2]["output"] += "打13800138000。"
    rows[3] = {**rows[2], "output": rows[2]["output"] + "<br>"}
    account = account_of(built_from(tmp_path, rows, validation=0))
    assert {name: change["rows"] for name, change in account["changed"].items()} == {
        "filler": {"data.jsonl": [2]},
        "personal": {"data.jsonl": [3]},
    }
    assert account["dropped"]["exact-duplicate"]["rows"] == {"data.jsonl": [4]}


def test_what_was_built_passes_the_check(tmp_path):
    rows = made_rows(60)
    for place, change in enumerate(["您好，{}", "{}打13800138000。", "{}</s>", "答：{}", "{}\u200b", "{}&lt;"]):
        rows[place]["output"] = change.format(rows[place]["output"])
    before, built = check_data([str(written(tmp_path, *rows))], CheckOptions()), None
    built = built_from(tmp_path, rows, validation=0)
    after = check_data([str(built.train)], CheckOptions())
    assert {one.check for one in before.findings if one.count} == {
        "filler", "phone-number", "template-tokens", "speaker-labels", "control-characters", "markup",
    }  # fmt: skip
    assert {one.check for one in after.findings if one.count} == set()
    assert after.score == 100.0 > before.score


def test_nothing_is_written_over(tmp_path):
    path = written(tmp_path, *made_rows(20))
    for taken in paths_of(tmp_path / "o.jsonl"):
        taken.write_text("mine")
        with pytest.raises(AssayError, match="is there already, and nothing is written over"):
            build_data([str(path)], tmp_path / "o.jsonl", BuildOptions())
        assert taken.read_text() == "mine"
        taken.unlink()
    with pytest.raises(AssayError, match="is there already"):
        build_data([str(path)], path, BuildOptions())
    assert [file.name for file in tmp_path.iterdir()] == ["data.jsonl"]


def test_where_one_file_cannot_have_its_name_none_has(tmp_path, monkeypatch):
    path = written(tmp_path, *made_rows(40))
    link = publishing.os.link

    def taken_meanwhile(finished, wanted):
        if wanted.name.endswith("manifest.json"):
            wanted.write_text("theirs")
        link(finished, wanted)

    monkeypatch.setattr(publishing.os, "link", taken_meanwhile)
    with pytest.raises(AssayError, match="was made by someone else meanwhile"):
        build_data([str(path)], tmp_path / "o.jsonl", BuildOptions())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data.jsonl", "o.jsonl.manifest.json"]
    assert (tmp_path / "o.jsonl.manifest.json").read_text() == "theirs"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_build_that_is_stopped_leaves_nothing(tmp_path, error):
    path = written(tmp_path, *made_rows(40))

    def stop(what, *_):
        if what == "writing":
            raise error

    with pytest.raises(error):
        build_data([str(path)], tmp_path / "o.jsonl", BuildOptions(), stop)
    assert [file.name for file in tmp_path.iterdir()] == ["data.jsonl"]


@pytest.mark.parametrize(("rows", "said"), [
    ([{"prompt": "一", "completion": ""}], "no row of .* is left to train on"),
    ([{"prompt": "", "completion": "一"}], "no row of .* is left to train on"),
    ([{"prompt": "一", "completion": "<|im_end|>二<|im_start|>三"}], "no row of .* is left to train on"),
    ([{"prompt": "一"}], "has the columns prompt"),
])  # fmt: skip
def test_where_nothing_is_left_nothing_is_written(tmp_path, rows, said):
    with pytest.raises(DataError, match=said):
        built_from(tmp_path, rows)
    assert [file.name for file in tmp_path.iterdir()] == ["data.jsonl"]


@pytest.mark.parametrize(("out", "said"), [("o.json", "ends in .jsonl"), ("none/o.jsonl", "there is no folder")])
def test_an_output_that_cannot_be_is_refused(tmp_path, out, said):
    path = written(tmp_path, *made_rows(2))
    with pytest.raises(AssayError, match=said):
        build_data([str(path)], tmp_path / out, BuildOptions())


def test_a_folder_that_may_not_be_written_is_told_in_a_sentence(tmp_path, monkeypatch):
    path = written(tmp_path, *made_rows(2))

    def refused(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(publishing.tempfile, "mkdtemp", refused)
    with pytest.raises(AssayError, match=f"cannot write into {tmp_path}: Permission denied"):
        build_data([str(path)], tmp_path / "o.jsonl", BuildOptions())


def test_turns_that_do_not_alternate_are_no_alpaca_row(tmp_path):
    rows = [
        {
            "messages": [
                {"role": "user", "content": "一"},
                {"role": "user", "content": "二"},
                {"role": "assistant", "content": "三"},
            ]
        }
    ]
    with pytest.raises(DataError, match=r"row 1 of data\.jsonl does not alternate"):
        built_from(tmp_path, rows, layout="alpaca")
    with pytest.raises(NotAlpacaError):
        line_of(Sample(0, ()), (Turn("assistant", "一"),), None, "alpaca")
    assert len(lines_of(built_from(tmp_path, rows).train)) == 1


def test_a_history_keeps_the_last_exchange_and_those_that_the_question_has_to_do_with():
    said = turns(
        "头痛药怎么吃？",
        "饭后吃。" * 9,
        "天气好吗？",
        "晴天。" * 9,
        "谢谢",
        "不客气",
        "头痛药吃多久？",
        "三天。",
        system="简短",
    )
    kept = compressed(said, 50)
    assert [turn.content for turn in kept] == [
        "简短",
        "头痛药怎么吃？",
        "饭后吃。" * 9,
        "谢谢",
        "不客气",
        "头痛药吃多久？",
        "三天。",
    ]
    assert compressed(said, 200) == said
    assert [turn.content for turn in compressed(said, 0)] == ["简短", "头痛药吃多久？", "三天。"]


def test_turns_after_the_last_answer_go_and_system_turns_are_as_asked():
    steps = frozenset(CLEANING)
    row = (*turns("一", "二", "三", system="旧"),)
    assert clean(row, steps, budget=99).turns == turns("一", "二", system="旧")
    assert clean(row, steps, budget=99, system="新").turns == turns("一", "二", system="新")
    assert clean(row, steps, budget=99, system="").turns == turns("一", "二")
    assert clean(row, steps, budget=99).changed == ("unanswered-turn",)


def test_half_a_character_is_written_as_json_writes_it(tmp_path):
    file_of(tmp_path, '{"prompt": "\\ud83d", "completion": "好"}\n', "data.jsonl")
    built = build_data([str(tmp_path / "data.jsonl")], tmp_path / "o.jsonl", BuildOptions())
    assert read_samples(built.train)[0].turns[0].content == "\ud83d"


def test_a_row_without_a_question_is_dropped(tmp_path):
    rows = [
        {"instruction": "", "output": "只有答案没有问题。"},
        {"instruction": "问：", "output": "也没有。"},
        *made_rows(4),
    ]
    account = account_of(built_from(tmp_path, rows, validation=0))
    assert account["dropped"]["empty-question"] == {
        "why": "nothing is asked before the answer", "count": 2, "rows": {"data.jsonl": [1, 2]},
    }  # fmt: skip


def test_half_a_character_in_a_subtask_does_not_stop_a_build(tmp_path):
    file_of(tmp_path, '{"task": "\\ud83d", "prompt": "好吗？", "completion": "好"}\n', "data.jsonl")
    built = build_data([str(tmp_path / "data.jsonl")], tmp_path / "o.jsonl", BuildOptions())
    assert account_of(built)["subtasks"]["after"] == {"?": 1}


def test_held_out_are_whole_groups_up_to_the_share():
    groups = [0] * 30 + list(range(1, 71))
    chosen = held_out(groups, 0.1, seed=3)
    assert len(chosen) == 10
    assert min(chosen) >= 30
    assert held_out([0, 0, 0], 0.5, 0) == held_out([0, 1], 0.0, 0) == []
    assert len(held_out([0, 1], 0.01, 0)) == 1
