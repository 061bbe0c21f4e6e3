"""The rows of new tokens are means, and all that was there before stays as it was, bit for bit."""

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from trainer.vocabulary.rows import add_rows, rounded


def model(rows=70, *, tied=True, dtype=torch.float32):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=rows, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, tie_word_embeddings=tied,
    )  # fmt: skip
    return LlamaForCausalLM(config).to(dtype)


def weights(made):
    return [made.get_input_embeddings().weight.detach(), made.get_output_embeddings().weight.detach()]


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_new_rows_are_means_of_their_pieces_at_both_ends(tmp_path, tied, dtype):
    made = model(tied=tied, dtype=dtype)
    before = [weight.clone() for weight in weights(made)]
    add_rows(made, [[1, 2], [3, 4, 5, 1]], 70)
    made.save_pretrained(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, dtype="auto")
    assert loaded.config.vocab_size == 72
    assert loaded.config.tie_word_embeddings is tied
    assert (loaded.get_input_embeddings().weight is loaded.get_output_embeddings().weight) is tied
    for old, new in zip(before, weights(loaded), strict=True):
        assert torch.equal(new[:70], old)
        assert torch.equal(new[70], old[[1, 2]].float().mean(dim=0).to(dtype))
        assert torch.equal(new[71], old[[3, 4, 5, 1]].float().mean(dim=0).to(dtype))


def test_rows_that_are_spare_are_used_and_the_others_left_alone():
    made = model(128)
    before = weights(made)[0].clone()
    add_rows(made, [[1, 2]], 100)
    after = weights(made)[0]
    assert after.shape == (128, 16)
    assert torch.equal(after[100], before[[1, 2]].mean(dim=0))
    kept = [row for row in range(128) if row != 100]
    assert torch.equal(after[kept], before[kept])


def test_a_multiple_is_kept_with_rows_that_are_never_the_likeliest():
    made = model(128)
    before = weights(made)[0].clone()
    add_rows(made, [[1, 2]] * 30, 120)
    after = weights(made)[0]
    assert after.shape == (256, 16)
    assert torch.equal(after[:120], before[:120])
    torch.testing.assert_close(after[150:], before[:120].mean(dim=0).expand(106, 16))
    logits = made.eval()(input_ids=torch.arange(1, 100)[None]).logits[0]
    assert int(logits.argmax(dim=-1).max()) < 150


@pytest.mark.parametrize(("rows", "before", "expected"), [(71, 70, 71), (60, 70, 70), (129, 128, 256), (100, 96, 100)])
def test_rows_are_rounded_as_the_model_has_them(rows, before, expected):
    assert rounded(rows, before) == expected
