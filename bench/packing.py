"""Documents laid end to end against documents in rows of their own: tokens a second of a step, and padding.

    python -m bench.packing                   a minute on two cores
    python -m bench.packing --width 512 --layers 8

Both ways read the same documents in the same steps, one after the other and again, so that a noisy machine is noisy for
both. Lengths are drawn log-normally, as those of web pages are, and cut at the longest row.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Sequence

import torch
from accelerate import Accelerator
from transformers import AutoModelForCausalLM, LlamaConfig

from bench import common
from trainer.batch import Batch
from trainer.examples import Example
from trainer.objective import Answers
from trainer.precision import Precision
from trainer.step import Engine

VOCABULARY = 8000


def main() -> int:
    """Time steps both ways, and print how they compare."""
    options = _options()
    torch.manual_seed(options.seed)
    engine, optimizer = _engine(options)
    batches = [_documents(options, number) for number in range(options.steps)]
    ways = {"a row each": _Counted(None), "end to end": _Counted(options.row)}
    for examples in batches:
        for way in ways.values():
            engine.objective = way
            way.seconds.append(_step(engine, optimizer, examples, options.micro_batch))
    read = sum(len(item.ids) for examples in batches for item in examples)
    report = common.Report(__doc__, options)
    report.table("a step", [
        {"way": name, "tokens/s": round(read / sum(way.seconds)), "padding %": round(100 * (1 - read / way.places), 1),
         "step ms": round(1000 * statistics.median(way.seconds), 1)}
        for name, way in ways.items()
    ])  # fmt: skip
    padded, packed = (sum(way.seconds) for way in ways.values())
    print(f"end to end: {padded / packed:.2f} times the tokens a second")
    return 0


class _Counted(Answers):
    """Counts the places of all rows, tokens and padding."""

    def __init__(self, capacity: int | None) -> None:
        super().__init__()
        self.capacity, self.places = capacity, 0
        self.seconds: list[float] = []

    def batch(self, examples: Sequence[Example]) -> Batch:
        found = super().batch(examples)
        self.places += found.ids.numel()
        return found


def _options() -> argparse.Namespace:
    parser = common.parser(__doc__, peers=False)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=16, help="documents a step; default: 16")
    parser.add_argument("--micro-batch", type=int, default=16, help="documents at once; default: 16")
    parser.add_argument("--row", type=int, default=512, help="tokens of a row; default: 512")
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _engine(options: argparse.Namespace) -> tuple[Engine, torch.optim.Optimizer]:
    shape = {"hidden_size": options.width, "intermediate_size": 3 * options.width, "num_hidden_layers": options.layers}
    config = LlamaConfig(vocab_size=VOCABULARY, num_attention_heads=options.width // 32, **shape)
    accelerator = Accelerator(mixed_precision="no")
    model = AutoModelForCausalLM.from_config(config).to(accelerator.device)
    name = "bf16" if accelerator.device.type == "cuda" else "fp32"
    engine = Engine(accelerator, model, Precision(name, accelerator.device))
    return engine, torch.optim.AdamW(model.parameters(), lr=1e-4)


def _documents(options: argparse.Namespace, step: int) -> list[Example]:
    chance = random.Random(f"{options.seed}/{step}")
    lengths = [min(options.row, 2 + int(chance.lognormvariate(4.5, 1.0))) for _ in range(options.batch)]
    return [
        Example(number, "d", torch.randint(VOCABULARY, (length,), dtype=torch.int32), torch.ones(length).bool())
        for number, length in enumerate(lengths)
    ]


def _step(engine: Engine, optimizer: torch.optim.Optimizer, examples: list[Example], micro_batch: int) -> float:
    begin = time.perf_counter()
    optimizer.zero_grad()
    # Its numbers are read from the device, so all is done when it returns.
    engine.measure(optimizer, examples, micro_batch=micro_batch, clip=1.0)
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
