"""Steps that are done again must come to what they came to before, and it is said whether they did."""

import math

import pytest

from tests.trainer.seen import active, dies_at, events, metric, said
from trainer.history import read_history
from trainer.replay import Replay, Trace, trace_of
from trainer.session import resume_run, start_run


def trace(loss=2.0, norm=1.0, rows=(1, 2)):
    return Trace(loss.hex(), norm.hex(), tuple(rows))


def test_equal_steps_are_a_proof_once_the_last_of_them_is_done():
    replay = Replay({4: trace(2.0), 6: trace(1.5), 5: trace(1.75)})
    assert replay.check(4, trace(2.0)) is None
    assert replay.check(5, trace(1.75)) is None
    proof = replay.check(6, trace(1.5))
    assert (proof.first, proof.last, proof.equal) == (4, 6, True)
    assert proof.says == "steps 4 to 6, done again, came to the same numbers, bit for bit"
    assert replay.check(7, trace()) is None


def test_one_step_is_a_proof_too():
    proof = Replay({9: trace()}).check(9, trace())
    assert (proof.equal, proof.says) == (True, "step 9, done again, came to the same numbers, bit for bit")


def test_the_digest_is_that_of_all_the_numbers():
    def digest(*losses):
        replay = Replay(dict(enumerate(map(trace, losses))))
        return [replay.check(step, trace(loss)) for step, loss in enumerate(losses)][-1].sha256

    assert digest(1.0, 2.0) == digest(1.0, 2.0)
    assert len({digest(1.0, 2.0), digest(2.0, 1.0), digest(1.0, math.nextafter(2.0, 3.0)), digest(1.0)}) == 4


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (trace(math.nextafter(2.0, 3.0)),
         "step 5, done again, came to a loss of 2.0000000000000004 and not 2.0: here a run does not go on exactly"),
        (trace(norm=1.5),
         "step 5, done again, came to another gradient than before: here a run does not go on exactly"),
        (trace(3.0, rows=(1, 3)), "step 5, done again, read other samples than before"),
        (trace(math.nan),
         "step 5, done again, came to a loss of nan and not 2.0: here a run does not go on exactly"),
    ],
)  # fmt: skip
def test_the_first_step_that_differs_ends_the_comparison_in_words(now, says):
    replay = Replay({4: trace(), 5: trace(), 6: trace()})
    assert replay.check(4, trace()) is None
    proof = replay.check(5, now)
    assert (proof.first, proof.last, proof.equal, proof.says) == (4, 5, False, says)
    assert replay.check(6, trace()) is None


def test_two_losses_that_are_no_number_are_equal():
    assert Replay({1: trace(math.nan, math.inf)}).check(1, trace(math.nan, math.inf)).equal


def test_where_there_is_nothing_to_compare_nothing_is_said():
    assert Replay({}).check(1, trace()) is None
    assert Replay({5: trace()}).check(4, trace()) is None


def test_a_line_of_the_spool_without_its_batch_is_no_trace():
    assert trace_of(1.0, "nan", [1]) == trace(1.0, math.nan, [1])
    assert trace_of(None, 1.0, [1]) is trace_of(1.0, None, [1]) is trace_of(1.0, 1.0, None) is None


def test_a_resumed_run_that_does_steps_again_proves_that_it_is_exact(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 6):
        start_run(config_for(lora__dropout=0.2), store)
    resume_run("r", (), store)
    (proof,) = events(store, "replay")
    assert proof["message"] == "steps 4 to 5, done again, came to the same numbers, bit for bit"
    assert (proof["branch"], proof["step"], proof["level"]) == (2, 5, "info")
    loss = metric(store, "loss")
    assert [loss[1, step] for step in (4, 5)] == [loss[2, step] for step in (4, 5)]


def test_a_run_that_does_no_step_again_claims_nothing(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 4):
        start_run(config_for(), store)
    resume_run("r", (), store)
    assert events(store, "replay") == []


def test_one_that_goes_on_with_another_micro_batch_says_whether_that_was_exact(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 6):
        start_run(config_for(lora__dropout=0.2), store)
    resume_run("r", ("train.micro_batch=1",), store)
    loss, norm = metric(store, "loss"), metric(store, "grad_norm")
    same = all((loss[1, step], norm[1, step]) == (loss[2, step], norm[2, step]) for step in (4, 5))
    # Dropout is drawn part by part, so here it is not.
    assert not same
    (proof,) = events(store, "replay")
    assert (proof["data"]["equal"], proof["level"]) == (False, "warning")
    assert proof["message"].startswith("step 4, done again, came to a loss of ")
    assert proof["message"].endswith(": train.micro_batch was set anew")


def test_a_run_that_dies_twice_compares_with_what_it_did_last(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 6):
        start_run(config_for(), store)
    with dies_at(monkeypatch, 2):
        resume_run("r", (), store)
    assert list(read_history(store.root / "r").traces) == [1, 2, 3, 4]
    resume_run("r", (), store)
    assert said(store, "replay") == ["step 4, done again, came to the same numbers, bit for bit"]
    assert list(active(store, "loss")) == [1, 2, 3, 4, 5, 6]


def test_a_step_that_was_not_stepped_on_is_compared_too(config_for, store, monkeypatch):
    from tests.trainer.test_training import _poisoned  # noqa: PLC0415 - only here

    with monkeypatch.context() as patch:
        patch.setattr("trainer.step.Engine.measure", _poisoned({4}))
        with dies_at(monkeypatch, 6):
            start_run(config_for(), store)
    resume_run("r", (), store)
    (proof,) = events(store, "replay")
    assert not proof["data"]["equal"]
    assert "and not nan" in proof["message"]
