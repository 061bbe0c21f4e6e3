"""How data is made up: lengths, turns, languages, sources and subtasks of all rows."""

import pytest

from evals.data.check import CheckOptions, check_data
from evals.data.distributions import MOST, lengths_of
from tests.evals.data.made import asked, told, turns
from tests.evals.written import said, written


def made_up(*paths, processes=1):
    return check_data([str(path) for path in paths], CheckOptions(processes=processes)).distributions


def test_lengths_are_those_of_the_last_question_and_the_last_answer():
    [row] = asked(("a" * 5, "b" * 7))
    talk = type(row)("a.jsonl", type(row.sample)(1, turns("q1", "a1", "q22", "a333", system="told")))
    texts = told("c" * 11)
    found = lengths_of([row, talk, *texts], [5, 7, 4, 2, 2, 3, 4, 11])
    assert (found.questions.tolist(), found.answers.tolist(), found.texts.tolist()) == ([5, 3], [7, 4], [11])


def test_what_is_longer_than_nearly_all_has_one_bin_together(tmp_path):
    rows = [{"prompt": "怎样退热", "completion": "水" * (n % 4 + 1)} for n in range(199)]
    data = written(tmp_path, *rows, {"prompt": "怎样止咳", "completion": "水" * 500})
    found = made_up(data)
    assert found["unit"] == "characters"
    assert found["question_length"] == {
        "median": 4, "p95": 4, "longest": 4, "edges": [0, 1, 2, 3, 4, 5], "counts": [0, 0, 0, 0, 200],
    }  # fmt: skip
    assert found["answer_length"] == {
        "median": 2, "p95": 4, "longest": 500, "edges": [0, 1, 2, 3, 4, 5, 501], "counts": [0, 50, 50, 50, 49, 1],
    }  # fmt: skip
    assert "text_length" not in found


def test_kinds_are_counted_over_all_files_the_commonest_first(tmp_path):
    talk = {"messages": [said("user", "怎样退热"), said("assistant", "多喝温水"), said("user", "还有呢？")]}
    talk["messages"].append(said("assistant", "多休息，早睡觉"))
    one = written(tmp_path, talk, {**talk, "task": "护理", "source": "门诊"}, name="one.jsonl")
    two = written(tmp_path, {"prompt": "How to rest?", "completion": "Sleep well every night."}, name="two.jsonl")
    found = made_up(one, two)
    assert found["turns"] == [{"turns": 1, "rows": 1}, {"turns": 2, "rows": 2}]
    assert found["languages"] == [{"name": "Chinese", "rows": 2}, {"name": "Latin script", "rows": 1}]
    assert sorted((each["name"], each["rows"]) for each in found["sources"]) == [("one", 1), ("two", 1), ("门诊", 1)]
    assert found["subtasks"] == [{"name": "护理", "rows": 1}]


def test_kinds_beyond_the_commonest_are_one_number_without_a_name(tmp_path):
    rows = [{"prompt": f"问{n}", "completion": "答", "task": f"任务{n:02}"} for n in range(MOST + 5)]
    found = made_up(written(tmp_path, *rows))["subtasks"]
    assert len(found) == MOST + 1
    assert found[-1] == {"name": None, "rows": 5}


@pytest.mark.parametrize("processes", [1, 2])
def test_the_files_that_were_read_are_named_with_their_digests(tmp_path, processes):
    data = written(tmp_path, {"prompt": "怎样退热", "completion": "多喝水。"})
    [file] = check_data([str(data)], CheckOptions(processes=processes)).as_dict()["files"]
    assert (file["file"], file["rows"], len(file["sha256"])) == ("data.jsonl", 1, 64)
