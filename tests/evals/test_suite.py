"""Suites are read whole, or refused in one sentence that names the file."""

import json

import pytest

from assay.errors import AssayError
from evals.choice_items import ChoiceItem
from evals.leak import Probe
from evals.suite import METRICS, Settings, read_suite
from evals.suite_rows import OpenItem, TextItem
from tests.evals.written import file_of, written

OPEN = {"id": 1, "question": "发热三天？", "reference": "科室：内科", "system": "你是护士。", "grade": 2}
CHOICE = {"id": "c1", "lang": "en", "category": "facts", "question": "1 + 1?", "choices": ["1", "2"], "answer": 1}
BASE = {"measures": "learned", "kind": "open", "file": "rows.jsonl", "lang": "zh"}


def suite(folder, changes=None, rows=(OPEN,), name="triage.toml"):
    """A suite's file beside its rows; a key that is None is left out."""
    written(folder, *rows, name="rows.jsonl")
    tables = {key: value for key, value in {**BASE, **(changes or {})}.items() if value is not None}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in tables.items() if key != "fields"]
    fields = [f"'{key}' = '{value}'" for key, value in tables.get("fields", {}).items()]
    return file_of(folder, "\n".join([*lines, *(["[fields]", *fields] if fields else [])]), name)


def refusal(path):
    with pytest.raises(AssayError) as caught:
        read_suite(path)
    return str(caught.value)


def test_an_open_suite_is_read_with_its_defaults(tmp_path):
    found = read_suite(suite(tmp_path))
    assert found.settings == Settings("triage", "learned", "open", "rows.jsonl", "zh")
    assert (found.settings.metrics, found.settings.size, found.settings.margin) == (METRICS, None, 0.03)
    assert found.items == (OpenItem("1", "发热三天？", "科室：内科", "你是护士。", OPEN),)
    assert found.probes == [Probe("1", "发热三天？\n科室：内科")]


def test_every_key_is_taken(tmp_path):
    file_of(tmp_path, "def score(prediction, reference, row): return 1.0\n", "own.py")
    written(tmp_path, {**OPEN, "id": "e1", "question": "咳嗽？"}, {**OPEN, "id": "e2"}, name="shown.jsonl")
    given = {
        "name": "n", "few_shot": 1, "examples": "shown.jsonl", "max_new_tokens": 9,
        "metrics": ["f1", "own.py:score"], "fields": {"科室": "科室：(\\S+)"},
    }  # fmt: skip
    found = read_suite(suite(tmp_path, given))
    expected = {**BASE, **given, "metrics": ("f1", "own.py:score")}
    assert {key: getattr(found.settings, key) for key in expected} == expected
    assert [item.id for item in found.examples] == ["e1"]
    assert found.metrics == ("f1", f"{tmp_path / 'own.py'}:score")


def test_a_choice_suite_and_a_text_suite(tmp_path):
    own = {"style": "letter", "size": 100, "margin": 0.05, "seed": 4}
    found = read_suite(suite(tmp_path, {"measures": "kept", "kind": "choice", "lang": None, **own}, rows=[CHOICE]))
    assert {key: getattr(found.settings, key) for key in own} == own
    assert found.items == (ChoiceItem("c1", "en", "facts", "1 + 1?", ("1", "2"), 1),)
    assert found.probes == [Probe("c1", "1 + 1?\n2")]
    texts = read_suite(suite(tmp_path, {"kind": "text", "lang": None}, rows=[{"text": "甲"}, {"text": "b", "id": "t"}]))
    assert texts.items == (TextItem("1", "甲"), TextItem("t", "b"))
    assert texts.probes == [Probe("1", "甲"), Probe("t", "b")]


