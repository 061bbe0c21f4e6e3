"""The ways people write one conversation down, and who is refused a turn."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.text import read_samples
from evals.text.columns import COLUMNS
from evals.text.errors import DataError
from tests.evals.written import refusal, said, turns_of, written

KEYS = ["role", "content", "from", "value", "type", "text", "tool_calls"]
WORDS = st.sampled_from(["user", "assistant", "tool", "text", "", "q", "[1", '[["q", "a"]]'])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
ANSWERED = [("user", "q"), ("assistant", "a")]


@pytest.mark.parametrize("assistant", ["gpt", "assistant", "chatgpt", "bing", "bard"])
@pytest.mark.parametrize("user", ["human", "user"])
def test_sharegpt_knows_its_speakers_by_many_names(tmp_path, user, assistant):
    row = {"conversations": [{"from": user, "value": "q"}, {"from": assistant, "value": "a"}]}
    assert turns_of(written(tmp_path, row)) == [ANSWERED]


@pytest.mark.parametrize("column", ["messages", "conversations"])
@pytest.mark.parametrize(("role", "content"), [("role", "content"), ("from", "value")])
def test_turns_may_have_the_keys_of_either_format(tmp_path, column, role, content):
    row = {column: [{role: "user", content: "q"}, {role: "assistant", content: "a"}]}
    assert turns_of(written(tmp_path, row)) == [ANSWERED]


def test_parts_of_text_are_joined(tmp_path):
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}, {"text": "!"}, " three"]
    path = written(tmp_path, {"messages": [said("user", parts), said("assistant", [])]})
    assert turns_of(path) == [[("user", "one two! three"), ("assistant", "")]]


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"type": "image_url", "image_url": {}}, "holds a part of type 'image_url'; Assay reads parts of type 'text'"),
        ({"type": "text"}, "must be text, and is null"),
        (7, "must be text, and is a number"),
    ],
)
def test_a_part_that_is_no_text_is_named(tmp_path, part, sentence):
    path = written(tmp_path, {"messages": [said("user", "q"), said("assistant", ["a", part])]})
    assert refusal(path) == f"{path} line 1: turn 2 of `messages` {sentence}"


@pytest.mark.parametrize(
    "column", ["messages", "conversations"],
)  # fmt: skip
def test_the_system_column_stands_first_unless_the_turns_bring_their_own(tmp_path, column):
    path = written(
        tmp_path,
        {"system": "s", column: [said("user", "q"), said("assistant", "a")]},
        {"system": "s", column: [said("system", "own"), said("user", "q"), said("assistant", "a")]},
        {"system": None, column: [said("user", "q"), said("assistant", "a")]},
    )
    assert turns_of(path) == [[("system", "s"), *ANSWERED], [("system", "own"), *ANSWERED], ANSWERED]


@pytest.mark.parametrize("role", ["tool", "function", "observation", "function_call"])
def test_turns_of_tools_are_refused_with_their_row(tmp_path, role):
    path = written(tmp_path, {"messages": [said("user", "q"), said(role, "42")]})
    assert refusal(path) == (
        f"{path} line 1: turn 2 of `messages` is by or for a tool ({role!r}), which Assay does not train on; "
        "take the row out"
    )


def test_an_answer_that_calls_a_tool_is_refused(tmp_path):
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]}
    path = written(tmp_path, {"messages": [said("user", "q"), call]})
    assert refusal(path) == (
        f"{path} line 1: turn 2 of `messages` is by or for a tool ('assistant'), which Assay does not train on; "
        "take the row out"
    )


def test_an_answer_that_calls_no_tool_is_read(tmp_path):
    path = written(tmp_path, {"messages": [said("user", "q"), {**said("assistant", "a"), "tool_calls": []}]})
    assert turns_of(path) == [ANSWERED]


def test_a_missing_output_is_a_blank_answer(tmp_path):
    path = written(
        tmp_path,
        {"instruction": "q"},
        {"instruction": "q", "output": None},
        {"instruction": "q", "output": ""},
        {"instruction": "q", "output": "a"},
    )
    assert turns_of(path) == [[("user", "q"), ("assistant", "")]] * 3 + [ANSWERED]


def test_a_file_in_which_no_row_has_an_output_is_not_alpaca(tmp_path):
    path = written(tmp_path, {"instruction": "q", "response": "a"})
    assert refusal(path).startswith(f"{path} line 1 has the columns instruction, response; Assay reads messages (chat)")


@pytest.mark.parametrize("history", [None, [], ""])
def test_an_empty_history_is_none(tmp_path, history):
    assert turns_of(written(tmp_path, {"instruction": "q", "output": "a", "history": history})) == [ANSWERED]


@pytest.mark.parametrize("history", ["earlier", {"q": "a"}, [["q", "a", "b"]], ["qa"]])
def test_a_history_that_is_no_list_of_pairs_is_named(tmp_path, history):
    path = written(tmp_path, {"instruction": "q", "output": "a", "history": history})
    assert refusal(path) == f"{path} line 1: `history` must be a list of [question, answer] pairs"


def test_a_pair_of_the_history_that_is_no_text_is_named(tmp_path):
    path = written(tmp_path, {"instruction": "q", "output": "a", "history": [["q", "a"], ["q", None]]})
    assert refusal(path) == f"{path} line 1: history 2 must be text, and is null"


def test_prompt_and_completion_may_be_turns_with_a_system_turn_among_them(tmp_path):
    prompt = [said("system", "s"), said("user", "q")]
    path = written(tmp_path, {"prompt": prompt, "completion": [said("assistant", "a")], "system": "other"})
    assert turns_of(path) == [[("system", "s"), *ANSWERED]]


def test_a_completion_without_turns_is_named(tmp_path):
    path = written(tmp_path, {"prompt": [said("user", "q")], "completion": []})
    assert refusal(path) == f"{path} line 1: `completion` must be a list of turns"


def outcome(path):
    """The words that were read, and the sentence if none were."""
    try:
        return [turn.content for sample in read_samples(path) for turn in sample.turns], None
    except DataError as error:
        return [], str(error)


@given(st.dictionaries(st.sampled_from(COLUMNS), ANYTHING, max_size=5))
def test_any_row_is_read_or_refused_in_one_sentence(row):
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), row)
        words, sentence = outcome(path)
        assert all(isinstance(word, str) for word in words)
        assert sentence is None or (sentence.startswith(f"{path} line 1") and "\n" not in sentence)


def test_a_speaker_that_is_no_text_is_named(tmp_path):
    path = written(tmp_path, {"messages": [said(["user"], "q")]})
    assert refusal(path).startswith(f"{path} line 1: turn 1 of `messages` is by ['user']; known are system, ")
