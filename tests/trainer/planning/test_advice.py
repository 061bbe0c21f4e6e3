"""The guide's rules at their lines: what is advised on either side of each."""

from dataclasses import replace

import pytest

from trainer.planning import advice
from trainer.planning.evidence import Evidence, Kind


def kind(rows, *, tokens=1000, lengths=(100,), learned=0.5):
    return Kind(("/data.jsonl",), rows, tokens, tokens, lengths, learned)


def evidence(pairs=0, documents=0, *, tokens=1000, han=0.9, han_tokens=0.7, letter_tokens=0.25):
    return Evidence(
        kind(pairs) if pairs else None, kind(documents, tokens=tokens) if documents else None, 10, han, han_tokens,
        letter_tokens,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "documents", "stages", "said"),
    [
        (9_999, 0, ("sft",), "which the guide finds enough below 10,000 pairs"),
        (10_000, 0, ("sft",), "the guide pre-trains on documents of the domain first"),
        (0, 50, ("cpt",), "documents alone"),
        (9_999, 50, ("sft",), "the documents can be left out"),
        (10_000, 50, ("cpt", "sft"), "a second pre-training teaches the domain"),
    ],
)
def test_stages_go_by_size_and_kind_of_the_data(pairs, documents, stages, said):
    found, reason = advice.stages_of(evidence(pairs, documents))
    assert found == stages
    assert said in reason.reason
    assert (reason.about, reason.source) == ("stages", "the guide")


@pytest.mark.parametrize(
    ("pairs", "is_chat", "start", "said"),
    [
        (99_999, True, "chat", "brings a chat template, so it is taken for a chat model"),
        (99_999, False, "chat", "WARNING: the folder brings no chat template, so it is taken for a base model, and"),
        (100_000, False, "base", "brings no chat template, so it is taken for a base model"),
        (100_000, True, "base", "consider its base version"),
        (0, False, "chat", "WARNING"),
    ],
)
def test_few_pairs_start_from_a_chat_model_many_from_a_base_model(pairs, is_chat, start, said):
    found, (why, named) = advice.start_of(evidence(pairs, 1), is_chat=is_chat)
    assert found == start
    assert f"start from a {start} model" in why.reason
    assert said in named.reason
    assert ("WARNING" in named.reason) == (start == "chat" and not is_chat)


@pytest.mark.parametrize(
    ("pairs", "documents", "tokens", "wants"),
    [(99_999, 0, 0, False), (100_000, 0, 0, True), (0, 9, 99_999_999, False), (0, 9, 100_000_000, True)],
)
def test_all_weights_are_for_much_data(pairs, documents, tokens, wants):
    assert advice.wants_all_weights(evidence(pairs, documents, tokens=tokens)) == wants


def test_the_guide_s_rate_is_for_all_weights_and_an_adapter_s_departs_with_a_reason():
    (full, (why,)), (lora, (because,)) = advice.lr_of("full"), advice.lr_of("lora")
    assert (full, lora, advice.lr_of("qlora")[0]) == (2e-5, 1e-4, 1e-4)
    assert "the guide" in why.source
    assert "five times the guide's 2e-5" in because.reason
    assert "LoRA Without Regret" in because.source


@pytest.mark.parametrize(
    ("rows", "size"), [(1, 1), (7, 7), (8, 8), (3_390, 8), (3_400, 16), (10_000, 32), (14_000, 64), (10**7, 64)]
)
def test_the_batch_is_a_middle_value(rows, size):
    assert advice.batch_size(rows)[0] == size


def test_the_rate_goes_with_the_root_of_the_batch_and_for_all_weights_not_above_the_guide_s():
    assert advice.rescaled("lora", 16, [1, 4, 32])[0] == {1: 2.5e-5, 4: 5e-5, 32: 1.4e-4}
    rates, reason = advice.rescaled("full", 16, [4, 32])
    assert rates == {4: 1e-5, 32: 2e-5}
    assert "never above 2e-5" in reason.reason


@pytest.mark.parametrize(
    ("stage", "rows", "epochs"),
    [("cpt", 5, 1), ("sft", 9_999, 3), ("sft", 10_000, 2), ("sft", 99_999, 2), ("sft", 100_000, 1)],
)
def test_epochs_fall_with_the_pairs(stage, rows, epochs):
    assert advice.epochs_of(stage, rows)[0] == epochs


@pytest.mark.parametrize(
    ("stage", "lengths", "longest", "length", "said"),
    [
        ("sft", (10,) * 99 + (100,), 4096, 128, "99 of 100 sampled rows have 128 tokens or fewer"),
        ("sft", (10,) * 100 + (900,), 4096, 64, "64 tokens or fewer"),
        ("sft", (100, 900, 900), 512, 512, "the model reads 512, so 67 % of the rows are cut"),
        ("sft", (2000,), None, 1024, "the model reads 1,024"),
        ("cpt", (9000,), 4096, 1024, "in parts of 1,024 tokens"),
        ("cpt", (9000,), 128, 128, "in parts of 128 tokens"),
    ],
)
def test_samples_are_as_long_as_nearly_all_need(stage, lengths, longest, length, said):
    found, reason = advice.length_of(stage, kind(len(lengths), lengths=lengths), longest)
    assert found == length
    assert said in reason.reason


def test_the_general_share_stays_and_the_guide_s_two_ranges_stand_beside_it():
    share, reason = advice.share_of(800)
    assert (share.value, share.tokens) == (0.2, 200)
    assert share.guide == ((0.1, 0.2), (5 / 6, 10 / 11))
    assert "10 to 20 %" in reason.reason
    assert "83 to 91 %" in reason.reason


@pytest.mark.parametrize(
    ("changes", "stages", "extend", "said"),
    [
        ({}, ("cpt", "sft"), False, "0.70 tokens a Chinese character and 0.25 tokens a letter of another script"),
        ({"han_tokens": 1.8}, ("cpt", "sft"), True, "extending it before the cpt stage makes decoding faster"),
        ({"han_tokens": 1.8}, ("sft",), False, "new tokens are learned from documents only"),
        ({"han_tokens": 1.8, "han_share": 0.05}, ("cpt",), False, "0.25 tokens a letter"),
        ({"letter_tokens": 0.6}, ("cpt",), True, "splits characters"),
        ({"letter_tokens": 0.6, "han_share": 0.95}, ("cpt",), False, "not worth it"),
        ({"han_tokens": None, "letter_tokens": None}, ("cpt",), False, "no characters"),
    ],
)
def test_a_vocabulary_that_splits_what_the_data_is_written_in_is_worth_extending(changes, stages, extend, said):
    found, reason = advice.vocabulary_of(replace(evidence(1, 1, han=0.8), **changes), 5000, stages)
    assert (found.tokens, found.extend) == (5000, extend)
    assert said in reason.reason
    assert "measured on 10 rows" in reason.source


def test_without_a_tokenizer_nothing_is_said_of_the_vocabulary():
    found, reason = advice.vocabulary_of(evidence(1), None, ("sft",))
    assert found is None
    assert "tokens are guessed" in reason.reason
