"""Characters that went wrong on the way: wrong encodings, control characters, left-over markup."""

import re
from collections.abc import Sequence

from evals.data.finding import Finding, first_of, found
from evals.data.leftovers import control_in, markup_in
from evals.data.row import DataRow

__all__ = ["characters", "mojibake"]

_SUSPECT = re.compile("[\ufffd\ud800-\udfff锟烫屯\u00c2-\u00ef]")
"""One of these stands in all that is matched next."""

_BROKEN = re.compile("[\ufffd\ud800-\udfff]|锟斤拷|锟{2}|烫{3}|屯{3}")
"""The sign for a broken character, what it becomes when it is read as GBK, and memory that was never filled."""

_AFTER = "[\u0080-\u00bfŠŽŒšžœŸƒˆ˜€‚„…†‡‰‹›‘’“”•–—™]"
_AS_LATIN = re.compile(f"[ÂÃ]{_AFTER}|â€|ï[¼»]{_AFTER}|[ã-é]{_AFTER}{{2}}")
"""UTF-8 that was read as Latin-1 or Windows-1252: the bytes after the first have no letter of their own there."""

_WIDE = re.compile("[^\u0000-\u007f，。！？、]{3,}")
_AS_GBK = re.compile("[锛銆鐨涓鏄浠鍙鍦绗鎴浣犳槸鏈鍚鍜璇澶寰鍙楂琛]")
"""What the commonest signs and characters of Chinese in UTF-8 begin with when they are read as GBK."""

_HALF_WIDTH = re.compile(r"(?<=[\u4e00-\u9fff])(?:[,;?!:](?=[\u4e00-\u9fff])|\.(?=[\u4e00-\u9fff]|$))")


def characters(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows with characters of a wrong encoding, with control characters, with markup that nobody asked for, with commas
    and full stops of another script between Chinese characters.
    """
    return [
        found("mojibake", "error", rows, lambda row: first_of(row.words, mojibake)),
        found("control-characters", "warning", rows, lambda row: first_of(row.words, control_in)),
        found("markup", "warning", rows, lambda row: markup_in(row.sample.turns)),
        found("half-width-signs", "info", rows, lambda row: first_of(row.learned, _half_width)),
    ]


def mojibake(text: str) -> str | None:
    """The piece of a text that was read in a wrong encoding; None where there is none.

    >>> mojibake("鍙戠儹涓夊ぉ"), mojibake("发热三天"), mojibake("cafÃ©"), mojibake("café")
    ('鍙戠儹涓夊ぉ', None, 'Ã©', None)
    """
    if _SUSPECT.search(text):
        if match := _BROKEN.search(text):
            return text[max(0, match.start() - 10) : match.end() + 10]
        if match := _AS_LATIN.search(text):
            return match[0]
    if _AS_GBK.search(text):
        return next((run for run in _WIDE.findall(text) if _is_utf8_as_gbk(run)), None)
    return None


def _is_utf8_as_gbk(run: str) -> bool:
    """Whether the GBK bytes of some text make sense as UTF-8, up to a character broken at its ends."""
    raw = run.encode("gb18030", "ignore")
    read = raw.decode("utf-8", "ignore")
    wide = sum("\u3000" <= letter <= "\u9fff" or letter >= "\uff00" for letter in read)
    return wide >= 2 and 3 * wide >= 0.7 * len(raw)


def _half_width(text: str) -> str | None:
    match = _HALF_WIDTH.search(text)
    return text[max(0, match.start() - 10) : match.end() + 10] if match else None
