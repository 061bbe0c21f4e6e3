"""A run whose checkpoints were put to suites, recorded and kept as the trainer and `assay eval` do it.

    store = evaluated_store(folder)       the run `triage`, rolled back once, and its base

What a test computes by hand stands here in tables: which questions were lost, what an answer scored.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import assay
from assay.recording import Run
from evals.forgetting.interval import drop_interval
from store.database import Store
from store.evaluations import Evaluation, ItemRow, ItemText, ScoreRow, keep
from store.loading import load_spools

RUN = "triage"
BASE = "b" * 64
SCORER = "assay-eval 1"
NOW = 1_790_000_000.0
"""When the base was asked, in seconds since 1970; each checkpoint a minute later."""

PLACES = ((1, 50), (1, 100), (1, 150), (2, 150), (2, 200), (2, 250))
"""Branch and step of each checkpoint, as they were written; 1@150 was abandoned by the rollback to step 100."""

ACTIVE = tuple(place for place in PLACES if place != (1, 150))

CATEGORIES = {"history": "en", "math": "en", "医学": "zh", "常识": "zh"}
"""Fifteen questions each, of which the base answers the first twelve right."""

LOST = {
    (1, 50): (), (1, 100): ("history-00", "医学-00"), (1, 150): tuple(f"math-{n:02}" for n in range(12)),
    (2, 150): ("history-00", "history-01", "医学-00", "医学-01"),
    (2, 200): (*(f"医学-{n:02}" for n in range(6)), "history-00"),
    (2, 250): (*(f"医学-{n:02}" for n in range(7)), "history-00", "常识-00"),
}  # fmt: skip
"""Questions that the base answers right and the checkpoint does not. One-sided mid-p: 1, .3125, .00012, .03125,
.0039, .00586 (with one gained)."""

GAINED = {place: ("math-14",) if place in ((1, 100), (2, 250)) else () for place in PLACES}

LEAKED = ("医学-00", "常识-14")
"""Questions found in the training data: one that the newest checkpoint lost, one that nobody knows."""

CLEAN = {"status": "clean", "rows": 1200, "leaked": []}
UNCHECKED = {"status": "unchecked", "rows": 0, "leaked": []}

BLEU = {None: 12.0, (1, 50): 30.0, (1, 100): 44.5, (1, 150): 20.0, (2, 150): 58.0, (2, 200): 66.25, (2, 250): 71.4}
"""Of the suite `letters`; its interval is five on both sides."""

RISE = {(1, 50): 0.01, (1, 100): 0.02, (1, 150): 0.5, (2, 150): 0.05, (2, 200): 0.12, (2, 250): 0.2}
"""Rise of the NLL on general text, in nats a token; that of the base is 2.5."""

Place = tuple[int, int] | None


def evaluated_store(folder: Path, *, evaluations: bool = True) -> Store:
    """A store with the run, its checkpoints and, unless asked otherwise, four suites put to its base and to each."""
    store = Store.at(folder / "assay.duckdb")
    _record(assay.run(RUN, store=folder, total_steps=300, project="clinic"))
    if evaluations:
        for number, place in enumerate((None, *PLACES)):
            for evaluation, texts in evaluated(place, NOW + 60 * number):
                keep(store.root, evaluation, texts)
    load_spools(store)
    return store


def evaluated(place: Place, created: float) -> Iterable[tuple[Evaluation, list[ItemText]]]:
    """The base (None) or a checkpoint at each suite, with the suites' items."""
    yield choice(place, created), choice_texts()
    yield letters(place, created), letter_texts()
    yield general(place, created), general_texts()
    yield samples(place, created), sample_texts()


def artifact(place: Place) -> str:
    """Digest of a checkpoint; of the base for None."""
    return BASE if place is None else f"{place[0]}{place[1]:04}".ljust(64, "c")


def choice_texts() -> list[ItemText]:
    """Sixty questions of four choices; the second is right."""
    return [
        ItemText(
            f"{category}-{n:02}", f"{category} {n}：哪一个对？ Which?", lang, category, f"right {n}",
            (f"wrong {n}", f"right {n}", "neither", "<b>both</b>"), 1,
        )
        for category, lang in CATEGORIES.items()
        for n in range(15)
    ]  # fmt: skip


