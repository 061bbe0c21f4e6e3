"""`assay score`: files of texts or rows in, one table or one JSON document out, or one sentence."""

import json

import pytest

from assay.cli import main
from evals.metrics.scores import score_texts

SAID = ["发热三天。", "", "挂 内科"]
WANTED = ["发热两天。", "多休息", "挂内科"]


@pytest.fixture
def files(tmp_path):
    def write(said, wanted):
        paths = [tmp_path / "pred.txt", tmp_path / "ref.txt"]
        for path, content in zip(paths, (said, wanted), strict=True):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [str(path) for path in paths]

    return write


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["score", *arguments])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_json_is_that_of_the_scores(capsys, files):
    pred, ref = files("\n".join(SAID) + "\n", "\n".join(WANTED) + "\n")
    code, out, _ = run(capsys, "--pred", pred, "--ref", ref, "--lang", "zh", "--json")
    found = json.loads(out)
    assert (code, found) == (0, score_texts(SAID, WANTED, "zh").as_dict())
    assert list(found) == ["n", "bleu", "chrf", "rouge1", "rouge2", "rougeL", "exact_match", "f1", "llamafactory"]
    assert [list(found[name]) for name in ("bleu", "f1")] == [
        ["score", "low", "high", "signature"],
        ["score", "low", "high"],
    ]
    assert (found["n"], found["llamafactory"], "tok:zh" in found["bleu"]["signature"]) == (3, None, True)


def test_the_table_has_scores_intervals_signatures_and_what_they_were_made_with(capsys, files):
    pred, ref = files("a b c d\n", "a b c d\n")
    code, out, _ = run(capsys, "--pred", pred, "--ref", ref, "--lang", "en")
    assert code == 0
    assert "100.00 – 100.00" in out
    assert "tok:13a|smooth:exp" in out
    assert "1 pair; intervals from 1,000 bootstrap resamples, seed 0; sacrebleu" in out


def test_parity_is_said_to_need_its_packages(capsys, files, monkeypatch):
    monkeypatch.setattr("evals.metrics.scores.as_llamafactory", lambda *_: None)
    pred, ref = files("一", "一")
    code, out, err = run(capsys, "--pred", pred, "--ref", ref, "--lang", "zh", "--parity", "--json")
    assert (code, json.loads(out)["llamafactory"]) == (0, None)
    assert err == "LLaMA-Factory's way needs more packages: pip install 'assay-llm[parity]'\n"


@pytest.mark.parametrize("odd", ["\u2028", "\x0b", "\x85", "\u2029", "\x0c", "\x1c", "\r"])
def test_a_line_ends_at_a_line_feed_alone(capsys, files, odd):
    pred, ref = files(f"甲{odd}乙\n丙", f"甲{odd}乙\n丙\n")
    code, out, _ = run(capsys, "--pred", pred, "--ref", ref, "--lang", "zh", "--json")
    assert (code, json.loads(out)["n"]) == (0, 2)


def test_windows_line_ends_and_byte_order_marks_are_no_part_of_a_text(capsys, files):
    pred, ref = files(b"\xef\xbb\xbfa b c d\r\ne f g h\r\n", b"a b c d\ne f g h")
    code, out, _ = run(capsys, "--pred", pred, "--ref", ref, "--lang", "en", "--json")
    found = json.loads(out)
    assert (code, found["n"], found["bleu"]["score"], found["exact_match"]["score"]) == (0, 2, 100.0, 100.0)


def test_an_empty_line_is_an_empty_text(capsys, files):
    pred, ref = files("\n\n", "a\nb\n")
    code, out, _ = run(capsys, "--pred", pred, "--ref", ref, "--lang", "en", "--json")
    found = json.loads(out)
    assert (code, found["n"], found["f1"]["score"]) == (0, 2, 0.0)


