"""Mix general data into domain data: one file to train on, in which a share of the tokens is general.

    mixed = mix_data(["triage.jsonl"], ["chat.jsonl", "facts.csv"], Path("mix.jsonl"), MixOptions(share=0.2))

writes mix.jsonl and mix.jsonl.manifest.json, both or none. Every row of the domain data is in it once. Rows of the
general data are drawn until they have the tokens that the share takes; those that are in the domain data as well are
left out first. The same files, options and seed give the same bytes, whatever the number of processes.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from evals.data.alike import Alike, Numbers
from evals.data.build import BATCH, FEW
from evals.data.clean_rows import CleanedRows, rows_as_they_are
from evals.data.drawing import drawn, supported, wanted
from evals.data.mix_manifest import MixManifest
from evals.data.mix_options import MixOptions
from evals.data.output import Layout
from evals.data.pool import cores, in_processes
from evals.data.progress import Progress, untold
from evals.data.publishing import (
    publish,
    refuse_existing,
    refuse_other_than_lines,
    workshop,
    write_account,
    write_lines,
)
from evals.data.reading import DataFile, read_data, refuse_preferences
from evals.data.tokens import check_tokenizer, estimated_tokens, token_counts
from evals.data.waiting import Waiting
from evals.text import Sample
from evals.text.errors import DataError

__all__ = ["Mixed", "mix_data", "paths_of_mix"]


PASSES = 1000
"""How often all rows of the general data are taken at most."""


class Mixed(NamedTuple):
    """What was written."""

    train: Path
    """The data to train on."""

    manifest: Path
    """What it was made of."""

    account: MixManifest
    """The same."""


def paths_of_mix(out: Path) -> tuple[Path, Path]:
    """Where a mix writes: what is trained on, and the manifest."""
    return out, out.with_name(f"{out.name}.manifest.json")


def mix_data(
    domain: Sequence[str], general: Sequence[str], out: Path, options: MixOptions, progress: Progress = untold
) -> Mixed:
    """Mix files, or data sets of a dataset_info.json.

    Raises DataError and AssayError in a sentence, also where the general data has too few tokens for the share; then
    nothing has been written, and nothing is written over ever.
    """
    refuse_other_than_lines(out)
    refuse_existing(paths_of_mix(out))
    tokenizer = None if options.tokenizer is None else check_tokenizer(options.tokenizer)
    account = MixManifest(_asked(options), tokenizer and hashlib.sha256(tokenizer.read_bytes()).hexdigest())
    with workshop(out) as folder, Alike(folder) as alike, closing(Waiting(folder / "rows")) as waiting:
        counts: list[list[Numbers]] = []
        for number, file in enumerate(read_data(list(domain), options.columns, general)):
            _note(file, "domain" if number < len(domain) else "general", account)
            counts.append([])
            with closing(_taken(file, tokenizer, options)) as batches:
                for taken in batches:
                    waiting.add(file.name, taken.rows)
                    alike.add(taken.rows.signed)
                    counts[-1].append(taken.tokens)
                    progress(f"rows of {file.name}", taken.rows.last, len(file.samples))
        progress("near-duplicates", 0, 1)
        pool = _pooled([np.concatenate(parts) for parts in counts], account, waiting, alike)
        order = _order(pool, account, options)
        progress("writing", 0, 1)
        return _written(folder, out, waiting, pool, order, account)


class _Taken(NamedTuple):
    """Some rows of a file, and the tokens of each."""

    rows: CleanedRows
    tokens: Numbers


class _Pool(NamedTuple):
    """All rows, one file after the other, those of the domain first."""

    tokens: Numbers
    """Tokens of each."""

    files: Numbers
    """Number of the file of each."""

    domain: int
    """How many are of the domain."""

    free: Numbers
    """Places of the general rows that can be drawn."""


def _asked(options: MixOptions) -> dict[str, Any]:
    """The options, but for those that change nothing in the data, and the tokenizer, of which the digest is kept."""
    return {name: value for name, value in vars(options).items() if name not in ("processes", "tokenizer")}


def _note(file: DataFile, role: str, account: MixManifest) -> None:
    """Note what a file is. Raises DataError where its rows cannot be in one file with those before it."""
    refuse_preferences(file)
    for other in account.inputs[:1]:
        if (other["format"] == "plain text") != (file.format == "plain text"):
            raise DataError(
                f"{other['file']} has {other['format']} rows and {file.name} {file.format} rows; "
                f"mix plain text with plain text, and conversations with conversations"
            )
    account.inputs.append({**file.facts, "role": role, "source": file.source})


def _taken(file: DataFile, tokenizer: Path | None, options: MixOptions) -> Generator[_Taken]:
    batches = (file.samples[start : start + BATCH] for start in range(0, len(file.samples), BATCH))
    processes = options.processes or (1 if len(file.samples) <= FEW else cores())
    take = partial(_take, file=file.name, source=file.source, layout=options.layout, tokenizer=tokenizer)
    return in_processes(take, batches, processes)


def _take(samples: Sequence[Sample], *, file: str, source: str, layout: Layout, tokenizer: Path | None) -> _Taken:
    """Make of some rows what is written and compared, and count their tokens, in whatever process."""
    texts = [turn.content for sample in samples for turn in sample.turns]
    counts = estimated_tokens(texts) if tokenizer is None else token_counts(tokenizer, texts)
    row_of = np.repeat(np.arange(len(samples)), [len(sample.turns) for sample in samples])
    tokens = np.zeros(len(samples), np.int64)
    np.add.at(tokens, row_of, counts)
    return _Taken(rows_as_they_are(samples, file=file, source=source, layout=layout), tokens)


def _pooled(counts: Sequence[Numbers], account: MixManifest, waiting: Waiting, alike: Alike) -> _Pool:
    """All rows; those of the general data that are in the domain data as well are noted, and not free."""
    files = np.repeat(np.arange(len(counts)), [len(part) for part in counts])
    domain, forms = account.rows("domain"), waiting.forms
    inside = alike.in_first(forms, domain)
    same = (inside >= 0) & (forms == forms[inside])
    account.left_out["exact-in-domain"] = list(waiting.places(np.flatnonzero(same).tolist()))
    account.left_out["near-in-domain"] = list(waiting.places(np.flatnonzero((inside >= 0) & ~same).tolist()))
    free = np.flatnonzero((inside < 0) & (np.arange(len(inside)) >= domain))
    return _Pool(np.concatenate(counts), files, domain, free)


def _order(pool: _Pool, account: MixManifest, options: MixOptions) -> list[int]:
    """The places of all rows that are written, in order. Raises DataError where the general data does not suffice."""
    domain, tokens = int(pool.tokens[: pool.domain].sum()), pool.tokens[pool.free]
    general = int(tokens.sum())
    if not domain:
        raise DataError("the domain data has no words, beside which general data could have a share; name other files")
    account.wanted, account.supported = wanted(options.share, domain), supported(general, domain)
    if account.wanted > general and not (options.repeat and general):
        raise DataError(_too_few(pool, general, domain, account))
    if account.wanted > PASSES * general:
        raise DataError(_too_often(general, domain, account))
    chosen = pool.free[drawn(tokens, pool.files[pool.free].tolist(), account.wanted, options.seed)].tolist()
    times = Counter[int](chosen)
    account.drawn, account.distinct, account.most_times = len(chosen), len(times), max(times.values(), default=0)
    order = [*range(pool.domain), *chosen]
    random.Random(f"{options.seed}/order").shuffle(order)  # noqa: S311 - a draw, no secret
    return order


def _too_few(pool: _Pool, general: int, domain: int, account: MixManifest) -> str:
    if not general:
        return (
            f"the general data has no words that the domain data has not ({account.rows('general') - len(pool.free):,} "
            f"of its {account.rows('general'):,} rows are in the domain data); name other data with --general"
        )
    least = f"--share {account.supported:g}" if account.supported else "a smaller one"
    left_out = sum(map(len, account.left_out.values()))
    beside = f" beside {left_out:,} row{'s' * (left_out != 1)} that the domain data has too" if left_out else ""
    return (
        f"the general data has {general:,} tokens{beside}, and a share of {account.options['share']:g} takes "
        f"{account.wanted:,} for the {domain:,} of the domain; it supports a share of {account.supported:g}: use "
        f"{least}, name more data with --general, or take rows again with --repeat"
    )


def _too_often(general: int, domain: int, account: MixManifest) -> str:
    times = -(-account.wanted // general)
    return (
        f"a share of {account.options['share']:.10g} takes {account.wanted:,} tokens, and the general data has "
        f"{general:,}, each of which would be there {times:,} times; {PASSES:,} times is the most: use "
        f"--share {supported(PASSES * general, domain):g} or less, or name more data with --general"
    )


def _written(
    folder: Path, out: Path, waiting: Waiting, pool: _Pool, order: Sequence[int], account: MixManifest
) -> Mixed:
    """Write the files in the workshop, and give them their names when both are whole."""
    train, manifest = paths_of_mix(out)
    files, tokens = pool.files[order], pool.tokens[order]
    for number, file in enumerate(account.inputs):
        here = files == number
        file["tokens"] = int(pool.tokens[pool.files == number].sum())
        file["rows_written"], file["tokens_written"] = int(here.sum()), int(tokens[here].sum())
    sha256 = write_lines(folder / train.name, waiting.lines(order))
    account.outputs.append({"file": train.name, "part": "train", "rows": len(order), "sha256": sha256})
    write_account(folder / manifest.name, account.as_dict())
    # The manifest comes last: data without one is of a mix that was cut off.
    publish([(folder / train.name, train), (folder / manifest.name, manifest)])
    return Mixed(train, manifest, account)