def choice(place: Place, created: float) -> Evaluation:
    """The suite `facts` of what should be kept, with a margin of three points."""
    rows = [_answered(text, place) for text in choice_texts()]
    right = sum(bool(row.correct) for row in rows)
    scores = [_share("acc", right, 60), _share("acc_norm", right, 60)]
    for category in CATEGORIES:
        part = [bool(row.correct) for row in rows if row.id.startswith(category)]
        scores.append(_share("acc", sum(part), len(part), category=category))
    if place is not None:
        clean = [bool(row.correct) for row in rows if not row.leaked]
        scores.append(_share("acc", sum(clean), len(clean), clean=True))
        low, high = drop_interval(len(LOST[place]), len(GAINED[place]), 60)
        scores.append(ScoreRow("acc", (right - 48) / 60, -high, -low, 60, versus="base"))
    found = [{"id": id_, "coverage": 0.9, "source": "/data/letters.jsonl", "row": 7} for id_ in LEAKED]
    leak = {"status": "leaked", "rows": 1200, "leaked": found} if place else UNCHECKED
    settings = {"name": "facts", "measures": "kept", "kind": "choice", "margin": 0.03, "metrics": []}
    return _evaluation(place, created, settings, rows, scores, leak)


def letter_texts() -> list[ItemText]:
    """Four open questions in Chinese."""
    return [ItemText(f"letter-{n}", f"患者 {n}：发热三天。", "zh", "", f"科室：内科 {n}") for n in range(4)]


def letters(place: Place, created: float) -> Evaluation:
    """The suite `letters` of what should be learned."""
    bleu = BLEU[place]
    rows = [
        ItemRow(
            text.id, answer=f"答 {_name(place)}：{text.reference}", scores={"bleu": bleu - 3 + 2 * n, "chrf": 40.0 + n}
        )
        for n, text in enumerate(letter_texts())
    ]
    scores = [
        ScoreRow("bleu", bleu, bleu - 5, bleu + 5, 4, signature="nrefs:1|case:mixed|tok:zh|version:2.5.1"),
        ScoreRow("chrf", bleu / 2, bleu / 2 - 4, bleu / 2 + 4, 4, signature="nrefs:1|chars:6"),
        ScoreRow("field/department", 75.0, 30.1, 95.4, 4),
    ]
    if place is not None:
        scores += [ScoreRow("bleu", bleu - 12, bleu - 18, bleu - 6, 4, versus="base")]
        before = _before(place)
        if before is not None:
            gap = bleu - BLEU[before]
            scores += [ScoreRow("bleu", gap, gap - 6, gap + 6, 4, versus="previous")]
    settings = {
        "name": "letters", "measures": "learned", "kind": "open", "metrics": ["bleu", "chrf"], "margin": 0.03,
        "lang": "zh", "fields": {"department": "科室：(\\S+)"},
    }  # fmt: skip
    return _evaluation(place, created, settings, rows, scores, CLEAN)


def general_texts() -> list[ItemText]:
    """Three texts."""
    return [ItemText(f"text-{n}", f"It is an ordinary text, number {n}. 这是普通的文字。", None) for n in range(3)]


def general(place: Place, created: float) -> Evaluation:
    """The suite `general` of text that should not become surprising: 2.5 nats a token to the base, 100 tokens each."""
    rise = RISE[place] if place else 0.0
    kl = rise / 2
    rows = [ItemRow(text.id, nats=100 * (2.5 + rise), tokens=100, kl=100 * kl) for text in general_texts()]
    bits = (2.5 + rise) / 4
    scores = [
        ScoreRow("nll", 2.5 + rise, 2.4 + rise, 2.6 + rise, 3),
        ScoreRow("bits_per_byte", bits, bits - 0.1, bits + 0.1, 3),
        ScoreRow("kl", kl, kl * 0.8, kl * 1.2, 3),
    ]  # fmt: skip
    if place is not None:
        scores += [
            ScoreRow("nll", rise, rise - 0.005, rise + 0.005, 3, versus="base"),
            ScoreRow("bits_per_byte", rise / 4, rise / 4 - 0.002, rise / 4 + 0.002, 3, versus="base"),
        ]
    settings = {"name": "general", "measures": "kept", "kind": "text", "margin": 0.03, "metrics": []}
    return _evaluation(place, created, settings, rows, scores, CLEAN)


