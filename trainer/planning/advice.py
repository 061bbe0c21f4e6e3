"""The guide's advice as rules: each gives what to do and a reason in a sentence, with where that comes from."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainer.config import DataConfig
from trainer.planning.evidence import Evidence, Kind
from trainer.planning.share import GUIDE_RANGES, in_words, measured

__all__ = [
    "DPO_LR", "FULL_LR", "GUIDE", "LEAST_BATCH", "LORA_LR", "OURS", "Reason", "Share", "Vocabulary", "as_dicts",
    "batch_size", "epochs_of", "filled", "length_of", "lr_at", "lr_of", "rescaled", "share_of", "stages_of", "start_of",
    "vocabulary_of", "wants_all_weights",
]  # fmt: skip

SFT_ALONE = 10_000
"""Pairs below which the guide leaves out a second pre-training."""

FROM_BASE = 100_000
"""Pairs from which the guide begins with a base model."""

FULL_LR, LORA_LR = 2e-5, 1e-4

FULL_BATCH, LORA_BATCH = 64, 16
"""Samples a step that these rates belong to: Llama 2 took 2e-5 with 64, QLoRA twice our rate with 16."""

DPO_LR = {"full": 1e-6, "lora": 1e-5, "qlora": 1e-5}
"""Those of `assay train`, as TRL has them."""

MANY_TOKENS = 100_000_000
"""Tokens of documents from which an adapter is taken to be too small for what is to be learned."""

LEAST_BATCH, LARGEST_BATCH, STEPS = 8, 64, 300
"""The batch lies between these; between them an epoch has about so many steps."""

HAN_SPLIT, LETTER_SPLIT = 1.0, 0.5
"""Tokens a character above which a vocabulary splits what it should hold: a Chinese one, a letter of another script."""

LOOKED_AT = 0.1
"""Share of the letters from which a kind of them is looked at."""

GUIDE = "the guide"
OURS = "our choice, not measured"
OUR_TABLE = "the guide, and docs/general-share.md"


@dataclass(frozen=True)
class Reason:
    """Why something is advised."""

    about: str
    """What it is a reason for."""

    reason: str
    """A sentence."""

    source: str
    """Where it comes from: the guide, a paper, a measurement of ours, or nobody but us."""


@dataclass(frozen=True)
class Share:
    """How much general data to mix in."""

    value: float
    """Share of the training tokens that should come from general data."""

    guide: tuple[tuple[float, float], ...]
    """The ranges that the guide gives, which contradict each other."""

    tokens: int
    """Tokens of general data that this takes, beside those of the domain."""


@dataclass(frozen=True)
class Vocabulary:
    """How the model's vocabulary fits the data."""

    tokens: int
    """How many it has."""

    han_tokens: float | None
    """Tokens a Chinese character of the sample."""

    letter_tokens: float | None
    """Tokens a letter of another script."""

    extend: bool
    """Whether extending it is worth a try."""


def stages_of(evidence: Evidence) -> tuple[tuple[str, ...], Reason]:
    """The stages to train in: cpt on documents, sft on pairs, or both; dpo on preferences last."""
    if evidence.preferences is None:
        return _stages_before(evidence)
    preferences = f"{evidence.preferences.rows:,} preferences are learned last, by the model that answers already"
    if not evidence.pairs and not evidence.documents:
        said = f"{preferences}: start from a checkpoint that has been through SFT"
        return ("dpo",), Reason("stages", said, GUIDE)
    before, reason = _stages_before(evidence)
    return (*before, "dpo"), replace(reason, reason=f"{reason.reason}; {preferences}")


def _stages_before(evidence: Evidence) -> tuple[tuple[str, ...], Reason]:
    pairs = evidence.rows_of_pairs
    if evidence.documents is None:
        said = f"the data has {pairs:,} pairs and no documents, so it is SFT alone"
        if pairs >= SFT_ALONE:
            said += (
                "; with so many pairs the guide pre-trains on documents of the domain first, so name them if you can"
            )
        else:
            said += f", which the guide finds enough below {SFT_ALONE:,} pairs"
        return ("sft",), Reason("stages", said, GUIDE)
    if pairs == 0:
        said = "the data has documents alone, which teach facts; to answer questions the model then needs SFT on pairs"
        return ("cpt",), Reason("stages", said, GUIDE)
    if pairs < SFT_ALONE:
        said = f"{pairs:,} pairs are fewer than {SFT_ALONE:,}, so SFT alone will do and the documents can be left out"
        return ("sft",), Reason("stages", said, GUIDE)
    said = f"documents and {pairs:,} pairs: a second pre-training teaches the domain, SFT then how to answer"
    return ("cpt", "sft"), Reason("stages", said, GUIDE)


