"""What is learned of a preference: the loss of its paper, with the gradients of TRL's trainer."""

import math

import pytest
import torch
from torch.nn import functional

from tests.trainer.preferred import PREFERENCES, SHORT, written
from trainer.batch import collate
from trainer.job import prepare
from trainer.step import seed_step


@pytest.fixture
def job_of(config_for, tmp_path):
    """A job whose reference is known and whose model has moved away from it."""
    path = written(tmp_path / "preferences.jsonl")

    def make(*, begun=0.0, moved=0.05, **settings):
        job = prepare(config_for(**{**SHORT, "data__train": path, "data__validation": 0.0, **settings}))
        move(job, begun, seed=1)
        job.engine.objective.reference = job.engine.likelihoods(job.data.train, micro_batch=24)
        move(job, moved, seed=2)
        return job

    return make


@torch.no_grad()
def move(job, by, seed):
    torch.manual_seed(seed)
    for item in job.model.parameters():
        if item.requires_grad:
            item.add_(by * torch.randn_like(item))


def gradients(job, examples, micro_batch=100):
    job.optimizer.zero_grad()
    seed_step(0, 1)
    found = job.engine.measure(job.optimizer, examples, micro_batch=micro_batch, clip=0.0)
    trained = {name: item.grad.clone() for name, item in job.model.named_parameters() if item.requires_grad}
    return found, trained


def logps(model, ids, learned):
    """The log-likelihood of the learned tokens of each row, by the plain formula."""
    said = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, :-1].log_softmax(-1)
    return (said.gather(-1, ids[:, 1:, None])[..., 0] * learned[:, 1:]).sum(-1)


def by_hand(job, examples, beta, flipped):
    """Loss and rewards of pairs, one after the other, each alone in its batch."""
    losses, rewards = [], []
    for pair in examples:
        said = [logps(job.model, row.ids[None].long(), row.answer[None]) for row in (pair, pair.rejected)]
        chosen, rejected = (
            beta * (now - before) for now, before in zip(said, job.engine.objective.reference[pair.row], strict=True)
        )
        right, wrong = functional.logsigmoid(chosen - rejected), functional.logsigmoid(rejected - chosen)
        losses.append(-(1 - flipped) * right - flipped * wrong)
        rewards.append((chosen.item(), rejected.item()))
    return torch.cat(losses), rewards


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize(("beta", "flipped"), [(0.1, 0.0), (0.5, 0.2)])
def test_loss_and_gradients_are_those_of_the_formula(job_of, method, beta, flipped):
    job = job_of(train__method=method, dpo__beta=beta, dpo__label_smoothing=flipped)
    examples = job.data.train[:6]
    found, ours = gradients(job, examples)
    job.optimizer.zero_grad()
    losses, rewards = by_hand(job, examples, beta, flipped)
    losses.mean().backward()
    assert found.loss == pytest.approx(losses.mean().item(), abs=1e-6)
    assert found.losses == pytest.approx(losses.tolist(), abs=1e-5)
    assert abs(found.loss - math.log(2)) > 1e-3
    theirs = {name: item.grad for name, item in job.model.named_parameters() if item.requires_grad}
    assert max((ours[name] - theirs[name]).abs().max().item() for name in ours) < 1e-5
    margins = [chosen - rejected for chosen, rejected in rewards]
    mean = len(examples)
    assert found.signals["rewards/chosen"] == pytest.approx(sum(one for one, _ in rewards) / mean, abs=1e-5)
    assert found.signals["rewards/rejected"] == pytest.approx(sum(one for _, one in rewards) / mean, abs=1e-5)
    assert found.signals["rewards/margin"] == pytest.approx(sum(margins) / mean, abs=1e-5)
    assert found.signals["rewards/accuracy"] == sum(margin > 0 for margin in margins) / mean


@pytest.mark.parametrize("micro_batch", [1, 2, 4])
def test_parts_of_a_batch_come_to_what_the_whole_does(job_of, micro_batch):
    job = job_of()
    examples = job.data.train[:7]
    whole, expected = gradients(job, examples)
    parts, found = gradients(job, examples, micro_batch=micro_batch)
    assert parts.losses == pytest.approx(whole.losses, abs=1e-6)
    assert parts.loss == pytest.approx(whole.loss, abs=1e-6)
    assert parts.signals == pytest.approx(whole.signals, abs=1e-5)
    assert parts.counts == [1] * 7
    assert parts.tokens == whole.tokens == sum(len(pair.ids) + len(pair.rejected.ids) for pair in examples)
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)


