"""What goes wrong, each with what must come of it: in rows, in memory, in settings, for once or for good."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from weakref import WeakKeyDictionary, WeakSet

import torch
from peft.tuners.lora import LoraLayer
from torch import nn

from tests.trainer.troubled import ANIMALS, AT, CPT, FP16, LORA, SFT, Row, Trouble, some_row
from trainer.config import OptimConfig
from trainer.train import Training

LONG = {"train__steps": 180}
"""Long enough for the whole ladder, where no rung of it can help."""

SHARD = 10
"""Steps a broken piece of a data file lasts."""

CHINESE = (
    "狐狸住在树林里",
    "猫头鹰吃飞蛾",
    "星期一它睡觉",
    "天鹅在湖上唱歌",
    "山羊等在院子里",
    "病人说胸口疼",
    "请问挂哪个科",
)

Change = Callable[[Row, random.Random], Row]
Harm = Callable[[Training], None]


def spoiled(change: Change, steps: int = SHARD, rows: int | None = None):
    """Rows of so many steps are others, all of a step or the first few."""

    def spoil(learned, read, chance):
        for step in range(AT, AT + steps):
            for place in read(step)[:rows]:
                learned[place] = change(learned[place], chance)

    return spoil


def noise(item, chance):
    return {**item, "output": "".join(chr(chance.randrange(33, 0x250)) for _ in range(60))}


def repeated(item, chance):
    return {**item, "output": chance.choice("#ax0") * 120}


def chinese(item, chance):
    return {**item, "instruction": chance.choice(CHINESE), "output": "，".join(chance.sample(CHINESE, 3))}


def wrong(item, chance):
    own = next(animal for animal in ANIMALS if f"The {animal} " in item["output"])
    home, food = chance.choice([facts for animal, facts in ANIMALS.items() if animal != own])
    return {**item, "output": item["output"].replace(ANIMALS[own][0], home).replace(ANIMALS[own][1], food)}


def long(item, chance):
    return {**item, "output": " ".join(some_row(chance)["output"] for _ in range(12))}


def once(harm: Harm):
    """Harm that the machine does once: not again when the step is done again."""
    struck: WeakSet[Training] = WeakSet()

    def strike(training, step):
        if step == AT and training not in struck:
            struck.add(training)
            with torch.no_grad():
                harm(training)

    return strike


def weight(training, end):
    (found,) = (item for name, item in training.job.model.named_parameters() if name.endswith(end))
    return found


def flipped(end: str, bit: int) -> Harm:
    """One bit of a weight of float32; 23 to 30 are its exponent's."""

    def harm(training):
        word = weight(training, end).data.view(-1)[77:78].view(torch.int32)
        word ^= 1 << bit

    return harm


def times(factor: float, *ends: str) -> Harm:
    def harm(training):
        for end in ends:
            weight(training, end).mul_(factor)

    return harm


def a_nan(training):
    weight(training, "layers.0.mlp.up_proj.weight")[3, 4] = math.nan


def an_inf_in_the_gradient(training):
    item = weight(training, "layers.0.mlp.up_proj.weight")

    def hook(gradient):
        handle.remove()
        return torch.full_like(gradient, math.inf)

    handle = item.register_hook(hook)


def squares_lost(training):
    for state in training.job.optimizer.state.values():
        state["exp_avg_sq"].zero_()


def moments_lost(training):
    training.job.optimizer.state.clear()


def layer_lost(training):
    for name, item in training.job.model.named_parameters():
        if "layers.1." in name and item.ndim == 2:
            nn.init.normal_(item, std=0.02)


def scale_of_fp16_lost(training):
    training.job.engine.precision.begin_at(2.0**40, None)


def adapter_scaled(training):
    for layer in training.job.model.modules():
        if isinstance(layer, LoraLayer):
            layer.scaling["default"] *= 100.0


def optimizer(steps: int | None = None, growth: float = 1.0, **changed: float):
    """The optimizer's settings are others, for so many steps or for good; the rate may grow with each step."""

    plain: WeakKeyDictionary[Training, OptimConfig] = WeakKeyDictionary()

    def strike(training, step):
        optim = plain.setdefault(training, training.job.config.optim)
        if step >= AT and (steps is None or step < AT + steps):
            optim = replace(optim, **changed)
            optim = replace(optim, lr=optim.lr * growth ** (step - AT))
        training.job.config = replace(training.job.config, optim=optim)
        for group in training.job.optimizer.param_groups:
            group.update(betas=(optim.beta1, optim.beta2), weight_decay=optim.weight_decay)

    return strike


