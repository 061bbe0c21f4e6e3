"""Questions of a campaign: each one new, three of them to practise on."""

import json

import pytest

from evals.review.policy import DEFAULT, DEFAULT_FILE, read_policy
from evals.review.questions import draw_practice, read_practice, read_questions
from evals.review.wording import language_of
from evals.text.errors import DataError

ROWS = [
    {"id": f"q{n}", "question": f"{word} {n * 7919}?"}
    for n, word in enumerate(("apples", "boats", "clouds", "doors", "eggs"))
]


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def refused(path, rows):
    with pytest.raises(DataError) as error:
        read_questions(written(path, rows))
    return str(error.value).replace(f"{path}", path.name)


def test_rows_are_read_with_what_they_may_have(tmp_path):
    rows = [*ROWS, {"id": 7, "question": " What? ", "system": "Be brief.", "specialty": "kites", "reference": "Up."}]
    *_, last = read_questions(written(tmp_path / "q.jsonl", rows))
    assert (last.id, last.question, last.system, last.specialty) == ("7", "What?", "Be brief.", "kites")
    assert last.place.endswith("q.jsonl line 6")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"id": "x"}, "q.jsonl line 6 lacks question; a question has id and question, and may have system, specialty"),
        ({"text": "x"}, "q.jsonl line 6 lacks id and question; a question has id and question"),
        ({"id": "x", "question": "  "}, "q.jsonl line 6: question must be text and not blank"),
        ({"id": "x", "question": 3}, "q.jsonl line 6: question must be text and not blank"),
        ({"id": True, "question": "x"}, "q.jsonl line 6: id must be text and not blank"),
        ({"id": "x", "question": "x", "system": ["a"]}, "q.jsonl line 6: system must be text and not blank"),
        ({"id": "x" * 201, "question": "x"}, "q.jsonl line 6: id has 201 characters; 200 are enough"),
        ({"id": "x", "question": "\ud800"}, "q.jsonl line 6: question holds half of a character (a lone"),
        ({"id": "q1", "question": "x"}, "q.jsonl line 6 has the id q1 of q.jsonl line 2; give each its own"),
        ({"id": "x", "question": "BOATS  7919?"}, "q.jsonl line 6 asks the same as q.jsonl line 2; leave one"),
        ({"id": "x", "question": "boats 7919? !"}, "q.jsonl line 6 asks nearly the same as q.jsonl line 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(row, sentence, tmp_path):
    assert refused(tmp_path / "q.jsonl", [*ROWS, row]).startswith(sentence)


def test_nonsense_is_no_file_of_questions(tmp_path):
    file = tmp_path / "q.jsonl"
    for data in (b"", b"\x00\xff\xfe", b"[1, 2", b"3\n4\n5\n6\n", "什么？\n".encode()):
        file.write_bytes(data)
        with pytest.raises(DataError, match=r"q\.jsonl"):
            read_questions(file)
    with pytest.raises(DataError, match="there is no data file"):
        read_questions(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="is no data file Assay reads"):
        read_questions(tmp_path)


def test_three_questions_are_too_few(tmp_path):
    assert refused(tmp_path / "q.jsonl", ROWS[:3]) == (
        "q.jsonl has 3 questions; it needs 4 at least: 3 to practise on and one to judge"
    )
    assert len(read_questions(written(tmp_path / "q.jsonl", ROWS[:4]))) == 4


def test_practice_is_drawn_by_the_seed_and_in_the_files_order(tmp_path):
    questions = read_questions(written(tmp_path / "q.jsonl", ROWS))
    drawn = [draw_practice(questions, seed) for seed in range(20)]
    for practice, asked in drawn:
        assert sorted(one.id for one in (*practice, *asked)) == [f"q{n}" for n in range(5)]
        assert [len(practice), len(asked)] == [3, 2]
        assert [one.id for one in asked] == sorted(one.id for one in asked)
    assert draw_practice(questions, 7) == drawn[7]
    assert len({practice[0].id for practice, _ in drawn}) > 1


def test_practice_of_ones_own_is_none_of_what_is_judged(tmp_path):
    asked = read_questions(written(tmp_path / "q.jsonl", ROWS))
    own = [{"id": f"p{n}", "question": f"{word}?"} for n, word in enumerate(("trees", "cars", "gods", "kings"))]
    assert [one.id for one in read_practice(written(tmp_path / "p.jsonl", own), asked)] == ["p0", "p1", "p2"]
    for changed, why in (
        ({"id": "q1", "question": "trees?"}, "has the id q1 of a question that is judged; give it its own"),
        ({"id": "p0", "question": "boats 7919? !"}, "asks nearly the same as"),
    ):
        with pytest.raises(DataError, match=why):
            read_practice(written(tmp_path / "p.jsonl", [changed, *own[1:]]), asked)
    with pytest.raises(DataError, match="has 2 questions; it needs 3"):
        read_practice(written(tmp_path / "p.jsonl", own[:2]), asked)


def test_the_policy_that_comes_along_says_what_holds_without_one():
    assert read_policy(DEFAULT_FILE)[0] == DEFAULT


def test_the_page_begins_in_the_language_of_most_questions():
    assert language_of(["发热怎么办？", "CT?"]) == "en"
    assert language_of(["发热怎么办？", "CT 要空腹吗？", "CT?"]) == "zh"
