"""What is checked where a run's data is: its files, by the names and columns that the run read them with."""

import json
from pathlib import Path

from dashboard.check_plan import plan_of
from evals.data.kept import digest_of

ROWS = [
    {"role": "train", "path": "/data/a.jsonl", "sha256": "a" * 64},
    {"role": "validation", "path": "/data/a.jsonl", "sha256": "a" * 64},
    {"role": "general", "path": "/data/b.jsonl", "sha256": "b" * 64},
]


def plan(rows=ROWS, folder="/data", model=None, suites=(), **data):
    config = {"data": {"train": "a.jsonl", "general": "b.jsonl", **data}, "eval": {"suites": list(suites)}}
    found = plan_of(rows, {"config": config, "provenance": {"folder": folder, "model": {"path": model}}})
    assert found is not None
    return found


def test_a_file_of_which_rows_are_held_out_is_named_once():
    found = plan()
    assert found.files == {"/data/a.jsonl": "a" * 64, "/data/b.jsonl": "b" * 64}
    assert found.arguments(tokens=True) == ["--json", "--", "/data/a.jsonl", "/data/b.jsonl"]
    assert found.left_out == ()


def test_general_data_is_left_out_where_the_columns_of_the_others_are_named():
    found = plan(columns={"instruction": "question"})
    assert (found.specs, found.left_out) == (("/data/a.jsonl",), ("/data/b.jsonl",))
    assert found.arguments(tokens=True) == ["--json", "--column", "instruction=question", "--", "/data/a.jsonl"]


def test_a_file_that_a_description_names_is_checked_by_it(tmp_path):
    described = {"visits": {"file_name": "a.jsonl", "columns": {"prompt": "q", "response": "a"}}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(described))
    rows = [{**ROWS[0], "path": str(tmp_path / "a.jsonl")}]
    found = plan(rows, str(tmp_path), train="dataset_info.json:visits", general="")
    assert found.specs == (f"{tmp_path}/dataset_info.json:visits",)


def test_a_file_of_preferences_that_a_description_names_is_checked_by_it(tmp_path):
    described = {"pairs": {"file_name": "a.jsonl", "ranking": True, "columns": {"prompt": "q", "chosen": "a"}}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(described))
    rows = [{**ROWS[0], "path": str(tmp_path / "a.jsonl")}]
    found = plan(rows, str(tmp_path), train="dataset_info.json:pairs", general="")
    assert found.specs == (f"{tmp_path}/dataset_info.json:pairs",)


def test_a_tokenizer_and_suites_are_used_while_they_are_there(tmp_path):
    found = plan(model="model", folder=str(tmp_path), suites=["s.toml", "gone.toml"], max_length=512)
    assert found.arguments(tokens=True) == ["--json", "--", *found.specs]
    (tmp_path / "model").mkdir()
    for name in ("model/tokenizer.json", "s.toml"):
        Path(tmp_path, name).write_text("")
    whole = found.arguments(tokens=True)
    assert whole[1:-3] == ["--suite", f"{tmp_path}/s.toml", "--tokenizer", f"{tmp_path}/model", "--max-length", "512"]
    assert "--tokenizer" not in found.arguments(tokens=False)


def test_the_result_is_named_by_digests_columns_and_the_longest_row():
    found = plan()
    assert found.key(found.files.values()) == plan(folder="/elsewhere").key(["a" * 64, "b" * 64])
    others = [found.key(["a" * 64, "c" * 64]), plan(max_length=9).key(found.files.values())]
    assert len({found.key(found.files.values()), *others}) == 3


def test_runs_of_one_file_with_another_tokenizer_or_suite_have_results_of_their_own(tmp_path):
    for name, text in {
        "one/tokenizer.json": "1", "two/tokenizer.json": "2", "s.toml": 'file = "rows.jsonl"', "rows.jsonl": "{}",
        "bare.jsonl": "{}",
    }.items():  # fmt: skip
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def key(**asked):
        found = plan(folder=str(tmp_path), **asked)
        return found.key(found.files.values(), map(digest_of, found.beside(tokens=True)))

    assert len({key(), key(model="one"), key(model="two"), key(suites=["s.toml"]), key(suites=["bare.jsonl"])}) == 5
    before = key(suites=["s.toml"])
    (tmp_path / "rows.jsonl").write_text('{"id": "1"}')
    assert key(suites=["s.toml"]) != before
    assert key(suites=["gone.toml"], model="gone") == key()
    found = plan(folder=str(tmp_path), model="one", suites=["s.toml"])
    assert found.beside(tokens=False) == (tmp_path / "s.toml", tmp_path / "rows.jsonl")
    assert found.beside(tokens=True)[0] == tmp_path / "one" / "tokenizer.json"
    (tmp_path / "s.toml").write_text("no = toml = at all")
    assert found.beside(tokens=False) == (tmp_path / "s.toml",)


def test_a_run_that_recorded_no_file_or_anything_for_a_configuration_has_no_plan():
    assert plan_of([], {"config": None, "provenance": None}) is None
    assert plan_of(ROWS[:1], {"config": {"data": {"columns": 1}, "eval": []}, "provenance": 3}).specs == (
        "/data/a.jsonl",
    )
