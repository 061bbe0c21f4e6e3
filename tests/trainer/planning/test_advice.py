"""The guide's rules at their lines: what is advised on either side of each."""

from dataclasses import replace

import pytest

from trainer.planning import advice
from trainer.planning.evidence import Evidence, Kind


def kind(rows, *, tokens=1000, lengths=(100,), learned=0.5):
    return Kind(("/data.jsonl",), rows, tokens, tokens, lengths, learned)


def evidence(pairs=0, documents=0, preferences=0, *, tokens=1000, han=0.9, han_tokens=0.7, letter_tokens=0.25):
    return Evidence(
        kind(pairs) if pairs else None, kind(documents, tokens=tokens) if documents else None, 10, han, han_tokens,
        letter_tokens, kind(preferences) if preferences else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "documents", "preferences", "stages", "said"),
    [
        (9_999, 0, 0, ("sft",), "which the guide finds enough below 10,000 pairs"),
        (10_000, 0, 0, ("sft",), "the guide pre-trains on documents of the domain first"),
        (0, 50, 0, ("cpt",), "documents alone"),
        (9_999, 50, 0, ("sft",), "the documents can be left out"),
        (10_000, 50, 0, ("cpt", "sft"), "a second pre-training teaches the domain"),
        (10_000, 50, 7, ("cpt", "sft", "dpo"), "7 preferences are learned last, by the model that answers already"),
        (0, 0, 7, ("dpo",), "start from a checkpoint that has been through SFT"),
    ],
)
def test_stages_go_by_size_and_kind_of_the_data(pairs, documents, preferences, stages, said):
    found, reason = advice.stages_of(evidence(pairs, documents, preferences))
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
    ],
)
def test_few_pairs_start_from_a_chat_model_many_from_a_base_model(pairs, is_chat, start, said):
    found, (why, named) = advice.start_of(evidence(pairs, 1), ("sft",), is_chat=is_chat)
    assert found == start
    assert f"start from a {start} model" in why.reason
    assert said in named.reason
    assert ("WARNING" in named.reason) == (start == "chat" and not is_chat)


@pytest.mark.parametrize(
    ("stages", "start", "said", "warns"),
    [(("cpt",), "base", "documents teach facts and no manners", False), (("dpo",), "chat", "choose between", True)],
)
def test_without_pairs_the_stage_says_what_to_start_from(stages, start, said, warns):
    found, (why, named) = advice.start_of(evidence(0, 1, 1), stages, is_chat=False)
    assert found == start
    assert said in why.reason
    assert ("WARNING" in named.reason) == warns


@pytest.mark.parametrize(
    ("pairs", "tokens", "stages", "wants"),
    [
        (99_999, 0, ("sft",), False), (100_000, 0, ("sft",), True), (0, 99_999_999, ("cpt",), False),
        (0, 100_000_000, ("cpt",), True), (5_000, 200_000_000, ("sft",), False),
    ],
)  # fmt: skip
def test_all_weights_are_for_much_data_that_is_trained_on(pairs, tokens, stages, wants):
    assert advice.wants_all_weights(evidence(pairs, 9, tokens=tokens), stages) == wants


def test_the_guide_s_rate_is_for_all_weights_and_an_adapter_s_departs_with_a_reason():
    (full, (why,)), (lora, (because,)) = advice.lr_of("full"), advice.lr_of("lora")
    assert (full, lora, advice.lr_of("qlora")[0]) == (2e-5, 1e-4, 1e-4)
    assert "the guide" in why.source
    assert "five times the guide's 2e-5" in because.reason
    assert "LoRA Without Regret" in because.source
    assert (advice.lr_at("full", 64), advice.lr_at("lora", 16), advice.lr_at("qlora", 16)) == (full, lora, lora)


@pytest.mark.parametrize(("length", "documents", "rows"), [(100, 8, 8), (1000, 80, 8), (50, 8, 8)])
def test_documents_are_counted_by_the_rows_they_fill(length, documents, rows):
    """A thousand documents of 100 tokens: ten fill a row of a thousand; of half as many each is read in two parts."""
    found, reason = advice.filled(kind(1000, tokens=100_000, lengths=(100,)), length)
    assert found == (documents, rows)
    assert f"{documents} documents or parts of them a step" in reason.reason


@pytest.mark.parametrize(
    ("rows", "size"), [(1, 1), (7, 7), (8, 8), (3_390, 8), (3_400, 16), (10_000, 32), (14_000, 64), (10**7, 64)]
)
def test_the_batch_is_a_middle_value(rows, size):
    assert advice.batch_size(rows)[0] == size


def test_the_rate_goes_with_the_root_of_the_batch_and_for_all_weights_not_above_the_guide_s():
    assert advice.rescaled("lora", 16, [1, 4, 32])[0] == {1: 2.5e-5, 4: 5e-5, 32: 1.4e-4}
    rates, reason = advice.rescaled("full", 16, [4, 64, 256])
    assert rates == {4: 5e-6, 64: 2e-5, 256: 2e-5}
    assert "with 16 a step the rate is 1e-05" in reason.reason
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
