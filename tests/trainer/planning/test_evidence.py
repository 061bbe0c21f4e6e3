"""What the data is, counted whole; tokens from a seeded sample, with the model's tokenizer or a guess."""

import json

import pytest

from evals.text.errors import DataError
from trainer.demo.tiny import make_tokenizer
from trainer.errors import ModelError
from trainer.planning.evidence import TURN_TOKENS, read_evidence
from trainer.planning.tokens import Tokens, has_chat_template


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def tokens(tmp_path):
    """A tokenizer of bytes alone: three tokens a Chinese character, one a letter."""
    folder = tmp_path / "tokenizer"
    make_tokenizer([], 300).save_pretrained(folder)
    return Tokens(folder, None)


def test_pairs_and_documents_are_told_apart_and_counted(tmp_path):
    pairs = write(tmp_path / "pairs.jsonl", [{"instruction": "药", "output": "是的"}] * 3)
    more = tmp_path / "more.csv"
    more.write_text("prompt,completion\nhi,hello\n", encoding="utf-8")
    texts = write(tmp_path / "texts.jsonl", [{"text": "一二三四"}] * 2)
    found = read_evidence([pairs, texts, str(more)], None)
    assert (found.pairs.rows, found.documents.rows, found.rows_of_pairs) == (4, 2, 4)
    assert (found.pairs.files, found.documents.files) == ((pairs, str(more)), (texts,))
    assert (found.pairs.characters, found.documents.characters) == (16, 8)
    assert found.sampled == 6


def test_without_a_tokenizer_tokens_are_guessed(tmp_path):
    row = {"instruction": "abcd efgh", "output": "药品"}
    found = read_evidence([write(tmp_path / "a.jsonl", [row])], None)
    assert found.pairs.lengths == (3 + 2 + 2 * TURN_TOKENS,)
    assert found.pairs.tokens == 3 + 2 + 2 * TURN_TOKENS
    assert found.pairs.learned == 3 / 21
    assert (found.han_tokens, found.letter_tokens) == (None, None)
    assert found.han_share == 2 / 10


def test_with_a_tokenizer_they_are_counted(tmp_path, tokens):
    found = read_evidence([write(tmp_path / "a.jsonl", [{"text": "药品 is 5!"}])], tokens)
    assert found.documents.lengths == (2 * 3 + 6 + 1,)
    assert found.documents.learned == 1.0
    assert (found.han_tokens, found.letter_tokens) == (3.0, 1.0)
    assert found.han_share == 0.5


def test_the_sample_is_that_of_its_seed(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.planning.evidence.SAMPLED", 5)
    spec = write(tmp_path / "a.jsonl", [{"text": "字" * (number + 1)} for number in range(200)])
    first, again, other = (read_evidence([spec], None, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.documents.lengths != other.documents.lengths
    assert (len(first.documents.lengths), first.sampled, first.documents.rows) == (5, 5, 200)
    assert first.documents.tokens == 200 * 201 // 2 + 200


def test_of_long_documents_the_start_is_turned_into_tokens(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.planning.evidence.LONGEST", 10)
    monkeypatch.setattr("trainer.planning.evidence.CHARACTERS", 25)
    spec = write(tmp_path / "a.jsonl", [{"text": "字" * 1000}] * 9)
    found = read_evidence([spec], None)
    assert found.documents.lengths == (1001,) * 3
    assert found.documents.tokens == 9 * 1001


def test_the_length_that_most_rows_need_is_found(tmp_path):
    spec = write(tmp_path / "a.jsonl", [{"text": "字" * number} for number in range(1, 101)])
    found = read_evidence([spec], None).documents
    assert [found.length_of(share) for share in (0.0, 0.5, 0.99, 1.0)] == [2, 52, 101, 101]


def test_empty_texts_are_no_trouble(tmp_path, tokens):
    spec = write(tmp_path / "a.jsonl", [{"instruction": "", "output": ""}])
    found = read_evidence([spec], tokens)
    assert (found.pairs.lengths, found.han_share, found.han_tokens) == ((2 * TURN_TOKENS,), 0.0, None)


def test_half_a_character_is_no_trouble(tmp_path, tokens):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a\\ud800b"}\n')
    assert read_evidence([str(path)], tokens).documents.lengths == (4,)


def test_a_file_of_several_formats_is_told_by_its_line(tmp_path):
    spec = write(tmp_path / "a.jsonl", [{"instruction": "a", "output": "b"}, {"text": "c"}])
    with pytest.raises(DataError, match=r"a\.jsonl line 2 lacks instruction: the rows before it are Alpaca rows"):
        read_evidence([spec], None)


def test_a_tokenizer_with_more_tokens_than_the_model_has_places_is_refused(tmp_path):
    make_tokenizer([], 300).save_pretrained(tmp_path)
    size = Tokens.of(tmp_path, None).size
    assert Tokens.of(tmp_path, size).size == size
    with pytest.raises(ModelError) as caught:
        Tokens.of(tmp_path, size - 1)
    assert str(caught.value) == (
        f"the tokenizer in {tmp_path} has {size} tokens, the model {size - 1}; they do not belong together"
    )


def test_a_broken_tokenizer_is_told_in_a_sentence(tmp_path):
    assert Tokens.of(tmp_path, None) is None
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"^cannot read .*tokenizer\.json: .*; take a whole copy of the model$"):
        Tokens.of(tmp_path, None)


@pytest.mark.parametrize(
    ("name", "text", "is_chat"),
    [
        ("chat_template.jinja", "{{ messages }}", True),
        ("tokenizer_config.json", '{"chat_template": "{{ messages }}"}', True),
        ("tokenizer_config.json", '{"eos_token": "</s>"}', False),
        ("tokenizer_config.json", "{", False),
        ("chat_template.json", '{"chat_template": "{{ messages }}"}', True),
        ("README.md", "chat_template", False),
    ],
)
def test_a_chat_template_is_looked_for_where_models_bring_one(tmp_path, name, text, is_chat):
    (tmp_path / name).write_text(text)
    assert has_chat_template(tmp_path) == is_chat
