"""General data is mixed into domain data by tokens, whole or not at all, the same each time, with an account of it."""

import hashlib
import json
import random
from collections import Counter

import pytest

from assay.errors import AssayError
from assay.version import VERSION
from evals.data import publishing
from evals.data.mix import mix_data, paths_of_mix
from evals.data.mix_options import SHARE, MixOptions
from evals.text import read_samples
from evals.text.errors import DataError
from tests.evals.data.made import turns
from tests.evals.written import file_of, written
from trainer.config import DataConfig

LETTERS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"


def rows_of(count, seed, question=10, answer=30, label="r"):
    """Rows of 40 Chinese characters, which are 40 tokens by the estimate."""
    draw = random.Random(seed)
    said = lambda size: "".join(draw.choices(LETTERS, k=size))  # noqa: E731 - twice in the next line
    return [{"id": f"{label}{place}", "instruction": said(question), "output": said(answer)} for place in range(count)]


@pytest.fixture
def files(tmp_path):
    """Domain data of 1,000 tokens, and general data of 2,000 in two files of 40 and 10 rows."""
    return (
        str(written(tmp_path, *rows_of(25, 1, label="d"), name="triage.jsonl")),
        [
            str(written(tmp_path, *rows_of(40, 2, label="g"), name="chat.jsonl")),
            str(written(tmp_path, *rows_of(10, 3, label="h"), name="facts.jsonl")),
        ],
    )


def mixed_from(tmp_path, files, name="mix.jsonl", **options):
    domain, general = files
    return mix_data([domain], general, tmp_path / name, MixOptions(**options))


def changed_at(text, place):
    return text[:place] + "好" + text[place + 1 :]


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def sources_of(mixed):
    return Counter(row["source"] for row in lines_of(mixed.train))


@pytest.mark.parametrize(
    ("share", "general", "reached"), [(0.0, 0, 0.0), (0.2, 250, 0.193548), (0.5, 1000, 0.5), (0.6, 1500, 0.596774)]
)
def test_the_share_is_of_tokens_to_the_nearest_row_and_all_domain_rows_are_there_once(
    tmp_path, files, share, general, reached
):
    mixed = mixed_from(tmp_path, files, share=share)
    account = json.loads(mixed.manifest.read_text())
    rows = lines_of(mixed.train)
    drawn = [row["id"] for row in rows if row["id"][0] != "d"]
    assert sorted(row["id"] for row in rows if row["id"][0] == "d") == sorted(f"d{place}" for place in range(25))
    assert len(set(drawn)) == len(drawn) == account["tokens"]["general"] / 40
    assert (account["tokens"]["domain"], account["tokens"]["general_wanted"]) == (1000, general)
    assert abs(account["tokens"]["general"] - general) <= 20
    assert account["share"] == {"asked": share, "reached": reached, "without_repeat": 0.6666}


def test_each_general_file_gives_the_same_part_of_its_rows(tmp_path, files):
    assert sources_of(mixed_from(tmp_path, files, share=0.5)) == {"triage": 25, "chat": 20, "facts": 5}


def test_the_whole_is_shuffled_by_the_seed(tmp_path, files):
    ids = [
        [row["id"] for row in lines_of(mixed_from(tmp_path, files, f"{name}.jsonl", share=0.5, seed=seed).train)]
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert ids[0] == ids[1] != ids[2]
    assert set(ids[0]) != set(ids[2])
    kinds = "".join(name[0] for name in ids[0])
    assert kinds[:25].count("d") not in (0, 25)
    assert [name for name in ids[0] if name[0] == "d"] != [f"d{place}" for place in range(25)]


def test_the_manifest_says_what_was_read_and_written(tmp_path, files):
    mixed = mixed_from(tmp_path, files, share=0.5, seed=3)
    account = json.loads(mixed.manifest.read_text())
    assert account == mixed.account.as_dict()
    digest = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    read = {"encoding": "UTF-8", "format": "Alpaca"}
    assert account["inputs"] == [
        {"file": f"{name}.jsonl", "sha256": digest[f"{name}.jsonl"], "rows": rows, **read, "role": role,
         "source": name, "tokens": 40 * rows, "rows_written": kept, "tokens_written": 40 * kept}
        for name, role, rows, kept in (
            ("triage", "domain", 25, 25), ("chat", "general", 40, 20), ("facts", "general", 10, 5),
        )
    ]  # fmt: skip
    assert account["outputs"] == [{"file": "mix.jsonl", "part": "train", "rows": 50, "sha256": digest["mix.jsonl"]}]
    assert account["options"] == {"share": 0.5, "repeat": False, "columns": {}, "layout": "chat", "seed": 3}
    assert account["general"] == {"rows": 50, "drawn": 25, "distinct": 25, "most_times": 1}
    assert (account["format"], account["assay"], account["left_out"]) == (1, VERSION, {})
    assert "the general tokens grow with the share" in account["notes"][0]
    assert account["tokens"] == {
        "of": "the words of all turns, without a template",
        "counted": "estimated: one a Chinese character, one for four other characters",
        "tokenizer_sha256": None, "domain": 1000, "general": 1000, "general_wanted": 1000,
    }  # fmt: skip


def test_the_same_options_give_the_same_bytes_in_any_number_of_processes(tmp_path):
    domain = str(written(tmp_path, *rows_of(700, 1), name="a.jsonl"))
    general = str(written(tmp_path, *rows_of(900, 2), name="b.jsonl"))
    digests = []
    for processes in (1, 2):
        (tmp_path / str(processes)).mkdir()
        mixed = mix_data([domain], [general], tmp_path / str(processes) / "o.jsonl", MixOptions(processes=processes))
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in (mixed.train, mixed.manifest)])
    assert digests[0] == digests[1]


