"""The losses of samples are read off autograd, or not told; the host's loss and gradients are what they were."""

import pytest
import torch
from torch.nn import functional

from trainer.adapters.losses import SampleLosses


class Host:
    """A trainer of nothing in particular."""

    args = None


def heard(loss, labels):
    listener = SampleLosses(Host(), None, {"labels": labels})
    listener.take(loss)
    found = listener.found()
    return None if found is None else found()


@pytest.fixture
def logits():
    return torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0), requires_grad=True)


LABELS = torch.tensor([[1, 2, 3, 4, 5], [6, -100, 2, -100, 1], [-100] * 5])


def by_hand(logits):
    """Mean over each sample's own learned tokens, one after the other; 0 where it has none."""
    found = []
    for said, wanted in zip(logits, LABELS, strict=True):
        learned = wanted != -100
        mean = functional.cross_entropy(said[learned], wanted[learned]).item() if learned.any() else 0.0
        found.append(mean)
    return found


@pytest.mark.parametrize(
    "finish", [lambda loss: loss, lambda loss: loss / torch.tensor(7), lambda loss: (loss * 2).float()]
)
def test_a_mean_over_tokens_has_the_losses_of_its_samples(logits, finish):
    loss = finish(functional.cross_entropy(logits.flatten(0, 1), LABELS.flatten(), reduction="sum"))
    assert heard(loss, LABELS).tolist() == pytest.approx(by_hand(logits), abs=1e-6)
    loss.backward()
    assert logits.grad is not None


def test_a_class_for_each_sample_is_such_a_mean_too(logits):
    classes = torch.tensor([0, 3, 6])
    loss = functional.cross_entropy(logits[:, 0], classes)
    wanted = functional.cross_entropy(logits[:, 0], classes, reduction="none").tolist()
    assert heard(loss, classes).tolist() == pytest.approx(wanted, abs=1e-6)


def test_reading_them_leaves_the_gradient_as_it_was(logits):
    other = logits.detach().clone().requires_grad_()
    for values, looks in ((logits, True), (other, False)):
        loss = functional.cross_entropy(values.flatten(0, 1), LABELS.flatten())
        if looks:
            heard(loss, LABELS)
        loss.backward()
    assert torch.equal(logits.grad, other.grad)


@pytest.mark.parametrize(
    "loss",
    [
        lambda logits: logits.square().mean(),
        lambda logits: -(logits.log_softmax(-1) * 0.1).sum(),
        lambda logits: logits.detach().sum(),
    ],
)
def test_another_loss_tells_none(logits, loss):
    assert heard(loss(logits), LABELS) is None


def test_labels_that_are_none_of_samples_tell_none(logits):
    loss = functional.cross_entropy(logits.flatten(0, 1), LABELS.flatten())
    assert heard(loss, torch.tensor(3)) is None


def test_rows_that_were_joined_into_one_tell_none(logits):
    loss = functional.cross_entropy(logits.flatten(0, 1)[:14], LABELS.flatten()[:14])
    assert heard(loss, LABELS) is None
