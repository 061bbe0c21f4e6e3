"""What near-duplicates are found by, for many texts at once: their 5-grams as numbers, and bands of MinHash values.

The same notion of near as `evals.text.near`, by which training holds rows out: sets of runs of five characters of the
text's normal form, compared by Jaccard similarity. There all texts lie in memory; here numpy works through them in
parts, which can be had from several processes, and only numbers are kept.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.text.near import GRAM

__all__ = ["BANDS", "BAND_SIZE", "Signed", "sign"]

BANDS = 32
BAND_SIZE = 5
"""Hashes a band. A pair whose similarity is 0.7 shares one of 32 bands with probability 1 - (1 - 0.7^5)^32 = 0.997."""

SEED = 20261130

Numbers: TypeAlias = NDArray[Any]


class Signed(NamedTuple):
    """Texts as numbers."""

    sizes: Numbers
    """How many different 5-grams each text has, int64 [texts]; 0 for one of less than five characters."""

    grams: Numbers
    """The 5-grams of all texts, one text after the other, each text's in order and once, uint32 [sum of sizes]."""

    bands: Numbers
    """A number for each band of each text, uint64 [texts, BANDS]; texts without 5-grams have zeros."""


def sign(forms: Sequence[str]) -> Signed:
    """Turn texts in their normal form (`evals.text.near.normal_form`) into numbers, the same in every process.

    >>> signed = sign(["the fever began", "the fever begun", "no"])
    >>> signed.sizes.tolist(), len(set(signed.grams.tolist())), signed.bands.shape
    ([11, 11, 0], 13, (3, 32))
    """
    sizes, grams = _grams(forms)
    bands = np.zeros((len(forms), BANDS), np.uint64)
    if len(grams):
        bands[sizes > 0] = _bands(sizes[sizes > 0], grams)
    return Signed(sizes, grams, bands)


def _grams(forms: Sequence[str]) -> tuple[Numbers, Numbers]:
    lengths = np.fromiter(map(len, forms), np.int64, len(forms))
    codes = np.frombuffer("".join(forms).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    counts = np.maximum(lengths - GRAM + 1, 0)
    text_of = np.repeat(np.arange(len(forms)), counts)
    # Where each 5-gram begins: those of a text follow one another, and the next text's begin where it does.
    starts = np.arange(len(text_of)) + np.repeat(np.cumsum(lengths) - lengths - (np.cumsum(counts) - counts), counts)
    value = np.zeros(len(starts), np.uint64)
    for place in range(GRAM):
        value = value * _STEP + codes[starts + place]
    keys = np.sort(text_of.astype(np.uint64) << _HALF | _mixed(value) >> _HALF)
    keys = keys[np.concatenate((np.ones(min(1, len(keys)), bool), keys[1:] != keys[:-1]))]
    sizes = np.bincount((keys >> _HALF).astype(np.int64), minlength=len(forms))
    return sizes, keys.astype(np.uint32)


_STEP = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def _mixed(value: Numbers) -> Numbers:
    """Spread the difference of two numbers over all bits (the end of MurmurHash3)."""
    value = (value ^ value >> np.uint64(33)) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ value >> np.uint64(33)) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ value >> np.uint64(33)


def _bands(sizes: Numbers, grams: Numbers) -> Numbers:
    """MinHash: under each of many orders of the 5-grams the least of each text; a band is a few as one number."""
    starts = np.cumsum(sizes) - sizes
    bands = np.zeros((len(sizes), BANDS), np.uint64)
    for number, (factor, shift) in enumerate(zip(*_ORDERS, strict=True)):
        least = np.minimum.reduceat(grams * factor + shift, starts)
        band = number // BAND_SIZE
        bands[:, band] = _mixed(bands[:, band] * _STEP + least)
    return bands


def _orders() -> tuple[Numbers, Numbers]:
    # Multiplying by an odd number and adding another, modulo 2^32, puts the 5-grams in another order.
    draw = np.random.default_rng(SEED)
    factors, shifts = draw.integers(0, 2**32, (2, BANDS * BAND_SIZE), np.uint32)
    return factors | np.uint32(1), shifts


_ORDERS = _orders()