def test_a_bare_file_of_choice_questions_is_what_should_be_kept(tmp_path):
    found = read_suite(written(tmp_path, CHOICE, name="facts.jsonl"))
    assert found.settings == Settings("facts", "kept", "choice", "facts.jsonl")
    assert len(found.items) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"metric": ["f1"]}, "there is no key called metric; did you mean metrics?"),
        ({"kind": None, "file": None}, " lacks kind, file; a suite has measures, kind and file"),
        (
            {"measures": "shown", "metrics": ["bleu"]},
            "answers that are only shown are those of open questions, without metrics or fields",
        ),
        ({"measures": "learn"}, 'measures must be learned, kept or shown, and is "learn"'),
        ({"kind": "mcq"}, 'kind must be open, choice or text, and is "mcq"'),
        ({"lang": None}, ' lacks lang, by which answers are cut into words; write lang = "zh" or "en"'),
        ({"lang": "de"}, 'lang must be zh or en, and is "de"'),
        ({"style": "letter"}, "style is for choice suites, and kind is open"),
        ({"few_shot": -1}, "few_shot must be a whole number, 0 or above, and is -1"),
        ({"few_shot": True}, "few_shot must be a whole number, 0 or above, and is true"),
        ({"few_shot": 5}, "few_shot is 5, and no examples are named; give a file of them"),
        ({"size": 0}, "size must be a whole number above 0, and is 0"),
        ({"size": 9}, "size is for choice suites, and kind is open"),
        ({"margin": 3}, "margin must be above 0 and below 1, and is 3"),
        ({"metrics": []}, "metrics must be a list of names, and is []"),
        ({"metrics": ["blue"]}, "there is no metric called blue; did you mean bleu?, or write file.py:function"),
        ({"metrics": ["own.py:"]}, "the metric own.py: names no function; write file.py:function"),
        (
            {"fields": {"a": "(x"}},
            "fields.a is no regular expression: missing ), unterminated subpattern at position 0",
        ),
        ({"fields": {"a": "(x)(y)"}}, "fields.a has 2 groups; write one, around the field"),
        ({"kind": "choice", "max_new_tokens": 5}, "max_new_tokens is for open suites, and kind is choice"),
        ({"kind": "text", "style": "chat"}, "style is for choice suites, and kind is text"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_sentence(tmp_path, changes, sentence):
    path = suite(tmp_path, changes)
    assert refusal(path) == f"{path}{sentence if sentence.startswith(' ') else f': {sentence}'}"


def test_files_that_are_missing_or_broken_are_named(tmp_path):
    assert refusal(tmp_path / "no.toml") == f"there is no suite {tmp_path / 'no.toml'}"
    broken = file_of(tmp_path, "kind = ", "broken.toml")
    assert refusal(broken).startswith(f"{broken} is no valid TOML: ")
    gone = suite(tmp_path, {"file": "gone.jsonl"})
    assert refusal(gone) == f"there is no data file {tmp_path / 'gone.jsonl'}"
    own = suite(tmp_path, {"metrics": ["own.py:score"]})
    assert refusal(own) == f"{own}: there is no file {tmp_path / 'own.py'}, which the metric own.py:score names"


def test_too_few_examples_are_refused(tmp_path):
    examples = written(tmp_path, OPEN, name="shown.jsonl")
    path = suite(tmp_path, {"few_shot": 2, "examples": "shown.jsonl"})
    assert refusal(path) == f"{examples} has 1 rows, and few_shot is 2"


def test_an_example_that_is_asked_as_well_is_refused(tmp_path):
    examples = written(tmp_path, {**OPEN, "id": "e1"}, name="shown.jsonl")
    path = suite(tmp_path, {"few_shot": 1, "examples": "shown.jsonl"})
    assert refusal(path) == f"{examples}: the example e1 is asked as well; show another one"


@pytest.mark.parametrize(
    ("kind", "row", "sentence"),
    [
        ("open", {"id": 2, "question": "q"}, " lacks reference; an open question has id, question, reference"),
        ("open", {**OPEN, "id": 2, "reference": " "}, ": reference must be text and not blank"),
        ("open", {**OPEN, "id": 2, "system": 5}, ": system must be text and not blank"),
        ("open", OPEN, " has the id 1 of {first}; give each row its own"),
        ("text", {"words": "x"}, " lacks text; a row of general text has text"),
        ("text", {"text": ""}, ": text must be text and not blank"),
        ("text", {"text": "x", "id": 1}, " has the id 1 of {first}; give each row its own"),
    ],
)
def test_a_wrong_row_is_named_with_file_and_line(tmp_path, kind, row, sentence):
    first = OPEN if kind == "open" else {"text": "fine"}
    path = suite(tmp_path, {"kind": kind, "lang": "zh"}, rows=[first, row])
    file = tmp_path / "rows.jsonl"
    assert refusal(path) == f"{file} line 2{sentence.format(first=f'{file} line 1')}"


def test_the_digest_is_of_what_a_score_hangs_on(tmp_path):
    before = read_suite(suite(tmp_path)).digest
    assert len(before) == 64
    assert read_suite(suite(tmp_path, {"name": "other", "few_shot": 0}, name="moved.toml")).digest == before
    assert read_suite(suite(tmp_path, {"max_new_tokens": 9})).digest != before
    assert read_suite(suite(tmp_path, rows=[{**OPEN, "grade": 3}])).digest != before
    own = suite(tmp_path, {"metrics": ["own.py:score"]})
    digests = []
    for value in (1, 2):
        file_of(tmp_path, f"def score(prediction, reference, row): return {value}\n", "own.py")
        digests.append(read_suite(own).digest)
    assert digests[0] != digests[1]
