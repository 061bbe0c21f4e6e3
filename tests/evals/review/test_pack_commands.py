"""`assay review pack` and `assay review import`: one file, one document, or one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from assay.cli import main
from evals.review.packing import make_pack
from store.database import Store
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.drafts import LEAD
from tests.evals.review.test_packs import saved, verdict


@pytest.fixture
def run(capsys, store):
    """Runs a command on the store: exit code, stdout, stderr."""

    def command(*arguments: Any) -> tuple[Any, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["review", *map(str, arguments), "--store", str(store.path)])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return command


def out(store: Store) -> int:
    """Pairs that are out in a file."""
    return store.rows("SELECT count(*) AS n FROM lease WHERE outcome IS NULL")[0]["n"]


def test_a_pack_is_one_new_file_and_says_whose_it_is(run, store, tmp_path):
    make_campaign(store, pairs=5, practice=1)
    file = tmp_path / "wang.html"
    code, said, _ = run("pack", "campaign-1", "--grader", "grader 0", "--out", file, "--pairs", 3, "--json")
    document = json.loads(said)
    assert (code, document["pairs"], document["practice"], document["campaign"]) == (0, 3, 1, 1)
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>\n")
    assert out(store) == 4
    code, said, error = run("pack", "1", "--grader", "grader 1", "--out", tmp_path / "b.html", "--pairs", 1)
    assert (code, error) == (0, "")
    assert said.startswith(f"{tmp_path / 'b.html'}: 1 pair and 1 practice pair for grader 1, kept until ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pack", "9", "--grader", "grader 0", "--out", "{new}"), "campaign"),
        (("pack", "1", "--grader", "nobody", "--out", "{new}"), "there is nobody called nobody here"),
        (
            ("pack", "1", "--grader", "the lead", "--out", "{new}"),
            "may not judge in campaign 1: assay user role gives the role expert",
        ),
        (("pack", "1", "--grader", "grader 0", "--out", "{there}"), "is there already, and nothing is written over"),
        (("pack", "1", "--grader", "grader 0", "--out", "{store}"), "lies in the store's folder"),
        (("pack", "1", "--grader", "grader 0", "--out", "{nowhere}"), "cannot write"),
        (("import", "{there}"), "is no file of verdicts"),
        (("import", "{new}"), "cannot read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_nothing_is_out(run, store, tmp_path, arguments, sentence):
    make_campaign(store, pairs=3, practice=0)
    (tmp_path / "there.html").write_text("mine")
    places = {
        "new": tmp_path / "new.html", "there": tmp_path / "there.html", "store": store.root / "pack.html",
        "nowhere": tmp_path / "gone" / "pack.html",
    }  # fmt: skip
    code, said, error = run(*(argument.format(**places) for argument in arguments))
    assert (code, said) == (2, "")
    assert sentence in error
    assert error.count("\n") == 1
    assert out(store) == 0
    assert (tmp_path / "there.html").read_text() == "mine"


def test_verdicts_are_entered_once_and_what_was_not_is_said(run, store, tmp_path: Path):
    made = make_campaign(store, pairs=4, practice=0)
    pack = make_pack(store, LEAD, made.campaign, "grader 0", 3, 7)
    file = saved(tmp_path, pack, {0: {"verdict": verdict()}, 1: {"verdict": {"choice": "best"}}})
    code, said, error = run("import", file, "--json")
    document = json.loads(said)
    assert (code, error) == (0, "")
    assert (document["campaign"], document["verdicts"], document["given_back"]) == (1, 1, 1)
    assert [refusal["question"] for refusal in document["refused"]] == ["What of item-01?"]
    code, said, _ = run("import", file)
    assert code == 0
    assert said.startswith(f"{file} was imported on ")
    assert said.endswith(" UTC: nothing is added\n")
    other = saved(tmp_path, pack, {0: {"verdict": verdict("tie")}})
    code, said, error = run("import", other)
    assert (code, said) == (2, "")
    assert "another file of this pack was imported on" in error


def test_results_say_who_imported_what(run, store, tmp_path: Path):
    made = make_campaign(store, pairs=4, practice=0)
    pack = make_pack(store, LEAD, made.campaign, "grader 0", 3, 7)
    assert run("import", saved(tmp_path, pack, {0: {"verdict": verdict()}}))[0] == 0
    [row] = store.rows("SELECT DISTINCT actor FROM audit WHERE action = 'pack-import'")
    name = row["actor"].removeprefix("command:")
    code, said, error = run("results", "1")
    assert (code, error) == (0, "")
    assert f"1 of 1 verdicts came from offline packs, imported by {name}" in said
    assert json.loads(run("results", "1", "--json")[1])["offline"] == {"verdicts": 1, "of": 1, "imported_by": [name]}
