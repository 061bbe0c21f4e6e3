"""`assay score`: how near texts are to their references."""

from importlib.metadata import version
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from evals.metric_titles import TITLES
from evals.metrics.measured import Score
from evals.metrics.pairs import read_pairs
from evals.metrics.scores import RESAMPLES, TextScores, score_texts
from store.commands.common import console, json_option, notes, print_json

__all__ = ["score"]

SEED = 0
"""Of the bootstrap: the same files give the same intervals."""

_TITLES = {**TITLES, "bleu4": "BLEU-4"}

_HOW = {
    "rouge": "mean F; words, and single characters of Chinese",
    "exact_match": "NFKC; case and punctuation do not count",
    "zh": "as exact match; by characters",
    "f1": "as exact match; by words",
}


@click.command()
@click.option("--pred", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The texts to score.")
@click.option(
    "--ref", metavar="FILE", type=click.Path(path_type=Path), help="The wanted texts. Default: the rows of --pred."
)
@click.option("--lang", required=True, type=click.Choice(["zh", "en"]), help="Their language, which sets the tokens.")
@click.option("--parity", is_flag=True, help="Also BLEU and ROUGE as LLaMA-Factory computes them.")
@json_option
def score(pred: Path, ref: Path | None, lang: str, parity: bool, as_json: bool) -> None:
    """Score texts against references: BLEU, chrF, ROUGE, exact match, F1.

    A file has a text a line (LF or CRLF), or ends in .jsonl (.json, .csv, .tsv, .parquet) and has rows with
    `prediction` and `reference`; one such file can be both sides. Scores are 0 to 100 with 95 % bootstrap
    intervals.
    """
    pairs = read_pairs(pred, ref)
    blank = [number for number, text in enumerate(pairs.predictions, 1) if not text.strip()]
    if blank:
        rows = "row" if len(blank) == 1 else "rows"
        notes.print(f"{len(blank):,} of {len(pairs.predictions):,} predictions are blank and count as wrong: {rows} "
                    f"{', '.join(map(str, blank[:5]))}{' …' * (len(blank) > 5)}")  # fmt: skip
    found = score_texts(*pairs, lang, seed=SEED, parity=parity)
    if parity and found.llamafactory is None:
        notes.print("LLaMA-Factory's way needs more packages: pip install 'assay-llm[parity]'")
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found, lang)


def _print(found: TextScores, lang: str) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("metric", "score", "95 % interval", "how"):
        table.add_column(heading, justify="left" if heading in ("metric", "how") else "right", overflow="fold")
    for name, item in found.scores.items():
        table.add_row(
            _TITLES[name], f"{item.score:.2f}", f"{item.low:.2f} – {item.high:.2f}", Text(_how(name, item, lang))
        )
    for name, value in (found.llamafactory or {}).items():
        table.add_row(_TITLES[name], f"{value:.2f}", "", "as LLaMA-Factory computes it")
    console.print(table)
    console.print()
    console.print(
        f"{found.n:,} pair{'s' * (found.n != 1)}; intervals from {RESAMPLES:,} bootstrap resamples, seed {SEED}; "
        f"sacrebleu {version('sacrebleu')}, rouge-score {version('rouge-score')}"
    )


def _how(name: str, item: Score, lang: str) -> str:
    if item.signature is not None:
        return item.signature
    if name == "f1":
        return _HOW["zh" if lang == "zh" else "f1"]
    return _HOW.get(name, _HOW["rouge"])
