"""`assay data check`, `build` and `mix`: one document or a table, exit codes, one sentence for what is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from assay.cli import main
from evals.commands.data_mix import with_option_before_each
from evals.data.check import CheckOptions, check_data
from tests.evals.written import written

REPO = Path(__file__).parents[3]
GOOD = {"task": "护理", "instruction": "怎样退热？", "output": "多喝水，多休息。"}
BAD = {"task": "护理", "instruction": "怎样挂号？", "output": "打13800138000。"}


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["data", *map(str, arguments)])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_json_is_one_document_of_rows_score_and_findings(capsys, tmp_path):
    path = written(tmp_path, GOOD, BAD)
    code, out, err = run(capsys, "check", path, "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert list(document) == ["rows", "score", "findings", "distributions", "files"]
    assert document == check_data([str(path)], CheckOptions()).as_dict()
    assert document["findings"][0] == {
        "check": "phone-number", "severity": "error", "count": 1,
        "examples": [{"row": "data.jsonl:2", "text": "138******00"}],
    }  # fmt: skip


def test_the_table_has_costs_counts_examples_and_how_the_score_comes_about(capsys, tmp_path):
    code, out, _ = run(capsys, "check", written(tmp_path, GOOD, BAD))
    assert code == 0
    assert "personal data; `assay data build` masks it" in out
    assert "  data.jsonl:2  138******00" in out
    assert (
        "2 rows, score 60 of 100: less 40.0 for phone-number (an error costs 4 points a percent of the rows"
        in " ".join(out.split())
    )


@pytest.mark.parametrize(
    ("rows", "level", "code"),
    [
        ((GOOD, BAD), "error", 1),
        ((GOOD, BAD), "warning", 1),
        ((GOOD,), "warning", 0),
        ((GOOD, GOOD), "error", 0),
        ((GOOD, GOOD), "warning", 1),
    ],
)
def test_exit_is_1_where_anything_so_bad_is_found(capsys, tmp_path, rows, level, code):
    assert run(capsys, "check", written(tmp_path, *rows), "--fail-on", level)[0] == code
    assert run(capsys, "check", tmp_path / "data.jsonl")[0] == 0


def test_leaks_into_a_suite_are_found(capsys, tmp_path):
    question = "北京大学第一医院的门诊部在哪一条街道上，怎么走？"
    suite = written(
        tmp_path,
        {"id": "1", "question": question, "choices": ["西什库", "王府井"], "answer": 0, "lang": "zh", "category": "x"},
        name="s.jsonl",
    )
    data = written(tmp_path, {**GOOD, "instruction": question, "output": "西什库"})
    code, out, _ = run(capsys, "check", data, "--suite", suite, "--fail-on", "error", "--json")
    assert code == 1
    assert json.loads(out)["findings"][0]["check"] == "leakage"


def test_columns_of_other_names_are_read(capsys, tmp_path):
    path = written(tmp_path, {"frage": "一", "antwort": "二"})
    code, out, _ = run(capsys, "check", path, "--column", "instruction=frage", "--column", "output=antwort", "--json")
    assert (code, json.loads(out)["rows"]) == (0, 1)


@pytest.mark.parametrize(("arguments", "said"), [
    (["check", "none.jsonl"], "there is no data file none.jsonl"),
    (["check", "{data}", "--suite", "none.toml"], "there is no suite none.toml"),
    (["check", "{data}", "--tokenizer", "none"], "there is no tokenizer none"),
    (["check", "{data}", "--tokenizer", "{data}"], "is no tokenizer that can be read"),
    (["check", "{data}", "--column", "instruction"], "--column takes OURS=THEIRS"),
    (["check", "{data}", "--column", "instuction=x"], "did you mean instruction?"),
    (["check", "{data}", "--max-length", "0"], "Invalid value for '--max-length'"),
    (["check"], "Missing argument"),
    (["build", "{data}"], "Missing option '--out'"),
    (["build", "none.jsonl", "--out", "{folder}/o.jsonl"], "there is no data file none.jsonl"),
    (["build", "{data}", "--out", "{data}"], "is there already, and nothing is written over"),
    (["build", "{data}", "--out", "{folder}/o.txt"], "a name that ends in .jsonl"),
    (["build", "{data}", "--out", "{folder}/o.jsonl", "--validation", "1.5"], "must be from 0 to 0.5, and is 1.5"),
    (["build", "{data}", "--out", "{folder}/o.jsonl", "--near", "0.2"], "--near must be from 0.7 to 1, and is 0.2"),
    (["build", "{data}", "--out", "{folder}/o.jsonl", "--near", "nan"], "--near must be from 0.7 to 1, and is nan"),
    (["build", "{data}", "--out", "{folder}/o.jsonl", "--balance", "0"], "--balance must be 1 or more, and is 0"),
    (["build", "{data}", "--out", "{folder}/o.jsonl", "--layout", "xml"], "Invalid value for '--layout'"),
    (["mix", "{data}", "--general", "none.jsonl"], "Missing option '--out'"),
    (["mix", "{data}", "--out", "{folder}/o.jsonl"], "Missing option '--general'"),
    (["mix", "--general", "{data}", "x", "--out", "{folder}/o.jsonl"], "name the domain data before --general"),
    (["mix", "{data}", "--general", "none.jsonl", "--out", "{folder}/o.jsonl"], "there is no data file none.jsonl"),
    (["mix", "{data}", "--general", "none.jsonl", "--out", "{data}"], "is there already, and nothing is written over"),
    (["mix", "{data}", "--general", "none.jsonl", "--out", "{folder}/o.csv"], "a name that ends in .jsonl"),
    (["mix", "{data}", "--general", "none.jsonl", "--out", "{folder}/o.jsonl", "--share", "1"], "below 1, and is 1"),
    (["mix", "{data}", "--general", "none.jsonl", "--out", "{folder}/o.jsonl", "--share", "-0.1"], "0 or above"),
    (["mix", "{data}", "--general", "none.jsonl", "--out", "{folder}/o.jsonl", "--share", "nan"], "and is nan"),
    (["mix", "{data}", "--general", "{data}", "--out", "{folder}/o.jsonl"], "is named twice; name each file once"),
    (["mix", "{data}", "--general", "b", "--out", "{folder}/o.jsonl", "--model", "none"], "there is no tokenizer none"),
    (["mix", "{data}", "--general", "b", "--out", "{folder}/o.jsonl", "--column", "x"], "--column takes OURS=THEIRS"),
])  # fmt: skip
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(capsys, tmp_path, monkeypatch, arguments, said):
    data = written(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *(argument.format(data=data, folder=tmp_path) for argument in arguments))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["data.jsonl"]


def test_a_corpus_in_another_encoding_is_one_sentence(capsys, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "這是一個問題"}\n'.encode("utf-16"))
    good, out_of_it = written(tmp_path, GOOD), ["--out", tmp_path / "o.jsonl"]
    for command in (
        ["check", path], ["build", path, *out_of_it], ["mix", good, "--general", path, *out_of_it],
        ["mix", path, "--general", good, *out_of_it],
    ):  # fmt: skip
        code, out, err = run(capsys, *command)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "is not UTF-8" in err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.jsonl", "data.jsonl"]


def test_a_build_tells_what_it_did_and_where(capsys, tmp_path):
    rows = [GOOD, GOOD, BAD, {**GOOD, "output": ""}]
    code, out, err = run(capsys, "build", written(tmp_path, *rows), "--out", tmp_path / "o.jsonl", "--validation", "0")
    assert code == 0
    assert err == (
        "2 of 4 rows were dropped, 1 of them as empty-answer; look at some of them, which the manifest names, before "
        "you train on the rest\n"
    )
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines == [
        "4 rows read from 1 file",
        "1 dropped: empty-answer: no answer is left to learn",
        "1 dropped: exact-duplicate: the same words stand in an earlier row",
        "1 changed: personal: personal data, which was masked",
        f"2 written to {tmp_path}/o.jsonl, to train on",
        f"what was done to which row: {tmp_path}/o.jsonl.manifest.json",
    ]


def test_json_of_a_build_is_its_manifest(capsys, tmp_path):
    code, out, _ = run(capsys, "build", written(tmp_path, GOOD, BAD), "--out", tmp_path / "o.jsonl", "--json")
    manifest = tmp_path / "o.jsonl.manifest.json"
    assert code == 0
    assert json.loads(out) == {"manifest_file": str(manifest), **json.loads(manifest.read_text())}


def test_a_mix_tells_what_it_took_and_takes_several_names_as_general_data(capsys, tmp_path):
    domain = written(tmp_path, {"instruction": "甲" * 10, "output": "乙" * 30}, name="a.jsonl")
    general = [
        written(tmp_path, {"instruction": first * 10, "output": second * 10}, name=f"{name}.jsonl")
        for name, first, second in (("b", "丙", "丁"), ("c", "戊", "己"))
    ]
    arguments = ["mix", domain, "--general", *general, "--share", "0.5", "--out"]
    code, out, err = run(capsys, *arguments, tmp_path / "o.jsonl", "--seed", "1")
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines == [
        "domain a.jsonl: 1 row written of 1, about 40 tokens",
        "general b.jsonl: 1 row written of 1, about 20 tokens",
        "general c.jsonl: 1 row written of 1, about 20 tokens",
        f"3 rows written to {tmp_path}/o.jsonl, 50.0 % of about 80 tokens general (50 % asked for)",
        f"what was taken, and what was left out: {tmp_path}/o.jsonl.manifest.json",
    ]
    code, out, _ = run(capsys, *arguments, tmp_path / "p.jsonl", "--json")
    assert code == 0
    manifest = tmp_path / "p.jsonl.manifest.json"
    assert json.loads(out) == {"manifest_file": str(manifest), **json.loads(manifest.read_text())}


def test_a_mix_tells_which_rows_it_left_out_and_took_again(capsys, tmp_path):
    other = {"instruction": "丙" * 10, "output": "丁" * 10}
    domain, general = written(tmp_path, GOOD, name="a.jsonl"), written(tmp_path, GOOD, other, name="b.jsonl")
    arguments = ["mix", domain, "--general", general, "--out", tmp_path / "o.jsonl", "--share", "0.8"]
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "has 20 tokens beside 1 row that the domain data has too, and a share of 0.8 takes 48 for the 12 of" in err
    assert "use --share 0.625, name" in err
    code, out, _ = run(capsys, *arguments, "--repeat")
    assert code == 0
    assert "1 general row left out: the same words stand in the domain data" in out
    assert "1 general row taken 2 times in all, 2 at the most each" in out


def test_a_share_that_takes_general_rows_a_thousand_times_is_refused(capsys, tmp_path):
    domain = written(tmp_path, {"instruction": "甲" * 50, "output": "乙" * 50}, name="a.jsonl")
    general = written(tmp_path, {"instruction": "丙" * 10, "output": "丁" * 10}, name="b.jsonl")
    arguments = ["mix", domain, "--general", general, "--repeat", "--out", tmp_path / "o.jsonl", "--share"]
    code, out, err = run(capsys, *arguments, "0.9999999")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "takes 999,999,901 tokens, and the general data has 20, each of which would be there 49,999,996 times" in err
    assert "1,000 times is the most: use --share 0.995 or less" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]
    code, _, err = run(capsys, *arguments, "0.995")
    assert code == 0, err


@pytest.mark.parametrize(("given", "meant"), [
    ("x --general a b --share 1 y", "x --general a --general b --share 1 y"),
    ("x y --general=a b --share 1", "x y --general=a --general b --share 1"),
    ("x --general a --json --general b -- y", "x --general a --json --general b -- y"),
    ("--general a b c", "--general a --general b --general c"),
    ("x --general --out o", "x --general --out o"),
])  # fmt: skip
def test_general_data_are_all_names_up_to_the_next_option(given, meant):
    assert list(with_option_before_each(given.split(), "--general")) == meant.split()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_half_a_character_is_shown_as_a_question_mark(capsys, tmp_path, options):
    path = tmp_path / "data.jsonl"
    path.write_text('{"task": "\\ud800", "instruction": "\\ud800坏", "output": "\\ud800坏了。"}\n')
    code, out, _ = run(capsys, "check", path, *options)
    assert code == 0
    assert "mojibake" in out
    assert "?坏" in out


def test_a_check_of_half_a_character_does_not_stop_a_mix(capsys, tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"id": "\\ud800", "instruction": "\\ud800坏", "output": "好了。"}\n')
    general = written(tmp_path, {"instruction": "丙" * 10, "output": "丁" * 10}, name="b.jsonl")
    assert run(capsys, "mix", path, "--general", general, "--out", tmp_path / "o.jsonl", "--json")[0] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_all_processes_and_leave_nothing(tmp_path, number):
    rows = ({**GOOD, "instruction": f"第{number}次怎样退热？"} for number in range(30_000))
    path = written(tmp_path, *rows)
    command = [
        sys.executable,
        "-c",
        "from assay.cli import main; main()",
        "data",
        "build",
        str(path),
        "--out",
        str(tmp_path / "o.jsonl"),
        "--processes",
        "2",
    ]
    started = subprocess.Popen(
        command, cwd=REPO, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    watched = psutil.Process(started.pid)
    # Once rows wait in the workshop, processes are at work.
    while started.poll() is None and not any(file.stat().st_size for file in tmp_path.glob(".o.jsonl.*/rows")):
        time.sleep(0.02)
    children = watched.children(recursive=True)
    # Ctrl-C goes to the whole group, SIGTERM to the process that was started.
    os.killpg(started.pid, number) if number == signal.SIGINT else os.kill(started.pid, number)
    out, err = started.communicate(timeout=120)
    assert (started.returncode, out, err.strip()) == (130, "", "assay: stopped")
    assert children
    assert psutil.wait_procs(children, timeout=60)[1] == []
    assert [file.name for file in tmp_path.iterdir()] == ["data.jsonl"]


def test_neither_command_loads_torch_or_pages():
    heavy = {"torch", "transformers", "tokenizers", "streamlit", "pandas"}
    code = f"import sys, evals.commands.data; print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
