"""`assay vocab extend`: what it writes and says, and that what is wrong leaves nothing behind."""

import hashlib
import json
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from assay.cli import main
from tests.trainer.vocabulary.material import GENERAL, domain_texts, general_model, write_corpus
from trainer.vocabulary import extending, measuring


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return general_model(tmp_path_factory.mktemp("plain") / "model")


@pytest.fixture(autouse=True)
def _decoding_little(monkeypatch):
    monkeypatch.setattr(measuring, "DECODED", 8)
    monkeypatch.setattr(measuring, "ROUNDS", 1)


@pytest.fixture
def extend(plain, tmp_path, capsys):
    """Runs the command; its exit code, and what it printed. Arguments given replace the usual ones."""

    def run(*, corpus=None, flags=(), **options):
        named = {"model": plain, "add": 40, "out": tmp_path / "out", "least": 10, "steps": 0} | options
        files = corpus or [write_corpus(tmp_path / "corpus.jsonl")]
        arguments = [part for name, value in named.items() for part in (f"--{name}", str(value))]
        with pytest.raises(SystemExit) as left:
            main(["vocab", "extend", *arguments, "--corpus", *map(str, files), *flags])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_folder_it_writes_loads_and_is_what_the_report_says(extend, plain, tmp_path):
    code, out, err = extend(flags=["--json"], steps=2)
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["out"] == str(tmp_path / "out")
    old, new = (AutoTokenizer.from_pretrained(folder) for folder in (plain, tmp_path / "out"))
    assert (report["before"]["tokens"], report["after"]["tokens"]) == (len(old), len(new)) == (len(old), len(old) + 40)
    assert "阿莫西林" in {item["text"] for item in report["added"] if item["uses"]}
    assert report["saved"] > 0.2
    assert report["after"]["tokens_a_character"] < report["before"]["tokens_a_character"]
    assert all(
        report[side][name] > 0
        for side in ("before", "after")
        for name in ("nats_a_character", "nats_a_character_after_training", "characters_a_second")
    )
    assert (report["steps"], report["characters_trained_on"] > 0) == (2, True)
    assert new.chat_template == old.chat_template
    assert (new.eos_token_id, new.pad_token_id) == (old.eos_token_id, old.pad_token_id)
    before, after = (AutoModelForCausalLM.from_pretrained(folder) for folder in (plain, tmp_path / "out"))
    assert after.config.vocab_size == len(old) + 40
    assert torch.equal(after.get_input_embeddings().weight[: len(old)], before.get_input_embeddings().weight)
    assert after.generation_config.to_dict() == before.generation_config.to_dict()
    note = json.loads((tmp_path / "out" / "assay_vocabulary.json").read_text())
    assert [item["id"] for item in note["tokens"]] == list(range(len(old), len(old) + 40))
    kept = json.loads((tmp_path / "out" / "assay_vocabulary_report.json").read_text())
    assert kept["after"] == report["after"]


def test_the_same_seed_writes_the_same_model(extend, tmp_path):
    for name in ("a", "b"):
        assert extend(out=tmp_path / name)[0] == 0
    first, second = digests(tmp_path / "a"), digests(tmp_path / "b")
    # Decoding speed is measured each time.
    del first["assay_vocabulary_report.json"], second["assay_vocabulary_report.json"]
    assert first == second


def test_a_corpus_in_gb18030_gives_the_same_tokens(extend, tmp_path):
    chinese = write_corpus(tmp_path / "gb.jsonl", encoding="gb18030")
    assert extend(out=tmp_path / "a", corpus=[chinese])[0] == 0
    assert extend(out=tmp_path / "b")[0] == 0
    assert (tmp_path / "a/tokenizer.json").read_bytes() == (tmp_path / "b/tokenizer.json").read_bytes()


def test_a_model_can_be_extended_again_and_all_its_new_tokens_are_kept_in_mind(extend, tmp_path):
    assert extend(add=10)[0] == 0
    assert extend(model=tmp_path / "out", add=5, out=tmp_path / "more")[0] == 0
    ids = [
        [item["id"] for item in json.loads((tmp_path / name / "assay_vocabulary.json").read_text())["tokens"]]
        for name in ("out", "more")
    ]
    assert ids[1] == [*ids[0], *range(ids[0][-1] + 1, ids[0][-1] + 6)]


