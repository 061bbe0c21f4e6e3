"""Characters that went wrong on the way: wrong encodings, control characters, left-over markup."""

import codecs
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
_AS_LATIN = re.compile(f"[ÂÃ]{_AFTER}|â[€\u0080]|ï[¼»]{_AFTER}|(?:[ã-é]{_AFTER}{{2}}){{2}}")
"""UTF-8 that was read as Latin-1 or Windows-1252: the bytes after the first have no letter of their own there.

One character of three bytes is too little: an accented letter before a quotation mark and a dash looks the same.
"""

_NOT_ASCII = re.compile(f"(?:[\u0080-\u00ff]|{_AFTER})+")

_GLYPHS = re.compile("[□■▯▮￭\uf8ff\ue000-\uf8fe\U000f0000-\U0010fffd]")
"""What stands where a font or a file lacks a character: boxes, and characters that mean nothing by themselves."""

_LATER_BYTES = bytes(range(0x80, 0xC0))
"""What a character of UTF-8 goes on with and never begins with."""

GLYPHS = 4
"""So many of them at least, and more than half of an answer, are no drawing of a box."""

_WIDE = re.compile("[^\u0000-\u007f，。！？、]{3,}")
_AS_GBK = re.compile("[锛銆鐨涓鏄浠鍙鍦绗鎴浣犳槸鏈鍚鍜璇澶寰鍙楂琛]")
"""What the commonest signs and characters of Chinese in UTF-8 begin with when they are read as GBK."""

_HALF_WIDTH = re.compile(r"(?<=[\u4e00-\u9fff])(?:[,;?!:](?=[\u4e00-\u9fff])|\.(?=[\u4e00-\u9fff]|$))")


def characters(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows with characters of a wrong encoding, with boxes for an answer, with control characters, with markup that
    nobody asked for, with commas and full stops of another script between Chinese characters.
    """
    return [
        found("mojibake", "error", rows, lambda row: first_of(row.words, mojibake)),
        found("missing-glyphs", "error", rows, lambda row: first_of(row.learned, _missing)),
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
        if piece := next(filter(_is_utf8_as_latin, _NOT_ASCII.findall(text)), None):
            return piece
    if _AS_GBK.search(text):
        return next((run for run in _WIDE.findall(text) if _is_utf8_as_gbk(run)), None)
    return None


def _is_utf8_as_latin(run: str) -> bool:
    """Whether the bytes of some characters beside no others make sense as UTF-8, but for one broken at either end."""
    if not _AS_LATIN.search(run):
        return False
    raw = b"".join(_byte(letter) for letter in run).lstrip(_LATER_BYTES)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return False
    return True


def _byte(letter: str) -> bytes:
    """The byte that was read as a character: of Windows-1252, or of Latin-1 where that has none."""
    return letter.encode("cp1252", "ignore") or letter.encode("latin-1", "ignore")


def _missing(text: str) -> str | None:
    shown = "".join(text.split())
    count = len(_GLYPHS.findall(shown))
    return text if count >= GLYPHS and 2 * count > len(shown) else None


def _is_utf8_as_gbk(run: str) -> bool:
    """Whether the GBK bytes of some text make sense as UTF-8, up to a character broken at its ends."""
    raw = run.encode("gb18030", "ignore")
    read = raw.decode("utf-8", "ignore")
    wide = sum("\u3000" <= letter <= "\u9fff" or letter >= "\uff00" for letter in read)
    return wide >= 2 and 3 * wide >= 0.7 * len(raw)


def _half_width(text: str) -> str | None:
    match = _HALF_WIDTH.search(text)
    return text[max(0, match.start() - 10) : match.end() + 10] if match else None
