"""Whether an answer says yes or no."""

import re

__all__ = ["stance"]

_YES = re.compile(
    r"(?:您好|你好|亲)?[，,。！!：:\s]*(?:一般来说|通常|一般|其实|当然|完全|是|都|也)*[，,]?(?:可以|能够?|会|是的?|有|对|需要|应该|属于|正常|建议|没错)(?=[，,。！!的\s]|$)"
    r"|\s*(?:yes|yeah|yep|correct|true|right|of course|certainly)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:您好|你好|亲)?[，,。！!：:\s]*(?:一般来说|通常|一般|其实|当然|完全|是|都|也)*[，,]?(?:不可以|不能够?|不会|不是的?|没有|不对|不需要|不用|不应该|不属于|不正常|不建议|不行|否|错误?)(?=[，,。！!的\s]|$)"
    r"|\s*(?:no|nope|not|incorrect|false|wrong|never)\b",
    re.IGNORECASE,
)


_MODAL = r"(?:可以|能够?|会|需要|要|应该|该|适合|可能|有|是)"
_YES_OR_NO = re.compile(
    rf"{_MODAL}[^。？?\n]{{0,30}}(?:吗|么|嘛|没有|不)\s*[？?。]?|(?:能不能|可不可以|会不会|是不是|有没有|要不要|该不该|是否|能否|可否)"
)
"""A question to be answered by yes or no."""

_ASKS = re.compile(
    r"吗|[吧嘛]\s*(?:[？?]|$)|(?:行|好|对)不[行好对]|(?<![什怎那这多])么\s*(?:[？?]|$)"
    r"|(?:^|[.!?,\n]\s*)(?:so |and |but )?"
    r"(?:(?:can|could|is|are|was|were|do|does|did|wo|would|should|has|have)n?'?t?|may|might|am|will|shall|must|had)\b",
    re.IGNORECASE,
)
"""A question, in Chinese or English, to which a word of assent is the answer."""

_KINDS = ("可以|(?<![可功性智])能够?(?![量力])|可(?!能)", "会|可能", "需要|要|用|应该|该", "有", "是", "适合|宜|建议")
"""Verbs with which one question can be answered, a kind each."""

_BEFORE = re.compile(r"\s*(?:(?:您好|你好|亲|一般(?:来说|情况下|而言)?|通常(?:来说|情况下)?|其实)[，,。！!：:\s]+)*")
"""What stands before an answer and says nothing of it."""

_FIRST = re.compile(r"(?:(?!但|不过|然而|可是|只是)[^。！？；，,：:\n]){0,60}")
"""The first clause: what stands behind its comma may be another matter."""

_OPEN = re.compile(r"不一定|未必|不见得|不确定|(\w)不\1|[是能可]否|^(?:如果|若|假如|要是|除非|取决于|看)")
"""Says neither yes nor no, or only under a condition."""

_AGAINST = (
    r"(?:不|并非|无法|禁止|避免|切勿|勿)(?:太|是|再|可以|能|会)?(?:{verbs})|(?:没有?|无|不)(?:必要?|需|须|{verbs})"
)
_FOR = r"(?<![不没无勿])(?:{verbs})"


def asks_yes_or_no(question: str) -> bool:
    """Whether yes or no answers a question, in Chinese or English.

    >>> [asks_yes_or_no(question) for question in ("能吃鸡蛋吗？", "Can I eat eggs?", "怎么办？", "What can I eat?")]
    [True, True, False, False]
    """
    return bool(_YES_OR_NO.search(question) or _ASKS.search(question))


def stance(question: str, answer: str) -> int:
    """1 where an answer says yes, -1 where it says no, 0 where it does neither.

    It is told by how the answer begins, and of a question to be answered by yes or no by its first clause.

    >>> (
    ...     stance("", "可以，但要少吃。"),
    ...     stance("", "No."),
    ...     stance("高血压能吃鸡肉吗？", "高血压不能吃鸡肉。"),
    ...     stance("", "多喝水。"),
    ... )
    (1, -1, -1, 0)
    """
    before = _BEFORE.match(answer)
    first = _FIRST.match(answer, before.end() if before else 0)
    said = first[0] if first else ""
    if _OPEN.search(said):
        return 0
    if _NO.match(answer):
        return -1
    if _YES.match(answer):
        return 1
    asked = _YES_OR_NO.search(question)
    verbs = asked and next((kind for kind in _KINDS if re.search(kind, asked[0])), None)
    if not verbs:
        return 0
    if re.search(_AGAINST.format(verbs=verbs), said):
        return -1
    # What something is can be said of either; that it is so, with 是 at the beginning alone.
    return int(verbs != "是" and re.search(_FOR.format(verbs=verbs), said) is not None)
