"""When a longer vocabulary is not worth it."""

from dataclasses import replace

import pytest

from trainer.vocabulary.report import Report, Shown

OLD = Shown(tokens=1000, tokens_a_character=1.0, characters_a_second=100.0, loss=3.0, loss_after=2.5)
NEW = Shown(tokens=1100, tokens_a_character=0.8, characters_a_second=125.0, loss=3.2, loss_after=2.4)
REPORT = Report(OLD, NEW, (1.25, 0.9, 1.4), uses=[3, 0, 2], steps=100, trained_on=9000, measured_on=500)


def test_a_vocabulary_that_saves_tokens_and_learns_as_well_is_worth_it():
    found = REPORT.as_dict()
    assert (found["worth_it"], found["doubts"]) == (True, [])
    assert found["saved"] == pytest.approx(0.2)
    assert found["new_tokens_used"] == 2


def test_saving_less_than_a_twentieth_is_not_worth_it():
    report = replace(REPORT, after=replace(NEW, tokens_a_character=0.96))
    assert report.doubts == [
        "it saves 4.0 % of the tokens (1.000 a character before, 0.960 after); 5 % are the least that is worth it"
    ]
    assert replace(REPORT, after=replace(NEW, tokens_a_character=0.95)).doubts == []


def test_decoding_no_faster_is_not_worth_it():
    assert replace(REPORT, faster=(1.0, 0.8, 1.3)).doubts == [
        "it decodes no faster: 1.00 times as fast in the middle of the rounds (0.80 to 1.30)"
    ]
    assert REPORT.as_dict()["times_as_fast"] == {"median": 1.25, "least": 0.9, "most": 1.4}


def test_learning_worse_than_the_old_vocabulary_is_not_worth_it():
    report = replace(REPORT, after=replace(NEW, loss_after=2.6))
    [said] = report.doubts
    assert said == (
        "after 100 steps on the same text the loss is 2.6000 nats a character with it and 2.5000 without; more steps "
        "may turn that round, --steps shows it"
    )


def test_without_a_pre_training_only_the_tokens_decide():
    report = replace(REPORT, before=replace(OLD, loss_after=None), after=replace(NEW, loss_after=None, loss=9.0))
    assert report.doubts == []