def test_general_rows_that_are_in_the_domain_data_are_left_out(tmp_path):
    rows = rows_of(20, 1)
    near = {**rows[4], "id": "near", "output": changed_at(rows[4]["output"], 8)}
    # It is near to a row of the domain that is a copy itself, and not to the one that this is a copy of.
    domain = written(tmp_path, *rows[:10], near, name="a.jsonl")
    further = {**near, "id": "further", "output": changed_at(near["output"], 20)}
    general = written(tmp_path, rows[12], rows[3], further, rows[3], *rows[13:17], name="b.jsonl")
    mixed = mix_data([str(domain)], [str(general)], tmp_path / "o.jsonl", MixOptions(share=0.3))
    account = json.loads(mixed.manifest.read_text())
    assert account["left_out"] == {
        "exact-in-domain": {
            "why": "the same words stand in the domain data", "count": 2, "rows": {"b.jsonl": [2, 4]},
        },
        "near-in-domain": {
            "why": "nearly the same words stand in the domain data", "count": 1, "rows": {"b.jsonl": [3]},
        },
    }  # fmt: skip
    drawn = sorted(row["id"] for row in lines_of(mixed.train) if row["source"] == "b")
    assert drawn == ["r12", "r13", "r14", "r15", "r16"]


def test_too_little_general_data_is_refused_with_the_share_that_it_supports(tmp_path, files):
    with pytest.raises(DataError) as refused:
        mixed_from(tmp_path, files, share=0.8)
    assert str(refused.value) == (
        "the general data has 2,000 tokens, and a share of 0.8 takes 4,000 for the 1,000 of the domain; "
        "it supports a share of 0.6666: use --share 0.6666, name more data with --general, "
        "or take rows again with --repeat"
    )
    assert mixed_from(tmp_path, files, share=0.6666).account.drawn == 50


def test_rows_are_taken_again_where_that_is_asked_for(tmp_path, files):
    mixed = mixed_from(tmp_path, files, share=0.8, repeat=True)
    times = Counter(row["id"] for row in lines_of(mixed.train) if row["id"][0] != "d")
    assert (len(times), set(times.values())) == (50, {2})
    assert mixed.account.as_dict()["general"] == {"rows": 50, "drawn": 100, "distinct": 50, "most_times": 2}
    assert mixed.account.reached == 0.8


@pytest.mark.parametrize("repeat", [False, True])
def test_general_data_of_which_nothing_is_left_is_refused(tmp_path, repeat):
    rows = rows_of(4, 1)
    domain, general = (
        str(written(tmp_path, *part, name=name)) for part, name in ((rows, "a.jsonl"), (rows[:3], "b.jsonl"))
    )
    with pytest.raises(DataError, match=r"no words that the domain data has not \(3 of its 3 rows"):
        mix_data([domain], [general], tmp_path / "o.jsonl", MixOptions(repeat=repeat))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]


def test_rows_are_in_one_format_with_a_source_and_their_words_unchanged(tmp_path):
    said = {
        "id": 7, "source": "ward", "task": "a", "instruction": "问：发热？", "input": "38.5",
        "output": "您好，\u200b喝水。", "system": "简短",
    }  # fmt: skip
    domain = written(tmp_path, said, {"instruction": "没有答案", "output": ""}, name="a.jsonl")
    general = tmp_path / "b.csv"
    general.write_bytes("prompt,completion\n怎样止咳？,少说话，多喝温水。\n".encode("gb18030"))
    mixed = mix_data([str(domain)], [str(general)], tmp_path / "o.jsonl", MixOptions(share=0.1))
    by_source = {sample.source: sample for sample in read_samples(mixed.train)}
    assert by_source["ward"].turns == turns("问：发热？\n38.5", "您好，\u200b喝水。", system="简短")
    assert (by_source["ward"].id, by_source["ward"].task) == ("7", "a")
    assert by_source["a"].turns == turns("没有答案", "")
    assert by_source["b"].turns == turns("怎样止咳？", "少说话，多喝温水。")
    alpaca = mix_data([str(domain)], [str(general)], tmp_path / "p.jsonl", MixOptions(share=0.1, layout="alpaca"))
    assert {row["instruction"] for row in lines_of(alpaca.train)} == {"问：发热？\n38.5", "没有答案", "怎样止咳？"}