def sample_texts() -> list[ItemText]:
    """Prompts whose answers are only shown."""
    return [
        ItemText("sample-0", "头痛两天，应该看哪个科？", "zh", "", None),
        ItemText("sample-1", "Write one sentence about fever.", "en", "", None),
        ItemText("sample-2", "<script>alert(1)</script> What is this?", "en", "", None),
    ]


def samples(place: Place, created: float) -> Evaluation:
    """The suite `samples`: answers with nothing measured."""
    said = _name(place)
    answers = (f"建议看神经内科（{said}）。", f"Fever is a sign, says {said}.", f"<b>markup</b> of {said}\nsecond line")
    rows = [ItemRow(text.id, answer=answer) for text, answer in zip(sample_texts(), answers, strict=True)]
    settings = {"name": "samples", "measures": "shown", "kind": "open", "metrics": [], "max_new_tokens": 64}
    return _evaluation(place, created, settings, rows, [], UNCHECKED)


def _evaluation(
    place: Place, created: float, settings: dict, rows: Sequence[ItemRow], scores: Sequence[ScoreRow], leak: dict
) -> Evaluation:
    branch, step = place or (None, None)
    suite, before = settings["name"], _before(place) if place else None
    previous = {"previous": _name(before)} if before else {}
    return Evaluation(
        artifact=artifact(place), model=_name(place), suite=suite, suite_sha256=suite.ljust(64, "0"),
        measures=settings["measures"], kind=settings["kind"], scorer=SCORER, of=len(rows), created=created,
        seconds=1.5, scores=tuple(scores), items=tuple(rows), run=RUN if place else None, branch=branch, step=step,
        base=BASE if place else None,
        data={
            "versions": {"assay": "0.1"}, "device": "cpu", "dtype": "float32", "settings": settings, "leak": leak,
            **previous,
        },
    )  # fmt: skip


def _name(place: Place) -> str:
    return "base" if place is None else f"{RUN}@{place[1]}"


def _before(place: tuple[int, int]) -> Place:
    """The checkpoint before it on its path."""
    earlier = [other for other in PLACES if other[1] < place[1] and other != (1, 150)]
    return max(earlier, key=lambda other: other[1], default=None)


def _answered(text: ItemText, place: Place) -> ItemRow:
    known = int(text.id[-2:]) < 12
    right = known if place is None else (known and text.id not in LOST[place]) or text.id in GAINED[place]
    lls = (-3.0, -1.0, -4.0, -4.0) if right else (-1.0, -3.0, -4.0, -4.0)
    return ItemRow(text.id, right, 1 if right else 0, lls, leaked=place is not None and text.id in LEAKED)


def _share(metric: str, right: int, n: int, *, category: str = "", clean: bool = False) -> ScoreRow:
    value = right / n
    return ScoreRow(metric, value, max(0.0, value - 0.1), min(1.0, value + 0.1), n, category, clean)


def _record(run: Run) -> None:
    run.facts(
        config={"checkpoint": {"every": 50}, "data": {"train": "letters.jsonl"}, "run": {"name": RUN}},
        provenance={"command": ["assay", "train", "triage.toml"]},
    )  # fmt: skip
    _steps(run, 1, 180, 1)
    run.fork(after=100, reason="rollback", data={"actor": "ann", "abandoned_to": 180})
    _steps(run, 101, 260, 2)
    run.finish()


def _steps(run: Run, first: int, last: int, branch: int) -> None:
    for step in range(first, last + 1):
        run.log(step, loss=3.0 - step / 200)
        if (branch, step) in PLACES:
            run.record(
                "checkpoint", s=step, b=branch, state="stable", path=f"{RUN}/checkpoints/{branch}-{step}",
                sha256=artifact((branch, step)), bytes=13_451_368, data={"val_loss": 3.1 - step / 200},
            )  # fmt: skip