def test_people_see_both_vocabularies_side_by_side(extend, tmp_path):
    code, out, err = extend(steps=1)
    assert code == 0
    for words in ("tokens a character", "characters decoded a second", "nats a character, 1 steps on", "40 new tokens"):
        assert words in out
    assert err.endswith(f"written: {tmp_path / 'out'}\n")


def test_a_vocabulary_that_saves_little_is_said_not_to_be_worth_it_and_is_written(extend, tmp_path):
    rare = [*(GENERAL * 60), *domain_texts(12)]
    texts = [f"{text}{number}" for number, text in enumerate(rare)]
    code, out, _ = extend(corpus=[write_corpus(tmp_path / "rare.jsonl", texts)], add=1)
    assert code == 0
    assert "not worth it: it saves" in out
    assert (tmp_path / "out" / "config.json").is_file()


def broken(plain, folder, **changes):
    """A copy of the model with other files; None takes one away."""
    shutil.copytree(plain, folder)
    for name, text in changes.items():
        path = folder / name.replace("_json", ".json")
        path.unlink()
        if text is not None:
            path.write_text(text)
    return folder


def no_config(plain, folder):
    return {"model": broken(plain, folder / "m", config_json=None)}


def too_small(plain, folder):
    config = json.loads((plain / "config.json").read_text()) | {"vocab_size": 100}
    return {"model": broken(plain, folder / "m", config_json=json.dumps(config))}


def no_tokenizer(plain, folder):
    return {"model": broken(plain, folder / "m", tokenizer_json=None)}


def quantised(plain, folder):
    config = json.loads((plain / "config.json").read_text()) | {"quantization_config": {"bits": 4}}
    return {"model": broken(plain, folder / "m", config_json=json.dumps(config))}


def latin(plain, folder):
    (folder / "latin.jsonl").write_bytes('{"text": "Fièvre élevée, toux sèche"}\n'.encode("latin-1"))
    return {"corpus": [folder / "latin.jsonl"]}


def no_corpus(plain, folder):
    return {"corpus": [folder / "none.jsonl"]}


def one_row(plain, folder):
    return {"corpus": [write_corpus(folder / "one.jsonl", ["阿莫西林" * 40])]}


def too_many(plain, folder):
    return {"add": 5000}


def there_already(plain, folder):
    (folder / "taken").mkdir()
    return {"out": folder / "taken"}


def no_place(plain, folder):
    return {"out": folder / "none" / "out"}


def a_hub_name(plain, folder):
    return {"model": "someone/model"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (no_config, "has no config.json"),
        (too_small, "the model 100; they do not belong together"),
        (no_tokenizer, "has no tokenizer.json"),
        (quantised, "is quantised"),
        (latin, "latin.jsonl"),
        (no_corpus, "there is no data file"),
        (one_row, "are too few"),
        (too_many, "lower --add or --least, or name more text"),
        (there_already, "is there already, and nothing is written over"),
        (no_place, "there is no folder"),
        (a_hub_name, "the model folder someone/model does not exist"),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_what_is_wrong_is_said_in_a_sentence_and_leaves_nothing_behind(extend, plain, tmp_path, wrong, said):
    changes = wrong(plain, tmp_path)
    before = sorted(path for path in tmp_path.rglob("*"))
    code, out, err = extend(**changes)
    assert (code, out) == (2, "")
    assert err.startswith("assay: ")
    assert said in err
    assert err.count("\n") == 1
    after = sorted(path for path in tmp_path.rglob("*") if path.name != "corpus.jsonl")
    assert after == before


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_stop_in_the_middle_leaves_nothing_behind(extend, tmp_path, monkeypatch, error):
    def measured(*_):
        raise error

    monkeypatch.setattr(extending, "_measured", measured)
    code, out, err = extend()
    assert (code, out) == ((130, "") if isinstance(error, KeyboardInterrupt) else (2, ""))
    assert err.strip().startswith("assay: stopped" if isinstance(error, KeyboardInterrupt) else "assay: cannot write")
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


def test_a_tokenizer_that_transformers_reads_otherwise_is_not_passed_on(extend, tmp_path, monkeypatch):
    def load(config):
        ids = [5] if config.path.endswith("out") else [5, 6]
        return lambda texts, **_: {"input_ids": [ids] * len(texts)}

    monkeypatch.setattr(extending, "load_tokenizer", load)
    code, _, err = extend()
    assert code == 2
    assert "otherwise than its tokenizer.json says" in err
    assert not (tmp_path / "out").exists()
