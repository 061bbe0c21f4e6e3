"""`assay review open`: both models answer every question, and experts can begin."""

import importlib
import os
from pathlib import Path
from typing import Any

import click

from assay.errors import AssayError
from evals.commands.review_common import command_actor
from evals.review.draft import DAYS
from evals.review.wording import LANGUAGES
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option

__all__ = ["open_command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("open")
@click.option("--candidate", required=True, metavar="RUN@STEP", help="Checkpoint that may be released.")
@click.option(
    "--baseline", required=True, metavar="released|base|RUN@STEP",
    help="What it is judged against: what is live in prod, what the candidate's run began with, or a checkpoint.",
)  # fmt: skip
@click.option(
    "--questions", required=True, metavar="FILE", type=_FILE, help="Rows with id, question; may have system, specialty."
)
@click.option("--policy", metavar="FILE", type=_FILE, help="Rules of the campaign (TOML). Default: those Assay brings.")
@click.option(
    "--practice", metavar="FILE", type=_FILE, help="Three questions to practise on. Default: drawn from --questions."
)
@click.option("--name", default="", help="Name for leads and commands. Default: made of the two models' names.")
@click.option("--title", default="", help="What experts read above their pairs. Default: a number.")
@click.option("--instructions", metavar="FILE", type=_FILE, help="Text that experts are told first. Default: ours.")
@click.option(
    "--lang", type=click.Choice(LANGUAGES), help="Language the page begins in. Default: that of most questions."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of practice, order and overlap.")
@click.option("--days", type=click.IntRange(1, 366), default=DAYS, show_default=True, help="Days until invites end.")
@click.option("--tokens", type=click.IntRange(1), default=512, show_default=True, help="Longest answer.")
@click.option("--look", is_flag=True, help="Generate and look at the answers, but open nothing.")
@store_option
@json_option
def open_command(  # noqa: PLR0913 - options of the command
    *, candidate: str, baseline: str, questions: Path, policy: Path | None, practice: Path | None, name: str,
    title: str, instructions: Path | None, lang: str | None, seed: int, days: int, tokens: int, look: bool,
    store: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Open a campaign: a candidate against a baseline, judged blind.

    All answers are the likeliest ones, generated first and stored. What a stopped try has generated is kept, and the
    next one goes on from there. Before it opens, answers that are the same, words that name a model, and how well the
    texts alone tell the models apart are printed; none of it says which model is which. Three pairs are for practice
    and do not count.
    """
    place = loaded_store(store)
    campaign, bar = _training("trainer.campaign"), _training("trainer.bar")
    order = campaign.CampaignOrder(
        candidate=candidate, baseline=baseline, questions=questions, policy=policy, practice=practice, name=name,
        title=title, instructions=_text(instructions), language=lang or "", seed=seed, days=days, tokens=tokens,
    )  # fmt: skip
    with bar.Bar() as shown:
        opened = campaign.open_campaign(place, command_actor(), order, progress=shown.show, only_look=look)
    if as_json:
        print_json(_as_dict(opened))
    else:
        _print(opened)


def _training(name: str) -> Any:
    """A module of the trainer, which needs packages that the base install lacks."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("assay", "store", "evals", "trainer"):
            raise
        raise AssayError(f"`assay review open` needs {error.name}: pip install 'assay-llm[train]'") from error


def _text(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise AssayError(f"cannot read the instructions {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AssayError(f"the instructions {file} are no UTF-8 text") from error
    if not text.strip():
        raise AssayError(f"the instructions {file} are empty; write what experts are told, or leave out --instructions")
    return text


def _as_dict(opened: Any) -> dict[str, Any]:
    draft, findings = opened.draft, opened.findings
    return {
        "campaign": opened.campaign, "candidate": draft.candidate.name, "candidate_sha256": draft.candidate.sha256,
        "baseline": draft.baseline.name, "baseline_sha256": draft.baseline.sha256, "pairs": findings.pairs,
        "identical": len(findings.identical), "practice": len(draft.practice), "seed": draft.seed,
        "telling_apart": _told(findings.apart), "warnings": opened.warnings,
    }  # fmt: skip


def _told(apart: Any) -> dict[str, float] | None:
    """Without the phrases and whose they are."""
    return None if apart is None else {"auc": apart.auc, "low": apart.low, "high": apart.high, "p": apart.p}


def _print(opened: Any) -> None:
    draft, pairs = opened.draft, opened.findings.pairs
    for sentence in opened.warnings:
        notes.print(f"note: {sentence}")
    said = f"{pairs:,} pair{'s' * (pairs != 1)} to judge, {len(draft.practice)} to practise on"
    if opened.campaign is None:
        console.print(f"nothing was opened; {draft.candidate.name} against {draft.baseline.name}: {said}", markup=False)
        return
    console.print(
        f"campaign {opened.campaign} is open: {draft.candidate.name} against {draft.baseline.name}, {said}",
        markup=False,
    )
    console.print(f"next: assay user invite --campaign {opened.campaign} --name NAME", markup=False)
