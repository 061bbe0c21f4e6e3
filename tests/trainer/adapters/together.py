"""A host in several processes, as torchrun starts them: forked from one that has loaded torch."""

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback

from store.requests import Request
from tests.trainer.adapters.hosts import Seen, host
from tests.trainer.parallel.launched import CONTEXT, _no_main
from trainer.adapters import AssayCallback, others, written

SECONDS = 150


class Notes(TrainerCallback):
    """Keeps what the host does in this process, and has it save after a step."""

    def __init__(self, saves: int | None) -> None:
        self.saves, self.saved = saves, list[int]()

    def on_step_end(self, args, state, control, **_):
        control.should_save |= state.global_step == self.saves

    def on_save(self, args, state, control, **_):
        self.saved.append(state.global_step)


def train_together(kind: str, model: Path, folder: Path, asks: str = "", *, size: int = 2, **given: Any) -> list[dict]:
    """Train a host in several processes; of the first one `asks` is asked behind its fifth step. What each did.

    Without Assay's callback in the other processes where `everywhere` is False; `apart` gives each a disk of its own;
    the first one alone wants a checkpoint after the step `saves_alone`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given |= {"kind": kind, "model": model, "folder": folder, "asks": asks}
    processes = [CONTEXT.Process(target=_train, args=(rank, size, port, given)) for rank in range(size)]
    with _no_main():
        for process in processes:
            process.start()
    for process in processes:
        process.join(SECONDS)
    late = [process for process in processes if process.exitcode is None]
    for process in late:
        process.kill()
    said = [(folder / f"{rank}.err").read_text() for rank in range(size)]
    assert not late, said
    assert [process.exitcode for process in processes] == [0] * size, said
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(size)]


def _train(rank: int, size: int, port: int, given: dict[str, Any]) -> None:
    folder, asks = given.pop("folder"), given.pop("asks")
    os.dup2(os.open(folder / f"{rank}.err", os.O_WRONLY | os.O_CREAT), 2)
    os.environ |= {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    torch.set_num_threads(1)
    everywhere, apart = given.pop("everywhere", True), given.pop("apart", False)
    alone = given.pop("saves_alone", None)
    if alone:
        written.LIMIT_SECONDS = 3.0
    notes, callback = Notes(None if rank else alone), AssayCallback("r", store=str(folder / "runs"))
    callbacks = [notes, callback] if rank == 0 or everywhere else [notes]
    output = folder / (f"out-{rank}" if apart else "out")
    if not everywhere:
        others.MEETING /= 20
    kind, model = {"seen": Seen, "plain": Trainer}[given.pop("kind")], given.pop("model")
    trainer = host(kind, model, output, *callbacks, ddp_backend="gloo", **given)
    if alone:
        trainer.store_flos = lambda: None  # which all have to do together
    answers: list[str] = []
    if rank == 0 and asks:
        _ask(callback, asks, answers)
    trainer.train()
    done = {"step": trainer.state.global_step, "saved": notes.saved, "answers": answers}
    (folder / f"{rank}.json").write_text(json.dumps(done))


def _ask(callback: AssayCallback, kinds: str, answers: list[str]) -> None:
    # A pause lasts some of these, and the others hear each.
    others.BEAT_SECONDS = 0.01
    step_end = callback.on_step_end

    def ask(*given, **known):
        if given[1].global_step == 5 and callback.hosted is not None:
            wishes = callback.hosted.wishes
            wishes._inbox.answer = lambda _, result: answers.append(result)
            for number, kind in enumerate(kinds.split()):
                request = Request(number, kind, {"step": 4, "text": "well"}, "command:li")
                put = wishes._inbox._requests.put
                if kind == "continue":
                    threading.Timer(0.5, put, [request]).start()
                else:
                    put(request)
        step_end(*given, **known)

    callback.on_step_end = ask