def start_of(evidence: Evidence, stages: Sequence[str], *, is_chat: bool) -> tuple[str, list[Reason]]:
    """Whether to start from a chat or a base model, and what to think of the one that was named."""
    start, why = _start_and_why(evidence.rows_of_pairs, stages)
    reasons = [Reason("start", f"start from a {start} model: {why}", GUIDE)]
    found = "a chat" if is_chat else "a base"
    told = "brings a chat template" if is_chat else "brings no chat template"
    said = f"the folder {told}, so it is taken for {found} model; some base models bring one too"
    if start == "chat" and not is_chat:
        little = "preferences teach no one to converse" if tuple(stages) == ("dpo",) else "there is little data"
        said = f"WARNING: {said.partition(';')[0]}, and {little}: take the chat version of it"
    elif start == "base" and is_chat:
        said += "; if it is one for chat, consider its base version"
    return start, [*reasons, Reason("start", said, "tokenizer_config.json and chat_template.jinja")]


def _start_and_why(pairs: int, stages: Sequence[str]) -> tuple[str, str]:
    line = f"(the guide's line is {FROM_BASE:,})"
    if tuple(stages) == ("dpo",):
        return "chat", "preferences choose between answers, and a chat model gives some already"
    if "sft" not in stages:
        why = "documents teach facts and no manners, and would wear off those of a chat model"
        return "base", f"{why}; SFT on pairs comes after them"
    if pairs >= FROM_BASE:
        return (
            "base",
            f"{pairs:,} pairs can teach a base model to answer, without another one's manners under them {line}",
        )
    return "chat", f"{pairs:,} pairs are too few to teach a base model to converse; a chat model can already {line}"


def wants_all_weights(evidence: Evidence, stages: Sequence[str]) -> bool:
    """Whether there is so much to learn in these stages that all weights are worth their memory."""
    tokens = evidence.documents.tokens if evidence.documents and "cpt" in stages else 0
    return evidence.rows_of_pairs >= FROM_BASE or tokens >= MANY_TOKENS


def lr_of(method: str) -> tuple[float, list[Reason]]:
    """The highest learning rate of a method, at the batch it belongs to; see `lr_at`."""
    if method == "full":
        said = (
            f"the guide keeps all weights at 2e-5 or below, so that the model forgets little; that rate belongs to "
            f"{FULL_BATCH} samples a step"
        )
        return FULL_LR, [Reason("lr", said, f"{GUIDE}; Llama 2 fine-tuned with 2e-5 and {FULL_BATCH} as well")]
    said = (
        f"1e-4 at {LORA_BATCH} samples a step, five times the guide's 2e-5: that is a rate for all weights, and an "
        f"adapter, which is small and begins at zero, learns best at about ten times theirs; half of that is kept back "
        f"against forgetting"
    )
    source = "Schulman et al. 2025, LoRA Without Regret; arXiv 2305.14314 (2e-4 at 16); arXiv 2405.09673"
    return LORA_LR, [Reason("lr", said, source)]


def lr_at(method: str, size: int) -> float:
    """The highest learning rate at so many samples a step: by the root of the batch, for all weights never above 2e-5.

    >>> lr_at("lora", 16), lr_at("lora", 64), lr_at("full", 16), lr_at("full", 256)
    (0.0001, 0.0002, 1e-05, 2e-05)
    """
    if method == "full":
        return float(f"{min(FULL_LR, FULL_LR * math.sqrt(size / FULL_BATCH)):.2g}")
    return float(f"{LORA_LR * math.sqrt(size / LORA_BATCH):.2g}")


def batch_size(rows: int) -> tuple[int, Reason]:
    """Samples a step: a power of two in the middle.

    >>> [batch_size(rows)[0] for rows in (5, 1000, 10_000, 1_000_000)]
    [5, 8, 32, 64]
    """
    middle = 2 ** round(math.log2(max(1, rows) / STEPS)) if rows >= STEPS else 1
    size = min(rows, max(LEAST_BATCH, min(LARGEST_BATCH, int(middle))))
    said = (
        f"{size} samples a step: a middle value, from {LEAST_BATCH} to {LARGEST_BATCH}, with about {STEPS} steps an "
        f"epoch where that lets it"
    )
    return size, Reason("batch", said, f"{GUIDE} (a middle value); the numbers are {OURS}")


def filled(kind: Kind, length: int) -> tuple[tuple[int, int], Reason]:
    """Documents a step, and the rows of so many tokens that they fill: that many rows are the batch.

    >>> filled(Kind((), 8000, 0, 800_000, (100,), 1.0), 1000)[0]
    (80, 8)
    """
    parts, rows = kind.parts(length), max(1, round(kind.rows * sum(kind.lengths) / len(kind.lengths) / length))
    size, reason = batch_size(rows)
    documents = min(parts, max(1, round(size * parts / rows)))
    said = f"{documents:,} documents or parts of them a step, which packed fill about {size} rows of {length:,} tokens"
    return (documents, size), replace(
        reason, reason=f"{said}: a middle value, with about {STEPS} steps where that lets it"
    )


