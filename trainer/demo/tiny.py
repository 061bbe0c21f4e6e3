"""A small Llama-shaped model made from nothing, with a tokenizer learned from the texts at hand."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

__all__ = ["CHAT_TEMPLATE", "as_text", "make_model", "make_tokenizer"]

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
"""One token says who speaks, one that the turn is over."""

SPECIALS = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
"""They come first in the vocabulary, so their places are their ids."""


def as_text(turns: Iterable[Mapping[str, str]]) -> str:
    """A conversation as the template renders it, without its last end of turn: the end of a text is one.

    >>> as_text([{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "2"}])
    '<|user|>1 + 1?<|end|><|assistant|>2'
    """
    return "<|end|>".join(f"<|{turn['role']}|>{turn['content']}" for turn in turns)


def make_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE vocabulary of at most `vocabulary` tokens."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    # Without its own decoder the text comes back as the bytes' stand-ins, and no answer ever matches.
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        # Two characters of Chinese at the most: what is said of one symptom then helps with its like.
        max_token_length=6,
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token=SPECIALS[0], eos_token=SPECIALS[1])
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIALS[2:]})
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def make_model(
    folder: Path, texts: Iterable[str], *, seed: int, vocabulary: int = 2000, width: int = 128, layers: int = 4
) -> None:
    """Make a model with random weights and its tokenizer, and save both in `folder`."""
    disable_progress_bar()
    tokenizer = make_tokenizer(texts, vocabulary)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=SPECIALS.index("<|end|>"),
        pad_token_id=SPECIALS.index("<|pad|>"),
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
