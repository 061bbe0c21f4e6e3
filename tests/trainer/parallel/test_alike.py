"""Where processes do not hold the same, the one that is named is the one that holds something else."""

import pytest
import torch

from trainer.errors import TrainingError
from trainer.parallel import alike
from trainer.parallel.alike import Held, confirm
from trainer.parallel.spread import Gathered

WHOLE = torch.arange(4, dtype=torch.float32).reshape(4, 1)
FIRST, SECOND = (Held(alike.sum_of(part), 2) for part in WHOLE.split(2))


@pytest.fixture
def holding(monkeypatch):
    """Confirms what processes hold of a weight that was gathered."""

    class Channel:
        def __init__(self, theirs):
            self.theirs = theirs

        def gather(self, _):
            return [{} if has is None else {"weight": has} for has in self.theirs]

    def check(*theirs):
        monkeypatch.setattr(alike, "current", lambda: Channel(theirs))
        monkeypatch.setattr(alike, "order", lambda _: None)
        monkeypatch.setattr(alike, "held", lambda _: {})
        confirm(None, Gathered(weights={"weight": WHOLE}, optimizer={}))

    return check


def test_the_parts_of_a_whole_are_confirmed(holding):
    holding(FIRST, SECOND)


def test_a_process_that_holds_another_part_is_named(holding):
    with pytest.raises(TrainingError, match=r"^process 1 holds another part of weight than was gathered of it: "):
        holding(FIRST, Held(0, 2))


@pytest.mark.parametrize("theirs", [(FIRST, None), (FIRST, None, SECOND)])
def test_a_process_that_holds_nothing_is_named_and_not_the_first_one(holding, theirs):
    with pytest.raises(TrainingError, match=r"^process 1 holds another part of weight than was gathered of it: "):
        holding(*theirs)


def test_parts_that_do_not_make_up_the_whole_are_no_ones_fault(holding):
    with pytest.raises(TrainingError) as caught:
        holding(FIRST, Held(SECOND.words, 1))
    assert str(caught.value) == (
        "the parts of weight that the processes hold have 3 rows together, and 4 were gathered: a machine or a link "
        "between two is not sound, so nothing was sealed; go on with --resume"
    )
