"""A plan: what the model's folder, the data and the cards say, put through the rules of `trainer.planning.advice`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer.config import LoraConfig
from trainer.planning import advice
from trainer.planning.activations import Setting
from trainer.planning.advice import Reason, Share, Vocabulary
from trainer.planning.architecture import Architecture, architecture_of, longest_of, read_config
from trainer.planning.evidence import Evidence, Kind, read_evidence
from trainer.planning.fitting import Fit, about_memory, fits_of, memory_table, method_for, powers_of_two
from trainer.planning.memory import Card, Memory, largest_fit
from trainer.planning.share import measured
from trainer.planning.tokens import Tokens, has_chat_template

__all__ = ["Plan", "Stage", "make_plan"]


@dataclass(frozen=True)
class Stage:
    """A run to be made."""

    stage: str
    """cpt, sft or dpo."""

    start: str
    """What it starts from: chat, base, or the stage it goes on from."""

    files: tuple[str, ...]
    """Its data."""

    rows: int
    """Rows of these."""

    tokens: int
    """Tokens of these."""

    epochs: float
    """Passes over them."""

    lr: float
    """Highest learning rate."""

    length: int
    """Tokens of a sample at the most."""

    batch: int
    """Samples a step: documents or parts of them, pairs, preferences."""

    rows_a_step: int
    """Rows of `length` tokens that these fill: documents share them, a preference has two."""

    micro_batch: int
    """Samples at once in memory."""

    rows_at_once: int
    """Rows of these."""

    checkpointing: bool
    """Whether activations are computed again."""

    steps: int
    """Steps of all epochs."""

    @property
    def accumulation(self) -> int:
        """Parts of which a step adds up the gradients."""
        return -(-self.batch // self.micro_batch)

    @property
    def at_once(self) -> dict[str, Any]:
        """What of it decides the memory of a setting."""
        return {"micro_batch": self.rows_at_once, "checkpointing": self.checkpointing}

    def as_dict(self) -> dict[str, Any]:
        """The stage as JSON."""
        return {
            "stage": self.stage, "start": self.start, "data": list(self.files), "rows": self.rows,
            "tokens": self.tokens, "epochs": self.epochs, "lr": self.lr, "max_length": self.length,
            "batch": self.batch, "rows_a_step": self.rows_a_step, "micro_batch": self.micro_batch,
            "accumulation": self.accumulation, "gradient_checkpointing": self.checkpointing, "steps": self.steps,
        }  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """All advice for a model and its data."""

    model: str
    """Folder of the model."""

    stages: list[Stage]
    """The runs to be made, in order; none without data."""

    method: str
    """full, lora or qlora."""

    lr: float
    """Highest learning rate."""

    rates: dict[int, float]
    """The rate that goes with other batch sizes."""

    share: Share | None
    """General data to be mixed in."""

    vocabulary: Vocabulary | None
    """How the vocabulary fits the data."""

    memory: list[Memory]
    """The memory table: first a row for each method as planned."""

    fits: list[Fit]
    """What fits each card that was named."""

    reasons: list[Reason]
    """Why, a sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        last = self.stages[-1] if self.stages else None
        return {
            "stages": [stage.as_dict() for stage in self.stages], "method": self.method, "lr": self.lr,
            "batch": last and {
                "size": last.batch, "micro_batch": last.micro_batch, "accumulation": last.accumulation,
                "gradient_checkpointing": last.checkpointing,
                "lr_at": {str(size): rate for size, rate in self.rates.items()},
            },
            "general_share": self.share and {
                "value": self.share.value, "guide": [list(pair) for pair in self.share.guide],
                "general_tokens": self.share.tokens, "measured": [row.as_dict() for row in measured()],
            },
            "vocabulary": self.vocabulary and {
                "tokens": self.vocabulary.tokens, "tokens_a_han_character": self.vocabulary.han_tokens,
                "tokens_a_letter": self.vocabulary.letter_tokens, "extend": self.vocabulary.extend,
            },
            "memory": [row.as_dict() for row in self.memory],
            "fits": {fit.card.name: fit.as_dict() for fit in self.fits},
            "reasons": advice.as_dicts(self.reasons),
        }  # fmt: skip


def make_plan(model: Path, files: Sequence[str], cards: Sequence[Card]) -> Plan:
    """Work out a plan; without data only what memory needs. Raises ModelError and DataError."""
    config = read_config(model)
    shape = architecture_of(config, model / "config.json")
    places = config.get("vocab_size")
    tokens = Tokens.of(model, places if isinstance(places, int) else None)
    if not files:
        return _without_data(model, shape, cards)
    maker = _Maker(model, shape, longest_of(config), read_evidence(files, tokens), cards)
    return maker.made(tokens.size if tokens else None)


def _without_data(model: Path, shape: Architecture | None, cards: Sequence[Card]) -> Plan:
    setting = Setting(length=min(1024, (shape and shape.longest) or 1024), rank=LoraConfig.rank)
    fits = fits_of(shape, setting, cards, advice.LEAST_BATCH)
    method, _, why = method_for(fits, wants_full=False, has_cpt=False, named=bool(cards))
    lr, more = advice.lr_of(method)
    said = "no data is named, so this is about memory alone; name it with --data"
    return Plan(
        model=str(model), stages=[], method=method, lr=lr, rates={}, share=None, vocabulary=None,
        memory=memory_table(shape, setting), fits=fits,
        reasons=[Reason("stages", said, advice.OURS), why, *more, about_memory(shape, cards)],
    )  # fmt: skip