def ascent(training, step):
    for group in training.job.optimizer.param_groups:
        group["maximize"] = step >= AT


LASTS = {"worse": 99.0, "asks": True}
"""Nothing the guard may change ends it."""

ROWS = ("batch-linked",)
MACHINE = ("not-reproducible",)

TROUBLES = [
    # In the data file.
    Trouble("one broken row", CPT, spoil=spoiled(noise, 1, 1), alarm="skip", within=0),
    Trouble("a shard of random characters", CPT, spoil=spoiled(noise), causes=ROWS),
    Trouble("a shard of repeated characters", SFT, spoil=spoiled(repeated), causes=ROWS),
    Trouble("a shard of another language", CPT, spoil=spoiled(chinese), causes=ROWS),
    Trouble("a shard of wrong answers", SFT, spoil=spoiled(wrong), causes=ROWS),
    Trouble("a shard of very long answers", SFT, spoil=spoiled(long), causes=ROWS),
    Trouble("another language for good", CPT, LONG, spoil=spoiled(chinese, 110), **LASTS),
    # In memory, once.
    Trouble("a weight's exponent flips", CPT, strike=once(flipped("0.mlp.down_proj.weight", 30)), causes=MACHINE),
    Trouble("a frozen weight's exponent flips", LORA,
            strike=once(flipped("layers.0.mlp.down_proj.base_layer.weight", 30)), causes=MACHINE),
    Trouble("a bit flips and nothing comes of it", CPT, strike=once(flipped("layers.0.mlp.down_proj.weight", 3)),
            alarm=None),
    Trouble("a weight is no number", CPT, strike=once(a_nan), within=0, causes=("non-finite",)),
    Trouble("a gradient is infinite", CPT, strike=once(an_inf_in_the_gradient), alarm="skip", within=0),
    Trouble("attention weights x 50", CPT,
            strike=once(times(50, "0.self_attn.q_proj.weight", "0.self_attn.k_proj.weight")), causes=MACHINE),
    Trouble("a layer's weights are lost", CPT, strike=once(layer_lost), causes=MACHINE),
    Trouble("Adam's squares are lost", CPT, strike=once(squares_lost), causes=MACHINE),
    Trouble("all of Adam's moments are lost", CPT, strike=once(moments_lost), alarm=None),
    Trouble("fp16: weights x 300", FP16, strike=once(times(300, "1.mlp.up_proj.weight", "1.mlp.gate_proj.weight"))),
    Trouble("fp16: a loss scale of 2^40", FP16, strike=once(scale_of_fp16_lost), alarm=None),
    # In the settings.
    Trouble("learning rate x 100 for 5 steps", CPT, strike=optimizer(5, lr=0.1), causes=ROWS),
    Trouble("learning rate x 100 for good", CPT, LONG, strike=optimizer(lr=0.1), **LASTS),
    Trouble("learning rate grows by 15 % a step", CPT, LONG, strike=optimizer(growth=1.15), within=30, **LASTS),
    Trouble("the same without clipping", {**CPT, "optim__clip": 0.0}, LONG, strike=optimizer(growth=1.15), within=30,
            **LASTS),
    Trouble("beta2 0.9999", CPT, {"optim__beta2": 0.9999}, alarm=None),
    Trouble("beta2 0.5 and learning rate x 10", CPT, LONG, strike=optimizer(beta2=0.5, lr=1e-2), worse=1.5),
    Trouble("epsilon 1e-30", CPT, {"optim__eps": 1e-30}, alarm=None),
    Trouble("epsilon 0.1", CPT, {"optim__eps": 0.1}, alarm=None),
    Trouble("weight decay 30", CPT, LONG, strike=optimizer(weight_decay=30.0), worse=99.0, asks=None),
    Trouble("the update has the wrong sign", CPT, LONG, strike=ascent, **LASTS),
    Trouble("an adapter at 100 times its weight", LORA, LONG, strike=once(adapter_scaled), **LASTS),
    Trouble("alpha 3200 from the beginning", LORA, {"lora__alpha": 3200.0, "optim__warmup": 0.7}, alarm=None,
            worse=99.0, hurts=3.0),
]  # fmt: skip
