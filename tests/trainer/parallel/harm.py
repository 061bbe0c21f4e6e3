"""What goes wrong in one of several processes; each is called in all of them before they train."""

import errno
import json
import math
import os
import signal
from multiprocessing.util import Finalize
from pathlib import Path

import torch

from trainer import job
from trainer.errors import ModelError
from trainer.parallel import channel, following, spread
from trainer.parallel.engine import SharedEngine


def here(rank):
    return os.environ.get("RANK", "0") == rank


def after(owner, name, number, then):
    """Do something instead of the `number`-th call of a method."""
    real, count = getattr(owner, name), iter(range(1, 1_000_000))

    def call(*arguments, **options):
        return then(real, *arguments, **options) if next(count) == number else real(*arguments, **options)

    setattr(owner, name, call)


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def dies_in_step(rank, step):
    if here(rank):
        after(SharedEngine, "_measure", int(step), die)


def dies_in_checkpoint(rank, number):
    if here(rank):
        after(following, "held", int(number), die)


def not_a_number(rank, first, last):
    """Losses that one process reads in some steps are no numbers."""
    measure, losses, count = SharedEngine._measure, SharedEngine.sample_losses, iter(range(1, 1_000_000))

    def call(self, *arguments, **options):
        factor = math.nan if int(first) <= next(count) <= int(last) else 1.0
        self.sample_losses = lambda batch: losses(self, batch) * factor
        return measure(self, *arguments, **options)

    if here(rank):
        SharedEngine._measure = call


def shows_threads(folder):
    """Writes what threads there are as a process ends, by the names that the system knows."""

    def show():
        names = [(task / "comm").read_text() for task in Path("/proc/self/task").iterdir()]
        (Path(folder) / f"{os.environ['RANK']}.threads").write_text("".join(names))

    # A process of multiprocessing runs these as it ends, where another runs those of atexit.
    Finalize(None, show, exitpriority=0)


def flips_a_bit(rank, step):
    """Memory of one process is not sound: a weight that is trained changes by itself."""

    def flipped(real, self, *arguments, **options):
        with torch.no_grad():
            self.groups.parameters[0].view(-1)[0] += 1e-6
        return real(self, *arguments, **options)

    if here(rank):
        after(SharedEngine, "_measure", int(step), flipped)


def part_flips(rank, number, of="weight"):
    """A bit of what one process holds of a model in parts changes between its being gathered and being sealed."""

    def flipped(real, model, optimizer):
        found = real(model, optimizer)
        item = next(item for item in model.parameters() if item.requires_grad)
        tensor = item if of == "weight" else optimizer.state[item]["exp_avg"]
        with torch.no_grad():
            tensor.to_local().view(-1)[-1] += 1e-6
        return found

    if here(rank):
        after(following, "gather_all", int(number), flipped)


def a_link_garbles(rank, number):
    """What rank 0 gathers is not what the others sent."""
    real, count = spread.whole, iter(range(1, 1_000_000))

    def garbled(tensor):
        found = real(tensor)
        if next(count) == int(number):
            found.view(-1)[-1] += 1e-6
        return found

    if here(rank):
        spread.whole = torch.no_grad()(garbled)


def shows_parts(place):
    """No harm: writes down what each process holds of each weight, once the model is shared."""
    begin = SharedEngine.__init__

    def call(self, accelerator, model, *arguments):
        begin(self, accelerator, model, *arguments)
        held = {
            name: [type(item).__name__, list(item.shape), list(item.to_local().shape)]
            for name, item in model.named_parameters()
        }
        Path(place).with_suffix(f".{os.environ['RANK']}").write_text(json.dumps(held))

    SharedEngine.__init__ = call


def cannot_load(rank):
    def refuse(*_, **__):
        raise ModelError("there is no model folder /models/base")

    if here(rank):
        job.load_model = refuse


def has_another_model(rank):
    load = job.load_model

    def other(*arguments, **options):
        model = load(*arguments, **options)
        model.resize_token_embeddings(500)
        return model

    if here(rank):
        job.load_model = other


def out_of_memory(rank, step):
    def refuse(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    if here(rank):
        after(SharedEngine, "_measure", int(step), refuse)


def says_often_that_it_is_there():
    channel.BEAT_SECONDS = 0.001


def has_a_spare_weight():
    load = job.load_model

    def other(*arguments, **options):
        model = load(*arguments, **options)
        model.register_parameter("spare", torch.nn.Parameter(torch.zeros(3)))
        return model

    job.load_model = other


def sees_no_folder(rank):
    """As on a node whose disk does not hold the store."""
    if here(rank):
        following.Path = lambda text: Path(f"/nowhere{text}")


def cannot_write_the_folder(rank):
    """As on a node to which the shared disk is given for reading only."""

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    if here(rank):
        following.Run = refuse


def may_not_look_into_the_folder(rank):
    """As on a node whose root is nobody on the shared disk."""
    real = Path.is_dir

    def refuse(self):
        if self.name == "spool":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(self)

    if here(rank):
        Path.is_dir = refuse
