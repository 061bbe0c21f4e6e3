"""The sentences of an answer."""

import re

__all__ = ["sentences_of"]

LEAST = 10
"""Characters from which on a sentence counts: shorter ones come again by chance."""

_ENDS = re.compile(r"[。！？!?；;\n]|(?<=[\u4e00-\u9fff])\.|\.\s")


def sentences_of(text: str) -> list[str]:
    """The different sentences of a text that have ten characters or more.

    >>> sentences_of("多喝水。以清淡饮食为主，少吃油腻。以清淡饮食为主，少吃油腻！")
    ['以清淡饮食为主，少吃油腻']
    """
    found = (sentence.strip() for sentence in _ENDS.split(text))
    return list(dict.fromkeys(sentence for sentence in found if len(sentence) >= LEAST))
