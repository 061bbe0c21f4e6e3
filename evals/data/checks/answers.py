"""Answers that are not there, and answers that break off."""

import re
import unicodedata
from collections.abc import Sequence

from evals.data.finding import Finding, found
from evals.data.row import DataRow
from evals.text import Turn

__all__ = ["answers", "breaks_off", "is_blank", "is_unasked"]

_DANGLING = re.compile(
    r"(?:[,，、；:：(（\[【“‘《]|(?<=[\u4e00-\u9fff]);|——|"
    r"(?:，|。|、)(?:但|但是|而且|并且|因为|所以|如果|以及|或者|然后|其次|另外|同时|由于|虽然|不过|例如|比如)|"
    r"(?:以及|因为|如果|或者|比如|例如|由于|虽然|并且|而且|即使|除了|关于|对于)|"
    r"\s(?:and|or|but|the|a|an|of|because))\s*$",
    re.IGNORECASE,
)
"""Signs and words after which something has to come; of English verbs and most prepositions that is not so."""

TAIL = 100
"""Characters at the end of an answer that are looked at."""

_SENTENCES = re.compile(r"[。！？；]|[.!?](?:\s|$)")
_ENDS = re.compile(r"(?:[。！？!?.…~～)）\]】}”’\"'》」』>*`|=;；]|\W$|[\d%℃])\s*$")
_NUMBERED = re.compile(r"(?:^|[\n。；;])\s*(?:\d{1,2}[.、．)）]|[-*•])\s*$")
_LISTED = re.compile(r"(?:^|\s)(?:\d{1,2}[.、．)）]|[-*•―—|])\s*[^。！？!?.]{1,80}$")
"""The last entry of a list, which needs no end mark."""
_CUT_FROM = 40
"""An answer shorter than this that has no end mark is a word or a phrase, and is whole."""


def answers(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows without an answer to learn or a question before it; rows whose last answer breaks off, or has no end mark
    where others have.
    """
    talks = [row for row in rows if not row.is_text]
    return [
        found("empty-answer", "error", rows, _empty),
        found("empty-question", "error", talks, _unasked),
        found("broken-off-answer", "warning", talks, lambda row: _tail(row.answer) if breaks_off(row.answer) else None),
        found("answer-without-end-mark", "info", talks, _unended),
    ]


def is_blank(text: str) -> bool:
    """Whether a text has neither a letter, a digit nor a symbol: white space and punctuation say nothing.

    >>> is_blank(" … "), is_blank("A"), is_blank("√"), is_blank("。")
    (True, False, False, True)
    """
    return not any(letter.isalnum() or unicodedata.category(letter)[0] == "S" for letter in text)


def is_unasked(turns: Sequence[Turn]) -> bool:
    """Whether nothing is asked before the last answer of a conversation: its question has nothing that can be seen.

    A system turn alone can ask, where there is no question; a question mark alone asks, too.

    >>> is_unasked([Turn("user", " "), Turn("assistant", "Yes.")])
    True
    """
    last = max((place for place, turn in enumerate(turns) if turn.role == "assistant"), default=len(turns))
    asked = [turn.content for turn in turns[:last] if turn.role == "user"]
    if not asked:
        asked = [turn.content for turn in turns if turn.role in ("system", "text")]
    return not any(unicodedata.category(letter) not in _UNSEEN for letter in (asked or [""])[-1])


_UNSEEN = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))
"""Categories of control characters, marks of format and spaces."""


def breaks_off(text: str) -> bool:
    r"""Whether a text surely goes on: after its last sign or word something has to come, or a bracket stays open.

    >>> breaks_off("多喝水，"), breaks_off("多喝水。"), breaks_off("一是休息；\n2."), breaks_off("```python\nx = 1")
    (True, False, True, True)
    """
    end = text[-TAIL:].rstrip()
    return (len(end) > 1 and bool(_DANGLING.search(end) or _NUMBERED.search(end))) or text.count("```") % 2 == 1


def _empty(row: DataRow) -> str | None:
    ends_blank = row.last_answer is not None and is_blank(row.answer)
    return row.question or "(nothing)" if ends_blank or all(map(is_blank, row.learned)) else None


def _unasked(row: DataRow) -> str | None:
    return (row.answer or "(nothing)") if is_unasked(row.sample.turns) else None


def _unended(row: DataRow) -> str | None:
    text = row.answer.rstrip()
    end = text[-TAIL:]
    whole = len(text) < _CUT_FROM or _ENDS.search(end[-1:]) or _LISTED.search(end) or not _SENTENCES.search(text[:-1])
    return None if whole or breaks_off(text) else _tail(text)


def _tail(text: str) -> str:
    return "…" + text.strip()[-40:]