def rescaled(method: str, size: int, others: Iterable[int]) -> tuple[dict[int, float], Reason]:
    """The learning rate that goes with other batch sizes; see `lr_at`.

    >>> rescaled("full", 16, [4, 64])[0]
    {4: 5e-06, 64: 2e-05}
    """
    rates = {other: lr_at(method, other) for other in others}
    said = (
        f"with {size} a step the rate is {lr_at(method, size):g}, however many are in memory at once: adding up "
        f"gradients changes nothing; another batch takes the rate times the root of its ratio"
    )
    if method == "full":
        said += ", and never above 2e-5"
    return rates, Reason("batch", said, "arXiv 2205.10287; accumulation: measured in tests/trainer/test_step.py")


def epochs_of(stage: str, rows: int) -> tuple[float, Reason]:
    """Passes over the data of a stage."""
    if stage == "dpo":
        said = "preferences are read once; read again they push the model far from where it was"
        return 1.0, Reason("epochs", said, "Zephyr (arXiv 2310.16944) and Tulu 3 (arXiv 2411.15124) took 1 to 3")
    if stage == "cpt":
        said = "documents are read once; read again they are remembered rather than understood"
        return 1.0, Reason(
            "epochs", said, f"{OURS}; arXiv 2305.16264 finds up to four passes nearly as good as new text"
        )
    epochs = 3.0 if rows < SFT_ALONE else 2.0 if rows < FROM_BASE else 1.0
    said = f"{epochs:g} over {rows:,} pairs; the checkpoint with the lowest validation loss is kept, whenever it comes"
    return epochs, Reason(
        "epochs", said, "Stanford Alpaca took 3 over 52,000, Llama 2 took 2 over 27,540; between: ours"
    )


def length_of(stage: str, kind: Kind, longest: int | None) -> tuple[int, Reason]:
    """Tokens of a sample at the most: what 99 in 100 rows need, or what the model reads."""
    limit = longest or DataConfig.max_length
    if stage == "cpt":
        length = min(DataConfig.max_length, limit)
        return length, Reason("length", f"documents are read in parts of {length:,} tokens", OURS)
    needed = -(-kind.length_of(0.99) // 64) * 64
    length = max(64, min(needed, limit))
    said = f"99 of 100 sampled rows have {needed:,} tokens or fewer, with their template"
    if needed > limit:
        over = sum(item > limit for item in kind.lengths) / len(kind.lengths)
        said += f"; the model reads {limit:,}, so {100 * over:.0f} % of the rows are cut"
    return length, Reason("length", said, "a sample of the data")


def share_of(domain_tokens: int) -> tuple[Share, Reason]:
    """The share of general data: the one that was measured, with the guide's two ranges beside it."""
    value = DataConfig.general_ratio
    said = (
        f"{100 * value:.0f} % of the tokens general, so that the model keeps what it knew; the guide says 10 to 20 %, "
        f"and elsewhere domain : general 1:5 to 1:10, which is 83 to 91 %; {in_words(measured())}. Domain tokens stay "
        f"the same, so a larger share takes more steps; watch the forgetting probes, they decide"
    )
    found = Share(value, GUIDE_RANGES, round(domain_tokens * value / (1 - value)))
    return found, Reason("general_share", said, OUR_TABLE)


def vocabulary_of(evidence: Evidence, size: int | None, stages: tuple[str, ...]) -> tuple[Vocabulary | None, Reason]:
    """Whether the vocabulary fits the data, and whether extending it is worth it; None without a tokenizer."""
    if size is None:
        said = "the folder has no tokenizer.json, so tokens are guessed: one a Chinese character, one for four others"
        return None, Reason("vocabulary", said, OURS)
    han, letters = evidence.han_tokens, evidence.letter_tokens
    looked = {
        "Chinese character": (han, HAN_SPLIT, evidence.han_share),
        "letter of another script": (letters, LETTER_SPLIT, 1 - evidence.han_share),
    }
    found = {name: (ratio, limit) for name, (ratio, limit, share) in looked.items() if ratio and share >= LOOKED_AT}
    splits = any(ratio > limit for ratio, limit in found.values())
    measured = [f"{ratio:.2f} tokens a {name}" for name, (ratio, _) in found.items()]
    said = " and ".join(measured) or "no characters"
    if not splits:
        said += ": the vocabulary holds what the data is written in, so extending it is not worth it"
    elif "cpt" in stages:
        said += (
            ": the vocabulary splits characters, so extending it before the cpt stage makes decoding faster; "
            "`assay vocab extend` does it, and measures whether it is worth it"
        )
    else:
        said += ": the vocabulary splits characters, but new tokens are learned from documents only, in a cpt stage"
    fitting = Vocabulary(size, han, letters, extend=splits and "cpt" in stages)
    return fitting, Reason("vocabulary", said, f"{GUIDE}; arXiv 2304.08177; measured on {evidence.sampled:,} rows")


def as_dicts(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Reasons as JSON."""
    return [{"about": item.about, "reason": item.reason, "source": item.source} for item in reasons]
