"""What experts read above and before their pairs where whoever opens a campaign says nothing else."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

__all__ = ["INSTRUCTIONS", "LANGUAGES", "Language", "language_of", "title_of"]

Language: TypeAlias = Literal["zh", "en"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")

INSTRUCTIONS: dict[Language, str] = {
    "zh": (
        "请判断两个回答哪一个更好：更准确、更专业、更有用；长短、格式和语气本身不算优劣。"
        "分不出高下选“相当”，两个都不能用选“都不可接受”。可能造成伤害的，标为严重错误并摘出那句话。"
        "不确定可以跳过。请不要与他人讨论题目，也不要打听哪个回答来自哪个模型。"
    ),
    "en": (
        "Say which of the two answers is better: more accurate, professional, useful. Length, layout and tone do not "
        "count by themselves. Choose tie where neither is better, both unacceptable where neither could be used. Mark "
        "what could do harm as a critical error and quote the sentence. Skip what you cannot judge. Please do not "
        "discuss the questions, or try to find out which answer is whose."
    ),
}
"""By language."""

_TITLES: dict[Language, str] = {"zh": "第 {number} 次盲评", "en": "Blind review {number}"}


def title_of(number: int, language: Language) -> str:
    """Title of a campaign that was given none.

    >>> title_of(3, "zh")
    '第 3 次盲评'
    """
    return _TITLES[language].format(number=number)


def language_of(questions: Sequence[str]) -> Language:
    """The language most questions are in: zh where they have a Chinese character, else en.

    >>> language_of(["发热怎么办？", "What of a fever?", "CT 要空腹吗？"])
    'zh'
    """
    chinese = sum(any("\u4e00" <= character <= "\u9fff" for character in text) for text in questions)
    return "zh" if 2 * chinese > len(questions) else "en"
