"""Ask a model: greedy answers to prompts, the same whatever they are batched with."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import nn

from evals.prompt import ChatTemplate, ChatTokenizer
from evals.text.errors import DataError
from evals.text.sample import Turn

__all__ = ["Decoder", "answer", "evaluating", "generate", "longest_input", "reply", "room_for", "stops_of"]


class Decoder(ChatTokenizer, Protocol):
    """What this module asks of a tokenizer; those of transformers have it."""

    @property
    def eos_token_id(self) -> Any:
        """Id of the end-of-sequence token; None without one."""
        ...

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> Any:
        """Turn ids into text."""
        ...


def answer(
    model: nn.Module,
    tokenizer: Decoder,
    template: ChatTemplate,
    questions: Sequence[str],
    *,
    max_new_tokens: int,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Ask single questions as in a chat and return the answers; as `reply`."""
    return reply(
        model, tokenizer, template, [[Turn("user", question)] for question in questions],
        max_new_tokens=max_new_tokens, batch_size=batch_size, progress=progress,
    )  # fmt: skip


def reply(
    model: nn.Module,
    tokenizer: Decoder,
    template: ChatTemplate,
    conversations: Sequence[Sequence[Turn]],
    *,
    max_new_tokens: int,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Say what comes next in each conversation, without blanks around it.

    An answer also ends with the template's end-of-turn token, which need not be the model's end of sequence.
    Raises DataError where the template refuses a conversation, and as `generate` does.
    """
    generator: Any = model
    said = generate(
        model,
        tokenizer,
        [template.prompt(list(turns)) for turns in conversations],
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        stop_ids=stops_of(generator.generation_config.eos_token_id, tokenizer, template),
        progress=progress,
    )
    return [text.strip() for text in said]


def generate(
    model: nn.Module,
    tokenizer: Decoder,
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
    batch_size: int = 8,
    stop_ids: frozenset[int] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Continue each prompt with the likeliest tokens, and return the new text without special tokens.

    An answer ends before the first of `stop_ids`, by default the end-of-sequence tokens of model and tokenizer.
    What the model's own generation config says of sampling and penalties is left aside. A prompt that would
    leave no room for `max_new_tokens` is cut from the left. `progress` is told how many are answered so far.
    Raises DataError where the model cannot read that many tokens.
    """
    assert all(prompts), "a model goes on from one token at least"
    generator: Any = model
    stops = _ends_of_sequence(generator.generation_config.eos_token_id, tokenizer) if stop_ids is None else stop_ids
    room = room_for(model, max_new_tokens)
    fitting = [prompt[-room:] if room else prompt for prompt in prompts]
    # Longest first: less padding, and what does not fit in memory fails at once.
    order = sorted(range(len(prompts)), key=lambda place: -len(fitting[place]))
    texts: dict[int, str] = {}
    with evaluating(model):
        for begin in range(0, len(order), batch_size):
            places = order[begin : begin + batch_size]
            continued = _continue(model, [fitting[place] for place in places], max_new_tokens, stops)
            for place, ids in zip(places, continued, strict=True):
                texts[place] = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            if progress:
                progress(len(texts))
    return [texts[place] for place in range(len(prompts))]


@contextmanager
def evaluating(model: nn.Module) -> Generator[None]:
    """Switch a model to evaluation and gradients off, and put back the mode of each of its modules."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def longest_input(model: nn.Module) -> int | None:
    """Tokens the model was made for at the most; None where it does not say."""
    config: Any = model.config
    return getattr(config.get_text_config(), "max_position_embeddings", None)


def _continue(model: nn.Module, prompts: list[list[int]], tokens: int, stops: frozenset[int]) -> list[list[int]]:
    """The new ids of each prompt, up to the first stop."""
    device = next(model.parameters()).device
    width = max(map(len, prompts))
    # Padding is masked, and behind a stop it is cut away: any id will do.
    pad = min(stops, default=0)
    ids = [[pad] * (width - len(prompt)) + prompt for prompt in prompts]
    mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    generator: Any = model
    found = generator.generate(
        input_ids=torch.tensor(ids, device=device),
        attention_mask=torch.tensor(mask, device=device),
        **_greedy(generator, max_new_tokens=tokens, eos_token_id=sorted(stops) or None, pad_token_id=pad),
    )
    return [_before_stop(row, stops) for row in found[:, width:].tolist()]


def _greedy(generator: Any, **settings: Any) -> dict[str, Any]:
    """Arguments for greedy decoding that leave nothing of what the model's folder asks for."""
    # A folder's repetition penalty would change the answers, its temperature would only warn.
    unset = dict.fromkeys(generator.generation_config.to_diff_dict())
    return {**unset, "do_sample": False, "num_beams": 1, "use_cache": True, **settings}


def _before_stop(ids: list[int], stops: frozenset[int]) -> list[int]:
    return next((ids[:place] for place, number in enumerate(ids) if number in stops), ids)


def room_for(model: nn.Module, max_new_tokens: int) -> int | None:
    """Tokens of a prompt that leave enough for the answer, a longer one is cut; None where the model does not say.

    Raises DataError where there is no room for a question.
    """
    limit = longest_input(model)
    if limit is not None and limit <= max_new_tokens:
        raise DataError(
            f"answers of {max_new_tokens} tokens leave no room for a question, for the model reads {limit} in all; "
            "ask for fewer"
        )
    return None if limit is None else limit - max_new_tokens


def stops_of(said: int | list[int] | None, tokenizer: Decoder, template: ChatTemplate) -> frozenset[int]:
    """The tokens with which an answer of `reply` ends; `said` is eos_token_id of the model's generation config."""
    return _ends_of_sequence(said, tokenizer) | _end_of_turn(tokenizer, template)


def _ends_of_sequence(said: int | list[int] | None, tokenizer: Decoder) -> frozenset[int]:
    ends: list[int | None] = [*(said if isinstance(said, list) else [said]), tokenizer.eos_token_id]
    return frozenset(end for end in ends if end is not None)


def _end_of_turn(tokenizer: Decoder, template: ChatTemplate) -> frozenset[int]:
    """The special token with which the template ends an answer, if it does."""
    found = template.encode([Turn("user", "a"), Turn("assistant", "a")])
    said = [number for number, wanted in zip(found.ids, found.answer, strict=True) if wanted]
    return frozenset(said[-1:]) & frozenset(tokenizer.all_special_ids)
