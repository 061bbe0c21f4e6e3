"""The table of memory: what is published of 7B models, what fits which card, and what must always hold."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import pytest

from assay.errors import AssayError
from tests.trainer.planning.shapes import LLAMA_2_7B, QWEN_7B, SMALL_GPT2, SMALL_LLAMA
from trainer.planning.activations import Setting, activations
from trainer.planning.architecture import architecture_of
from trainer.planning.memory import METHODS, card_of, largest_fit, memory_of, sharded_over

GB = 10**9
GIB = 2**30


def shape(fields):
    return architecture_of(fields, Path("config.json"))


LLAMA, QWEN = shape(LLAMA_2_7B), shape(QWEN_7B)
SMALL = [shape(SMALL_LLAMA), shape(SMALL_GPT2), shape({**SMALL_LLAMA, "model_type": "qwen3", "head_dim": 16})]


def test_all_weights_of_a_7b_model_take_about_120_gb():
    """LLaMA-Factory's table: 18 bytes a parameter, 120 GB, with bf16 arithmetic on float32 weights."""
    found = memory_of(LLAMA, Setting("full", length=512, checkpointing=True))
    numbers = LLAMA.parameters
    assert (found.weights, found.gradients) == (4 * numbers, 4 * numbers)
    assert found.optimizer == 8 * numbers + 4 * (32 * 9 + 3)
    assert found.total / (120 * GB) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_an_adapter_of_a_7b_model_fits_a_card_of_24_gb(checkpointing):
    found = memory_of(LLAMA, Setting("lora", length=1024, checkpointing=checkpointing))
    assert found.total < card_of("24GB").usable < 24 * GIB
    assert found.weights == 2 * LLAMA.parameters + found.gradients


def test_all_weights_of_a_7b_model_take_four_cards_of_40_gb_as_the_guide_says():
    assert sharded_over(LLAMA, Setting("full"), card_of("40GB")) == 4
    assert sharded_over(LLAMA, Setting("full"), card_of("1GB")) is None


@pytest.mark.parametrize(
    ("length", "measured"), [(256, 20.1), (512, 20.4), (1024, 21.5), (2048, 23.8), (4096, 29.7), (8192, 36.6)]
)
def test_qwen_7b_takes_what_its_authors_measured_on_an_a100(length, measured):
    """QwenLM/Qwen, README: LoRA of rank 64, one sample, checkpointed; what the card held, its driver's share too."""
    found = memory_of(QWEN, Setting("lora", length=length, checkpointing=True, rank=64))
    assert found.total / (measured * GIB) == pytest.approx(1, abs=0.2)
    assert found.total < measured * GIB


def test_weights_of_4_bits_are_those_of_the_linear_layers():
    found = memory_of(LLAMA, Setting("qlora"))
    linear = 32 * (4 * 4096**2 + 3 * 4096 * 11008)
    adapter = found.gradients
    assert found.weights == linear // 2 + linear // 64 + linear // 16384 * 4 + 2 * (LLAMA.parameters - linear) + adapter
    assert 8 * (linear // 64 + linear // 16384 * 4) / linear == pytest.approx(0.127, abs=5e-4)  # QLoRA, section 3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", SMALL, ids=lambda model: model.kind)
def test_more_at_once_never_takes_less_and_checkpointing_never_more(model, method):
    for precision, padded in product(("bf16", "fp32"), (False, True)):
        base = Setting(method, precision=precision, padded=padded)
        for key, values in (("length", (16, 64, 128)), ("micro_batch", (1, 2, 8)), ("learned", (0.1, 0.5, 1.0))):
            sizes = [activations(model, replace(base, **{key: value})) for value in values]
            assert sizes == sorted(sizes)
        for length in (16, 128):
            whole = replace(base, length=length, micro_batch=4)
            again = replace(whole, checkpointing=True)
            assert activations(model, again) <= activations(model, whole)


def test_a_method_trains_fewer_numbers_than_the_one_before():
    rows = [memory_of(LLAMA, Setting(method)) for method in METHODS]
    assert all(left.total > right.total for left, right in pairwise(rows))
    assert rows[1].gradients == rows[2].gradients < rows[0].gradients / 100


def test_weights_of_another_type_than_the_arithmetic_are_copied():
    """fp16 files under bf16: the copies are kept for the backward pass, twice the linear weights."""
    narrow = shape({**LLAMA_2_7B, "torch_dtype": "float16"})
    grown = activations(narrow, Setting("lora")) - activations(LLAMA, Setting("lora"))
    assert grown == 2 * (32 * narrow.linear_parameters + 32000 * 4096)


@pytest.mark.parametrize(
    ("text", "size"), [("24GB", 24), (" 24 gb", 24), ("A100-40GB", 40), ("H200 141GiB", 141), ("0.5G", 0.5)]
)
def test_cards_are_counted_in_the_gb_they_are_sold_by(text, size):
    card = card_of(text)
    assert (card.name, card.size, card.usable) == (text.strip(), int(size * GIB), int(size * GIB * 0.9))


@pytest.mark.parametrize("text", ["A100", "24", "24TB", "-24GB", "0GB", "GB", "24GB x 2"])
def test_a_card_without_its_memory_is_unknown(text):
    with pytest.raises(AssayError) as caught:
        card_of(text)
    said = "Assay does not know this card; write how much memory it has, as in 24GB"
    assert str(caught.value) == f"--gpu {text}: {said}"


def test_checkpointing_comes_only_where_not_even_one_sample_fits_without():
    setting = Setting("lora", length=1024)
    found = largest_fit(LLAMA, setting, card_of("24GB"), (1, 2, 4))
    assert (found.setting.micro_batch, found.setting.checkpointing) == (1, False)
    found = largest_fit(LLAMA, replace(setting, length=2048), card_of("24GB"), (1, 2, 4))
    assert (found.setting.micro_batch, found.setting.checkpointing) == (4, True)
    assert found.total <= card_of("24GB").usable
    assert largest_fit(LLAMA, setting, card_of("12GB"), (1, 2, 4)) is None
    assert largest_fit(LLAMA, replace(setting, method="qlora"), card_of("12GB"), (1, 2, 4)) is not None


def test_the_table_needs_no_torch():
    code = "import sys, trainer.planning.memory; print({'torch', 'transformers', 'numpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
