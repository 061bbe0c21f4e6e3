"""Scoring texts: how long the default metrics with their intervals take, and every tokenizer with parity.

    python -m bench.text_scores [--pairs 10000] [--length 150] [--json FILE]

The pairs are made: Chinese with one word in eight from English, the prediction being the reference
with three characters in ten replaced. First `score_texts` as `assay score` calls it, part by part and
whole; then BLEU with four of sacreBLEU's tokenizers, ROUGE with all three of ours, and the column as
LLaMA-Factory computes it. Beside ROUGE-L stands rouge-score's own table on the first 500 pairs, as if all had
taken as long. Needs the extra `parity`.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from rouge_score.rouge_scorer import RougeScorer

from bench.common import Report, parser
from evals.metrics.answers import exact_match, f1
from evals.metrics.llamafactory import as_llamafactory
from evals.metrics.measured import scored
from evals.metrics.ngrams import bleu, chrf
from evals.metrics.rouge import common_subsequence, rouge
from evals.metrics.scores import RESAMPLES, score_texts
from evals.metrics.tokens import TOKENIZERS, mixed

SEED = 20261125
HAN = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分"
    "对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
)
WORDS = ("patient", "dose", "daily", "mg", "fever", "aspirin", "5", "the", "take", "with", "after", "review")
SHOWN = 500

Texts = list[str]


def main() -> None:
    """Make the pairs, score them every way, print the times."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--pairs", type=int, default=10_000, help="pairs of texts (%(default)s)")
    made.add_argument("--length", type=int, default=150, help="characters of a text (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    said, wanted = _pairs(arguments.pairs, arguments.length)
    default = _seconds(lambda: score_texts(said, wanted, "zh"))
    parts = _parts(said, wanted)
    report.table("default metrics", [*parts, {"part": "all, with intervals", "seconds": default}])
    others = _others(said, wanted)
    every = default + sum(row["seconds"] for row in others)
    report.table("every tokenizer and parity", [*others, {"part": "all, with the default metrics", "seconds": every}])
    report.table("ROUGE-L's common subsequence", _subsequence(said, wanted))
    report.target("10,000 pairs, default metrics with intervals, seconds", "< 60", default, met=default < 60)
    report.target("the same, all tokenizers and parity, seconds", "< 150", every, met=every < 150)
    report.finish()


def _pairs(count: int, length: int) -> tuple[Texts, Texts]:
    draw = random.Random(SEED)
    wanted = [_text(draw, length) for _ in range(count)]
    said = ["".join(draw.choice(HAN) if draw.random() < 0.3 else letter for letter in text) for text in wanted]
    return said, wanted


def _text(draw: random.Random, length: int) -> str:
    text = ""
    while len(text) < length:
        text += f" {draw.choice(WORDS)} " if draw.random() < 1 / 8 else draw.choice(HAN)
    return text[:length]


def _parts(said: Texts, wanted: Texts) -> list[dict[str, Any]]:
    found = bleu(said, wanted, "zh")
    return _timed({
        "BLEU": lambda: bleu(said, wanted, "zh"),
        "chrF": lambda: chrf(said, wanted),
        "ROUGE-1, -2, -L": lambda: rouge(said, wanted),
        "exact match": lambda: exact_match(said, wanted, "zh"),
        "F1": lambda: f1(said, wanted, "zh"),
        f"the interval of BLEU, {RESAMPLES:,} resamples": lambda: scored(found),
    })  # fmt: skip


def _others(said: Texts, wanted: Texts) -> list[dict[str, Any]]:
    return _timed({
        "BLEU, char": lambda: bleu(said, wanted, "char"),
        "BLEU, 13a": lambda: bleu(said, wanted, "13a"),
        "BLEU, intl": lambda: bleu(said, wanted, "intl"),
        "ROUGE, char": lambda: rouge(said, wanted, "char"),
        "ROUGE, jieba": lambda: rouge(said, wanted, "jieba"),
        "as LLaMA-Factory": lambda: _parity(said, wanted),
    })  # fmt: skip


def _parity(said: Texts, wanted: Texts) -> None:
    if as_llamafactory(said, wanted) is None:
        raise SystemExit("the benchmark needs rouge-chinese: pip install -e '.[parity]'")


def _subsequence(said: Texts, wanted: Texts) -> list[dict[str, Any]]:
    scorer = RougeScorer(["rougeL"], tokenizer=TOKENIZERS["mixed"])
    pairs = list(zip(said, wanted, strict=True))
    table = _seconds(lambda: [scorer.score(right, left) for left, right in pairs[:SHOWN]]) * len(pairs) / SHOWN
    bits = _seconds(lambda: [common_subsequence(mixed(left), mixed(right)) for left, right in pairs])
    return [
        {"way": "bits of one integer", "seconds": bits, "ratio": 1.0},
        {"way": "rouge-score's table", "seconds": table, "ratio": table / bits},
    ]


def _timed(parts: dict[str, Callable[[], Any]]) -> list[dict[str, Any]]:
    return [{"part": name, "seconds": _seconds(work)} for name, work in parts.items()]


def _seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