class _Maker:
    """Puts a plan together."""

    def __init__(
        self, model: Path, shape: Architecture | None, longest: int | None, evidence: Evidence, cards: Sequence[Card]
    ) -> None:
        self.model, self.shape, self.longest, self.evidence, self.cards = model, shape, longest, evidence, cards
        self.reasons: list[Reason] = []

    def made(self, vocabulary: int | None) -> Plan:
        evidence = self.evidence
        names = self._noted(advice.stages_of(evidence))
        start, why = advice.start_of(evidence, names, is_chat=has_chat_template(self.model))
        self.reasons += why
        of = {"cpt": evidence.documents, "sft": evidence.pairs, "dpo": evidence.preferences}
        kinds = [of[name] for name in names]
        drafts = [self._draft(name, kind, names) for name, kind in zip(names, kinds, strict=True) if kind is not None]
        hardest = max(drafts, key=lambda draft: draft.length)
        fits = fits_of(self.shape, hardest.setting("lora"), self.cards, hardest.rows)
        wanted = advice.wants_all_weights(evidence, names)
        method, card, because = method_for(fits, wants_full=wanted, has_cpt="cpt" in names, named=bool(self.cards))
        self.reasons += [because, *advice.lr_of(method)[1]]
        starts = [start, *names]
        stages = [self._stage(draft, begin, method, card) for begin, draft in zip(starts, drafts, strict=False)]
        rates = self._rates(method, drafts)
        share = self._noted(advice.share_of(sum(stage.tokens for stage in stages)))
        found = self._noted(advice.vocabulary_of(evidence, vocabulary, names))
        self.reasons.append(about_memory(self.shape, self.cards))
        planned = replace(hardest.setting(method), **stages[drafts.index(hardest)].at_once)
        return Plan(
            model=str(self.model), stages=stages, method=method, lr=stages[-1].lr, rates=rates, share=share,
            vocabulary=found, memory=memory_table(self.shape, planned), fits=fits, reasons=self.reasons,
        )  # fmt: skip

    def _draft(self, name: str, kind: Kind, names: Sequence[str]) -> "_Draft":
        prefix = f"{name}: " if len(names) > 1 else ""
        length = self._noted(advice.length_of(name, kind, self.longest), prefix)
        if name == "cpt":
            samples = kind.parts(length)
            batch, rows = self._noted(advice.filled(kind, length), prefix)
        else:
            samples, batch = kind.rows, self._noted(advice.batch_size(kind.rows), prefix)
            rows = 2 * batch if name == "dpo" else batch
        epochs = self._noted(advice.epochs_of(name, kind.rows), prefix)
        return _Draft(name, kind, samples, length, batch, rows, epochs)

    def _rates(self, method: str, drafts: Sequence["_Draft"]) -> dict[int, float]:
        """The rates of other batches, of the last stage that takes the method's; none where none does."""
        last = next((draft for draft in reversed(drafts) if draft.name == "sft"), None)
        if last is None:
            return {}
        others = {last.batch // 2, last.batch * 2} - {0}
        return self._noted(advice.rescaled(method, last.batch, sorted(others)))

    def _noted(self, found: tuple[Any, Reason], prefix: str = "") -> Any:
        """What a rule advises; its reason is kept."""
        advised, reason = found
        self.reasons.append(replace(reason, reason=f"{prefix}{reason.reason}"))
        return advised

    def _stage(self, draft: "_Draft", start: str, method: str, card: Card | None) -> Stage:
        fitting = None
        if self.shape and card:
            fitting = largest_fit(self.shape, draft.setting(method), card, draft.sizes)
        at_once = fitting.setting.micro_batch if fitting else draft.rows
        lr = advice.DPO_LR[method] if draft.name == "dpo" else advice.lr_at(method, min(draft.batch, draft.rows))
        return Stage(
            stage=draft.name, start=start, files=draft.kind.files, rows=draft.kind.rows, tokens=draft.kind.tokens,
            epochs=draft.epochs, lr=lr, length=draft.length, batch=draft.batch, rows_a_step=draft.rows,
            micro_batch=max(1, at_once * draft.batch // draft.rows), rows_at_once=at_once,
            checkpointing=bool(fitting and fitting.setting.checkpointing),
            steps=-(-round(draft.samples * draft.epochs) // draft.batch),
        )  # fmt: skip


@dataclass(frozen=True)
class _Draft:
    """A stage before it is known what fits."""

    name: str
    kind: Kind
    samples: int
    length: int
    batch: int
    rows: int
    epochs: float

    @property
    def sizes(self) -> list[int]:
        """Rows that may be in memory at once: those of whole samples."""
        return [size for size in powers_of_two(self.rows) if size * self.batch >= self.rows]

    def setting(self, method: str) -> Setting:
        learned = 1.0 if self.name == "cpt" else self.kind.learned
        return Setting(method, length=self.length, learned=learned, rank=LoraConfig.rank)