def test_only_the_last_answer_of_each_conversation_counts(job_of, tmp_path):
    turns = [{"role": "user", "content": "1?"}, {"role": "assistant", "content": "It is 1."}, *PREFERENCES[3]["prompt"]]
    job = job_of(data__train=written(tmp_path / "more.jsonl", [{**PREFERENCES[3], "prompt": turns}] * 2))
    pair = job.data.train[0]
    assert job.decode(pair.ids[pair.answer]) == "It is 6."
    assert job.decode(pair.rejected.ids[pair.rejected.answer]) == "What is 3? It is it. "
    assert "It is 1." in job.decode(pair.ids)


def test_a_model_that_has_not_moved_has_the_loss_of_a_coin(job_of):
    found, _ = gradients(job_of(moved=0.0), job_of(moved=0.0).data.train[:4])
    assert found.losses == pytest.approx([math.log(2)] * 4, abs=1e-6)
    assert found.signals["rewards/margin"] == pytest.approx(0.0, abs=1e-5)


def test_held_out_pairs_have_the_loss_that_a_step_on_them_has(job_of):
    job = job_of()
    some = job.data.train[:5]
    assert job.engine.evaluate(some, micro_batch=2) == pytest.approx(gradients(job, some)[0].loss, abs=1e-6)


def trl_trainer(job, folder, **options):
    """TRL's trainer, with the job's model as its reference; what it reads its own data for is not asked."""
    trl = pytest.importorskip("trl", reason="needs trl, which the extra parity brings")
    datasets = pytest.importorskip("datasets")
    rows = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in PREFERENCES[:4]]
    settings = trl.DPOConfig(
        str(folder), beta=job.config.dpo.beta, use_cpu=True, report_to=[], bf16=False, gradient_checkpointing=False,
    )  # fmt: skip
    return trl.DPOTrainer(
        job.model,
        args=settings,
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=job.tokenizer,
        **options,
    )


def trl_batch(pairs):
    batch = collate([*pairs, *(type(pair)(pair.row, "", *pair.rejected) for pair in pairs)])
    return {"input_ids": batch.ids, "attention_mask": batch.mask, "completion_mask": batch.learned.long()}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # TRL uses names that transformers is about to drop
@pytest.mark.parametrize("method", ["lora", "full"])
def test_loss_gradients_and_rewards_are_those_of_trl(job_of, tmp_path, method):
    # Of a model with an adapter TRL takes a copy of the adapter as its reference, of another one a second model.
    job, before = (job_of(train__method=method, begun=0.05, moved=moved) for moved in (0.05, 0.0))
    options = {"ref_model": job_of(train__method=method, begun=0.05, moved=0.0).model} if method == "full" else {}
    theirs = trl_trainer(before, tmp_path, **options)
    examples = job.data.train[:6]
    found, ours = gradients(job, examples)
    moved = dict(job.model.named_parameters())
    with torch.no_grad():
        for name, item in theirs.model.named_parameters():
            if item.requires_grad:
                item.copy_(moved[name])
    loss = theirs.compute_loss(theirs.model, trl_batch(examples))
    loss.backward()
    assert abs(found.loss - math.log(2)) > 1e-3
    assert found.loss == pytest.approx(loss.item(), abs=1e-5)
    for name, item in theirs.model.named_parameters():
        if item.requires_grad:
            assert torch.allclose(ours[name], item.grad, atol=1e-5, rtol=0), name
    told = {name: values[-1] for name, values in theirs._metrics["train"].items()}
    assert found.signals["rewards/chosen"] == pytest.approx(told["rewards/chosen"], abs=1e-5)
    assert found.signals["rewards/rejected"] == pytest.approx(told["rewards/rejected"], abs=1e-5)
    assert found.signals["rewards/accuracy"] == pytest.approx(told["rewards/accuracies"], abs=1e-6)
    assert found.signals["logps/chosen"] == pytest.approx(told["logps/chosen"], abs=1e-4)