def test_files_of_one_name_are_sources_of_their_own(tmp_path):
    for place, folder in enumerate(("triage", "general")):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, *rows_of(4, place), name="train.jsonl")
    domain, general = (str(tmp_path / folder / "train.jsonl") for folder in ("triage", "general"))
    mixed = mix_data([domain], [general], tmp_path / "o.jsonl", MixOptions(share=0.5))
    assert sources_of(mixed) == {"triage/train": 4, "general/train": 4}


def test_plain_text_is_mixed_with_plain_text_alone(tmp_path):
    texts = [str(written(tmp_path, {"text": text * 20}, name=f"{text}.jsonl")) for text in "甲乙"]
    mixed = mix_data(texts[:1], texts[1:], tmp_path / "o.jsonl", MixOptions(share=0.5))
    assert sorted(row["text"] for row in lines_of(mixed.train)) == ["乙" * 20, "甲" * 20]
    talks = str(written(tmp_path, *rows_of(2, 1), name="c.jsonl"))
    with pytest.raises(DataError, match=r"甲\.jsonl has plain text rows and c\.jsonl Alpaca rows; mix plain text with"):
        mix_data(texts[:1], [talks], tmp_path / "p.jsonl", MixOptions())


def test_columns_are_those_of_the_domain_files_alone(tmp_path):
    domain = written(tmp_path, {"frage": "一" * 10, "antwort": "二" * 10}, name="a.jsonl")
    general = written(tmp_path, {"instruction": "三" * 10, "output": "四" * 10}, name="b.jsonl")
    columns = {"instruction": "frage", "output": "antwort"}
    mixed = mix_data([str(domain)], [str(general)], tmp_path / "o.jsonl", MixOptions(share=0.5, columns=columns))
    assert sources_of(mixed) == {"a": 1, "b": 1}


def test_tokens_are_counted_by_a_tokenizer_where_one_is_named(tmp_path, files):
    tokenizers = pytest.importorskip("tokenizers")
    # Whole turns are one token each, so a row has two and not 40.
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.save(str(tmp_path / "tokenizer.json"))
    account = mixed_from(tmp_path, files, share=0.5, tokenizer=str(tmp_path)).account.as_dict()
    sha256 = hashlib.sha256((tmp_path / "tokenizer.json").read_bytes()).hexdigest()
    assert (account["tokens"]["domain"], account["tokens"]["general"]) == (50, 50)
    assert (account["tokens"]["counted"], account["tokens"]["tokenizer_sha256"]) == ("by the tokenizer", sha256)


def test_nothing_is_written_over_and_where_one_cannot_have_its_name_none_has(tmp_path, files, monkeypatch):
    there = {path.name for path in tmp_path.iterdir()}
    for taken in paths_of_mix(tmp_path / "mix.jsonl"):
        taken.write_text("mine")
        with pytest.raises(AssayError, match="is there already, and nothing is written over"):
            mixed_from(tmp_path, files)
        assert taken.read_text() == "mine"
        taken.unlink()
    link = publishing.os.link

    def taken_meanwhile(finished, wanted):
        if wanted.name.endswith("manifest.json"):
            wanted.write_text("theirs")
        link(finished, wanted)

    monkeypatch.setattr(publishing.os, "link", taken_meanwhile)
    with pytest.raises(AssayError, match="was made by someone else meanwhile"):
        mixed_from(tmp_path, files)
    assert {path.name for path in tmp_path.iterdir()} == {*there, "mix.jsonl.manifest.json"}


@pytest.mark.parametrize("stage", ["near-duplicates", "writing"])
def test_a_mix_that_is_stopped_leaves_nothing(tmp_path, files, stage):
    there = sorted(path.name for path in tmp_path.iterdir())

    def stop(what, *_):
        if what == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mix_data([files[0]], files[1], tmp_path / "mix.jsonl", MixOptions(), stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == there


@pytest.mark.parametrize(("text", "said"), [
    ("", r"b\.jsonl is empty: it has no rows"),
    ('{"instruction": ""}', "lacks|has the columns"),
])  # fmt: skip
def test_general_data_without_rows_is_refused(tmp_path, files, text, said):
    general = file_of(tmp_path, text, "b.jsonl")
    with pytest.raises(DataError, match=said):
        mix_data([files[0]], [str(general)], tmp_path / "mix.jsonl", MixOptions())
    assert not (tmp_path / "mix.jsonl").exists()


def test_a_file_is_domain_or_general_and_not_both(tmp_path, files):
    with pytest.raises(DataError, match="is named twice"):
        mix_data([files[0]], [files[0]], tmp_path / "mix.jsonl", MixOptions())


def test_domain_data_without_words_is_refused(tmp_path, files):
    domain = written(tmp_path, {"instruction": "", "output": ""}, name="empty.jsonl")
    with pytest.raises(DataError, match="the domain data has no words"):
        mix_data([str(domain)], files[1], tmp_path / "mix.jsonl", MixOptions())


def test_the_share_is_that_of_training_where_none_is_named():
    assert SHARE == MixOptions().share == DataConfig.general_ratio
