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

_FIRST = re.compile(r"[^。！？；\n]{0,60}")
_AGAINST = re.compile(
    r"(?:不|没有?|并非|无法|未必|禁止|避免|切勿|勿)(?:太|是|再)?(?:可以|能|会|需|要|用|应|该|适合|可能|宜|建议|推荐|行|有)|不是|没有"
)
_FOR = re.compile(r"(?<![不没])(?:可以|能够?|会|需要|应该|适合|建议|是)")


def stance(question: str, answer: str) -> int:
    """1 where an answer says yes, -1 where it says no, 0 where it does neither.

    It is told by how the answer begins, and of a question to be answered by yes or no by its first sentence.

    >>> (
    ...     stance("", "可以，但要少吃。"),
    ...     stance("", "No."),
    ...     stance("高血压能吃鸡肉吗？", "高血压不能吃鸡肉。"),
    ...     stance("", "多喝水。"),
    ... )
    (1, -1, -1, 0)
    """
    if _NO.match(answer):
        return -1
    if _YES.match(answer):
        return 1
    if not _YES_OR_NO.search(question):
        return 0
    first = _FIRST.match(answer.lstrip())
    said = first[0] if first else ""
    return -1 if _AGAINST.search(said) else int(bool(_FOR.search(said)))
