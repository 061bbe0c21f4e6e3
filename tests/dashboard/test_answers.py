"""The trainer's answers in the reader's language: every sentence it can write is known."""

import ast
import re
from pathlib import Path

import pytest

import trainer
from dashboard.answers import FORMS, answer
from dashboard.texts import TEXTS
from tests.dashboard.sentences import functions_of, returned, sentences

TRAINER = Path(trainer.__file__).parent
ANSWERING = {
    "_answer", "_stop", "_pause", "_unpause", "_back", "_note", "save", "asked_back", "asked_for", "propose_requested",
}  # fmt: skip
"""Functions that return, or hand to `answer`, what came of a request."""


def written_in(path, helpers):
    """The sentences that the functions of a file answer with; parts of them may come from `helpers`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {**helpers, **functions_of(tree)}
    handed = [
        node.args[-1] for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("answer") and len(node.args) == 2
    ]  # fmt: skip
    found = [words for node in handed for words in sentences(node, {}, functions)]
    return found + [
        words for name in ANSWERING & set(functions_of(tree)) for words in returned(functions[name], functions)
    ]


def answers_of_the_trainer():
    helpers = functions_of(ast.parse((TRAINER.parent / "store" / "rollback.py").read_text(encoding="utf-8")))
    return sorted({words for path in TRAINER.glob("*.py") for words in written_in(path, helpers)})


ALL = answers_of_the_trainer()


def test_the_sentences_are_found_where_they_are_written():
    assert {
        "saved as 7", "no checkpoint could be written at step 7: 7", "stops after step 7 and saves", "goes on",
        "paused after step 7", "it was not paused", "noted", "went back from step 7 to step 7, on branch 7",
        "7; went back from step 7 to step 7, on branch 7", "not done: 7",
        "not done: a campaign that is open asks this question, and nobody sees its answers before it closes",
        "not done: there is no sealed checkpoint at step 7, nor any other", "not done: the run had ended",
        "not done: the note was empty",
    } <= set(ALL)  # fmt: skip


@pytest.mark.parametrize("sentence", ALL)
def test_every_answer_is_said_in_chinese_and_stays_what_it_is_in_english(sentence):
    assert answer(sentence, "en") == sentence
    chinese = answer(sentence, "zh")
    assert re.search("[一-鿿]", chinese)
    assert not re.search("[a-z]{2}", chinese)


def test_every_known_sentence_is_written_somewhere():
    assert [form.pattern for form in FORMS.values() if not any(form.fullmatch(sentence) for sentence in ALL)] == []


def test_details_are_kept():
    assert answer("saved as my run/checkpoints/00000060-b2", "zh") == "已保存为 my run/checkpoints/00000060-b2"
    assert answer("went back from step 80 to step 60, on branch 3", "zh") == "已从第 80 步回滚到第 60 步，现在是分支 3"
    gone = "not done: there is no sealed checkpoint at step 90; the nearest is at step 60 (there are 30, 60)"
    assert answer(gone, "zh") == "没有执行：第 90 步没有完整的检查点，最近的在第 60 步（现有第 30, 60 步）"
    assert answer("not done: no manifest.json in x", "zh") == "没有执行：no manifest.json in x"


def test_what_is_not_known_is_shown_as_it_is():
    assert answer("done by hand", "zh") == "done by hand"
    assert all(set(TEXTS[key]) == {"zh", "en"} for key in FORMS)
