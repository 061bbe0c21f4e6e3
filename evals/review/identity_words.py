"""Words by which an answer names a model: families, vendors, "as an AI language model", and the models' own names.

A match is a warning and no proof: a doctor's question may well be about a vendor.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

__all__ = ["Naming", "find_names", "names_in"]

FAMILIES = (
    "ChatGPT", "GPT", "OpenAI", "Claude", "Anthropic", "Gemini", "Gemma", "DeepMind", "Llama", "Meta AI", "Vicuna",
    "Mistral", "Mixtral", "Qwen", "QwQ", "Tongyi", "Alibaba Cloud", "DeepSeek", "ChatGLM", "GLM", "Zhipu", "Baichuan",
    "Kimi", "Moonshot", "ERNIE", "Hunyuan", "Doubao", "ByteDance", "MiniMax", "InternLM", "Grok", "xAI", "Copilot",
    "Cohere", "SmolLM", "HuatuoGPT", "Skywork", "Hugging Face", "Phi-3", "Phi-4", "Yi-34B",
)  # fmt: skip
"""Model families and vendors in Latin letters; matched in any case, where no letter stands beside them."""

CHINESE = (
    "通义千问", "通义", "千问", "阿里云", "阿里巴巴", "文心一言", "文心", "百度", "豆包", "字节跳动", "智谱", "清言",
    "混元", "腾讯", "星火", "讯飞", "百川", "月之暗面", "深度求索", "零一万物", "书生", "盘古大模型", "商汤", "华佗GPT",
    "谷歌", "微软",
)  # fmt: skip
"""The same in Chinese."""

SAYINGS = (
    r"as an? (?:ai|artificial intelligence|(?:large )?language model)", r"i(?:'m| am) an? (?:ai|language model)",
    r"(?:large )?language model", r"my training data", r"knowledge cut-?off", r"i was (?:trained|developed|created) by",
    r"作为(?:一个|一名|一款)?(?:人工智能|ai|大?语言模型)", r"我是(?:一个|一名|一款)?(?:人工智能|ai|大?语言模型)",
    r"(?:人工智能|ai)(?:语言)?(?:助手|模型)", r"(?:大|语言)模型", r"由[^，。！？\s]{1,12}(?:开发|训练|研发)的",
    r"训练数据",
)  # fmt: skip
"""What models say of themselves, as regular expressions."""

SHORTEST_OWN = 4
"""Characters of a run's or folder's name from which on it is looked for; shorter ones stand in any text."""

SHOWN_ITEMS = 5


class Naming(NamedTuple):
    """A word that names a model, and where it was said."""

    word: str
    """As it stands in the first answer that has it, or in the list."""

    candidate: int
    """Answers of the candidate that have it."""

    baseline: int
    """Answers of the baseline that have it."""

    items: tuple[str, ...]
    """Ids of the first questions so answered."""

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**self._asdict(), "items": list(self.items)}


def find_names(answers: Sequence[tuple[str, str, str]], own: Iterable[str] = ()) -> list[Naming]:
    """Look through answers: (item, candidate's, baseline's). The words said most often come first.

    `own` are names of runs, folders and steps of the two models.

    >>> find_names([("q1", "I am Qwen.", "Rest."), ("q2", "Rest.", "QWEN says rest.")])
    [Naming(word='Qwen', candidate=1, baseline=1, items=('q1', 'q2'))]
    """
    patterns = _patterns(own)
    found: dict[str, tuple[list[str], list[str]]] = {}
    for item, *both in answers:
        for side, text in enumerate(both):
            for word in _words(text, patterns):
                found.setdefault(word, ([], []))[side].append(item)
    named = [
        Naming(word, len(candidate), len(baseline), tuple(dict.fromkeys(candidate + baseline))[:SHOWN_ITEMS])
        for word, (candidate, baseline) in found.items()
    ]
    return sorted(named, key=lambda one: (-(one.candidate + one.baseline), one.word))


def names_in(text: str, own: Iterable[str] = ()) -> list[str]:
    """The words of one text that name a model.

    >>> names_in("通义千问 is asked"), names_in("run sft-7b at its best", ["sft-7b"]), names_in("No name.")
    (['通义千问'], ['sft-7b'], [])
    """
    return _words(text, _patterns(own))


def _patterns(own: Iterable[str]) -> list[tuple[str, re.Pattern[str]]]:
    """Each word with what finds it; an empty word stands for a saying, which is shown as it was said."""
    listed = [*FAMILIES, *dict.fromkeys(name for name in own if len(name) >= SHORTEST_OWN)]
    latin = [(word, rf"(?<![a-z]){re.escape(word)}(?![a-z])") for word in listed]
    chinese = [(word, re.escape(word)) for word in CHINESE]
    sayings = [("", rf"(?<![a-z]){saying}(?![a-z])") for saying in SAYINGS]
    return [(word, re.compile(pattern, re.IGNORECASE)) for word, pattern in [*latin, *chinese, *sayings]]


def _words(text: str, patterns: Sequence[tuple[str, re.Pattern[str]]]) -> list[str]:
    """Each word once; one that is part of a longer one found there, such as 千问 in 通义千问, is left out."""
    plain = unicodedata.normalize("NFKC", text)
    hits = [(word, match) for word, pattern in patterns if (match := pattern.search(plain))]
    spans = [match.span() for _, match in hits]
    outer = [
        (word or match[0].lower())
        for (word, match), (start, end) in zip(hits, spans, strict=True)
        if not any(low <= start and end <= high and high - low > end - start for low, high in spans)
    ]
    return list(dict.fromkeys(outer))
