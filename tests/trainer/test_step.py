"""One step's arithmetic: the answers alone are learned, however the batch is cut."""

import math

import pytest
import torch
from torch.nn import functional

from evals.prompt import ChatTemplate
from evals.text import Sample, Turn
from trainer.batch import collate
from trainer.examples import Example, encode_samples
from trainer.job import prepare
from trainer.step import seed_step


@pytest.fixture
def job(config_for):
    return prepare(config_for(train__method="full", data__validation=0.0))


def example(job, question, answer, row=0):
    sample = Sample(row, (Turn("user", question), Turn("assistant", answer)))
    (found,) = encode_samples([sample], ChatTemplate(job.tokenizer), 128)
    return Example(row, "test", torch.tensor(found.ids, dtype=torch.int32), torch.tensor(found.answer))


def gradients(job, examples, micro_batch=100, clip=0.0):
    job.optimizer.zero_grad()
    seed_step(0, 1)
    found = job.engine.measure(job.optimizer, examples, micro_batch=micro_batch, clip=clip)
    return found, {name: item.grad.clone() for name, item in job.model.named_parameters()}


def test_the_label_of_a_question_token_changes_no_gradient(job):
    one = example(job, "What is 3 plus 3?", "It is 6.")
    unlearned = (~one.answer[1:]).nonzero().flatten() + 1
    assert 3 < len(unlearned) < len(one.ids) - 3
    batch = collate([one])
    logits = job.model(input_ids=batch.ids, attention_mask=batch.mask).logits
    _, ours = gradients(job, [one])

    def by_hand(labels, ignored):
        job.optimizer.zero_grad()
        logits = job.model(input_ids=batch.ids, attention_mask=batch.mask).logits
        target = torch.where(ignored, torch.full_like(labels, -100), labels)[:, 1:]
        functional.cross_entropy(logits[:, :-1].flatten(0, 1), target.flatten()).backward()
        return {name: item.grad.clone() for name, item in job.model.named_parameters()}

    other = batch.ids.clone()
    other[0, unlearned] = (other[0, unlearned] + 7) % logits.shape[-1]
    ignored = ~batch.learned
    for labels in (batch.ids, other):
        theirs = by_hand(labels, ignored)
        assert all(torch.allclose(ours[name], theirs[name], atol=1e-7) for name in ours)
    # And a label of the answer does change it, so the comparison can fail.
    answer = batch.learned.nonzero()[0]
    other[tuple(answer)] = (other[tuple(answer)] + 7) % logits.shape[-1]
    theirs = by_hand(other, ignored)
    assert not all(torch.allclose(ours[name], theirs[name], atol=1e-7) for name in ours)


def test_the_loss_is_the_sum_over_answer_tokens_by_their_number(job):
    examples = [example(job, "q", "It is 6."), example(job, "What is it?", "It is 12, and not 6, it is.", row=1)]
    found, _ = gradients(job, examples)
    counts = [int(item.answer[1:].sum()) for item in examples]
    assert counts[0] != counts[1]
    weighted = sum(loss * count for loss, count in zip(found.losses, counts, strict=True)) / sum(counts)
    assert found.loss == pytest.approx(weighted, rel=1e-6)
    assert found.tokens == sum(len(item.ids) for item in examples)
    alone = [gradients(job, [item])[0].loss for item in examples]
    assert found.losses == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("micro_batch", [1, 2, 3])
def test_accumulated_parts_give_the_gradients_of_the_whole_batch(job, micro_batch):
    examples = [example(job, f"What is {n}?", "It is " + "very " * n + "6.", row=n) for n in range(5)]
    whole, expected = gradients(job, examples)
    parts, found = gradients(job, examples, micro_batch=micro_batch)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
    assert parts.losses == pytest.approx(whole.losses, rel=1e-5)
    assert parts.grad_norm == pytest.approx(whole.grad_norm, rel=1e-5)
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)


def test_four_times_eight_accumulated_equals_thirty_two_with_uneven_answers(config_for):
    """The weights after one step, from the same start, of runs that read 32 samples at once or 8 at a time."""
    settings = {"train__batch_size": 32, "train__steps": 1, "train__method": "full", "data__validation": 0.0}
    jobs = [prepare(config_for(train__micro_batch=micro, **settings)) for micro in (32, 8)]
    found = []
    for job in jobs:
        examples = [example(job, f"What is {n}?", "It is " + "very " * (n % 7) + "6.", row=n) for n in range(32)]
        counts = [int(item.answer[1:].sum()) for item in examples]
        assert len(set(counts)) == 7
        measured, gradient = gradients(job, examples, micro_batch=job.micro_batch, clip=1.0)
        job.optimizer.step()
        found.append((measured, gradient, dict(job.model.named_parameters())))
    (whole, expected, weights), (parts, gradient, stepped) = found
    assert [job.micro_batch for job in jobs] == [32, 8]
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
    assert parts.losses == pytest.approx(whole.losses, rel=1e-5)
    assert parts.grad_norm == pytest.approx(whole.grad_norm, rel=1e-5)
    for name, item in expected.items():
        assert torch.allclose(gradient[name], item, rtol=1e-4, atol=1e-6)
        # Adam divides by the gradient's own size: where that is near nothing, rounding decides the step.
        clear = item.abs() > 1e-4
        assert torch.allclose(stepped[name][clear], weights[name][clear], rtol=0, atol=1e-6)


def test_the_norm_is_that_before_clipping_and_the_gradients_are_clipped(job):
    examples = [example(job, "q", "It is 6.")]
    free, unclipped = gradients(job, examples)
    held, clipped = gradients(job, examples, clip=0.1)
    norm = math.sqrt(sum(float(item.square().sum()) for item in unclipped.values()))
    assert free.grad_norm == held.grad_norm == pytest.approx(norm, rel=1e-5)
    assert norm > 0.1
    assert math.sqrt(sum(float(item.square().sum()) for item in clipped.values())) == pytest.approx(0.1, rel=1e-3)


def test_a_loss_that_is_not_a_number_is_said_to_be_so(job):
    with torch.no_grad():
        job.model.get_input_embeddings().weight[5:].fill_(math.nan)
    found, _ = gradients(job, [example(job, "q", "It is 6.")])
    assert math.isnan(found.loss)
    assert math.isnan(found.losses[0])
    assert not found.is_finite


def test_validation_leaves_the_model_and_its_mode_as_they_were(job):
    before = {name: item.clone() for name, item in job.model.state_dict().items()}
    job.model.train()
    examples = [example(job, f"What is {n}?", "It is 6." * n, row=n) for n in range(1, 6)]
    by_two = job.engine.evaluate(examples, micro_batch=2)
    assert job.model.training
    assert all(torch.equal(before[name], item) for name, item in job.model.state_dict().items())
    assert by_two == pytest.approx(job.engine.evaluate(examples, micro_batch=5), rel=1e-6)


def test_padding_changes_neither_loss_nor_gradient(job):
    short = example(job, "q", "It is 6.")
    alone, expected = gradients(job, [short])
    padded = collate([short, example(job, "What is this long question about?", "Nothing " * 9, row=1)])
    assert padded.ids.shape[1] > len(short.ids)
    logits = job.model(input_ids=padded.ids[:1], attention_mask=padded.mask[:1]).logits
    job.optimizer.zero_grad()
    learned = padded.learned[:1, 1:]
    loss = functional.cross_entropy(logits[:, :-1][learned], padded.ids[:1, 1:][learned])
    loss.backward()
    assert loss.item() == pytest.approx(alone.loss, rel=1e-5)
    found = {name: item.grad for name, item in job.model.named_parameters()}
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)
