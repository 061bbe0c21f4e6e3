"""What is seen of a step is read when it can still be read, and as seldom as a device has to be waited for."""

import math

import pytest
import torch

from trainer.adapters.seen import Seen


class Elsewhere(torch.Tensor):
    """A tensor that says it lies on a device."""

    is_cpu = property(lambda _: False)


def elsewhere(*values):
    return torch.tensor(values).as_subclass(Elsewhere)


def here(*values):
    return torch.tensor(values)


def seen(make, asked, *, rows=(4, 5, 6), losses=(1.5, 0.25)):
    step = Seen(1, None if rows is None else list(rows))
    step.losses = [make(value).squeeze() for value in losses]
    step.tokens = [make(10).squeeze(), 20]
    step.grad_norm = make(3.0).squeeze()

    def samples(*values):
        asked.append(values)
        return make(*values)

    step.samples = [lambda: samples(1.0, 2.0), lambda: samples(0.25)]
    return step


@pytest.mark.parametrize("make", [here, elsewhere])
def test_all_of_a_step_is_told_in_numbers(make):
    step = seen(make, [])
    assert step.look() == (1.75, 3.0)
    found = step.measured()
    assert (found.loss, found.grad_norm, found.tokens, found.losses) == (1.75, 3.0, 30, [1.0, 2.0, 0.25])


def test_the_losses_of_samples_are_made_later_where_nothing_has_to_be_waited_for():
    asked = []
    step = seen(here, asked)
    step.look()
    assert asked == []
    step.measured()
    assert len(asked) == 2


def test_of_a_device_all_is_read_in_one_look_and_nothing_is_kept_there():
    asked = []
    step = seen(elsewhere, asked)
    step.look()
    assert (len(asked), step.samples) == (2, [])
    step.measured()
    assert len(asked) == 2


def test_what_the_host_does_to_its_numbers_behind_the_look_changes_nothing():
    step = seen(here, [])
    loss, norm = step.losses[0], step.grad_norm
    step.look()
    loss.zero_()
    norm.zero_()
    found = step.measured()
    assert (found.loss, found.grad_norm) == (1.75, 3.0)


def test_a_norm_that_nobody_measured_is_told_as_none():
    step = seen(here, [])
    step.grad_norm = None
    assert step.look() == (1.75, -1.0)
    assert (step.measured().grad_norm, step.grad_norm) == (-1.0, None)


def test_a_loss_of_one_micro_batch_is_a_sum_as_that_of_several():
    """A zero has no sign, so that a step done again comes to the same bits."""
    assert [seen(here, [], losses=losses).look()[0].hex() for losses in [(-0.0,), (-0.0, -0.0)]] == [(0.0).hex()] * 2


def test_a_loss_that_is_no_number_is_no_number():
    loss, norm = seen(here, [], losses=(1.5, math.nan)).look()
    assert math.isnan(loss)
    assert norm == 3.0


@pytest.mark.parametrize("rows", [None, (1, 2), (1, 2, 3, 4)])
def test_losses_that_are_not_one_a_row_are_not_told(rows):
    assert seen(here, [], rows=rows).measured().losses == []


def test_losses_that_cannot_be_made_are_not_told():
    step = seen(here, [])
    step.samples[1] = lambda: 1 / 0
    assert step.measured().losses == []
    step.samples[1] = None
    assert step.measured().losses == []