def test_rows_serve_as_one_side_or_as_both(capsys, files, tmp_path):
    rows = tmp_path / "both.jsonl"
    lines = [{"prediction": said, "reference": wanted} for said, wanted in zip(SAID, WANTED, strict=True)]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    _, ref = files("", "\n".join(WANTED))
    expected = score_texts(SAID, WANTED, "zh").as_dict()
    for more in ((), ("--ref", str(rows)), ("--ref", ref)):
        code, out, _ = run(capsys, "--pred", str(rows), *more, "--lang", "zh", "--json")
        assert (code, json.loads(out)) == (0, expected)


@pytest.mark.parametrize(
    ("said", "wanted", "sentence"),
    [
        ("a\nb\n", "a\n", "{pred} has 2 predictions and {ref} 1 reference; each prediction needs its own"),
        ("", "a\n", "{pred} is empty: it has no predictions"),
        ("a\n", "", "{ref} is empty: it has no references"),
        (b"a\n\xd6\xd0\n", "a\nb\n", "{pred} line 2 is not UTF-8 (byte 1); save the file as UTF-8"),
    ],
)
def test_files_that_cannot_be_scored_are_one_sentence(capsys, files, said, wanted, sentence):
    pred, ref = files(said, wanted)
    code, out, err = run(capsys, "--pred", pred, "--ref", ref, "--lang", "zh", "--json")
    assert (code, out, err) == (2, "", f"assay: {sentence.format(pred=pred, ref=ref)}\n")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"output": "a", "reference": "b"}, "line 1 lacks prediction; its columns are output, reference"),
        ({"prediction": 5, "reference": "b"}, "line 1: prediction must be text, and is int"),
        ({"prediction": "a", "reference": None}, "line 1: reference must be text, and is NoneType"),
    ],
)
def test_a_row_that_lacks_a_text_is_named(capsys, tmp_path, row, sentence):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    code, out, err = run(capsys, "--pred", str(path), "--lang", "zh")
    assert (code, out, err) == (2, "", f"assay: {path} {sentence}\n")


def test_rows_of_two_files_are_paired_only_where_their_ids_are_the_same(capsys, tmp_path):
    paths = [tmp_path / "pred.jsonl", tmp_path / "ref.jsonl"]
    for path, ids in zip(paths, ((1, 2), (1, 3)), strict=True):
        rows = [{"id": number, "prediction": "a", "reference": "a"} for number in ids]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pred, ref = map(str, paths)
    code, out, err = run(capsys, "--pred", pred, "--ref", ref, "--lang", "en")
    sentence = f"assay: {pred} line 2 has the id 2 and {ref} line 2 3; put both in the same order\n"
    assert (code, out, err) == (2, "", sentence)


def test_texts_without_references_are_not_scored_against_themselves(capsys, files):
    pred, _ = files("a b c d\n", "")
    code, out, err = run(capsys, "--pred", pred, "--lang", "en")
    sentence = f"assay: {pred} has a text a line and no references; name their file with --ref\n"
    assert (code, out, err) == (2, "", sentence)


def test_a_missing_file_is_named(capsys, tmp_path):
    missing = str(tmp_path / "no.txt")
    code, out, err = run(capsys, "--pred", missing, "--ref", missing, "--lang", "en")
    assert (code, out, err) == (2, "", f"assay: there is no file {missing}\n")
    code, out, err = run(capsys, "--pred", str(tmp_path), "--ref", missing, "--lang", "en")
    assert (code, out) == (2, "")
    assert err.startswith(f"assay: cannot read {tmp_path}: ")


def test_an_id_that_stands_twice_is_refused(capsys, tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"id": 1, "prediction": "a", "reference": "a"}\n' * 2)
    code, out, err = run(capsys, "--pred", str(path), "--lang", "en")
    assert (code, out) == (2, "")
    assert err == f"assay: {path} line 2 has the id 1 of {path} line 1; give each row its own\n"


def test_blank_predictions_are_counted_as_wrong_and_named(capsys, files):
    pred, ref = files("a\n\n \nb\n", "a\nx\ny\nb\n")
    code, out, err = run(capsys, "--pred", pred, "--ref", ref, "--lang", "en", "--json")
    assert (code, json.loads(out)["n"]) == (0, 4)
    assert err == "2 of 4 predictions are blank and count as wrong: rows 2, 3\n"
