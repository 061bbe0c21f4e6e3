"""An extended tokenizer leaves every old token whole, and text without new tokens as it was."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.trainer.vocabulary.material import GENERAL, bytes_raw, domain_texts, pieces_raw
from trainer.errors import ModelError
from trainer.vocabulary.learning import learn_tokens
from trainer.vocabulary.spelling import Spelling
from trainer.vocabulary.tokens import Source

KINDS = {
    "bytes": bytes_raw, "whole words first": lambda: bytes_raw(ignores_merges=True),
    "merges as text": lambda: bytes_raw(merges_as_text=True), "pieces": pieces_raw,
}  # fmt: skip

ANY_TEXT = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([*domain_texts(8), *GENERAL, "阿莫", "西林 ", "。", " ", "12", "<|late|>"])).map("".join),
)  # fmt: skip


class Extended:
    def __init__(self, raw, folder):
        self.source = Source(folder, raw)
        self.learned = learn_tokens(self.source.runs(domain_texts()), 150, 5, is_new=self.source.is_new)
        self.spelled = [item.token for item in self.learned]
        self.raw = self.source.extended(self.learned)
        self.old, self.new = (Tokenizer.from_str(json.dumps(item)) for item in (raw, self.raw))

    def ids(self, tokenizer, text):
        return tokenizer.encode(text, add_special_tokens=False).ids


@pytest.fixture(scope="module", params=KINDS, ids=str)
def extended(request, tmp_path_factory):
    return Extended(KINDS[request.param](), tmp_path_factory.mktemp("model"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT)
@example(text="阿莫西林胶囊<|late|>一日三次<|药|>Take 头孢克肟颗粒")
def test_old_tokens_stay_whole_and_no_text_is_lost(extended, text):
    old, new = extended.ids(extended.old, text), extended.ids(extended.new, text)
    (before, ends), (after, fewer) = (extended.source.bounds(ids, extended.spelled) for ids in (old, new))
    assert after == before
    assert fewer <= ends
    assert extended.new.decode(new) == extended.old.decode(old)
    assert extended.new.decode(new, skip_special_tokens=False) == extended.old.decode(old, skip_special_tokens=False)
    if all(number < extended.source.size for number in new):
        assert new == old


def test_text_of_the_domain_takes_fewer_tokens_and_other_text_the_same(extended):
    def tokens(tokenizer, texts):
        return sum(len(extended.ids(tokenizer, text)) for text in texts)

    assert tokens(extended.new, domain_texts()) < 0.8 * tokens(extended.old, domain_texts())
    # "今天天气很好": nothing of the domain stands in it.
    assert extended.ids(extended.new, GENERAL[0]) == extended.ids(extended.old, GENERAL[0])


def test_new_tokens_are_letters_of_whole_characters_or_the_beginning_of_one(extended):
    for item in extended.learned:
        spelled = extended.source.spelling.bytes_of(item.token)
        text = spelled.decode(errors="ignore")
        assert all(character.isalpha() for character in text.removeprefix(" ")), item.token
        assert len(spelled) - len(text.encode()) <= 2


def test_new_ids_follow_all_old_ones_and_every_token_keeps_its_own(extended):
    vocabulary = extended.old.get_vocab(with_added_tokens=True)
    size = max(vocabulary.values()) + 1
    assert extended.source.size == size
    assert extended.new.get_vocab(with_added_tokens=True) == vocabulary | {
        token: size + number for number, token in enumerate(extended.spelled)
    }


def test_the_pieces_of_a_new_token_are_old_tokens_that_spell_it(extended):
    source = extended.source
    for item, pieces in zip(extended.learned, source.pieces(extended.learned), strict=True):
        assert len(pieces) > 1
        assert max(pieces) < source.size
        assert source.bounds(pieces, [])[0] == source.spelling.bytes_of(item.token)


def test_a_drug_is_one_token_in_the_end(extended):
    # One token, and the sign for a blank that Llama 2 puts before a text.
    assert len(extended.ids(extended.new, "阿莫西林")) <= 2


@pytest.mark.parametrize("file", ["absent", "broken", "unigram", "suffixed", "odd"])
def test_what_cannot_be_extended_is_refused_in_a_sentence(tmp_path, file):
    raw = bytes_raw()
    if file == "unigram":
        raw["model"] = {"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": 0}
    if file == "suffixed":
        raw["model"]["end_of_word_suffix"] = "</w>"
    texts = {"broken": "{", "odd": "[1]"}
    if file != "absent":
        (tmp_path / "tokenizer.json").write_text(texts.get(file, json.dumps(raw)))
    said = {
        "absent": "has no tokenizer.json", "broken": "cannot read", "unigram": "is Unigram; only BPE can be extended",
        "suffixed": "marks parts or ends of words", "odd": "is no tokenizer",
    }  # fmt: skip
    with pytest.raises(ModelError, match=said[file]):
        Source.of(tmp_path)


def test_digits_signs_and_blanks_are_no_words():
    spelling = Spelling(bytes_raw())
    assert [spelling.is_word(token) for token in ("ab", "Ġab", "a1", "a.", "aĠb", "Ġ", "ĠĠa")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip


def test_bytes_within_a_character_begin_one_or_are_no_word():
    # 药 is e8 8d af.
    spelling = Spelling(bytes_raw())
    assert [spelling.is_word(token) for token in ("èį", "įā", "èį¯", "èį¯èį", "Ġèį")] == [
        True,
        False,
        True,
        False,
        True,
    ]
