"""Choice questions by likelihood: processor seconds of lm-evaluation-harness's way and of Assay's.

    python -m bench.choice [--items 300] [--rounds 1] [--examples 0 5] [--unshared] [--json FILE]

Both score the same made-up questions of four choices, of the lengths of ARC-Easy, with the same model of 30M random
weights (Qwen2's shape, 16,384 tokens), 16 rows or 4 questions at once, one thread, once without examples and once
behind five. The harness's way is its own class `HFLM` where lm-eval is installed, else the same arithmetic: a row for
each choice, log-softmax over the whole vocabulary at every position. Turning text into ids is part of both. The best
of `--rounds` counts. Without examples a third way, Assay's with nothing shared, says how much comes of the head on
the needed positions alone; behind five it takes as long as the harness's and is measured with `--unshared` only.
Targets: 2.4 times less, with five examples 4 times; log-likelihoods within 1e-4.
"""

import importlib.util
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from bench.common import Report, parser
from evals.choice import encode_pair, item_prompt, score_items
from evals.choice_items import ChoiceItem
from trainer.demo.tiny import make_tokenizer

VOCABULARY = 16_384
BATCH = 4
CHOICES = 4


def main() -> None:
    """Score both ways and print the ratio."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--items", type=int, default=300, help="questions (%(default)s)")
    made.add_argument("--rounds", type=int, default=1, help="times each way is measured (%(default)s)")
    made.add_argument(
        "--examples", type=int, nargs="+", choices=(0, 5), default=[0, 5], help="examples before each question (0 5)"
    )
    made.add_argument("--unshared", action="store_true", help="measure the way with nothing shared behind examples too")
    arguments = made.parse_args()
    torch.set_num_threads(1)
    report = Report(__doc__ or "", arguments)
    chance = random.Random(0)
    words = _words(chance)
    questions = [_question(chance, words, number) for number in range(arguments.items + 5)]
    items, shots = questions[5:], questions[:5]
    tokenizer = make_tokenizer([f"{item.question} {' '.join(item.choices)}" for item in questions], VOCABULARY)
    model = _model()
    print(f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.1f}M weights; harness: {_harness_name()}")
    known = {
        0: Case("no examples", [], 2.4, unshared=True),
        5: Case("5 examples", shots, 4.0, unshared=arguments.unshared),
    }
    for number in arguments.examples:
        _compare(report, known[number], model, tokenizer, items, arguments.rounds)
    report.finish()


class Case(NamedTuple):
    """What stands before each question."""

    name: str
    shots: Sequence[ChoiceItem]
    target: float
    """Times less processor time."""
    unshared: bool
    """Whether the way with nothing shared is measured as well."""


def _compare(
    report: Report, case: Case, model: Any, tokenizer: PreTrainedTokenizerFast, items: Sequence[ChoiceItem], rounds: int
) -> None:
    name, shots, target = case.name, case.shots, case.target
    ways: dict[str, Callable[[], list[list[float]]]] = {
        "lm-evaluation-harness": lambda: _harness(model, tokenizer, items, shots),
        "assay, nothing shared": lambda: _ours(model, tokenizer, items, shots, share=False),
        "assay": lambda: _ours(model, tokenizer, items, shots, share=True),
    }
    if not case.unshared:
        del ways["assay, nothing shared"]
    seconds = dict.fromkeys(ways, float("inf"))
    lls: dict[str, list[list[float]]] = {}
    # In turns, so that other work on the machine falls on all alike.
    for _ in range(rounds):
        for way, score in ways.items():
            begin = time.process_time()
            lls[way] = score()
            seconds[way] = min(seconds[way], time.process_time() - begin)
    peer = "lm-evaluation-harness"
    rows = [
        {"way": way, "cpu s": taken, "questions a cpu s": len(items) / taken, "ratio": seconds[peer] / taken,
         "largest difference": _apart(lls[way], lls[peer])}
        for way, taken in seconds.items()
    ]  # fmt: skip
    report.table(f"{len(items)} questions, {name}", rows)
    ratio, apart = seconds[peer] / seconds["assay"], _apart(lls["assay"], lls[peer])
    report.target(f"{name}: times less processor time", f">= {target}", ratio, met=ratio >= target)
    report.target(f"{name}: largest difference in nats", "<= 1e-4", apart, met=apart <= 1e-4)


def _ours(model: Any, tokenizer: Any, items: Any, shots: Any, *, share: bool) -> list[list[float]]:
    found = score_items(model, tokenizer, items, shots=shots, batch_size=BATCH, share=share)
    return [score.lls for score in found]


def _harness(model: Any, tokenizer: Any, items: Sequence[ChoiceItem], shots: Sequence[ChoiceItem]) -> list[list[float]]:
    examples = "".join(f"{item_prompt(shot)[0]} {shot.choices[shot.answer]}\n\n" for shot in shots)
    asks = [(examples + item_prompt(item)[0], f" {choice}") for item in items for choice in item.choices]
    score = _by_harness if importlib.util.find_spec("lm_eval") else _by_hand
    lls = score(model, tokenizer, asks)
    return [lls[begin : begin + CHOICES] for begin in range(0, len(lls), CHOICES)]


def _by_harness(model: Any, tokenizer: Any, asks: Sequence[tuple[str, str]]) -> list[float]:
    from lm_eval.api.instance import Instance  # noqa: PLC0415 - the package is optional
    from lm_eval.models.huggingface import HFLM  # noqa: PLC0415 - the package is optional

    judge = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=BATCH * CHOICES, device="cpu")
    requests = [Instance("loglikelihood", {}, ask, number) for number, ask in enumerate(asks)]
    return [ll for ll, _ in judge.loglikelihood(requests, disable_tqdm=True)]


@torch.inference_mode()
def _by_hand(model: Any, tokenizer: Any, asks: Sequence[tuple[str, str]]) -> list[float]:
    pairs = [encode_pair(tokenizer, *ask) for ask in asks]
    order = sorted(range(len(pairs)), key=lambda place: -sum(map(len, pairs[place])))
    lls = [0.0] * len(pairs)
    for begin in range(0, len(order), BATCH * CHOICES):
        places = order[begin : begin + BATCH * CHOICES]
        rows = [torch.tensor(pairs[place].context + pairs[place].continuation) for place in places]
        padded = torch.nn.utils.rnn.pad_sequence([row[:-1] for row in rows], batch_first=True)
        scores = model(padded).logits.log_softmax(-1)
        for place, row, own in zip(places, rows, scores, strict=True):
            said = len(pairs[place].continuation)
            lls[place] = own[len(row) - 1 - said : len(row) - 1].gather(-1, row[-said:, None]).sum().item()
    return lls


def _harness_name() -> str:
    return "lm-eval's HFLM" if importlib.util.find_spec("lm_eval") else "the same arithmetic (lm-eval is not installed)"


def _apart(some: list[list[float]], others: list[list[float]]) -> float:
    return max(
        abs(one - other)
        for mine, theirs in zip(some, others, strict=True)
        for one, other in zip(mine, theirs, strict=True)
    )


def _model() -> Qwen2ForCausalLM:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=512,
        intermediate_size=1408,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    return Qwen2ForCausalLM(config).eval()


def _words(chance: random.Random) -> list[str]:
    """Made-up words of up to five letters: a token each, mostly."""
    return sorted({"".join(chance.choices("abdegiklmnoprstu", k=chance.randint(2, 5))) for _ in range(5000)})


def _question(chance: random.Random, words: Sequence[str], number: int) -> ChoiceItem:
    """A question of about 25 tokens with four choices of about 5, as ARC-Easy has them."""
    asked = " ".join(chance.choices(words, k=chance.randint(10, 30)))
    choices = tuple(" ".join(chance.choices(words, k=chance.randint(1, 7))) for _ in range(CHOICES))
    return ChoiceItem(str(number), "en", "words", f"{asked}?", choices, chance.randrange(CHOICES))


if __name__ == "__main__":
    main()
