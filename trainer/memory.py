"""Work that may need more memory than there is: tried again with half as many samples at once."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from accelerate.utils.memory import should_reduce_batch_size

from trainer.errors import TrainingError

__all__ = ["out_of_memory_told", "within_memory"]

T = TypeVar("T")


@contextmanager
def out_of_memory_told(where: str) -> Iterator[None]:
    """Say in words that memory does not suffice for work which fewer samples at once would not make smaller."""
    try:
        yield
    except RuntimeError as error:
        if not should_reduce_batch_size(error):
            raise
        raise TrainingError(
            f"out of memory {where} ({str(error).splitlines()[0]}); train an adapter "
            f'(train.method = "lora", or "qlora" on weights of 4 bits) or take a smaller model'
        ) from error


def within_memory(work: Callable[[int], T], micro_batch: int, *, halved: Callable[[int, str], None], where: str) -> T:
    """Do `work(micro_batch)`; where memory does not suffice, again with half as many until it does.

    `halved` is told the new size and what the allocator said, and puts back what the attempt left
    behind. Raises TrainingError where not even one sample fits.
    """
    while True:
        try:
            return work(micro_batch)
        except RuntimeError as error:
            if not should_reduce_batch_size(error):
                raise
            said = str(error).splitlines()[0]
        # Outside of the handler, whose traceback holds the tensors of the attempt.
        if micro_batch == 1:
            raise TrainingError(
                f"out of memory {where} with one sample at a time ({said}); lower data.max_length, set "
                f"train.gradient_checkpointing = true, or take a smaller model"
            )
        micro_batch = (micro_batch + 1) // 2
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        halved(micro_batch, said)
