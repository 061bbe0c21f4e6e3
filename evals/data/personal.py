"""Personal data in text: telephone numbers, identity cards, bank cards, e-mail addresses of China and elsewhere.

Numbers are believed only where their own rules hold: a mobile number has a prefix that is assigned, an identity card a
province, a date of birth and its check character (GB 11643, ISO 7064 MOD 11-2), a bank card the length its issuer uses
and Luhn's check digit (ISO/IEC 7812). A number in a longer run of digits is none.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal, NamedTuple, TypeAlias, get_args

__all__ = ["KINDS", "Kind", "Personal", "hidden", "masked", "personal_data"]

Kind: TypeAlias = Literal["phone-number", "id-card", "bank-card", "email-address"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds, in the order in which they are looked for; a piece of text is of the first kind that fits."""

MASKS: dict[Kind, str] = {
    "phone-number": "[PHONE]", "id-card": "[ID_CARD]", "bank-card": "[BANK_CARD]", "email-address": "[EMAIL]",
}  # fmt: skip
"""What is written in their place."""


class Personal(NamedTuple):
    """Personal data in a text."""

    kind: Kind
    """What it is."""

    start: int
    """Where it begins."""

    end: int
    """Where it ends."""


def personal_data(text: str) -> list[Personal]:
    """Find personal data in a text, in order; pieces do not overlap.

    >>> [item.kind for item in personal_data("call 138-0013-8000 or mail li@uni.cn, not 12345678901")]
    ['phone-number', 'email-address']
    """
    if not _CANDIDATE.search(text):
        return []
    text = text.translate(_NARROW)
    taken: list[Personal] = []
    for kind in ("email-address", "id-card", "bank-card", "phone-number"):
        for start, end in _FINDERS[kind](text):
            if all(end <= other.start or start >= other.end for other in taken):
                taken.append(Personal(kind, start, end))
    return sorted(taken, key=lambda item: item.start)


def masked(text: str) -> str:
    """Write a mask in the place of all personal data.

    >>> masked("电话13800138000，身份证11010519491231002X")
    '电话[PHONE]，身份证[ID_CARD]'
    """
    for kind, start, end in reversed(personal_data(text)):
        text = text[:start] + MASKS[kind] + text[end:]
    return text


def hidden(text: str) -> str:
    """Show what kind of number it was, and not which: most of its letters and digits become asterisks.

    >>> hidden("13800138000"), hidden("li.si@uni.edu.cn")
    ('138******00', 'l****@***.***.cn')
    """
    name, at, host = text.partition("@")
    if at:
        return (
            f"{name[0]}{'*' * (len(name) - 1)}@{re.sub(r'[^.]', '*', host[: host.rfind('.')])}{host[host.rfind('.') :]}"
        )
    digits = [place for place, letter in enumerate(text) if letter.isalnum()]
    secret = set(digits[3:-2])
    return "".join("*" if place in secret else letter for place, letter in enumerate(text))


_NARROW = {0xFF10 + digit: str(digit) for digit in range(10)} | {ord("＠"): "@", ord("Ｘ"): "X", ord("－"): "-"}
"""Wide characters that stand in numbers; the text keeps its length."""

_CANDIDATE = re.compile(r"[@＠]|\d{5}|\d[ \-)）－]{1,2}\d{3}")
"""A text without any of these has nothing to be found."""

_EMAIL = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+-]{0,63}@(?:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\.){1,5}[a-z]{2,24}(?![\w@-])",
    re.ASCII | re.IGNORECASE,
)
_RESERVED = re.compile(r"(?:^|[@.])(?:example\.(?:com|org|net)|(?:example|test|invalid|localhost))$", re.IGNORECASE)
"""Domains that are nobody's (RFC 2606)."""


def _emails(text: str) -> Iterator[tuple[int, int]]:
    for match in _EMAIL.finditer(text):
        if not _RESERVED.search(match[0]):
            yield match.span()


_ID_CARD = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])", re.ASCII)
_PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _id_cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _ID_CARD.finditer(text):
        if _is_id_card(match[0].upper()):
            yield match.span()


def _is_id_card(number: str) -> bool:
    if int(number[:2]) not in _PROVINCES or not 1880 <= int(number[6:10]) <= 2099:
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[17]


_BANK_CARD = re.compile(
    r"(?<![0-9A-Za-z.])(?:\d{13,19}|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?:(?P=gap)\d{1,3})?)"
    r"(?![0-9A-Za-z]|\.\d)",
    re.ASCII,
)
_ISSUERS: tuple[tuple[re.Pattern[str], tuple[int, ...]], ...] = (
    (re.compile("62|60|81"), (16, 17, 18, 19)),  # UnionPay and Discover
    (re.compile("4"), (13, 16, 19)),  # Visa
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile("3[47]"), (15,)),  # American Express
    (re.compile("35(?:2[89]|[3-8])"), (16,)),  # JCB
    (re.compile("3(?:0[0-5]|[689])"), (14,)),  # Diners Club
    (re.compile("9(?:03|55|58|84)"), (16, 18, 19)),  # cards of Chinese banks from before UnionPay
)
"""First digits of an issuer's numbers, and how long they are."""


def _bank_cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _BANK_CARD.finditer(text):
        if _is_bank_card(re.sub("[ -]", "", match[0])):
            yield match.span()


def _is_bank_card(number: str) -> bool:
    issued = any(issuer.match(number) and len(number) in lengths for issuer, lengths in _ISSUERS)
    return issued and len(set(number)) > 1 and _passes_luhn(number)


def _passes_luhn(number: str) -> bool:
    """Whether the last digit is Luhn's check digit of the others.

    >>> _passes_luhn("79927398713"), _passes_luhn("79927398710")
    (True, False)
    """
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


_MOBILE = re.compile(
    r"(?<![0-9A-Za-z.\-])(?:(?:\+|00)?86[ -]?)?"
    r"1(?:3\d|4[0-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])(?P<gap>[ -]?)\d{4}(?P=gap)\d{4}(?![0-9A-Za-z]|\.\d)",
    re.ASCII,
)
_AREA = r"0(?:10|2[0-57-9]|[3-9]\d\d)"
_LANDLINE = re.compile(
    rf"(?<![0-9A-Za-z.\-])(?:[(（]{_AREA}[)）][ -]?|(?:\+86[ -]?)?{_AREA}[ -])[2-9]\d{{6,7}}(?![0-9A-Za-z\-]|\.\d)",
    re.ASCII,
)
_CALLED = re.compile(
    rf"(?:电话|座机|传真|tel|phone)[^\w\d]{{0,3}}(?P<number>{_AREA}[2-9]\d{{6,7}})(?!\d)", re.IGNORECASE | re.ASCII
)
"""A number without a gap after the area code is believed where it is called one."""


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_MOBILE, _LANDLINE):
        for match in pattern.finditer(text):
            if len(set(match[0][-7:])) > 1:
                yield match.span()
    for match in _CALLED.finditer(text):
        yield match.span("number")


_FINDERS: dict[Kind, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email-address": _emails, "id-card": _id_cards, "bank-card": _bank_cards, "phone-number": _phones,
}  # fmt: skip
