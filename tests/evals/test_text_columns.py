"""Columns and tags of other names are mapped to ours, and said in both when something is wrong."""

import pytest

from evals.text import read_samples
from evals.text.columns import COLUMNS, TAGS
from tests.evals.written import file_of, refusal, said, turns_of, written

ANSWERED = [("user", "q"), ("assistant", "a")]


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"question": "q", "answer": "a"}, {"instruction": "question", "output": "answer"}),
        ({"question": "q", "answer": "a"}, {"prompt": "question", "completion": "answer"}),
        ({"output": "q", "instruction": "a"}, {"instruction": "output", "output": "instruction"}),
        ({"dialog": [said("user", "q"), said("assistant", "a")]}, {"messages": "dialog"}),
        ({"dialog": [said("user", "q"), said("assistant", "a")], "text": "t"}, {"conversations": "dialog"}),
        ({"messages": "none", "question": "q", "output": "a"}, {"instruction": "question"}),
        ({"text": "t", "instruction": "q", "input": "?", "output": "a"}, {"input": ""}),
    ],
)
def test_mapped_columns_are_read(tmp_path, row, columns):
    assert turns_of(written(tmp_path, row), columns) == [ANSWERED]


def test_a_format_with_a_mapped_column_goes_before_the_others(tmp_path):
    path = written(tmp_path, {"instruction": "q", "output": "a", "body": "t"})
    assert turns_of(path, {"text": "body"}) == [[("text", "t")]]


def test_source_task_and_id_are_mapped(tmp_path):
    row = {"prompt": "q", "completion": "a", "id": 1, "qid": 7, "dataset": "ward", "department": "d", "kind": "k"}
    (sample,) = read_samples(written(tmp_path, row), {"source": "dataset", "task": "kind", "id": "qid"})
    assert (sample.source, sample.task, sample.id) == ("ward", "k", "7")


def test_a_table_with_a_mapped_conversation_is_read(tmp_path):
    cell = '"[{""role"": ""user"", ""content"": ""q""}, {""role"": ""assistant"", ""content"": ""a""}]"'
    assert turns_of(file_of(tmp_path, f"dialog\n{cell}\n", "data.csv"), {"messages": "dialog"}) == [ANSWERED]


def test_tags_name_the_keys_and_speakers_of_turns(tmp_path):
    turns = [{"who": "D", "says": "s"}, {"who": "P", "says": "q"}, {"who": "user", "says": "a"}]
    tags = {
        "role_tag": "who", "content_tag": "says", "user_tag": "P", "assistant_tag": "user", "system_tag": "D",
    }  # fmt: skip
    assert turns_of(written(tmp_path, {"messages": turns}), tags) == [[("system", "s"), *ANSWERED]]


def test_turns_without_the_keys_that_tags_name_are_refused(tmp_path):
    path = written(tmp_path, {"messages": [said("user", "q")]})
    assert refusal(path, {"role_tag": "who"}) == (
        f"{path} line 1: turn 1 of `messages` must have `who`, and `content` or `value`"
    )


def test_a_speaker_that_tags_do_not_name_is_refused_with_those_they_do(tmp_path):
    path = written(tmp_path, {"messages": [said("X", "q")]})
    assert refusal(path, {"user_tag": "P"}) == (
        f"{path} line 1: turn 1 of `messages` is by 'X'; "
        "known are system, user, human, assistant, gpt, chatgpt, bing, bard, P"
    )


def test_a_name_we_do_not_have_gets_the_nearest_we_have(tmp_path):
    path = written(tmp_path, {"question": "q"})
    assert refusal(path, {"instuction": "question"}) == (
        "the column mapping names instuction, which Assay does not know; did you mean instruction?"
    )
    assert refusal(path, {"x": "question"}) == (
        f"the column mapping names x, which Assay does not know; known are {', '.join(COLUMNS + TAGS)}"
    )


def test_a_mapped_column_that_is_not_there_gets_those_that_are(tmp_path):
    path = written(tmp_path, {"question": "q"}, {"question": "q", "answer": "a"})
    assert refusal(path, {"instruction": "question", "output": "reply"}) == (
        f"{path} has no column reply, which the column mapping names for output; it has the columns question, answer"
    )


def test_sentences_say_what_the_file_calls_a_column(tmp_path):
    columns = {"prompt": "question", "completion": "answer"}
    path = written(tmp_path, {"question": "q", "answer": 5})
    assert refusal(path, columns) == (
        f"{path} line 1: completion must be text, and is a number (completion is the column answer)"
    )
    path = written(tmp_path, {"question": "q", "answer": "a"}, {"question": "q", "note": "n"})
    assert refusal(path, columns) == (
        f"{path} line 2 lacks completion (here answer): the rows before it are pairs rows (prompt, completion), "
        "this one has the columns prompt (here question), note"
    )
    path = written(tmp_path, {"question": "q", "reply": "a"})
    assert refusal(path, {"prompt": "question"}).startswith(
        f"{path} line 1 has the columns prompt (here question), reply; Assay reads "
    )


def test_sentences_say_it_of_no_other_column(tmp_path):
    path = written(tmp_path, {"dialog": [said("X", "q")], "sys": "s"})
    assert refusal(path, {"messages": "dialog", "system": "sys", "input": ""}) == (
        f"{path} line 1: turn 1 of `messages` is by 'X'; "
        "known are system, user, human, assistant, gpt, chatgpt, bing, bard (messages is the column dialog)"
    )
    path = written(tmp_path, {"instruction": "q", "input": 5, "output": ["a"]})
    assert refusal(path, {"input": ""}) == f"{path} line 1: output must be text, and is a list"
