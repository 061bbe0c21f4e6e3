"""What is tried against a spike, in which order, and what the tries show of its cause."""

from dataclasses import replace

import pytest

from trainer.config import GuardConfig, RemediesConfig
from trainer.ladder import RUNGS, Episode, cause, cause_told, next_rung, remedies_for
from trainer.remedies import Remedies

SPIKE = Episode(rule="T2", onset=300, alarm=302, over_after=360, target=250, decided=309)


def tried(times):
    episode = SPIKE
    for _ in range(times):
        episode = episode.again(alarm=302, decided=309, over_after=360, target=250)
    return episode


def test_the_rungs_come_in_order_and_end_after_what_is_allowed():
    config = GuardConfig(rollbacks=3)
    found = [next_rung(None, config, 0), *(next_rung(tried(times), config, times) for times in range(4))]
    assert found == [*RUNGS, None]


def test_what_is_allowed_beyond_the_last_rung_repeats_it():
    config = GuardConfig(rollbacks=5)
    assert [next_rung(tried(times), config, 0) for times in (3, 4, 5)] == ["remedies", "remedies", None]


def test_a_run_that_went_back_often_enough_does_not_go_back_for_a_new_spike_either():
    assert next_rung(None, GuardConfig(rollbacks_in_run=12), 11) == "control"
    assert next_rung(None, GuardConfig(rollbacks_in_run=12), 12) is None


def test_each_rung_keeps_what_the_ones_below_it_change():
    guard, declared = GuardConfig(skip_after=10), RemediesConfig(eps=1e-10, rewarm=40)
    found = [remedies_for(tried(times), guard, declared) for times in range(5)]
    left_out = ((251, 312),)
    assert found[0] == Remedies()
    assert found[1] == Remedies(left_out=left_out)
    assert found[2] == Remedies(left_out=left_out, lr=0.5, rewarm_after=312, rewarm=40)
    assert found[3] == Remedies(left_out=left_out, lr=0.5, rewarm_after=312, rewarm=40, shallow_update=0.1, eps=1e-10)
    assert found[4].lr == 0.25


def test_what_was_in_effect_at_the_checkpoint_stays_in_effect():
    before = Remedies(lr=0.5, left_out=((10, 20),)).as_dict()
    found = remedies_for(replace(tried(2), before=before), GuardConfig(skip_after=0), RemediesConfig())
    assert (found.lr, found.left_out) == (0.25, ((10, 20), (251, 309)))


def test_a_later_alarm_of_the_same_spike_widens_what_is_left_out_and_never_narrows_it():
    later = SPIKE.again(alarm=320, decided=330, over_after=380, target=250).again(
        alarm=305, decided=312, over_after=370, target=250
    )
    assert (later.alarm, later.decided, later.over_after) == (320, 330, 380)


@pytest.mark.parametrize(
    ("times", "found"), [(0, "not-reproducible"), (1, "batch-linked"), (2, "state-linked"), (3, "state-linked")]
)
def test_the_cause_is_what_the_tries_have_shown_and_never_that_data_is_bad(times, found):
    assert cause(tried(times)) == found
    assert "bad" not in cause_told(tried(times))


def test_a_loss_that_was_no_number_has_that_as_its_cause():
    assert cause(Episode(rule="T0", onset=1, alarm=1, over_after=2, target=0, tries=1)) == "non-finite"


def test_an_episode_survives_json():
    assert Episode.of(SPIKE.as_dict()) == SPIKE
    assert Episode.of(None) is None
