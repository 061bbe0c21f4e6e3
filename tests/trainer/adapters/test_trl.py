"""TRL's trainers are hosts like any other: SFT and DPO with callback and mixin."""

from statistics import fmean

import pytest
import torch
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer

from store.artifacts import verify
from store.requests import Request
from tests.trainer.adapters.hosts import are_equal, recorded, shown, weights
from tests.trainer.seen import batches, metric, said
from trainer.adapters import AssayMixin

trl = pytest.importorskip("trl", reason="TRL is not installed", exc_type=ImportError)
Dataset = pytest.importorskip("datasets").Dataset

pytestmark = pytest.mark.filterwarnings("ignore")  # TRL and what it imports warn of themselves

SHORT = {
    "max_steps": 6, "per_device_train_batch_size": 4, "logging_steps": 1, "save_steps": 3, "report_to": [],
    "use_cpu": True, "bf16": False, "learning_rate": 1e-3, "disable_tqdm": True, "gradient_checkpointing": False,
    "max_length": 64,
}  # fmt: skip


def rows(**answers):
    """24 rows with a prompt and what else is given, as texts of a number."""
    return Dataset.from_list(
        [
            {"prompt": f"What is {number} plus {number}? ", **{name: make(number) for name, make in answers.items()}}
            for number in range(24)
        ]
    )


@pytest.fixture
def make(model_folder, tmp_path):
    """Makes one of TRL's trainers, `sft` or `dpo`, with the mixin or without."""

    def made(kind, *callbacks, mixed=True, lora=True, output="out", **settings):
        torch.manual_seed(0)
        host, config, data = HOSTS[kind]()
        return (type("Mixed", (AssayMixin, host), {}) if mixed else host)(
            model=AutoModelForCausalLM.from_pretrained(model_folder),
            args=config(output_dir=str(tmp_path / output), **{**SHORT, **settings}),
            train_dataset=data,
            processing_class=AutoTokenizer.from_pretrained(model_folder),
            peft_config=LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM") if lora else None,
            callbacks=list(callbacks),
        )

    return made


HOSTS = {
    "sft": lambda: (trl.SFTTrainer, trl.SFTConfig, rows(completion=lambda number: f"It is {2 * number}.")),
    "dpo": lambda: (
        trl.DPOTrainer,
        trl.DPOConfig,
        rows(chosen=lambda number: f"It is {2 * number}.", rejected=lambda _: "No idea."),
    ),
}


def logged(trainer, name):
    return [row[name] for row in trainer.state.log_history if name in row]


@pytest.mark.parametrize("lora", [False, True])
def test_sft_is_recorded_step_by_step_and_learns_the_same(make, store, lora):
    plain = make("sft", mixed=False, lora=lora, output="plain")
    trainer = make("sft", recorded(store), lora=lora)
    plain.train()
    trainer.train()
    assert are_equal(weights(plain), weights(trainer))
    run = shown(store)
    assert (run["stage"], run["status"], run["step"]) == ("sft", "finished", 6)
    assert run["provenance"]["trainer"] == "SFTTrainer"
    found = [value for _, value in sorted(metric(store, "loss").items())]
    assert found == pytest.approx(logged(trainer, "loss"), abs=1e-5)
    assert found == pytest.approx(logged(plain, "loss"), abs=1e-5)
    assert [value for _, value in sorted(metric(store, "grad_norm").items())] == pytest.approx(
        logged(plain, "grad_norm"), abs=1e-5
    )
    for batch in batches(store):
        assert (len(batch["rows"]), len(batch["losses"])) == (4, 4)
        assert fmean(batch["losses"]) == pytest.approx(found[batch["step"] - 1], rel=0.2)
    assert len(metric(store, "mean_token_accuracy")) == 6
    assert run["config"]["train"]["method"] == ("lora" if lora else "full")
    for item in run["checkpoints"]:
        verify(store.root / item["path"], item["sha256"])


@pytest.mark.parametrize("settings", [{}, {"precompute_ref_log_probs": True}, {"gradient_accumulation_steps": 2}])
def test_dpo_is_recorded_with_the_loss_of_each_pair_and_learns_the_same(make, store, settings):
    plain = make("dpo", mixed=False, output="plain", **settings)
    trainer = make("dpo", recorded(store), **settings)
    plain.train()
    trainer.train()
    assert are_equal(weights(plain), weights(trainer))
    run = shown(store)
    assert (run["stage"], run["status"], run["step"]) == ("dpo", "finished", 6)
    found = [value for _, value in sorted(metric(store, "loss").items())]
    assert found == pytest.approx(logged(trainer, "loss"), abs=1e-5)
    count = 4 * settings.get("gradient_accumulation_steps", 1)
    for batch in batches(store):
        assert (len(batch["rows"]), len(batch["losses"])) == (count, count)
        assert fmean(batch["losses"]) == pytest.approx(found[batch["step"] - 1], abs=1e-5)
    assert len(metric(store, "rewards/margins")) == 6
    assert said(store, "stage") == [f"dpo: batches of {count} pairs, by the host"]


def test_another_loss_of_sft_is_recorded_without_those_of_its_samples(make, store):
    make("sft", recorded(store), loss_type="dft").train()
    shown(store)
    assert len(metric(store, "loss")) == 6
    assert [(len(batch["rows"]), batch["losses"]) for batch in batches(store)] == [(4, [])] * 6


def test_another_loss_of_dpo_is_recorded_without_those_of_its_pairs(make, store):
    make("dpo", recorded(store), loss_type="hinge", max_steps=2).train()
    shown(store)
    assert [(len(item["rows"]), item["losses"]) for item in batches(store)] == [(4, []), (4, [])]


def test_dpo_with_a_reference_model_of_its_own_has_the_losses_of_its_pairs(make, store):
    trainer = make("dpo", recorded(store), lora=False, max_steps=3)
    assert trainer.ref_model is not None
    trainer.train()
    shown(store)
    for batch, loss in zip(batches(store), logged(trainer, "loss"), strict=True):
        assert fmean(batch["losses"]) == pytest.approx(loss, abs=1e-5)


@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_the_callback_alone_follows_the_log(make, kind, store):
    trainer = make(kind, recorded(store), mixed=False, lora=True)
    trainer.train()
    run = shown(store)
    assert (run["stage"], run["status"], run["step"]) == (kind, "finished", 6)
    assert [value for _, value in sorted(metric(store, "loss").items())] == logged(trainer, "loss")
    assert batches(store) == []
    assert [item["step"] for item in run["checkpoints"]] == [3, 6]


@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_a_rollback_in_trl_goes_on_exactly(make, kind, store):
    plain = make(kind, mixed=False, output="plain")
    plain.train()
    trainer = make(kind, recorded(store))
    step_end, asked = trainer._assay.on_step_end, []

    def ask(*given, **known):
        if given[1].global_step == 5 and not asked:
            asked.append(True)
            wishes = trainer._assay.hosted.wishes
            wishes._inbox._requests.put(Request(1, "rollback", {"step": 3}, "command:li"))
        step_end(*given, **known)

    trainer._assay.on_step_end = ask
    trainer.train()
    assert are_equal(weights(plain), weights(trainer))
    assert [item["reason"] for item in shown(store)["branches"]] == ["start", "rollback"]
    assert said(store, "replay") == ["steps 4 to 5, done again, came to the same numbers, bit for bit"]
